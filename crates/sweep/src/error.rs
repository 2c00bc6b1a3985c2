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
    /// A key has values from two of grid, random and points.
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
        /// What is wrong with them.
        problem: String,
    },
    /// Text that is not `key=values`.
    #[error("\"{found}\" says no values to try: expected key=values, as in {example}")]
    Assignment {
        /// What was given.
        found: String,
        /// One that could be.
        example: &'static str,
    },
    /// Seeds or samples that make no sense.
    #[error("{problem}")]
    Counts {
        /// What is wrong with them.
        problem: &'static str,
    },
    /// No file of a complete run has the metrics of its result.
    #[error(
        "{path} has a result, but none of scores.json, metrics.jsonl, facts.json and examples.jsonl tells what it is worth: move that folder away, and `sweep --resume` runs it again",
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
        /// How many there may be.
        most: usize,
    },
    /// A point's config can't be used.
    #[error("{point} ({settings}) can't be trained")]
    Point {
        /// Its name.
        point: String,
        /// The settings of the point.
        settings: String,
        /// The cause.
        source: Box<ConfigError>,
    },
    /// Two points have the same settings.
    #[error("{one} and {other} are the same ({settings}): keep one of them")]
    Same {
        /// A point's name.
        one: String,
        /// Another one's.
        other: String,
        /// What both set.
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
    /// A run's settings are not those that the definition gives it.
    #[error(
        "{path} has other settings than sweep.toml gives it: undo what changed in one of them, or remove the run",
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
    /// The sweep's definition, its folder or a run's observer.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// The host can't provide a model or a data set.
    #[error("{what}")]
    Source {
        /// What the host was asked for, as in "can't get the model bert".
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
