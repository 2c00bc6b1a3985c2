//! [`LossSettings`]: class weights, weights of positive labels and label smoothing.

use serde::{Deserialize, Serialize};

use crate::TaskError;

/// The settings of a run's loss.
#[derive(Clone, Debug, PartialEq)]
pub struct LossSettings {
    /// How much the examples of each label count.
    pub class_weights: ClassWeights,
    /// How much a label that a text has counts beside a label that it lacks, in classification with several
    /// labels a text: `pos_weight` of PyTorch's `BCEWithLogitsLoss`.
    pub pos_weight: ClassWeights,
    /// The share of each target's probability that is spread over all labels, in [0, 1) (Szegedy et al. 2016,
    /// section 7).
    pub label_smoothing: f64,
}

impl Default for LossSettings {
    /// Weight 1 for all labels, and no smoothing.
    fn default() -> Self {
        let (class_weights, pos_weight) = (ClassWeights::default(), ClassWeights::default());
        Self { class_weights, pos_weight, label_smoothing: 0.0 }
    }
}

impl LossSettings {
    /// Refuses label smoothing for a task that has no use for it; `why` says why.
    ///
    /// # Errors
    /// Labels are smoothed.
    pub(crate) fn refuse_label_smoothing(&self, why: &str) -> Result<(), TaskError> {
        if self.label_smoothing > 0.0 {
            return Err(TaskError::Setting {
                key: "label_smoothing",
                found: self.label_smoothing.to_string(),
                expected: format!("0: {why}"),
            });
        }
        Ok(())
    }
}

/// How much the examples of each label count in the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected \"none\", \"balanced\" or one number a label")]
pub enum ClassWeights {
    /// Weights from a rule.
    Rule(ClassWeightRule),
    /// One weight for each label, in the order of the head's outputs.
    Given(Vec<f64>),
}

impl Default for ClassWeights {
    /// Weight 1 for all labels.
    fn default() -> Self {
        Self::Rule(ClassWeightRule::None)
    }
}

/// A rule that gives each label a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeightRule {
    /// 1 for each label.
    None,
    /// `n / (C * n_c)` for a label with `n_c` of `n` examples and `C` labels: scikit-learn's
    /// `class_weight="balanced"`.
    Balanced,
}

impl ClassWeights {
    /// Refuses weights for a task that has no use for them. `instead` says what to do.
    ///
    /// # Errors
    /// There are weights.
    pub(crate) fn refuse(&self, key: &'static str, instead: &str) -> Result<(), TaskError> {
        if *self == Self::default() {
            return Ok(());
        }
        let found = match self {
            Self::Rule(_) => "\"balanced\"".to_owned(),
            Self::Given(weights) => format!("{weights:?}"),
        };
        Err(TaskError::Setting { key, found, expected: format!("none: {instead}") })
    }

    /// The weight of the positive entries of each of `labels` in a binary cross-entropy. `positives` has the
    /// number of training features with each label, of `features` in all. `balanced` is the number of
    /// features without the label over the number with it, as PyTorch's `BCEWithLogitsLoss` suggests.
    ///
    /// # Errors
    /// The number of given weights is not the number of labels.
    pub(crate) fn resolve_positive(
        &self,
        labels: &[String],
        positives: &[usize],
        features: usize,
    ) -> Result<Vec<f32>, TaskError> {
        match self {
            Self::Rule(ClassWeightRule::None) => Ok(vec![1.0; labels.len()]),
            Self::Rule(ClassWeightRule::Balanced) => {
                // A label without positives has no entry with this weight; a count of 1 keeps it finite.
                let weight = |count: usize| (features - count) as f64 / count.max(1) as f64;
                Ok(positives.iter().map(|&count| weight(count) as f32).collect())
            }
            Self::Given(weights) if weights.len() == labels.len() => {
                Ok(weights.iter().map(|weight| *weight as f32).collect())
            }
            Self::Given(weights) => Err(TaskError::Setting {
                key: "pos_weight",
                found: format!("{weights:?}"),
                expected: format!("{} numbers, one for each of {}", labels.len(), labels.join(", ")),
            }),
        }
    }

    /// The weight of each of `labels`. `counts` has the number of training examples with each label.
    ///
    /// # Errors
    /// The number of given weights is not the number of labels.
    pub(crate) fn resolve(&self, labels: &[String], counts: &[usize]) -> Result<Vec<f32>, TaskError> {
        match self {
            Self::Rule(ClassWeightRule::None) => Ok(vec![1.0; labels.len()]),
            Self::Rule(ClassWeightRule::Balanced) => {
                let examples: usize = counts.iter().sum();
                // A label without examples is in no sum of weights; a count of 1 keeps its weight finite.
                let weight = |count: usize| examples as f64 / (labels.len() * count.max(1)) as f64;
                Ok(counts.iter().map(|&count| weight(count) as f32).collect())
            }
            Self::Given(weights) if weights.len() == labels.len() => {
                Ok(weights.iter().map(|weight| *weight as f32).collect())
            }
            Self::Given(weights) => Err(TaskError::Setting {
                key: "class_weights",
                found: format!("{weights:?}"),
                expected: format!("{} numbers, one for each of {}", labels.len(), labels.join(", ")),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(weights: &ClassWeights, counts: &[usize]) -> Result<Vec<f32>, TaskError> {
        let labels: Vec<String> = (0..counts.len()).map(|label| format!("label {label}")).collect();
        weights.resolve(&labels, counts)
    }

    /// scikit-learn's `compute_class_weight("balanced", ...)` for 6 and 2 examples. The function is not
    /// defined for a label without examples.
    #[test]
    fn balanced_weights_are_inverse_to_the_counts() {
        let balanced = ClassWeights::Rule(ClassWeightRule::Balanced);
        assert_eq!(resolve(&balanced, &[6, 2]).unwrap(), [8.0 / 12.0, 2.0]);
        assert!(resolve(&balanced, &[6, 0]).unwrap().iter().all(|weight| weight.is_finite()));
        assert_eq!(resolve(&ClassWeights::default(), &[6, 2, 9]).unwrap(), [1.0; 3]);
    }

    #[test]
    fn given_weights_are_one_a_label() {
        let given = ClassWeights::Given(vec![0.5, 2.0]);
        assert_eq!(resolve(&given, &[1, 1]).unwrap(), [0.5, 2.0]);
        let error = resolve(&given, &[1, 1, 1]).unwrap_err().to_string();
        assert!(error.starts_with("class_weights = [0.5, 2.0]: expected 3 numbers"), "{error}");
    }
}
