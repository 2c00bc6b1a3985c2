//! [`MultiLabelAccumulator`]: collects examples with several labels and computes a [`MultiLabelReport`].

use std::fmt;

use super::report::{MultiLabelReport, Rows};
use super::thresholds::{DEFAULT_THRESHOLD, check_row, fit};
use crate::MetricsError;
use crate::sum::Sum;

/// Collects one example after another, each with any number of true labels, and gives a [`MultiLabelReport`]
/// over all examples at any time.
///
/// Memory: a probability and a truth value for each example and label, because ROC AUC and thresholds depend
/// on the order of all probabilities.
///
/// ```
/// use embert_metrics::{MultiLabelAccumulator, MultiLabelMetric, NamedMetric as _};
///
/// let mut accumulator = MultiLabelAccumulator::new(3, None)?;
/// accumulator.add(&[true, false, true], &[0.9, 0.2, 0.4], 0.415)?;
/// accumulator.add(&[false, true, false], &[0.1, 0.7, 0.3], 0.273)?;
/// let report = accumulator.report();
/// assert_eq!((report.micro_f1, report.subset_accuracy), (0.8, 0.5));
/// assert_eq!(MultiLabelMetric::RocAuc.value(&report), Some(1.0));
/// // The third label needs a lower threshold.
/// let thresholds = accumulator.fit_thresholds();
/// assert_eq!(accumulator.with_thresholds(thresholds)?.report().micro_f1, 1.0);
/// # Ok::<(), embert_metrics::MetricsError>(())
/// ```
#[derive(Clone)]
pub struct MultiLabelAccumulator {
    thresholds: Vec<f64>,
    examples: usize,
    loss: Sum,
    /// `[examples, labels]`, row after row, as `probabilities`.
    truths: Vec<bool>,
    probabilities: Vec<f64>,
}

impl MultiLabelAccumulator {
    /// An accumulator for `labels` labels. A label is predicted from its threshold on
    /// ([`is_predicted`](crate::is_predicted)); without thresholds, from 0.5.
    ///
    /// # Errors
    /// No labels; another number of thresholds; a threshold that is not from 0 to 1.
    pub fn new(labels: usize, thresholds: Option<Vec<f64>>) -> Result<Self, MetricsError> {
        if labels == 0 {
            return Err(MetricsError::NoLabels);
        }
        let thresholds = thresholds.unwrap_or_else(|| vec![DEFAULT_THRESHOLD; labels]);
        check_thresholds(labels, &thresholds)?;
        let (truths, probabilities) = (Vec::new(), Vec::new());
        Ok(Self { thresholds, examples: 0, loss: Sum::default(), truths, probabilities })
    }

    /// Adds an example: whether it has each label, and the probability of each label. `loss` is the mean over
    /// the labels of its binary cross-entropy, in nats.
    ///
    /// # Errors
    /// A row that has not one value for each label; a probability or a loss that is NaN or infinite. The
    /// accumulator is unchanged then.
    pub fn add(&mut self, truth: &[bool], probabilities: &[f64], loss: f64) -> Result<(), MetricsError> {
        check_row(self.thresholds.len(), truth, probabilities)?;
        if !loss.is_finite() {
            return Err(MetricsError::LossNotFinite { value: loss });
        }
        self.examples += 1;
        self.truths.extend(truth);
        self.probabilities.extend(probabilities);
        self.loss.add(loss);
        Ok(())
    }

    /// Adds all examples of `other`.
    ///
    /// # Errors
    /// `other` has another number of labels or other thresholds.
    pub fn merge(&mut self, other: Self) -> Result<(), MetricsError> {
        let (found, expected) = (other.thresholds.len(), self.thresholds.len());
        if found != expected {
            return Err(MetricsError::DifferentLabels { found, expected });
        }
        if other.thresholds != self.thresholds {
            return Err(MetricsError::DifferentThresholds);
        }
        self.examples += other.examples;
        self.truths.extend(other.truths);
        self.probabilities.extend(other.probabilities);
        self.loss.merge(other.loss);
        Ok(())
    }

    /// The thresholds that give the greatest F1 of each label on the examples so far, see
    /// [`fit_thresholds`](crate::fit_thresholds). The report still has the accumulator's own.
    pub fn fit_thresholds(&self) -> Vec<f64> {
        let rows = self.rows();
        (0..self.thresholds.len()).map(|label| fit(rows.column(label))).collect()
    }

    /// The same examples with other thresholds.
    ///
    /// # Errors
    /// Another number of thresholds than of labels; a threshold that is not from 0 to 1.
    pub fn with_thresholds(self, thresholds: Vec<f64>) -> Result<Self, MetricsError> {
        check_thresholds(self.thresholds.len(), &thresholds)?;
        Ok(Self { thresholds, ..self })
    }

