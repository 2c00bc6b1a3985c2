//! Folders that are written completely or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::{At as _, FileError};
use crate::temporary::{filling, make, parent, remove_all};

/// Creates a folder: `fill` gets the path of a temporary folder, which is renamed to `path` once all of it is
/// on the disk. An existing folder is replaced in one step if the system can exchange names (Linux);
/// otherwise it is moved away first.
///
/// # Errors
/// The folder can't be written, or an error of `fill`.
pub fn folder<E: From<FileError>>(path: &Path, fill: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    let ((), temporary) = make(path, disk::create_dir).at("create a folder in", parent(path))?;
    let replaced = filling(&temporary, || fill(&temporary))
        .and_then(|()| Ok(sync_folders(&temporary)?))
        .and_then(|()| Ok(give_name(&temporary, path)?));
    let old = match replaced {
        Ok(old) => old,
        Err(error) => {
            // The first error says more than an error of the removal. The remains are removed at the next
            // start.
            let _ = remove_all(&temporary);
            return Err(error);
        }
    };
    // The old folder is removed only after the new directory entry is on the disk: until then, a power cut
    // may bring the old folder back under the name.
    disk::sync_dir(parent(path)).at("write", path)?;
    old.map_or(Ok(()), |old| Ok(remove_all(&old)?))
}

/// Syncs the directory entries of a folder and of all folders below it.
fn sync_folders(folder: &Path) -> Result<(), FileError> {
    for entry in fs::read_dir(folder).at("read", folder)? {
        let entry = entry.at("read", folder)?;
        if entry.file_type().at("read", &entry.path())?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    disk::sync_dir(folder).at("write", folder)
}

/// Renames the folder `temporary` to `path` and returns the new path of the folder that was at `path`. On
/// failure the old folder keeps its name.
fn give_name(temporary: &Path, path: &Path) -> Result<Option<PathBuf>, FileError> {
    if !path.is_dir() {
        disk::rename(temporary, path).at("write", path)?;
        return Ok(None);
    }
    match disk::exchange(temporary, path) {
        Ok(()) => Ok(Some(temporary.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            let old = aside(path)?;
            disk::rename(temporary, path).at("write", path).inspect_err(|_| give_back(&old, path))?;
            Ok(Some(old))
        }
        Err(error) => Err(error).at("write", path),
    }
}

/// Renames a folder to a temporary name and syncs the new name. On failure the folder keeps its name.
fn aside(path: &Path) -> Result<PathBuf, FileError> {
    // A folder of the temporary name is created first, so that no other process takes the name. A rename may
    // replace an empty folder.
    let ((), name) = make(path, disk::create_dir).at("create a folder in", parent(path))?;
    if !cfg!(unix) {
        disk::remove_dir(&name).at("remove", &name)?;
    }
    disk::rename(path, &name).at("remove", path).inspect_err(|_| {
        let _ = disk::remove_dir(&name);
    })?;
    disk::sync_dir(parent(path)).at("remove", path).inspect_err(|_| give_back(&name, path))?;
    Ok(name)
}

/// Gives a folder its name back. The caller's error says more than an error of this renaming.
fn give_back(temporary: &Path, path: &Path) {
    let _ = disk::rename(temporary, path);
}

/// Removes a folder and its content. At any time the folder is either complete under its name or absent.
///
/// # Errors
/// The folder can't be removed.
pub fn remove_folder(path: &Path) -> Result<(), FileError> {
    remove_all(&aside(path)?)
}

/// Creates a folder and its missing parent folders, and syncs their directory entries.
///
/// # Errors
/// One of the folders can't be created.
pub fn create_dir_all(path: &Path) -> Result<(), FileError> {
    if path.is_dir() || path.as_os_str().is_empty() {
        return Ok(());
    }
    let above = parent(path);
    if above != path {
        create_dir_all(above)?;
    }
    create_dir(path).map(drop)
}

/// Creates a folder; returns whether it was missing.
///
/// # Errors
/// The folder can't be created.
pub fn create_dir(path: &Path) -> Result<bool, FileError> {
    match disk::create_dir(path) {
        Ok(()) => {
            disk::sync_dir(parent(path)).at("create", path)?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        Err(error) => Err(error).at("create", path),
    }
}

/// Renames a file or folder to a free name in the same file system.
///
/// # Errors
/// The name `to` is taken, or the file or folder can't be renamed.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    if to.symlink_metadata().is_ok() {
        return Err(io::Error::from(io::ErrorKind::AlreadyExists)).at("write", to);
    }
    disk::rename(from, to).at("move", from)?;
    disk::sync_dir(parent(to)).at("write", to)?;
    if parent(from) != parent(to) {
        disk::sync_dir(parent(from)).at("move", from)?;
    }
    Ok(())
}

/// Exchanges the names of two folders in one step. The error's cause is
/// [`Unsupported`](io::ErrorKind::Unsupported) if the system or the file system can't exchange names.
///
/// # Errors
/// The names can't be exchanged.
pub fn exchange(one: &Path, other: &Path) -> Result<(), FileError> {
    disk::exchange(one, other).at("move", other)?;
    disk::sync_dir(parent(other)).at("write", other)?;
    if parent(one) != parent(other) {
        disk::sync_dir(parent(one)).at("write", one)?;
    }
    Ok(())
}

/// Removes a folder if it is empty; returns whether it was empty.
///
/// # Errors
/// The folder can't be read, or it is empty and can't be removed.
pub fn remove_if_empty(path: &Path) -> Result<bool, FileError> {
    if fs::read_dir(path).at("read", path)?.next().is_some() {
        return Ok(false);
    }
    disk::remove_dir(path).at("remove", path)?;
    disk::sync_dir(parent(path)).at("remove", path)?;
    Ok(true)
}
