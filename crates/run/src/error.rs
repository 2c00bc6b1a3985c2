//! [`RunError`].

use std::path::{Path, PathBuf};

/// Why a file of a run or of a sweep can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A file can't be read.
    #[error("can't read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file is not what a run writes: it is damaged, or another program's.
    #[error("{}, line {line}, can't be used: it is not what a run writes there", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The cause.
        source: serde_json::Error,
    },
    /// A newer version wrote the file.
    #[error(
        "{} has format {found}, and this version knows none above {known}: use a newer version of embert",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format that the file states.
        found: u64,
        /// The newest format that this version reads: [`FORMAT`](crate::FORMAT).
        known: u64,
    },
}

/// Adds the file's path to an error.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T, RunError>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, path: &Path) -> Result<T, RunError> {
        self.map_err(|source| RunError::Io { path: path.to_owned(), source })
    }
}
