//! [`FileError`] and [`LockError`].

use std::io;
use std::path::{Path, PathBuf};

use crate::Holder;

/// A file or folder can't be written.
#[derive(Debug, thiserror::Error)]
#[error("can't {action} {}", path.display())]
pub struct FileError {
    /// What was tried, as in "write".
    pub action: &'static str,
    /// The file or folder, by the name that it was to have.
    pub path: PathBuf,
    /// The cause.
    pub source: io::Error,
}

/// Why a folder can't be locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process works in it.
    #[error("{} is in use by {}", path.display(), holder.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string))]
    Held {
        /// The folder.
        path: PathBuf,
        /// Who; absent where the lock's file can't be read.
        holder: Option<Holder>,
    },
    /// The lock's file can't be made or locked.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Says what was tried on which path when an operation fails.
pub(crate) trait At<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, FileError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, FileError> {
        self.map_err(|source| FileError { action, path: path.to_owned(), source })
    }
}
