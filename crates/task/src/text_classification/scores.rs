//! A classification report as named values, for `scores.json`.

use embert_metrics::{Metric, NamedMetric as _, Report};
use embert_run::{ClassScores, Detail, Metrics};

use crate::named_scores::{averages, of_class, values};

/// All metrics; and as the detail, the metrics of each label, averages and the confusion matrix.
pub(super) fn scores(report: &Report) -> (Metrics, Detail) {
    let class = |class: &embert_metrics::ClassScores| ClassScores {
        name: None,
        metrics: of_class(class.named()),
        examples: class.support,
    };
    let detail = Detail {
        classes: report.per_class.iter().map(class).collect(),
        averages: averages(report.averages()),
        confusion_matrix: report.confusion_matrix.rows().to_vec(),
        ..Detail::default()
    };
    (values(report, Metric::displayed()), detail)
}
