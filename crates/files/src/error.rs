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

/// Why nothing is written to a place that the user named.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// It is a folder.
    #[error("\"{}\" is no file to write to but a folder: name a file in it", path.display())]
    Folder {
        /// The place.
        path: PathBuf,
    },
    /// The folder that it would be in is not there.
    #[error("can't write {}: there is no folder {}; make it first, or name another place", path.display(), folder.display())]
    NoFolder {
        /// The place.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// Its owner may not write it.
    #[error("{} is write-protected: allow writing (chmod u+w), or name another file", path.display())]
    Protected {
        /// The file, links followed.
        path: PathBuf,
    },
    /// Its folder takes no file.
    #[error("can't write {}: no file can be made in {}; name a place in another folder", path.display(), folder.display())]
    NotWritable {
        /// The place.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is among what is read.
    #[error("can't write {}: it is {}; name another file", path.display(), input_of(path, input.as_deref()))]
    IsRead {
        /// The place.
        path: PathBuf,
        /// The file that is read, or the folder all of whose files are; absent for the standard input.
        input: Option<PathBuf>,
    },
    /// What is there can't be found or opened.
    #[error(transparent)]
    File(#[from] FileError),
}

fn input_of(path: &Path, input: Option<&Path>) -> String {
    match input {
        None => "the file that is read as the standard input".to_owned(),
        Some(input) if input == path => "the file that is read".to_owned(),
        Some(input) if input.is_dir() => format!("among the files in {}, which are read", input.display()),
        Some(input) => format!("the same file as {}, which is read", input.display()),
    }
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
