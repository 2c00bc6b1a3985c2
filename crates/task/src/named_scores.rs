//! The metrics of a task's report as named values, for events, `scores.json`, `facts.json` and model cards.

use embert_metrics::{Metric, NamedMetric, Scores};
use embert_run::{Average, Better, MetricInfo, Metrics};

/// A metric's name, title and direction.
pub(crate) fn metric_info<M: NamedMetric>(metric: M) -> MetricInfo {
    MetricInfo {
        name: metric.name().to_owned(),
        title: metric.title().to_owned(),
        better: if metric.is_higher_better() { Better::Higher } else { Better::Lower },
        headline: metric.is_headline(),
    }
}

/// The metrics that are shown, in the order of display.
pub(crate) fn shown<M: NamedMetric>() -> Vec<MetricInfo> {
    M::displayed().map(metric_info).collect()
}

/// The names of the metrics that the log has for an evaluation.
pub(crate) fn logged_names<M: NamedMetric>() -> Vec<String> {
    M::LOGGED.iter().map(|metric| metric.name().to_owned()).collect()
}

/// The values of the metrics that the log has for an evaluation.
pub(crate) fn logged<M: NamedMetric>(report: &M::Report) -> Metrics {
    values(report, M::LOGGED.iter().copied())
}

/// The values of `metrics`; an undefined metric is absent.
pub(crate) fn values<M: NamedMetric>(report: &M::Report, metrics: impl IntoIterator<Item = M>) -> Metrics {
    M::values(report, metrics).collect()
}

/// Precision, recall and F1 of a class or an average.
pub(crate) fn of_class(scores: [(Metric, f64); 3]) -> Metrics {
    scores.into_iter().map(|(metric, value)| (metric.name(), value)).collect()
}

/// Averages over the classes with their names.
pub(crate) fn averages(averages: [(&str, Scores); 3]) -> Vec<Average> {
    let average =
        |(name, scores): (&str, Scores)| Average { name: name.to_owned(), metrics: of_class(scores.named()) };
    averages.map(average).into()
}
