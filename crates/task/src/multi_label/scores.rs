//! A report on several labels a text as named values, for events, `scores.json` and `facts.json`.

use embert_metrics::{LabelScores, MultiLabelMetric, MultiLabelReport};
use embert_run::{Better, ClassScores, Detail, MetricInfo, Metrics};

use super::scorer::MultiLabelOutcome;

/// A metric's name, title and direction.
pub(super) fn metric_info(metric: MultiLabelMetric) -> MetricInfo {
    MetricInfo {
        name: metric.name().to_owned(),
        title: metric.title().to_owned(),
        better: if metric.is_higher_better() { Better::Higher } else { Better::Lower },
        headline: metric.is_headline(),
    }
}

/// The metrics that the log has for an evaluation.
pub(super) fn logged(report: &MultiLabelReport) -> Metrics {
    values(report, MultiLabelMetric::LOGGED.iter().copied())
}

/// All metrics with the threshold 0.5; and as the detail, the metrics of each label and, where thresholds are
/// fitted, these and the metrics with them.
pub(super) fn scores(outcome: &MultiLabelOutcome) -> (Metrics, Detail) {
    let MultiLabelOutcome { report, at_thresholds } = outcome;
    let class = |scores: &LabelScores| {
        let named = scores.named().map(|(metric, value)| (metric.name(), value));
        let area = scores.roc_auc.map(|area| (MultiLabelMetric::RocAuc.name(), area));
        ClassScores { name: None, metrics: named.into_iter().chain(area).collect(), examples: scores.support }
    };
    let fitted = at_thresholds.as_ref();
    // The loss and ROC AUC need no threshold.
    let depends =
        |metric: &MultiLabelMetric| !matches!(metric, MultiLabelMetric::Loss | MultiLabelMetric::RocAuc);
    let detail = Detail {
        classes: report.per_label.iter().map(class).collect(),
        thresholds: fitted.map(|report| report.thresholds.clone()).unwrap_or_default(),
        at_thresholds: fitted
            .map(|report| values(report, MultiLabelMetric::displayed().filter(depends)))
            .unwrap_or_default(),
        ..Detail::default()
    };
    (values(report, MultiLabelMetric::displayed()), detail)
}

/// The values of `metrics`; an undefined metric is absent.
fn values(report: &MultiLabelReport, metrics: impl IntoIterator<Item = MultiLabelMetric>) -> Metrics {
    metrics.into_iter().filter_map(|metric| Some((metric.name(), metric.value(report)?))).collect()
}
