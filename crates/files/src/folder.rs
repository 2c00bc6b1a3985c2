//! Folders that are there whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::{At as _, FileError};
use crate::temporary::{filling, make, parent, remove_all};

/// Makes a folder: `fill` gets the path of a temporary one, which takes the name `path` when all of it is on the disk. A folder of
/// that name is replaced in one step where the system can exchange names (Linux), else moved away first.
///
/// # Errors
/// The folder can't be written, or those of `fill`.
pub fn folder<E: From<FileError>>(path: &Path, fill: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    let ((), temporary) = make(path, disk::create_dir).at("create a folder in", parent(path))?;
    let replaced = filling(&temporary, || fill(&temporary))
        .and_then(|()| Ok(sync_folders(&temporary)?))
        .and_then(|()| Ok(give_name(&temporary, path)?));
    let old = match replaced {
        Ok(old) => old,
        Err(error) => {
            // The error that is on its way says more; what stays is removed at the next start.
            let _ = remove_all(&temporary);
            return Err(error);
        }
    };
    // What was there goes when the new name is on the disk: before that, it may be what the name leads to when the power goes.
    disk::sync_dir(parent(path)).at("write", path)?;
    old.map_or(Ok(()), |old| Ok(remove_all(&old)?))
}

/// Puts all names in a folder on the disk.
fn sync_folders(folder: &Path) -> Result<(), FileError> {
    for entry in fs::read_dir(folder).at("read", folder)? {
        let entry = entry.at("read", folder)?;
        if entry.file_type().at("read", &entry.path())?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    disk::sync_dir(folder).at("write", folder)
}

/// Gives the folder `temporary` the name `path`; says where the folder is that had it. Where that fails it still has it.
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

/// Gives a folder a temporary name, on the disk. Where that fails it keeps its own.
fn aside(path: &Path) -> Result<PathBuf, FileError> {
    // Made, so that no other process has the name, and taken: an empty folder may be replaced.
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

/// Gives a folder its name back. The error that is on its way says more than one of this.
fn give_back(temporary: &Path, path: &Path) {
    let _ = disk::rename(temporary, path);
}

/// Removes a folder with all that is in it: it is whole under its name or not there.
///
/// # Errors
/// It can't be removed.
pub fn remove_folder(path: &Path) -> Result<(), FileError> {
    remove_all(&aside(path)?)
}

/// Makes a folder and those above it that are not there; all of them are on the disk.
///
/// # Errors
/// One of them can't be made.
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

/// Makes a folder and says whether it was not there.
///
/// # Errors
/// It can't be made.
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

/// Moves a file or folder to another name in the same file system, where there is nothing.
///
/// # Errors
/// It can't be moved.
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

/// Two folders take each other's name in one step. An error whose cause is [`Unsupported`](io::ErrorKind::Unsupported) where the
/// system or the file system has no such operation.
///
/// # Errors
/// They can't.
pub fn exchange(one: &Path, other: &Path) -> Result<(), FileError> {
    disk::exchange(one, other).at("move", other)?;
    disk::sync_dir(parent(other)).at("write", other)
}

/// Removes a folder that is empty, and says whether it was.
///
/// # Errors
/// It can't be removed though it is empty.
pub fn remove_if_empty(path: &Path) -> Result<bool, FileError> {
    if fs::read_dir(path).at("read", path)?.next().is_some() {
        return Ok(false);
    }
    disk::remove_dir(path).at("remove", path)?;
    disk::sync_dir(parent(path)).at("remove", path)?;
    Ok(true)
}
