//! The metrics of runs of format 1, whose facts list none, and metrics by their names.

use embert_metrics::{Metric, NamedMetric as _};
use embert_run::{Better, MetricInfo, Metrics};

/// The metrics of a run of format 1, which is text classification, in the order of display.
pub(crate) fn of_format_1() -> Vec<MetricInfo> {
    let info = |metric: Metric| MetricInfo {
        name: metric.name().to_owned(),
        title: metric.title().to_owned(),
        better: if metric.is_higher_better() { Better::Higher } else { Better::Lower },
        headline: metric.is_headline(),
    };
    Metric::displayed().map(info).collect()
}

/// The metric `name`; an unknown metric has its name as its title.
pub(crate) fn named(name: &str, metrics: &[MetricInfo]) -> MetricInfo {
    metrics.iter().find(|metric| metric.name == name).cloned().unwrap_or_else(|| MetricInfo {
        name: name.to_owned(),
        title: name.to_owned(),
        better: Better::Higher,
        headline: false,
    })
}

/// Of `metrics` those that have a value in one of `rows`: a table has no column without any.
pub(crate) fn with_values<'a>(
    metrics: impl IntoIterator<Item = &'a MetricInfo>,
    rows: &[&Metrics],
) -> Vec<&'a MetricInfo> {
    let has_value = |metric: &&MetricInfo| rows.iter().any(|values| values.get(&metric.name).is_some());
    metrics.into_iter().filter(has_value).collect()
}

/// The title within a sentence of the metric `name` of a label, which the run's metrics may not list.
pub(crate) fn of_label(name: &str, metrics: &[MetricInfo]) -> String {
    let known = metrics.iter().find(|metric| metric.name == name).cloned();
    known.unwrap_or_else(|| named(name, &of_format_1())).in_sentence()
}
