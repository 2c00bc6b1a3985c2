//! Temporary names for files and folders that are being written, and the removal of temporary files that
//! killed processes left.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::{At as _, FileError};

/// The prefix of temporary names.
pub const TEMPORARY: &str = ".tmp-";

thread_local! {
    /// The temporary folders that are being filled on this thread, the innermost last.
    static FILLED: RefCell<Vec<PathBuf>> = const { RefCell::new(Vec::new()) };
}

/// The parent folder of a path; `.` for a bare file name.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Creates a file or folder under a temporary name beside `path`: `.tmp-<name>-<random>`.
pub(crate) fn make<T>(path: &Path, mut make: impl FnMut(&Path) -> io::Result<T>) -> io::Result<(T, PathBuf)> {
    let prefix = format!("{TEMPORARY}{}-", path.file_name().unwrap_or_default().to_string_lossy());
    let made = tempfile::Builder::new()
        .prefix(&prefix)
        .disable_cleanup(true)
        .make_in(parent(path), |path| make(path))?;
    let (made, path) = made.keep().map_err(|error| error.error)?;
    Ok((made, path))
}

/// Runs `fill` while `folder` is marked as being filled: files in it then need no temporary names of their
/// own.
pub(crate) fn filling<T>(folder: &Path, fill: impl FnOnce() -> T) -> T {
    struct Pop;
    impl Drop for Pop {
        fn drop(&mut self) {
            FILLED.with_borrow_mut(Vec::pop);
        }
    }
    FILLED.with_borrow_mut(|filled| filled.push(folder.to_owned()));
    let _pop = Pop;
    fill()
}

/// Whether `path` lies in a temporary folder that is being filled.
pub(crate) fn is_filled(path: &Path) -> bool {
    FILLED.with_borrow(|filled| filled.last().is_some_and(|folder| path.starts_with(folder)))
}

/// Whether a name is one of embert's temporary names.
pub fn is_temporary(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes())
}

/// Removes every temporary file and folder in `folder`, except files that are being written. The process must
/// have locked the folder, so that the removed files belong to killed processes.
///
/// # Errors
/// The folder can't be read, or a temporary file or folder can't be removed.
pub fn remove_leftovers(folder: &Path) -> Result<(), FileError> {
    remove_leftovers_beginning(folder, "")
}

/// Removes the temporary files and folders whose final names begin with `prefix`, except files that are being
/// written. Unlike with [`remove_leftovers`], other processes may write to other names in the folder.
///
/// # Errors
/// The folder can't be read, or a temporary file or folder can't be removed.
pub fn remove_leftovers_beginning(folder: &Path, prefix: &str) -> Result<(), FileError> {
    let prefix = format!("{TEMPORARY}{prefix}");
    for entry in fs::read_dir(folder).at("read", folder)? {
        let entry = entry.at("read", folder)?;
        // A locked file is being written: a report, for example, is written without a lock on the folder.
        if entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes())
            && let Some(_held) = leftover(&entry.path())
        {
            remove_all(&entry.path())?;
        }
    }
    Ok(())
}

/// A temporary file that no living process writes. While the value lives, it holds the file's lock: whoever has
/// just made the file, and has not locked it yet, sees that the file is being removed ([`make_locked`]).
struct Leftover(#[allow(dead_code, reason = "closing the file ends the lock")] Option<File>);

/// What a killed process left; `None` if a living one may be writing the file, or if its lock can't be tested. A
/// folder has no lock.
fn leftover(path: &Path) -> Option<Leftover> {
    if !path.is_file() {
        return Some(Leftover(None));
    }
    let file = File::open(path).ok()?;
    file.try_lock().is_ok().then_some(Leftover(Some(file)))
}

/// As [`make`], a file whose lock tells other processes that this one is alive. On a file system without locks,
/// other processes remove nothing.
pub(crate) fn make_locked(
    path: &Path,
    mut create: impl FnMut(&Path) -> io::Result<File>,
) -> io::Result<(File, PathBuf)> {
    loop {
        let (file, temporary) = make(path, &mut create)?;
        // Another writer may have looked at the file between these two lines, and taken it for a leftover.
        let is_held = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        let is_gone =
            || temporary.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        if !is_held && !is_gone() {
            return Ok((file, temporary));
        }
    }
}

/// Removes the temporary files of `path` that killed processes left: the files that no process has locked. A
/// failed removal is logged and otherwise ignored.
pub(crate) fn remove_leftovers_of(path: &Path) {
    let prefix = format!("{TEMPORARY}{}-", path.file_name().unwrap_or_default().to_string_lossy());
    let Ok(entries) = fs::read_dir(parent(path)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        // The rest of the name is random characters: a `-` or `.` in it means that the file belongs to a
        // longer name.
        if rest.is_none_or(|rest| rest.contains(['-', '.'])) || !entry.path().is_file() {
            continue;
        }
        if let Some(_held) = leftover(&entry.path())
            && let Err(error) = disk::remove_file(&entry.path())
        {
            tracing::warn!("can't remove {}, which a killed process left: {error}", entry.path().display());
        }
    }
}

/// An unlinked temporary file, for data that does not fit into memory. The operating system removes the file
/// when it is closed, or when the process ends.
///
/// # Errors
/// The file can't be created in `folder`.
pub fn scratch_file(folder: &Path) -> Result<File, FileError> {
    tempfile::tempfile_in(folder).at("write a file in", folder)
}

/// Removes a file, or a folder and its content.
pub(crate) fn remove_all(path: &Path) -> Result<(), FileError> {
    // A link itself is removed, never its target.
    if !path.symlink_metadata().at("read", path)?.is_dir() {
        return disk::remove_file(path).at("remove", path);
    }
    for entry in fs::read_dir(path).at("read", path)? {
        remove_all(&entry.at("read", path)?.path())?;
    }
    disk::remove_dir(path).at("remove", path)
}
