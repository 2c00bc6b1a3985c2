//! A report on several labels a text as named values, for `scores.json`.

use embert_metrics::{LabelScores, MultiLabelMetric, NamedMetric as _};
use embert_run::{ClassScores, Detail, Metrics};

use super::scorer::MultiLabelOutcome;
use crate::named_scores::{of_class, values};

/// The metrics of the decisions that thresholds make: all but the loss and ROC AUC.
pub(super) fn of_decisions() -> impl Iterator<Item = MultiLabelMetric> {
    MultiLabelMetric::displayed().filter(|metric| !metric.is_loss() && *metric != MultiLabelMetric::RocAuc)
}

/// All metrics with the threshold 0.5; and as the detail, the metrics of each label and, where thresholds are
/// fitted, these and the metrics with them.
pub(super) fn scores(outcome: &MultiLabelOutcome) -> (Metrics, Detail) {
    let MultiLabelOutcome { report, at_thresholds } = outcome;
    let class = |scores: &LabelScores| {
        let named = of_class(scores.named());
        let area = scores.roc_auc.map(|area| (MultiLabelMetric::RocAuc.name(), area));
        ClassScores { name: None, metrics: named.iter().chain(area).collect(), examples: scores.support }
    };
    let fitted = at_thresholds.as_ref();
    let detail = Detail {
        classes: report.per_label.iter().map(class).collect(),
        thresholds: fitted.map(|report| report.thresholds.clone()).unwrap_or_default(),
        at_thresholds: fitted.map(|report| values(report, of_decisions())).unwrap_or_default(),
        ..Detail::default()
    };
    (values(report, MultiLabelMetric::displayed()), detail)
}
