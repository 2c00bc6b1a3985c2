//! [`Claim`]: a folder in which this process alone may make a run or a sweep, locked from before any work
//! until the end.

mod owned;
mod replace;

use std::path::{Path, PathBuf};

use embert_files::{Lock, check_writable, create_dir, create_dir_all, remove_if_empty, remove_leftovers};
use embert_run::{FolderKind, RunFiles};

use self::owned::is_free;
use crate::error::IoContext as _;
use crate::{TrainConfig, TrainError};

/// What to do with a run or a sweep that is already in the output folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Refuse to begin.
    #[default]
    Keep,
    /// Replace the old run or sweep: its folder moves to `<name>.old-<time>` when the new one begins, and is
    /// removed when the new one is complete.
    Overwrite,
}

/// A folder in which this process alone may make a run or a sweep. The folder is claimed before long work, so
/// that the user learns at once of another process, an existing run, or a folder that can't be written.
///
/// A claim that is dropped leaves nothing behind.
#[derive(Debug)]
pub struct Claim {
    kind: FolderKind,
    /// The folder as the user names it.
    path: PathBuf,
    /// The path of the folder, with links resolved.
    place: PathBuf,
    lock: Option<Lock>,
    /// True if the folder holds a run or a sweep that is to be replaced.
    replaces: bool,
    /// True if the claim made the folder.
    is_made: bool,
}

/// A folder in which a run or a sweep has begun. It stays locked until the value is dropped.
#[derive(Debug)]
pub struct Held {
    kind: FolderKind,
    path: PathBuf,
    /// The folder's lock, and the replaced folder's lock.
    _locks: Vec<Lock>,
    replaced: Option<PathBuf>,
}

impl Held {
    /// The path of the replaced run or sweep, until the new one is complete.
    pub fn replaced(&self) -> Option<&Path> {
        self.replaced.as_deref()
    }

    /// Removes the replaced run or sweep, now that the new one is complete. Files in the old folder that no
    /// run wrote move into the new folder. A folder that can't be removed stays, and a warning says why.
    ///
    /// # Errors
    /// The list of replaced folders can't be read, or a file can't be moved or removed.
    pub fn remove_replaced(&self) -> Result<(), TrainError> {
        replace::remove_replaced(self.kind, &self.path)
    }
}

