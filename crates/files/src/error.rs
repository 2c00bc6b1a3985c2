//! [`FileError`] and [`LockError`].

use std::io;
use std::path::{Path, PathBuf};

use crate::holder::Holder;

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("can't {action} {}", path.display())]
pub struct FileError {
    /// The operation that failed, as in "write".
    pub action: &'static str,
    /// The file or folder, by its final name.
    pub path: PathBuf,
    /// The operating system's error.
    pub source: io::Error,
}

/// Why a folder can't be locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process works in the folder.
    #[error("{} is in use by {}", path.display(), holder.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string))]
    Held {
        /// The folder.
        path: PathBuf,
        /// The process that holds the lock; `None` if the lock file can't be read.
        holder: Option<Holder>,
    },
    /// The lock file can't be created or locked.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why an output that the user named is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The output is a folder.
    #[error("\"{}\" is no file to write to but a folder: name a file in it", path.display())]
    Folder {
        /// The output's path.
        path: PathBuf,
    },
    /// The output's folder does not exist.
    #[error("can't write {}: there is no folder {}; make it first, or name another place", path.display(), folder.display())]
    NoFolder {
        /// The output's path.
        path: PathBuf,
        /// The missing folder.
        folder: PathBuf,
    },
    /// The file is write-protected.
    #[error("{} is write-protected: allow writing (chmod u+w), or name another file", path.display())]
    Protected {
        /// The file, with links followed.
        path: PathBuf,
    },
    /// No file can be created in the output's folder.
    #[error("can't write {}: no file can be made in {}; name a place in another folder", path.display(), folder.display())]
    NotWritable {
        /// The output's path.
        path: PathBuf,
        /// The folder in which no file can be created.
        folder: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The output is one of the inputs.
    #[error("can't write {}: it is {}; name another file", path.display(), input_of(path, input.as_deref()))]
    IsRead {
        /// The output's path.
        path: PathBuf,
        /// The input: a file, or a folder whose files are all read; `None` for the standard input.
        input: Option<PathBuf>,
    },
    /// The output can't be inspected or opened.
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

/// Adds the operation and the path to an I/O error.
pub(crate) trait At<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, FileError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, FileError> {
        self.map_err(|source| FileError { action, path: path.to_owned(), source })
    }
}
