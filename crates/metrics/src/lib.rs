//! Metrics as scikit-learn, seqeval, scipy, SQuAD's scripts and `rouge_score` define them, streaming, without
//! tensors.
//!
//! An [`Accumulator`] takes one example after another: the true label, the probability of each label, the
//! loss. At any time it gives a [`Report`]: loss, accuracy, precision, recall, F1, Matthews correlation, ROC
//! AUC, the confusion matrix. Metrics are computed over all examples together, never as means of batch means.
//! A [`Metric`] names one number of the report; the trait [`NamedMetric`] has its names, its value and whether
//! greater is better. [`softmax`] turns logits into probabilities, [`argmax`] finds the predicted label,
//! [`WindowMean`] averages over the windows of a text. Curves and calibration have functions of their own: [`roc_curve`], [`precision_recall_curve`],
//! [`reliability`] with the expected calibration error, and [`temperature`]. [`mean`] and
//! [`standard_deviation`] summarize several runs.
//!
//! ```
//! use embert_metrics::{Accumulator, Average, Metric, NamedMetric as _, softmax};
//!
//! let mut accumulator = Accumulator::new(2, Average::Binary { positive: 1 })?;
//! for (target, logits) in [(0, [2.0, -1.0]), (1, [0.3, 0.9]), (1, [1.2, 0.4])] {
//!     let probabilities = softmax(&logits);
//!     accumulator.add(target, &probabilities, -probabilities[target].ln())?;
//! }
//! let report = accumulator.report();
//! assert_eq!(report.recall, 0.5);
//! assert_eq!(report.confusion_matrix.count(1, 0), 1);
//! assert_eq!("roc_auc".parse::<Metric>()?.value(&report), Some(1.0));
//! # Ok::<(), embert_metrics::MetricsError>(())
//! ```
//!
//! Other tasks have the same three: [`MultiLabelAccumulator`], [`MultiLabelReport`] and [`MultiLabelMetric`]
//! for several labels on one example, with [`fit_thresholds`]; [`TaggingAccumulator`], [`TaggingReport`] and
//! [`TaggingMetric`] for tagged words, with [`entities`] and the [`Scheme`]s of tags;
//! [`RegressionAccumulator`], [`RegressionReport`] and [`RegressionMetric`] for numbers;
//! [`AnswerAccumulator`], [`AnswerReport`] and [`AnswerMetric`] for answers to questions, with
//! [`AnswerScores`] for one answer; [`SummaryAccumulator`], [`SummaryReport`] and [`SummaryMetric`] for
//! summaries, with [`RougeScores`] for one of them and [`greedy_oracle`] for what is best to choose. Code for the metrics of any task is generic over [`NamedMetric`].
//! Baselines are [`MajorityTags`], [`most_frequent_labels`], [`mean`] and [`sentence_with_shared_words`].
//!
//! The crate does not know models, data or files, and prints nothing.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod accumulator;
mod answers;
mod argmax;
mod average;
mod calibration;
mod confusion;
mod counts;
mod curve;
mod error;
mod metric;
mod multi_label;
mod named;
pub mod names;
mod regression;
mod report;
mod roc;
mod softmax;
mod spread;
mod sum;
mod summaries;
mod tagging;
mod window_mean;

pub use accumulator::Accumulator;
pub use answers::{
    AnswerAccumulator, AnswerMetric, AnswerReport, AnswerScores, SquadVersion, apply_null_threshold,
    normalize_answer, sentence_with_shared_words,
};
pub use argmax::argmax;
pub use average::Average;
pub use calibration::{Reliability, ReliabilityBin, at_temperature, reliability, temperature};
pub use confusion::ConfusionMatrix;
pub use curve::{
    PrecisionRecallCurve, PrecisionRecallPoint, RocCurve, RocPoint, precision_recall_curve, roc_curve,
};
pub use error::MetricsError;
pub use metric::Metric;
pub use multi_label::{
    DEFAULT_THRESHOLD, LabelScores, MultiLabelAccumulator, MultiLabelMetric, MultiLabelReport,
    fit_thresholds, is_predicted, most_frequent_labels,
};
pub use named::NamedMetric;
pub use regression::{RegressionAccumulator, RegressionMetric, RegressionReport};
pub use report::{ClassScores, Report, Scores, Undefined};
pub use softmax::softmax;
pub use spread::{mean, standard_deviation};
pub use summaries::{
    RougeScores, SummaryAccumulator, SummaryMetric, SummaryReport, greedy_oracle, oracle_score,
};
pub use tagging::{
    Entity, MajorityTags, Place, Recognized, Scheme, SchemeEvidence, SchemeFit, TagError, TaggingAccumulator,
    TaggingMetric, TaggingReport, UnknownScheme, entities, from_iob2, strict_entities, to_iob2,
};
pub use window_mean::WindowMean;
