//! Files that are there whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::{At as _, FileError};
use crate::temporary::{is_filled, make, parent, remove_leftovers_of, scratch_file};

/// Bytes that are written at once.
pub(crate) const BUFFER: usize = 1 << 16;

/// Writes a file: it has all of `content`, on the disk, or stays what it was. A file that is replaced keeps its permissions.
///
/// # Errors
/// It can't be written.
pub fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    write_with(path, |out| out.write_all(content).at("write", path))
}

/// [`write()`] of what `fill` writes. What goes through it is buffered.
///
/// # Errors
/// The file can't be written, or those of `fill`.
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

/// [`write()`] of a file that another library writes under the path which `fill` gets. That library may replace the file.
///
/// # Errors
/// The file can't be written, or those of `fill`.
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

/// A file that is not whole yet. Without [`publish`](Self::publish) it goes.
struct Temporary<'a> {
    file: File,
    /// Where it is.
    path: PathBuf,
    /// Where it will be.
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
        let (file, path) = make(target, disk::create_file).at("write a file in", parent(target))?;
        let temporary = Self { file, path, target, is_published: false };
        // So that nobody takes it for a killed process's; without locks nobody does.
        let _ = temporary.file.try_lock();
        if let Ok(there) = target.metadata()
            && there.is_file()
        {
            disk::set_permissions(&temporary.path, there.permissions()).at("write", target)?;
        }
        Ok(temporary)
    }

    /// Puts it on the disk and gives it its name.
    fn publish(mut self) -> Result<(), FileError> {
        disk::sync_file(&self.file, &self.path).at("write", self.target)?;
        if self.path != self.target {
            disk::rename(&self.path, self.target).at("write", self.target)?;
        }
        self.is_published = true;
        // The names in a folder that is being filled go to the disk together.
        if self.path != self.target {
            disk::sync_dir(parent(self.target)).at("write", self.target)?;
        }
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.is_published {
            // The error that is on its way says more; what stays is removed by the next who writes the file.
            let _ = disk::remove_file(&self.path);
        }
    }
}

/// Writes to a file through [`disk`].
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
/// It can't be removed.
pub fn remove_file(path: &Path) -> Result<(), FileError> {
    disk::remove_file(path).at("remove", path)?;
    disk::sync_dir(parent(path)).at("remove", path)
}

/// Whether a file could be written in `folder`: one without a name is made, which goes whatever happens.
///
/// # Errors
/// It can't.
pub fn check_writable(folder: &Path) -> Result<(), FileError> {
    scratch_file(folder).map(drop)
}