impl Claim {
    /// Claims `path` for a new run.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn run(path: &Path, existing: Existing) -> Result<Self, TrainError> {
        Self::new(FolderKind::Run, path, existing, |folder| Ok(RunFiles::new(folder).is_complete()?))
    }

    /// Claims `path` for a new run or a new sweep. If the folder holds a run or a sweep that is to be kept,
    /// `is_finished` decides which error is returned.
    ///
    /// # Errors
    /// Another process works in the folder; the folder holds a run or a sweep (and `existing` is
    /// [`Existing::Keep`]) or files of the user's; the folder can't be written; or an error of `is_finished`.
    pub fn new<E: From<TrainError>>(
        kind: FolderKind,
        path: &Path,
        existing: Existing,
        is_finished: impl FnOnce(&Path) -> Result<bool, E>,
    ) -> Result<Self, E> {
        let mut claim = Self::lock(kind, path)?;
        let path = path.to_owned();
        if is_free(kind, &claim.place)? {
            return Ok(claim);
        }
        if !claim.place.join(kind.definition()).is_file() {
            return Err(TrainError::Occupied { kind, path }.into());
        }
        match existing {
            Existing::Overwrite => {
                check_writable(replace::parent(&claim.place)).map_err(TrainError::from)?;
                claim.replaces = true;
                Ok(claim)
            }
            Existing::Keep if is_finished(&claim.place)? => Err(TrainError::Finished { kind, path }.into()),
            Existing::Keep => Err(TrainError::Unfinished { kind, path }.into()),
        }
    }

    /// Claims the first of `<parent>/<name>-001`, `-002`, ... that is free for a new run or a new sweep.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn free(kind: FolderKind, parent: &Path, name: &str) -> Result<Self, TrainError> {
        let mut number = 1_u32;
        loop {
            let path = parent.join(format!("{name}-{number:03}"));
            number += 1;
            let is_taken = path.is_dir() && !is_free(kind, &path)?;
            if is_taken || path.symlink_metadata().is_ok() && !path.is_dir() {
                continue;
            }
            match Self::new(kind, &path, Existing::Keep, |_| Ok::<_, TrainError>(false)) {
                // Another process was quicker.
                Err(TrainError::InUse { .. } | TrainError::Unfinished { .. }) => {}
                claim => return claim,
            }
        }
    }

    /// Claims a folder whatever its content: to resume a run or a sweep, or for a new run inside a sweep's
    /// folder. A missing folder is made.
    ///
    /// # Errors
    /// Another process works in the folder, a part of the path is a file, or the folder can't be written.
    pub fn lock(kind: FolderKind, path: &Path) -> Result<Self, TrainError> {
        if path.as_os_str().is_empty() {
            let (found, expected) = ("\"\"".to_owned(), "the path of a folder".to_owned());
            return Err(TrainError::Setting { key: "output", found, expected });
        }
        // Any part of the path may be a file.
        if let Some(file) = path.ancestors().find(|part| part.exists()).filter(|part| !part.is_dir()) {
            return Err(TrainError::NotAFolder { path: path.to_owned(), file: file.to_owned() });
        }
        let place = if path.exists() { path.canonicalize().at("find", path)? } else { path.to_owned() };
        Self::put_back(kind, &place)?;
        create_dir_all(replace::parent(&place))?;
        let is_made = create_dir(&place)?;
        let place = place.canonicalize().at("find", path)?;
        let lock = Lock::take(&place).map_err(|error| TrainError::locked(error, path));
        // Of two processes that make the folder at the same moment, the one with the lock owns it.
        let is_made = is_made && lock.is_ok();
        let (path, lock) = (path.to_owned(), Some(lock?));
        let claim = Self { kind, path, place, lock, replaces: false, is_made };
        remove_leftovers(&claim.place)?;
        // Not before the lock: the process that holds the lock may be making these folders.
        replace::recover(kind, &claim.place)?;
        replace::remove_leftovers_of_old(&claim.place)?;
        Ok(claim)
    }

    /// The folder, as the user names it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses settings whose model or data set lies in the folder that would be replaced: it would move away
    /// while the run reads it.
    ///
    /// # Errors
    /// The model or the data set lies in the folder.
    pub fn check_reads(&self, config: &TrainConfig) -> Result<(), TrainError> {
        if !self.replaces {
            return Ok(());
        }
        for (key, name) in [("model", &config.model), ("dataset", &config.dataset)] {
            // One of several data sets in a folder is named after a colon.
            let names = [Some(name.as_str()), name.rsplit_once(':').map(|(folder, _)| folder)];
            let mut places =
                names.into_iter().flatten().filter_map(|name| Path::new(name).canonicalize().ok());
            if places.any(|read| read.starts_with(&self.place)) {
                return Err(TrainError::ReadsItself { path: self.path.clone(), key, name: name.clone() });
            }
        }
        Ok(())
    }

    /// Gives a folder its name back if a process was killed while it moved the folder away, and nothing has
    /// taken the name.
    ///
    /// # Errors
    /// The folders beside `path` can't be read, or the folder can't be renamed.
    pub fn put_back(kind: FolderKind, path: &Path) -> Result<(), TrainError> {
        if path.exists() { Ok(()) } else { replace::recover(kind, path) }
    }

    /// Begins a run or a sweep: writes its definition, and moves a replaced run or sweep away in the same
    /// step.
    ///
    /// # Errors
    /// The folder can't be written, or the folder to be replaced can't be moved.
    pub fn begin(mut self, definition: &[u8]) -> Result<Held, TrainError> {
        let (mut locks, mut replaced) = (Vec::new(), None);
        if self.replaces {
            let (lock, old) = replace::replace(self.kind, &self.place, definition)?;
            locks.push(lock);
            if let Some(mut lock) = self.lock.take() {
                lock.moved_to(&old);
                locks.push(lock);
            }
            // The old folder's path, in the form in which the user named the folder.
            let shown = old.file_name().map(|name| self.path.with_file_name(name));
            replaced = Some(shown.filter(|shown| shown.exists()).unwrap_or(old));
        } else {
            embert_files::write(&self.place.join(self.kind.definition()), definition)?;
            locks.extend(self.lock.take());
        }
        Ok(Held { kind: self.kind, path: self.path.clone(), _locks: locks, replaced })
    }

    /// Resumes the run or the sweep that the folder holds.
    pub fn resume(mut self) -> Held {
        let locks = self.lock.take().into_iter().collect();
        let replaced = replace::replaced(&self.place);
        Held { kind: self.kind, path: self.path.clone(), _locks: locks, replaced }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.lock.take().is_some() && self.is_made {
            // A folder into which the user has put a file meanwhile stays.
            let _ = remove_if_empty(&self.place);
        }
    }
}
