//! [`Accumulator`]: collects classified examples one after another and computes a [`Report`].

use std::fmt;

use crate::argmax::argmax;
use crate::roc::RocAuc;
use crate::sum::Sum;
use crate::{Average, ConfusionMatrix, MetricsError, Report};

/// Collects one example after another and gives a [`Report`] over all examples at any time.
///
/// Memory: the confusion matrix, and for the ROC AUC two numbers an example with two labels, `num_labels + 1`
/// numbers an example with more (the ROC AUC depends on the order of all scores, so every score is kept).
#[derive(Clone)]
pub struct Accumulator {
    average: Average,
    loss: Sum,
    roc_auc: RocAuc,
    confusion: ConfusionMatrix,
}

impl Accumulator {
    /// An accumulator for a classifier of `num_labels` labels. `average` says how the report's `precision`,
    /// `recall` and `f1` are averaged.
    ///
    /// # Errors
    /// No labels; [`Average::Binary`] with other than two labels, or a positive label other than 0 and 1.
    pub fn new(num_labels: usize, average: Average) -> Result<Self, MetricsError> {
        let scored = match (num_labels, average) {
            (0, _) => return Err(MetricsError::NoLabels),
            (2, Average::Binary { positive }) if positive > 1 => {
                return Err(MetricsError::PositiveOutOfRange { positive });
            }
            (2, Average::Binary { positive }) => positive..positive + 1,
            (_, Average::Binary { .. }) => return Err(MetricsError::NotBinary { num_labels }),
            // A single label has no ROC curve, so no scores are kept.
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

    /// Adds an example whose label is `target`.
    ///
    /// `probabilities` has one number for each label. The prediction is the label of the largest probability,
    /// the first one in a tie. `loss` is the example's cross-entropy in nats.
    ///
    /// # Errors
    /// The number of probabilities is not the number of labels, the target is none of the labels, or a
    /// probability or the loss is NaN or infinite. The accumulator is unchanged then.
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
        self.confusion.add(target, argmax(probabilities));
        self.roc_auc.add(target, probabilities);
        self.loss.add(loss);
        Ok(())
    }

    /// Adds all examples of `other`.
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

    /// The metrics over all examples so far. Sorts the scores once for each label of the ROC AUC.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Metric, NamedMetric as _, Undefined};

    fn macro_of(num_labels: usize) -> Accumulator {
        Accumulator::new(num_labels, Average::Macro).unwrap()
    }

    #[test]
    fn impossible_settings_are_refused() {
        let error = |num_labels, average| Accumulator::new(num_labels, average).unwrap_err().to_string();
        assert_eq!(error(0, Average::Micro), "the number of labels is 0, expected at least 1");
        assert_eq!(
            error(3, Average::Binary { positive: 1 }),
            "the binary average needs 2 labels, found 3; use macro, micro or weighted"
        );
        assert_eq!(error(2, Average::Binary { positive: 2 }), "the positive label is 2, expected 0 or 1");
        assert_eq!(
            error(0, Average::Binary { positive: 0 }),
            "the number of labels is 0, expected at least 1"
        );
    }

    #[test]
    fn a_refused_example_leaves_no_trace() {
        let mut accumulator = macro_of(2);
        accumulator.add(1, &[0.2, 0.8], 0.2).unwrap();
        let before = accumulator.report();
        let mut error = |target, probabilities: &[f64], loss| {
            accumulator.add(target, probabilities, loss).unwrap_err().to_string()
        };
        assert_eq!(
            error(0, &[0.2, 0.3, 0.5], 1.0),
            "found 3 probabilities for an example, expected 2, one for each label"
        );
        assert_eq!(error(2, &[0.2, 0.8], 1.0), "the true label is 2, expected 0 to 1");
        assert_eq!(
            error(0, &[0.2, f64::NAN], 1.0),
            "the probability of label 1 is NaN, expected a finite number"
        );
        assert_eq!(
            error(0, &[f64::INFINITY, 0.0], 1.0),
            "the probability of label 0 is inf, expected a finite number"
        );
        assert_eq!(
            error(0, &[0.2, 0.8], f64::NAN),
            "the loss of an example is NaN, expected a finite number"
        );
        assert_eq!(accumulator.report(), before);
    }

    #[test]
    fn only_the_like_can_be_merged() {
        let error = |other| macro_of(3).merge(other).unwrap_err().to_string();
        assert_eq!(error(macro_of(2)), "can't merge figures of 2 labels into figures of 3");
        assert_eq!(
            error(Accumulator::new(3, Average::Micro).unwrap()),
            "can't merge figures with the average Micro into figures with the average Macro"
        );
    }

    #[test]
    fn of_equal_probabilities_the_first_is_predicted() {
        let mut accumulator = macro_of(3);
        accumulator.add(2, &[0.2, 0.4, 0.4], 0.9).unwrap();
        assert_eq!(accumulator.report().confusion_matrix.count(2, 1), 1);
    }

    #[test]
    fn no_examples_give_zeros_that_are_listed() {
        let report = Accumulator::new(2, Average::Binary { positive: 1 }).unwrap().report();
        assert_eq!((report.examples, report.roc_auc), (0, None));
        for (metric, value) in [
            (Metric::Loss, report.loss),
            (Metric::Accuracy, report.accuracy),
            (Metric::F1, report.f1),
            (Metric::MicroF1, report.micro_average.f1),
            (Metric::WeightedF1, report.weighted_average.f1),
            (Metric::Mcc, report.mcc),
        ] {
            assert_eq!(value.to_bits(), 0, "{metric}");
            assert!(report.undefined.contains(&Undefined { metric, class: None }), "{metric}");
            assert_eq!(metric.value(&report), None, "{metric}");
        }
        assert!(report.undefined.contains(&Undefined { metric: Metric::Recall, class: Some(1) }));
    }

    #[test]
    fn the_loss_of_a_million_examples_is_not_worn_down() {
        let mut accumulator = macro_of(2);
        accumulator.add(0, &[1.0, 0.0], 1e12).unwrap();
        for _ in 0..1_000_000 {
            accumulator.add(0, &[1.0, 0.0], 1e-5).unwrap();
        }
        // 1e-5 is less than the spacing of f64 at 1e12 (1.2e-4): a plain sum would stay at 1e12.
        let sum = accumulator.report().loss * 1_000_001.0;
        assert!((sum - 1e12 - 10.0).abs() < 1e-3, "{sum}");
    }

    #[test]
    fn debug_shows_sizes() {
        let mut accumulator = macro_of(3);
        accumulator.add(0, &[0.5, 0.25, 0.25], 0.7).unwrap();
        assert_eq!(
            format!("{accumulator:?}"),
            "Accumulator { num_labels: 3, average: Macro, examples: 1, .. }"
        );
    }
}
