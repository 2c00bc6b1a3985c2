//! A report on numbers as named values, for events, `scores.json` and `facts.json`.

use embert_metrics::{RegressionMetric, RegressionReport};
use embert_run::{Better, MetricInfo, Metrics};

/// A metric's name, title and direction.
pub(super) fn metric_info(metric: RegressionMetric) -> MetricInfo {
    MetricInfo {
        name: metric.name().to_owned(),
        title: metric.title().to_owned(),
        better: if metric.is_higher_better() { Better::Higher } else { Better::Lower },
        headline: metric.is_headline(),
    }
}

/// The metrics that the log has for an evaluation.
pub(super) fn logged(report: &RegressionReport) -> Metrics {
    values(report, RegressionMetric::LOGGED.iter().copied())
}

/// All metrics.
pub(super) fn all(report: &RegressionReport) -> Metrics {
    values(report, RegressionMetric::displayed())
}

/// The values of `metrics`; an undefined metric is absent.
fn values(report: &RegressionReport, metrics: impl IntoIterator<Item = RegressionMetric>) -> Metrics {
    metrics.into_iter().filter_map(|metric| Some((metric.name(), metric.value(report)?))).collect()
}
