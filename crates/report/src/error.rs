//! [`ReportError`].

use std::path::{Path, PathBuf};

use embert_metrics::MetricsError;
use embert_run::RunError;

/// Why a report can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The folder is no run folder: it has no `config.toml`.
    #[error("{} is no run folder: it has no config.toml; and no sweep's: it has no sweep.json", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
    },
    /// The folder has no `sweep.json`.
    #[error(
        "{path} has no sweep.json, which a sweep writes once its first run has ended: `sweep --resume {path}` makes one of the runs that are there",
        path = path.display()
    )]
    NotASweep {
        /// The folder.
        path: PathBuf,
    },
    /// A file of the run can't be read.
    #[error("can't read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file has a newer format, or can't be read.
    #[error(transparent)]
    File(#[from] RunError),
    /// The table of a sweep is damaged from its beginning on.
    #[error("{}; `sweep --resume {}` makes that file again from the runs", source, folder.display())]
    DamagedSweep {
        /// The sweep's folder.
        folder: PathBuf,
        /// The error of the damaged file.
        source: RunError,
    },
    /// An example's prediction does not fit the labels, or its text.
    #[error("{}, line {line}, can't be used: {problem}", path.display())]
    Example {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The mismatch.
        problem: ExampleProblem,
    },
    /// No run was named.
    #[error("a report needs at least one run")]
    NoRuns,
    /// The charting library failed.
    #[error("can't draw the plot `{plot}`")]
    Plot {
        /// The plot.
        plot: &'static str,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Why a line of `examples.jsonl` can't be what a run has written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExampleProblem {
    /// The one label or its probabilities do not fit.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// A text with any number of labels has more or fewer probabilities than there are labels.
    #[error("found {found} probabilities, expected {expected}, one for each label")]
    ProbabilityCount {
        /// The number of probabilities.
        found: usize,
        /// The number of labels.
        expected: usize,
    },
    /// A probability is outside of [0, 1].
    #[error("the probability {value} is not between 0 and 1")]
    Probability {
        /// The number found.
        value: f64,
    },
    /// A true label is none of the labels.
    #[error("the true label is {label}, expected less than {count}")]
    Label {
        /// The label found.
        label: usize,
        /// The number of labels.
        count: usize,
    },
    /// The true labels are not ascending.
    #[error("the true labels are {labels:?}, expected ascending numbers")]
    LabelOrder {
        /// The labels found.
        labels: Vec<usize>,
    },
    /// An entity is empty or reaches beyond its text.
    #[error("an entity goes from character {start} to {end}, but the text has {length}, counted from 0")]
    Entity {
        /// The first character.
        start: usize,
        /// One past the last character.
        end: usize,
        /// The number of characters of the text.
        length: usize,
    },
    /// A sentence begins before the one before it ends, ends before it begins, or reaches beyond its text.
    #[error(
        "a sentence goes from character {start} to {end}, after {before}, but the text has {length}, counted from 0, and \
         sentences follow each other"
    )]
    Sentence {
        /// The first character.
        start: usize,
        /// One past the last character.
        end: usize,
        /// Where the sentence before it ends.
        before: usize,
        /// The number of characters of the text.
        length: usize,
    },
    /// An answer ends before it begins, or reaches beyond its context.
    #[error("an answer goes from character {start} to {end}, but the context has {length}, counted from 0")]
    Answer {
        /// The first character.
        start: usize,
        /// One past the last character.
        end: usize,
        /// The number of characters of the context.
        length: usize,
    },
}

/// Adds the file's path to an error.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T, ReportError>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, path: &Path) -> Result<T, ReportError> {
        self.map_err(|source| ReportError::Io { path: path.to_owned(), source })
    }
}
