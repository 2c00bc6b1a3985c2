//! Takes examples, gives figures.

use std::fmt;

use crate::roc::RocAuc;
use crate::sum::Sum;
use crate::{Average, ConfusionMatrix, MetricsError, Report};

/// Collects one example after another and gives a [`Report`] of all of them at any time.
///
/// Memory: the confusion matrix, and for the ROC AUC two numbers an example with two labels, `num_labels + 1` numbers an
/// example with more (the order of all scores decides, so none can be dropped).
#[derive(Clone)]
pub struct Accumulator {
    average: Average,
    loss: Sum,
    roc_auc: RocAuc,
    confusion: ConfusionMatrix,
}

impl Accumulator {
    /// For a classifier of `num_labels` labels; `average` is what the report's `precision`, `recall` and `f1` stand for.
    ///
    /// # Errors
    /// No labels; [`Average::Binary`] with other than two labels, or a positive label that is none of them.
    pub fn new(num_labels: usize, average: Average) -> Result<Self, MetricsError> {
        let scored = match (num_labels, average) {
            (0, _) => return Err(MetricsError::NoLabels),
            (2, Average::Binary { positive }) if positive > 1 => {
                return Err(MetricsError::PositiveOutOfRange { positive });
            }
            (2, Average::Binary { positive }) => positive..positive + 1,
            (_, Average::Binary { .. }) => return Err(MetricsError::NotBinary { num_labels }),
            // One label has no curve: nothing to keep.
            (1, _) => 0..0,
            (2, _) => 1..2,
            _ => 0..num_labels,
        };
        Ok(Self {
            average,
            loss: Sum::default(),
            roc_auc: RocAuc::new(scored),
            confusion: ConfusionMatrix::new(num_labels),
        })
    }

    /// Takes an example whose label is `target`.
    ///
    /// `probabilities` has one number for each label. The prediction is the first of the largest. `loss` is the
    /// example's cross-entropy in nats.
    ///
    /// # Errors
    /// Not one probability for each label, a target that is none of the labels, a probability or loss that is NaN or
    /// infinite. The accumulator then is as it was.
    pub fn add(&mut self, target: usize, probabilities: &[f64], loss: f64) -> Result<(), MetricsError> {
        let num_labels = self.confusion.num_labels();
        if probabilities.len() != num_labels {
            return Err(MetricsError::ProbabilityCount { found: probabilities.len(), expected: num_labels });
        }
        if target >= num_labels {
            return Err(MetricsError::TargetOutOfRange { target, num_labels });
        }
        if let Some(label) = probabilities.iter().position(|value| !value.is_finite()) {
            return Err(MetricsError::ProbabilityNotFinite { label, value: probabilities[label] });
        }
        if !loss.is_finite() {
            return Err(MetricsError::LossNotFinite { value: loss });
        }
        self.confusion.add(target, first_maximum(probabilities));
        self.roc_auc.add(target, probabilities);
        self.loss.add(loss);
        Ok(())
    }

    /// Takes all examples of `other`, as if they had been added here.
    ///
    /// # Errors
    /// `other` has another number of labels or another average.
    pub fn merge(&mut self, other: Self) -> Result<(), MetricsError> {
        let (found, expected) = (other.confusion.num_labels(), self.confusion.num_labels());
        if found != expected {
            return Err(MetricsError::DifferentLabels { found, expected });
        }
        if other.average != self.average {
            return Err(MetricsError::DifferentAverage { found: other.average, expected: self.average });
        }
        self.confusion.merge(&other.confusion);
        self.roc_auc.merge(other.roc_auc);
        self.loss.merge(other.loss);
        Ok(())
    }

    /// The figures of all examples so far. Sorts the scores once for each label of the ROC AUC.
    pub fn report(&self) -> Report {
        Report::new(self.average, self.loss.value(), self.roc_auc.value(), self.confusion.clone())
    }
}

impl fmt::Debug for Accumulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Accumulator")
            .field("num_labels", &self.confusion.num_labels())
            .field("average", &self.average)
            .field("examples", &self.confusion.total())
            .finish_non_exhaustive()
    }
}

fn first_maximum(values: &[f64]) -> usize {
    (1..values.len()).fold(0, |best, index| if values[index] > values[best] { index } else { best })
}
