//! [`MetricsError`].

use crate::{Average, TagError};

/// Why metrics can't be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// A classifier without labels.
    #[error("the number of labels is 0, expected at least 1")]
    NoLabels,

    /// [`Average::Binary`] was requested for a number of labels other than two.
    #[error("the binary average needs 2 labels, found {num_labels}; use macro, micro or weighted")]
    NotBinary {
        /// The number of labels given.
        num_labels: usize,
    },

    /// The positive label of [`Average::Binary`] is neither 0 nor 1.
    #[error("the positive label is {positive}, expected 0 or 1")]
    PositiveOutOfRange {
        /// The positive label given.
        positive: usize,
    },

    /// An example's number of probabilities is not the number of labels.
    #[error("found {found} probabilities for an example, expected {expected}, one for each label")]
    ProbabilityCount {
        /// The number of probabilities given.
        found: usize,
        /// The number of labels.
        expected: usize,
    },

    /// The true label is none of the labels.
    #[error("the true label is {target}, expected 0 to {}", num_labels - 1)]
    TargetOutOfRange {
        /// The true label given.
        target: usize,
        /// The number of labels.
        num_labels: usize,
    },

    /// A probability is NaN or infinite: the model has diverged.
    #[error("the probability of label {label} is {value}, expected a finite number")]
    ProbabilityNotFinite {
        /// The label of the probability.
        label: usize,
        /// The probability given.
        value: f64,
    },

    /// An example's loss is NaN or infinite: the model has diverged.
    #[error("the loss of an example is {value}, expected a finite number")]
    LossNotFinite {
        /// The loss given.
        value: f64,
    },

    /// Two accumulators for different numbers of labels can't be merged.
    #[error("can't merge figures of {found} labels into figures of {expected}")]
    DifferentLabels {
        /// The number of labels of the accumulator to merge.
        found: usize,
        /// The number of labels of the accumulator that is merged into.
        expected: usize,
    },

    /// Two accumulators with different averages can't be merged.
    #[error("can't merge figures with the average {found:?} into figures with the average {expected:?}")]
    DifferentAverage {
        /// The average of the accumulator to merge.
        found: Average,
        /// The average of the accumulator that is merged into.
        expected: Average,
    },

    /// A label of a tagger is not a tag of its scheme.
    #[error(transparent)]
    Tag(#[from] TagError),

    /// A label stands twice in a list of labels.
    #[error("the label `{label}` is there twice, expected each label once")]
    LabelTwice {
        /// The label.
        label: String,
    },

    /// The number of predictions is not the number of truths.
    #[error("found {found} predictions, expected {expected}, one for each truth")]
    PredictionCount {
        /// The number of predictions given.
        found: usize,
        /// The number of truths.
        expected: usize,
    },

    /// The predicted label is none of the labels.
    #[error("the predicted label is {predicted}, expected 0 to {}", num_labels - 1)]
    PredictionOutOfRange {
        /// The predicted label given.
        predicted: usize,
        /// The number of labels.
        num_labels: usize,
    },

    /// Two accumulators of taggers with different labels or schemes can't be merged.
    #[error("can't merge figures of taggers with other labels or another scheme")]
    DifferentTags,

    /// An example's number of truths is not the number of labels.
    #[error("found {found} truth values for an example, expected {expected}, one for each label")]
    TruthCount {
        /// The number of truths given.
        found: usize,
        /// The number of labels.
        expected: usize,
    },

    /// The number of thresholds is not the number of labels.
    #[error("found {found} thresholds, expected {expected}, one for each label")]
    ThresholdCount {
        /// The number of thresholds given.
        found: usize,
        /// The number of labels.
        expected: usize,
    },

    /// A threshold is no probability.
    #[error("the threshold of label {label} is {value}, expected a number from 0 to 1")]
    ThresholdOutOfRange {
        /// The label of the threshold.
        label: usize,
        /// The threshold given.
        value: f64,
    },

    /// Two accumulators with different thresholds can't be merged.
    #[error("can't merge figures with other thresholds")]
    DifferentThresholds,

    /// A true number is NaN or infinite.
    #[error("the true number of an example is {value}, expected a finite number")]
    TruthNotFinite {
        /// The number given.
        value: f64,
    },

    /// A predicted number is NaN or infinite: the model has diverged.
    #[error("the predicted number of an example is {value}, expected a finite number")]
    PredictionNotFinite {
        /// The number given.
        value: f64,
    },

    /// The null odds of a question are NaN or infinite: the model has diverged.
    #[error("the null odds of a question are {value}, expected a finite number")]
    NullOddsNotFinite {
        /// The null odds given.
        value: f64,
    },

    /// Some questions have null odds and some have none.
    #[error(
        "some questions have null odds and others have none, expected them for each question or for none"
    )]
    NullOddsMixed,

    /// A null threshold is to be applied to questions without null odds.
    #[error("the questions have no null odds to compare with a threshold; add them with their null odds")]
    NoNullOdds,

    /// A threshold for null odds is NaN.
    #[error("the null threshold is NaN, expected a number")]
    NullThresholdNotANumber,

    /// An example of a summary without a true one.
    #[error("an example has no true summary, expected at least one")]
    NoReference,

    /// No metric has this name.
    #[error("there is no metric `{name}`; known are {known}")]
    UnknownMetric {
        /// The name given.
        name: String,
        /// The names of all metrics, separated by commas.
        known: String,
    },
}
