//! [`Appender`]: a file that grows.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::{At as _, FileError};
use crate::temporary::parent;

/// A file that grows, each piece written as it comes. A process that is killed, or power that goes, may cost its end: what came
/// after the last [`sync`](Self::sync), never what is before.
#[derive(Debug)]
pub struct Appender {
    path: PathBuf,
    file: File,
}

impl Appender {
    /// Opens a file at its end, and makes it where it is not there.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let file = disk::open_append(path).at("write", path)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Makes a file, which is not there yet.
    ///
    /// # Errors
    /// It can't be made, or is there.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let file = disk::create_file(path).at("create", path)?;
        disk::sync_dir(parent(path)).at("create", path)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    /// They can't be written; some of them may be.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        disk::write(&self.file, &self.path, bytes).at("write", &self.path)
    }

    /// Empties the file, to begin again.
    ///
    /// # Errors
    /// It can't be written.
    pub fn clear(&mut self) -> Result<(), FileError> {
        disk::truncate(&self.file, &self.path).at("write", &self.path)
    }

    /// Puts all that was appended on the disk.
    ///
    /// # Errors
    /// It can't be written.
    pub fn sync(&self) -> Result<(), FileError> {
        disk::sync_file(&self.file, &self.path).at("write", &self.path)
    }
}
