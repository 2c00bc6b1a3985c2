//! [`FileError`] and [`LockError`].

use std::io;
use std::path::{Path, PathBuf};

use crate::holder::Holder;

/// A file or folder can't be written.
#[derive(Debug, thiserror::Error)]
#[error("can't {action} {}", path.display())]
pub struct FileError {
    /// The operation, as in "write".
    pub action: &'static str,
    /// The file or folder, under its final name.
    pub path: PathBuf,
    /// The cause.
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
        /// The process; `None` if the lock's file can't be read.
        holder: Option<Holder>,
    },
    /// The lock's file can't be created or locked.
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
        /// The output.
        path: PathBuf,
    },
    /// The output's folder does not exist.
    #[error("can't write {}: there is no folder {}; make it first, or name another place", path.display(), folder.display())]
    NoFolder {
        /// The output.
        path: PathBuf,
        /// The folder.
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
        /// The output.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The output is one of the files that are read.
    #[error("can't write {}: it is {}; name another file", path.display(), input_of(path, input.as_deref()))]
    IsRead {
        /// The output.
        path: PathBuf,
        /// The file that is read, or a folder whose files are all read; `None` for the standard input.
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
