//! The names of metrics as constants, for those who read them in files by name.

/// The harmonic mean of precision and recall: of single-label classification, of a label, of entities.
pub const F1: &str = "f1";
/// The share of right predictions.
pub const PRECISION: &str = "precision";
/// The share of what was to be found.
pub const RECALL: &str = "recall";
/// The area under the ROC curve.
pub const ROC_AUC: &str = "roc_auc";
/// F1 of the counts summed over the labels.
pub const MICRO_F1: &str = "micro_f1";
/// The share of examples with exactly the right labels.
pub const SUBSET_ACCURACY: &str = "subset_accuracy";
/// Pearson's correlation coefficient.
pub const PEARSON: &str = "pearson";
/// Spearman's rank correlation coefficient.
pub const SPEARMAN: &str = "spearman";
/// The mean squared error.
pub const MSE: &str = "mse";
/// The mean absolute error.
pub const MAE: &str = "mae";
/// The share of questions answered exactly.
pub const EXACT_MATCH: &str = "exact_match";
/// The mean ROUGE-1 of summaries.
pub const ROUGE1: &str = "rouge1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AnswerMetric, Metric, MultiLabelMetric, NamedMetric as _, RegressionMetric, SummaryMetric,
        TaggingMetric,
    };

    #[test]
    fn a_constant_is_the_name_of_its_metric() {
        assert_eq!(
            [F1, PRECISION, RECALL],
            [Metric::F1, Metric::Precision, Metric::Recall].map(Metric::name)
        );
        let tagging = [TaggingMetric::F1, TaggingMetric::Precision, TaggingMetric::Recall];
        assert_eq!([F1, PRECISION, RECALL], tagging.map(TaggingMetric::name));
        let several = [MultiLabelMetric::RocAuc, MultiLabelMetric::MicroF1, MultiLabelMetric::SubsetAccuracy];
        assert_eq!([ROC_AUC, MICRO_F1, SUBSET_ACCURACY], several.map(MultiLabelMetric::name));
        let regression = [
            RegressionMetric::Pearson,
            RegressionMetric::Spearman,
            RegressionMetric::Mse,
            RegressionMetric::Mae,
        ];
        assert_eq!([PEARSON, SPEARMAN, MSE, MAE], regression.map(RegressionMetric::name));
        assert_eq!([F1, EXACT_MATCH], [AnswerMetric::F1, AnswerMetric::ExactMatch].map(AnswerMetric::name));
        assert_eq!(ROUGE1, SummaryMetric::Rouge1.name());
    }
}
