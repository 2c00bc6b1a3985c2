//! A report on entities as named values, for `scores.json`.

use embert_metrics::{NamedMetric as _, TaggingMetric, TaggingReport};
use embert_run::{ClassScores, Detail, Metrics};

use crate::named_scores::{averages, of_class, values};

/// All metrics; and as the detail, the metrics of each type, averages and types against types.
pub(super) fn scores(report: &TaggingReport) -> (Metrics, Detail) {
    let class = |(name, scores): (&String, &embert_metrics::ClassScores)| ClassScores {
        name: Some(name.clone()),
        metrics: of_class(scores.named()),
        examples: scores.support,
    };
    let detail = Detail {
        classes: report.types.iter().zip(&report.per_type).map(class).collect(),
        averages: averages(report.averages()),
        confusion_matrix: report.confusion_matrix.rows().to_vec(),
        ..Detail::default()
    };
    (values(report, TaggingMetric::displayed()), detail)
}
