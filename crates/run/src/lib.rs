//! The files of a run folder and of a sweep folder, each format declared once.
//!
//! [`RunFiles`] and [`SweepFiles`] say where each file stands. [`Facts`] is what a run knows when it begins, [`Log`] what
//! happened in it, [`Scores`] and [`Example`] what the kept weights say at its end, [`SweepTable`] what came of a sweep. The
//! types are written by whoever trains and read by whoever reports; both get the same bytes and the same meaning. Metrics are
//! named values ([`Metrics`]), described by [`MetricInfo`]: no metric is a field.
//!
//! Reading is tolerant where a file may be cut or damaged ([`Log::read`] lists such lines by number) and strict about
//! [`FORMAT`]: a file with a newer format is an error that says so.
//!
//! What it does not do: train, compute a metric, draw, or know what the settings in `config.toml` mean.
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

pub use error::RunError;
pub use example::{Example, Examples};
pub use facts::{Facts, Lengths, Parameters, Split, Splits, Uncut};
pub use files::{RunFiles, SweepFiles};
pub use format::{FORMAT, TEXT_CLASSIFICATION};
pub use log::{End, Eval, Log, LogLine, Phases, Stage, TrainStep};
pub use metrics::{Better, LOSS, MetricInfo, Metrics};
pub use salvage::Salvaged;
pub use scores::{Average, ClassScores, Detail, Scores, SplitScores};
pub use sweep::{PointResult, RunResult, Status, SweepTable};
