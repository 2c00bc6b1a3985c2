//! [`SweepError`] and [`SweepRunError`].

use std::path::PathBuf;

use embert_run::RunError;
use embert_train::{ConfigError, TrainError};

/// Why a sweep's definition or its folder can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The settings can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The folder can't be claimed, or a run stopped.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A file of a run or of the sweep can't be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The table can't be written.
    #[error(transparent)]
    File(#[from] embert_files::FileError),
    /// A key that the sweep sets itself.
    #[error("{key} can't be swept: {hint}")]
    Reserved {
        /// The key.
        key: String,
        /// What to do instead.
        hint: &'static str,
    },
    /// A key has values in two of grid, random and points.
    #[error("{key} is swept twice: keep it in one of grid, random and points")]
    Twice {
        /// The key.
        key: String,
    },
    /// Values that the key can't have.
    #[error("{key}: {problem}")]
    Values {
        /// The key.
        key: String,
        /// Why the values can't be used.
        problem: String,
    },
    /// Text that is not `key=values`.
    #[error("\"{found}\" has no values to try: expected key=values, as in {example}")]
    Assignment {
        /// The text as it was given.
        found: String,
        /// An example of an assignment.
        example: &'static str,
    },
    /// A number of seeds or samples that can't be used.
    #[error("{problem}")]
    Counts {
        /// Why the number can't be used.
        problem: &'static str,
    },
    /// No file of a complete run has the metrics of its result.
    #[error(
        "{path} has a result, but none of scores.json, metrics.jsonl, facts.json and examples.jsonl has its metrics: move that folder away, and `sweep --resume` runs it again",
        path = path.display()
    )]
    NoScores {
        /// The run folder.
        path: PathBuf,
    },
    /// The definition describes a single run.
    #[error(
        "there is nothing to sweep: add --grid KEY=V1,V2, --random KEY=MIN..MAX or --seeds N, or a [sweep] table to the config"
    )]
    Nothing,
    /// The definition describes too many runs.
    #[error("these are {runs} runs, more than {most}: take fewer values, or draw some of them with --random")]
    TooMany {
        /// Points times seeds.
        runs: usize,
        /// The most runs of a sweep.
        most: usize,
    },
    /// A point's config can't be used.
    #[error("{point} ({settings}) can't be trained")]
    Point {
        /// The point's name.
        point: String,
        /// The settings of the point.
        settings: String,
        /// The cause.
        source: Box<ConfigError>,
    },
    /// Two points have the same settings.
    #[error("{one} and {other} are the same ({settings}): keep one of them")]
    Same {
        /// The first point's name.
        one: String,
        /// The second point's name.
        other: String,
        /// The settings of both points.
        settings: String,
    },
    /// The folder has no `sweep.toml`.
    #[error("{} is not the folder of a sweep: it has no sweep.toml", path.display())]
    NotASweep {
        /// The folder.
        path: PathBuf,
    },
    /// The definition in a sweep's folder can't be used.
    #[error(
        "the sweep in {} can't go on with its sweep.toml: put back what was there, or sweep again with --overwrite",
        path.display()
    )]
    Definition {
        /// The sweep's folder.
        path: PathBuf,
        /// The cause.
        source: Box<SweepError>,
    },
    /// A run's settings differ from the settings that the definition gives the run.
    #[error(
        "{path} and sweep.toml have different settings for this run: restore the changed file, or remove the run",
        path = path.display()
    )]
    Changed {
        /// The run's folder.
        path: PathBuf,
    },
}

/// Why a sweep stopped; `E` is the error of its [`SweepHost`](crate::SweepHost).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepRunError<E: std::error::Error + 'static> {
    /// The sweep's definition or folder can't be used, or a run's observer failed.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// The host can't provide a model or a data set.
    #[error("{what}")]
    Source {
        /// The request that failed, as in "can't get the model bert".
        what: String,
        /// The cause.
        source: E,
    },
    /// The host returned an error from an event.
    #[error("the host of the sweep failed")]
    Host {
        /// The cause.
        source: E,
    },
}

impl<E: std::error::Error + 'static> From<TrainError> for SweepRunError<E> {
    fn from(error: TrainError) -> Self {
        Self::Sweep(error.into())
    }
}
