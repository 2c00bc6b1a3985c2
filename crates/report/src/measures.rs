//! Which metrics there are: as a run's facts say, or as every run of format 1 had them.

use embert_metrics::Metric;
use embert_run::{Better, MetricInfo};

/// The metrics of text classification, in the order in which they are shown.
pub(crate) fn of_format_1() -> Vec<MetricInfo> {
    let info = |metric: Metric| MetricInfo {
        name: metric.name().to_owned(),
        title: metric.title().to_owned(),
        better: if metric.is_higher_better() { Better::Higher } else { Better::Lower },
        headline: metric.is_headline(),
    };
    Metric::displayed().map(info).collect()
}

/// The metric of that name; of one that is not known the name is all there is to say.
pub(crate) fn named(name: &str, metrics: &[MetricInfo]) -> MetricInfo {
    metrics.iter().find(|metric| metric.name == name).cloned().unwrap_or_else(|| MetricInfo {
        name: name.to_owned(),
        title: name.to_owned(),
        better: Better::Higher,
        headline: false,
    })
}
