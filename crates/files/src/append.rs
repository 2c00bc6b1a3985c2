//! [`Appender`]: a file that grows, such as a log.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::{At as _, FileError};
use crate::temporary::parent;

/// A file that is appended to; [`append`](Self::append) writes each piece at once. A killed process or a
/// power cut may lose the pieces after the last [`sync`](Self::sync), never the pieces before.
#[derive(Debug)]
pub struct Appender {
    path: PathBuf,
    file: File,
}

impl Appender {
    /// Opens a file at its end; a missing file is created.
    ///
    /// # Errors
    /// The file can't be opened.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let file = disk::open_append(path).at("write", path)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Creates a file.
    ///
    /// # Errors
    /// The file can't be created, or exists.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let file = disk::create_file(path).at("create", path)?;
        disk::sync_dir(parent(path)).at("create", path)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    /// The bytes can't be written; some of them may have been.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        disk::write(&self.file, &self.path, bytes).at("write", &self.path)
    }

    /// Empties the file.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn clear(&mut self) -> Result<(), FileError> {
        disk::truncate(&self.file, &self.path).at("write", &self.path)
    }

    /// Syncs all appended pieces to the disk.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn sync(&self) -> Result<(), FileError> {
        disk::sync_file(&self.file, &self.path).at("write", &self.path)
    }
}
