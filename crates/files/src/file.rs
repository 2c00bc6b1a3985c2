//! Files that are written completely or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::{At as _, FileError};
use crate::temporary::{is_filled, make_locked, parent, remove_leftovers_of, scratch_file};

/// The size of the write buffer in bytes.
pub(crate) const BUFFER: usize = 1 << 16;

/// Writes a file: afterwards the file has all of `content`, synced to the disk, or is unchanged. A file that
/// is replaced keeps its permissions.
///
/// # Errors
/// The file can't be written.
pub fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    write_with(path, |out| out.write_all(content).at("write", path))
}

/// Writes `value` with [`write()`], as indented JSON with a line break at the end.
///
/// # Errors
/// The value can't be represented in JSON, or the file can't be written.
pub fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), FileError> {
    let mut json = serde_json::to_vec_pretty(value).map_err(io::Error::from).at("write", path)?;
    json.push(b'\n');
    write(path, &json)
}

/// Writes a file as [`write()`] does, with the bytes that `fill` writes to a buffered writer.
///
/// # Errors
/// The file can't be written, or an error of `fill`.
pub fn write_with<E: From<FileError>>(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<(), E> {
    let temporary = Temporary::new(path)?;
    let mut out = BufWriter::with_capacity(BUFFER, Writing { file: &temporary.file, path: &temporary.path });
    fill(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error).at("write", path)?;
    Ok(temporary.publish()?)
}

/// Writes a file as [`write()`] does, with another library: `fill` gets a temporary path to write to. The
/// library may replace the file at that path.
///
/// # Errors
/// The file can't be written, or an error of `fill`.
pub fn write_path_with<E: From<FileError>>(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let mut temporary = Temporary::new(path)?;
    let permissions = temporary.file.metadata().at("write", path)?.permissions();
    fill(&temporary.path)?;
    disk::adopt(&temporary.path).at("write", path)?;
    disk::set_permissions(&temporary.path, permissions).at("write", path)?;
    temporary.file = File::open(&temporary.path).at("write", path)?;
    Ok(temporary.publish()?)
}

/// A temporary file while it is written. The file is removed when the value is dropped without
/// [`publish`](Self::publish).
struct Temporary<'a> {
    file: File,
    /// The temporary path.
    path: PathBuf,
    /// The final path.
    target: &'a Path,
    is_published: bool,
}

impl<'a> Temporary<'a> {
    fn new(target: &'a Path) -> Result<Self, FileError> {
        if is_filled(target) {
            let file = disk::create_file(target).at("write", target)?;
            return Ok(Self { file, path: target.to_owned(), target, is_published: false });
        }
        remove_leftovers_of(target);
        let (file, path) = make_locked(target, disk::create_file).at("write a file in", parent(target))?;
        let temporary = Self { file, path, target, is_published: false };
        if let Ok(there) = target.metadata()
            && there.is_file()
        {
            disk::set_permissions(&temporary.path, there.permissions()).at("write", target)?;
        }
        Ok(temporary)
    }

    /// Syncs the file and renames it to its final name.
    fn publish(mut self) -> Result<(), FileError> {
        disk::sync_file(&self.file, &self.path).at("write", self.target)?;
        if self.path != self.target {
            disk::rename(&self.path, self.target).at("write", self.target)?;
        }
        self.is_published = true;
        // The directory entries of a temporary folder are synced together when the folder is complete.
        if self.path != self.target {
            disk::sync_dir(parent(self.target)).at("write", self.target)?;
        }
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.is_published {
            // The first error says more than an error of the removal. The next writer of the file removes the
            // remains.
            let _ = disk::remove_file(&self.path);
        }
    }
}

/// Writes to an open file through [`disk`].
pub(crate) struct Writing<'a> {
    pub(crate) file: &'a File,
    pub(crate) path: &'a Path,
}

impl Write for Writing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        disk::write(self.file, self.path, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Removes a file.
///
/// # Errors
/// The file can't be removed.
pub fn remove_file(path: &Path) -> Result<(), FileError> {
    disk::remove_file(path).at("remove", path)?;
    disk::sync_dir(parent(path)).at("remove", path)
}

/// Checks that a file can be created in `folder`, by creating an unlinked temporary file, which the operating
/// system removes in any case.
///
/// # Errors
/// No file can be created in `folder`.
pub fn check_writable(folder: &Path) -> Result<(), FileError> {
    scratch_file(folder).map(drop)
}
