//! How `--overwrite` replaces a folder: the old folder moves to `<name>.old-<time>` in one step, and is
//! removed when the new run is complete.
//!
//! The new folder is made as `<name>.old-<time>`, with the file [`REPLACES`] in it, which lists the folders
//! that the new one replaces; then the two folders exchange their names. Where a system can't do that in one
//! step, the old folder moves first, to `<name>.old-<time>.1`. So at each moment the old folder has its own
//! name or one that [`REPLACES`] lists.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use embert_files::{
    FileError, Lock, LockError, create_dir, exchange, is_time_in_name, remove_file, remove_folder,
    remove_leftovers_beginning, rename, time_in_name, write,
};
use embert_run::FolderKind;

use super::owned::{REPLACES, foreign, is_free};
use crate::TrainError;
use crate::error::IoContext as _;

/// The parent folder of a path; `.` for a bare name.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The beginning of the names that a replaced folder gets: `<name>.old-`. `None` where the folder's name is
/// not Unicode.
fn prefix(place: &Path) -> Option<String> {
    Some(format!("{}.old-", place.file_name()?.to_str()?))
}

/// The name that the old folder gets where two folders can't exchange their names.
fn second(name: &str) -> String {
    format!("{name}.1")
}

/// The names of the folders that the run in `folder` replaces, from its file [`REPLACES`].
fn list(folder: &Path) -> Result<Vec<String>, TrainError> {
    let path = folder.join(REPLACES);
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        bytes => {
            let names: Vec<String> = serde_json::from_slice(&bytes.at("read", &path)?)
                .map_err(io::Error::from)
                .at("read", &path)?;
            // Bare names only: a path could lead to another place.
            Ok(names.into_iter().filter(|name| Path::new(name).components().count() == 1).collect())
        }
    }
}

/// The newest folder that the run in `place` replaces and that is still there.
pub(super) fn replaced(place: &Path) -> Option<PathBuf> {
    let names = list(place).ok()?;
    names.iter().map(|name| place.with_file_name(name)).find(|old| old.is_dir())
}

/// Puts a new folder with `definition` in place of the folder at `place`. Returns the new folder's lock and
/// the old folder's path.
pub(super) fn replace(
    kind: FolderKind,
    place: &Path,
    definition: &[u8],
) -> Result<(Lock, PathBuf), TrainError> {
    let unnamed = || TrainError::Setting {
        key: "output",
        found: place.display().to_string(),
        expected: "a folder whose name is valid Unicode, so that what is there can be moved".to_owned(),
    };
    let prefix = prefix(place).ok_or_else(unnamed)?;
    let time = time_in_name();
    let mut names = (1..).map(|number| match number {
        1 => format!("{prefix}{time}"),
        number => format!("{prefix}{time}-{number}"),
    });
    let (name, fresh) = loop {
        let Some(name) = names.next() else { return Err(unnamed()) };
        let path = place.with_file_name(&name);
        if !place.with_file_name(second(&name)).exists() && create_dir(&path)? {
            break (name, path);
        }
    };
    let made = fill(place, &fresh, &name, kind, definition);
    let moved = made.and_then(|lock| Ok((lock, swap(place, &fresh, &name)?)));
    if moved.is_err() && fresh.join(REPLACES).is_file() && place.is_dir() {
        // An error of the removal would hide the error of `fill` or `swap`; a folder that stays is removed at
        // the next start.
        let _ = remove_folder(&fresh);
    }
    let (mut lock, old) = moved?;
    lock.moved_to(place);
    Ok((lock, old))
}

/// Writes the first files of the new folder.
fn fill(
    place: &Path,
    fresh: &Path,
    name: &str,
    kind: FolderKind,
    definition: &[u8],
) -> Result<Lock, TrainError> {
    let lock = Lock::take(fresh).map_err(|error| TrainError::locked(error, fresh))?;
    let mut replaces = vec![name.to_owned(), second(name)];
    // The replaced run may itself have replaced others, which stay until a run is complete.
    replaces.extend(list(place)?);
    let path = fresh.join(REPLACES);
    let json = serde_json::to_vec(&replaces).map_err(io::Error::from).at("write", &path)?;
    write(&path, &json)?;
    write(&fresh.join(kind.definition()), definition)?;
    Ok(lock)
}

