//! [`ReportError`].

use std::path::{Path, PathBuf};

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
    /// An example's prediction does not fit the labels.
    #[error("{}, line {line}, can't be used: {problem}", path.display())]
    Example {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The mismatch.
        problem: embert_metrics::MetricsError,
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

/// Adds the file's path to an error.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T, ReportError>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, path: &Path) -> Result<T, ReportError> {
        self.map_err(|source| ReportError::Io { path: path.to_owned(), source })
    }
}
