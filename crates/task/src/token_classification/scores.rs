//! A report on entities as named values, for events, `scores.json` and `facts.json`.

use embert_metrics::{Metric, Scores, TaggingMetric, TaggingReport};
use embert_run::{Average, Better, ClassScores, Detail, MetricInfo, Metrics};

/// A metric's name, title and direction.
pub(super) fn metric_info(metric: TaggingMetric) -> MetricInfo {
    MetricInfo {
        name: metric.name().to_owned(),
        title: metric.title().to_owned(),
        better: if metric.is_higher_better() { Better::Higher } else { Better::Lower },
        headline: metric.is_headline(),
    }
}

/// The metrics that the log has for an evaluation.
pub(super) fn logged(report: &TaggingReport) -> Metrics {
    values(report, TaggingMetric::LOGGED.iter().copied())
}

/// All metrics; and as the detail, the metrics of each type, averages and types against types.
pub(super) fn scores(report: &TaggingReport) -> (Metrics, Detail) {
    let named = |values: [(Metric, f64); 3]| values.map(|(metric, value)| (metric.name(), value));
    let class = |(name, scores): (&String, &embert_metrics::ClassScores)| ClassScores {
        name: Some(name.clone()),
        metrics: named(scores.named()).into_iter().collect(),
        examples: scores.support,
    };
    let average = |(name, scores): (&str, Scores)| Average {
        name: name.to_owned(),
        metrics: named(scores.named()).into_iter().collect(),
    };
    let detail = Detail {
        classes: report.types.iter().zip(&report.per_type).map(class).collect(),
        averages: report.averages().map(average).into(),
        confusion_matrix: report.confusion_matrix.rows().to_vec(),
        ..Detail::default()
    };
    (values(report, TaggingMetric::displayed()), detail)
}

/// The values of `metrics`; an undefined metric is absent.
fn values(report: &TaggingReport, metrics: impl IntoIterator<Item = TaggingMetric>) -> Metrics {
    metrics.into_iter().filter_map(|metric| Some((metric.name(), metric.value(report)?))).collect()
}
