//! The files of a run folder and of a sweep folder, each format declared once.
//!
//! [`RunFiles`] and [`SweepFiles`] give the path of each file. [`Facts`] holds model, data and metrics,
//! [`Log`] the steps and evaluations, [`Scores`] the metrics and [`Examples`] the predictions of the kept
//! weights, [`SweepTable`] the results of a sweep. `embert-train` writes these types and `embert-report`
//! reads them. Metrics are named values ([`Metrics`]), described by [`MetricInfo`]: no metric is a field.
//!
//! Reading tolerates a file that was cut or damaged ([`Log::read`] lists such lines by number). A file with a
//! newer [`FORMAT`] is an error.
//!
//! The crate does not train, compute metrics or draw, and does not know the settings in `config.toml`.
//!
//! ```
//! use embert_run::{Log, RunFiles};
//!
//! # let folder = tempfile::tempdir()?;
//! let run = RunFiles::new(folder.path());
//! std::fs::write(
//!     run.metrics(),
//!     "{\"event\":\"eval\",\"split\":\"validation\",\"step\":9,\"epoch\":1,\"loss\":0.4,\"accuracy\":0.75,\"examples\":8}\n",
//! )?;
//! let log = Log::read(&run.metrics())?;
//! let eval = log.evaluation("validation", 9).ok_or("no evaluation")?;
//! assert_eq!(eval.metrics.get("accuracy"), Some(0.75));
//! assert!(log.end.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod checkpoint;
mod error;
mod example;
mod facts;
mod files;
mod format;
mod log;
mod metrics;
mod salvage;
mod scores;
mod sweep;
mod thresholds;

pub use checkpoint::{Best, CheckpointName, CheckpointState, Fingerprint, TrackerState};
pub use error::RunError;
pub use example::{
    AnsweredExample, Entity, Example, Examples, MultiLabelExample, PredictedAnswer, PredictedEntity,
    ScoredExample, TaggedExample, TrueAnswer,
};
pub use facts::{Facts, Lengths, Parameters, Split, Splits, UntruncatedLengths};
pub use files::{FolderKind, RunFiles, SweepFiles};
pub use format::{
    FORMAT, QUESTION_ANSWERING, SENTENCE_SIMILARITY, TEXT_CLASSIFICATION, TOKEN_CLASSIFICATION,
};
pub use log::{End, Eval, Log, LogLine, Phases, Stage, TrainStep};
pub use metrics::{Better, LOSS, MetricInfo, Metrics};
pub use salvage::Salvaged;
pub use scores::{Average, Baseline, ClassScores, Detail, Scores, SplitScores};
pub use sweep::{PointResult, RunResult, Status, SweepTable};
pub use thresholds::Thresholds;