/// Gives the folder `fresh` the name `place`; returns the path of the folder that had that name.
fn swap(place: &Path, fresh: &Path, name: &str) -> Result<PathBuf, FileError> {
    match exchange(fresh, place) {
        Ok(()) => Ok(fresh.to_owned()),
        Err(error) if error.source.kind() == io::ErrorKind::Unsupported => {
            let old = place.with_file_name(second(name));
            rename(place, &old)?;
            rename(fresh, place)?;
            Ok(old)
        }
        Err(error) => Err(error),
    }
}

/// Undoes a [`replace`] whose process was killed: the new folder, in which no training happened, is removed,
/// and the old folder gets its name back.
pub(super) fn recover(kind: FolderKind, place: &Path) -> Result<(), TrainError> {
    for (name, path) in siblings(place)? {
        let names = list(&path)?;
        // A replaced folder stays; an unfinished new folder lists its own name first.
        let is_new = names.first() == Some(&name);
        let is_left_over = is_new || is_free(kind, &path)?;
        if !is_left_over {
            continue;
        }
        // Another process is still making the folder.
        let Ok(_lock) = Lock::take(&path) else { continue };
        let old = place.with_file_name(second(&name));
        if is_new && old.is_dir() && !place.exists() {
            rename(&old, place)?;
        }
        if place.exists() {
            remove_folder(&path)?;
        }
    }
    Ok(())
}

/// The folders beside `place` that have the name of a replaced folder, sorted by name.
fn siblings(place: &Path) -> Result<Vec<(String, PathBuf)>, TrainError> {
    let Some(prefix) = prefix(place) else { return Ok(Vec::new()) };
    let parent = parent(place);
    let entries = match fs::read_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.at("read", parent)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.at("read", parent)?;
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if let Ok(name) = entry.file_name().into_string()
            && is_folder
            && name.strip_prefix(&prefix).is_some_and(is_time)
        {
            found.push((name, entry.path()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// True if `rest` is the part of a replaced folder's name after [`prefix`]: a time, and perhaps a number.
fn is_time(rest: &str) -> bool {
    let (time, number) = rest.split_once('-').unwrap_or((rest, "1"));
    is_time_in_name(time) && number.parse::<usize>().is_ok()
}

/// Removes the remains of folders that [`remove_replaced`] was removing when its process was killed.
pub(super) fn remove_leftovers_of_old(place: &Path) -> Result<(), TrainError> {
    match prefix(place) {
        Some(prefix) => Ok(remove_leftovers_beginning(parent(place), &prefix)?),
        None => Ok(()),
    }
}

/// Whether a process other than this one works in a folder.
fn is_used_by_another(folder: &Path) -> Result<bool, TrainError> {
    match Lock::take(folder) {
        Ok(_) => Ok(false),
        Err(LockError::Held { holder, .. }) => {
            Ok(holder.is_none_or(|holder| holder.pid != std::process::id()))
        }
        Err(error) => Err(TrainError::locked(error, folder)),
    }
}

/// Removes the folders that the complete run or sweep at `path` has replaced. Files in the old folders that
/// no run or sweep wrote move into the new folder. A folder that can't be removed stays, and a warning says
/// why: the run is complete all the same.
pub(super) fn remove_replaced(kind: FolderKind, path: &Path) -> Result<(), TrainError> {
    let place = path.canonicalize().at("find", path)?;
    let names = list(&place)?;
    if names.is_empty() {
        return Ok(());
    }
    for old in names.iter().map(|name| place.with_file_name(name)).filter(|old| old.is_dir()) {
        if is_used_by_another(&old)? {
            tracing::warn!("{} stays: another process works in it", old.display());
            continue;
        }
        for foreign in foreign(kind, &old)? {
            let to = place.join(&foreign);
            if let Some(above) = to.parent() {
                embert_files::create_dir_all(above)?;
            }
            if to.symlink_metadata().is_err() {
                rename(&old.join(&foreign), &to)?;
            }
        }
        let left = foreign(kind, &old)?;
        if let Some(left) = left.first() {
            tracing::warn!(
                "{} stays: it has {}, which is no run's, and so has {}",
                old.display(),
                left.display(),
                path.display()
            );
            continue;
        }
        remove_folder(&old)?;
    }
    Ok(remove_file(&place.join(REPLACES))?)
}
