//! A classification report as named values: in events, in `scores.json` and in `facts.json`.

use embert_metrics::{Metric, Report, Scores};
use embert_run::{Average, Better, ClassScores, Detail, MetricInfo, Metrics};

/// A metric's name, title and direction.
pub(super) fn metric_info(metric: Metric) -> MetricInfo {
    MetricInfo {
        name: metric.name().to_owned(),
        title: metric.title().to_owned(),
        better: if metric.is_higher_better() { Better::Higher } else { Better::Lower },
        headline: metric.is_headline(),
    }
}

/// The metrics that a log has of an evaluation.
pub(super) fn logged(report: &Report) -> Metrics {
    values(report, Metric::LOGGED.iter().copied())
}

/// Every metric, and the metrics of each label, their averages and the confusion matrix.
pub(super) fn scores(report: &Report) -> (Metrics, Detail) {
    let named = |values: [(Metric, f64); 3]| values.map(|(metric, value)| (metric.name(), value));
    let class = |class: &embert_metrics::ClassScores| ClassScores {
        metrics: named(class.named()).into_iter().collect(),
        examples: class.support,
    };
    let average = |(name, scores): (&str, Scores)| Average {
        name: name.to_owned(),
        metrics: named(scores.named()).into_iter().collect(),
    };
    let detail = Detail {
        classes: report.per_class.iter().map(class).collect(),
        averages: report.averages().map(average).into(),
        confusion_matrix: report.confusion_matrix.rows().to_vec(),
    };
    (values(report, Metric::displayed()), detail)
}

/// The values of those metrics that are defined for the report.
fn values(report: &Report, metrics: impl IntoIterator<Item = Metric>) -> Metrics {
    metrics.into_iter().filter_map(|metric| Some((metric.name(), metric.value(report)?))).collect()
}
