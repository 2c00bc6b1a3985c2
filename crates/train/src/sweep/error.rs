//! [`SweepError`].

use std::path::PathBuf;

use crate::ConfigError;

/// Why a sweep can't begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key that the sweep sets itself.
    #[error("{key} can't be swept: {hint}")]
    Reserved {
        /// The key.
        key: String,
        /// What to do instead.
        hint: &'static str,
    },
    /// A key has values from two sides.
    #[error("{key} is swept twice: keep it in one of grid, random and points")]
    Twice {
        /// The key.
        key: String,
    },
    /// Values that can't be tried.
    #[error("{key}: {problem}")]
    Values {
        /// The key.
        key: String,
        /// What is wrong with them.
        problem: String,
    },
    /// Not `key=values`.
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
    /// A complete run does not say what its result is worth.
    #[error(
        "{path} has a result, but none of scores.json, metrics.jsonl, facts.json and examples.jsonl tells what it is worth: move that folder away, and `sweep --resume` runs it again",
        path = path.display()
    )]
    NoScores {
        /// The run folder.
        path: PathBuf,
    },
    /// One run is no sweep.
    #[error(
        "there is nothing to sweep: add --grid KEY=V1,V2, --random KEY=MIN..MAX or --seeds N, or a [sweep] table to the config"
    )]
    Nothing,
    /// More runs than anybody waits for.
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
        /// What it sets.
        settings: String,
        /// The cause.
        source: Box<ConfigError>,
    },
    /// Two points are one.
    #[error("{one} and {other} are the same ({settings}): keep one of them")]
    Same {
        /// A point's name.
        one: String,
        /// Another one's.
        other: String,
        /// What both set.
        settings: String,
    },
    /// The output folder holds a finished sweep.
    #[error("{} holds a finished sweep: choose another output, or pass --overwrite to replace it", path.display())]
    Finished {
        /// The sweep's folder.
        path: PathBuf,
    },
    /// The output folder holds a sweep that isn't finished.
    #[error("{path} holds a sweep that was stopped: go on with `sweep --resume {path}`, or pass --overwrite to replace it", path = path.display())]
    Unfinished {
        /// The sweep's folder.
        path: PathBuf,
    },
    /// The output folder has files, but is no sweep's.
    #[error("{} is not empty and not a sweep's folder: choose another output", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
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
    /// What the sweep was to train on, or from, isn't there.
    #[error("{what}")]
    Source {
        /// What was asked for.
        what: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