    /// The metrics over all examples so far. Sorts the probabilities of each label.
    pub fn report(&self) -> MultiLabelReport {
        MultiLabelReport::new(&self.rows())
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            thresholds: &self.thresholds,
            examples: self.examples,
            loss: self.loss.value(),
            truths: &self.truths,
            probabilities: &self.probabilities,
        }
    }
}

fn check_thresholds(labels: usize, thresholds: &[f64]) -> Result<(), MetricsError> {
    if thresholds.len() != labels {
        return Err(MetricsError::ThresholdCount { found: thresholds.len(), expected: labels });
    }
    match thresholds.iter().position(|value| !(0.0..=1.0).contains(value)) {
        None => Ok(()),
        Some(label) => Err(MetricsError::ThresholdOutOfRange { label, value: thresholds[label] }),
    }
}

impl fmt::Debug for MultiLabelAccumulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MultiLabelAccumulator")
            .field("thresholds", &self.thresholds)
            .field("examples", &self.examples)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Metric, MultiLabelMetric, NamedMetric as _, Undefined};

    fn of(labels: usize) -> MultiLabelAccumulator {
        MultiLabelAccumulator::new(labels, None).unwrap()
    }

    #[test]
    fn impossible_settings_are_refused() {
        let error = |labels, thresholds: &[f64]| {
            MultiLabelAccumulator::new(labels, Some(thresholds.to_vec())).unwrap_err().to_string()
        };
        assert_eq!(error(0, &[]), "the number of labels is 0, expected at least 1");
        assert_eq!(error(2, &[0.5]), "found 1 thresholds, expected 2, one for each label");
        assert_eq!(error(2, &[0.5, 1.5]), "the threshold of label 1 is 1.5, expected a number from 0 to 1");
        assert_eq!(
            of(1).with_thresholds(vec![f64::NAN]).unwrap_err().to_string(),
            "the threshold of label 0 is NaN, expected a number from 0 to 1"
        );
    }

    #[test]
    fn a_refused_example_leaves_no_trace() {
        let mut accumulator = of(2);
        accumulator.add(&[true, false], &[0.7, 0.6], 0.5).unwrap();
        let before = accumulator.report();
        let mut error = |truth: &[bool], probabilities: &[f64], loss| {
            accumulator.add(truth, probabilities, loss).unwrap_err().to_string()
        };
        assert_eq!(
            error(&[true], &[0.5, 0.5], 1.0),
            "found 1 truth values for an example, expected 2, one for each label"
        );
        assert_eq!(
            error(&[true, true], &[0.5], 1.0),
            "found 1 probabilities for an example, expected 2, one for each label"
        );
        assert!(
            error(&[true, true], &[0.5, f64::INFINITY], 1.0).starts_with("the probability of label 1 is inf")
        );
        assert!(error(&[true, true], &[0.5, 0.5], f64::NAN).starts_with("the loss of an example is NaN"));
        assert_eq!(accumulator.report(), before);
    }

    #[test]
    fn only_the_like_can_be_merged() {
        let other = of(2).with_thresholds(vec![0.5, 0.25]).unwrap();
        assert_eq!(of(2).merge(other).unwrap_err().to_string(), "can't merge figures with other thresholds");
        assert_eq!(
            of(3).merge(of(2)).unwrap_err().to_string(),
            "can't merge figures of 2 labels into figures of 3"
        );
    }

    #[test]
    fn the_threshold_itself_is_enough() {
        let mut accumulator = of(2);
        accumulator.add(&[true, true], &[0.5, 0.5_f64.next_down()], 1.0).unwrap();
        let predicted: Vec<_> = accumulator.report().per_label.iter().map(|label| label.predicted).collect();
        assert_eq!(predicted, [1, 0]);
    }

    #[test]
    fn nothing_to_divide_by_is_listed() {
        let empty = of(2).report();
        assert!(MultiLabelMetric::ALL.iter().all(|metric| metric.value(&empty).is_none()));
        let mut accumulator = of(2);
        accumulator.add(&[false, true], &[0.1, 0.2], 1.0).unwrap();
        accumulator.add(&[false, false], &[0.1, 0.3], 1.0).unwrap();
        let report = accumulator.report();
        let undefined = |metric, class| report.undefined.contains(&Undefined { metric, class });
        assert!(undefined(Metric::RocAuc, Some(0)) && undefined(Metric::F1, Some(0)));
        assert!(undefined(Metric::Precision, Some(1)) && !undefined(Metric::Recall, Some(1)));
        assert!(!undefined(Metric::RocAuc, None) && !undefined(Metric::MicroF1, None));
        assert_eq!((report.empty_examples, report.roc_auc), (1, Some(0.0)));
        assert_eq!(report.co_occurrence, [[0, 0], [0, 1]]);
    }
}
