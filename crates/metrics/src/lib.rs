//! Classification metrics as scikit-learn defines them, streaming, without tensors.
//!
//! An [`Accumulator`] takes one example after another: its true label, the probability of each label, its loss. At any
//! time it gives a [`Report`]: loss, accuracy, precision, recall, F1, Matthews correlation, ROC AUC, the confusion matrix.
//! The figures are of all examples together, never means of batch means. A [`Metric`] names one figure of the report and
//! knows which way is better; [`softmax`] makes probabilities of logits. What a picture needs is in functions of their own:
//! [`roc_curve`], [`precision_recall_curve`], [`reliability`] with the expected calibration error, and [`temperature`]; what
//! several runs say together is in [`mean`] and [`standard_deviation`].
//!
//! ```
//! use embert_metrics::{Accumulator, Average, Metric, softmax};
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
//! It does not know models, data or files, has no metrics for regression or for several labels on one example, and
//! prints nothing.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod accumulator;
mod average;
mod calibration;
mod confusion;
mod curve;
mod error;
mod metric;
mod pool;
mod report;
mod roc;
mod softmax;
mod spread;
mod sum;

pub use accumulator::Accumulator;
pub use average::Average;
pub use calibration::{Reliability, ReliabilityBin, at_temperature, reliability, temperature};
pub use confusion::ConfusionMatrix;
pub use curve::{
    PrecisionRecallCurve, PrecisionRecallPoint, RocCurve, RocPoint, precision_recall_curve, roc_curve,
};
pub use error::MetricsError;
pub use metric::Metric;
pub use pool::Pool;
pub use report::{ClassScores, Report, Scores, Undefined};
pub use softmax::softmax;
pub use spread::{mean, standard_deviation};
