//! [`Claim`]: a folder that this process alone may make a run or a sweep in, held from before any work until the end.

mod owned;
mod replace;

use std::fs;
use std::path::{Path, PathBuf};

use embert_files::{
    LOCK, Lock, check_writable, create_dir, create_dir_all, is_temporary, remove_if_empty, remove_leftovers,
};

pub(crate) use self::replace::tidy;
use crate::error::IoContext as _;
use crate::metrics_log::Logged;
use crate::{RunFolder, SweepError, TrainConfig, TrainError};

/// What to do with a run that is already in the output folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Refuse.
    #[default]
    Keep,
    /// Replace it: it moves to `<name>.old-<time>` when the new run begins, and goes when that is complete.
    Overwrite,
}

/// What a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Run,
    Sweep,
}

impl Kind {
    /// The file that makes a folder one of this kind.
    pub(crate) fn definition(self) -> &'static str {
        match self {
            Self::Run => "config.toml",
            Self::Sweep => "sweep.toml",
        }
    }

    /// Whether what is there is complete.
    fn is_finished(self, folder: &Path) -> Result<bool, TrainError> {
        match self {
            Self::Run => RunFolder::at(folder).is_complete(),
            Self::Sweep => crate::sweep::is_finished(folder),
        }
    }
}

/// A folder that this process alone may make a run or a sweep in. Taken before long work, so that what stands in the way is known at
/// once: another process, a run that is there, a folder that can't be written.
///
/// A claim that is dropped leaves nothing behind.
#[derive(Debug)]
pub struct Claim {
    kind: Kind,
    /// The folder as the user names it.
    path: PathBuf,
    /// The folder itself, where `path` is a link.
    place: PathBuf,
    lock: Option<Lock>,
    /// Whether it holds a run or a sweep that is to be replaced.
    replaces: bool,
    /// Whether the claim made the folder.
    is_made: bool,
    /// Whether what it holds goes on.
    goes_on: bool,
}

/// A folder in which a run or a sweep has begun; the locks end with the value.
#[derive(Debug)]
pub(crate) struct Held {
    /// The folder's lock, and that of what was there.
    _locks: Vec<Lock>,
    /// Where what was there is until the end.
    pub(crate) replaced: Option<PathBuf>,
}

impl Claim {
    /// Claims `path` for a new run.
    ///
    /// # Errors
    /// Another process works there, it holds a run (and `existing` is [`Existing::Keep`]) or something that is no run, or it can't be
    /// written.
    pub fn run(path: &Path, existing: Existing) -> Result<Self, TrainError> {
        Self::take(Kind::Run, path, existing)
    }

    /// Claims the first of `<parent>/<name>-001`, `-002`, ... that is free for a new run.
    ///
    /// # Errors
    /// It can't be written.
    pub fn free_run(parent: &Path, name: &str) -> Result<Self, TrainError> {
        Self::free(Kind::Run, parent, name)
    }

    /// Claims `path` for a new sweep.
    ///
    /// # Errors
    /// As [`run`](Self::run), of sweeps.
    pub fn sweep(path: &Path, existing: Existing) -> Result<Self, TrainError> {
        Self::take(Kind::Sweep, path, existing)
    }

    /// Claims the first of `<parent>/<name>-001`, `-002`, ... that is free for a new sweep.
    ///
    /// # Errors
    /// It can't be written.
    pub fn free_sweep(parent: &Path, name: &str) -> Result<Self, TrainError> {
        Self::free(Kind::Sweep, parent, name)
    }

    /// Claims the folder of a sweep that was stopped or killed, to go on with it.
    ///
    /// # Errors
    /// There is no sweep, or another process works in it.
    pub fn resumed_sweep(path: &Path) -> Result<Self, TrainError> {
        Self::put_back(Kind::Sweep, path)?;
        if !path.join(Kind::Sweep.definition()).is_file() {
            return Err(SweepError::NotASweep { path: path.to_owned() }.into());
        }
        let mut claim = Self::lock(Kind::Sweep, path)?;
        claim.goes_on = true;
        Ok(claim)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses settings whose model or data set lies in what would be replaced: it would move away under the run's feet.
    ///
    /// # Errors
    /// One of them does.
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

    /// Puts back what a process was moving away when it was killed, where nothing has its name.
    pub(crate) fn put_back(kind: Kind, path: &Path) -> Result<(), TrainError> {
        if path.exists() { Ok(()) } else { replace::recover(kind, path) }
    }

    fn free(kind: Kind, parent: &Path, name: &str) -> Result<Self, TrainError> {
        let mut number = 1_u32;
        loop {
            let path = parent.join(format!("{name}-{number:03}"));
            number += 1;
            // A name beside a run's that was moved away is taken too.
            if path.is_dir() && !is_free(kind, &path)? || path.symlink_metadata().is_ok() && !path.is_dir() {
                continue;
            }
            match Self::take(kind, &path, Existing::Keep) {
                // Another process was quicker.
                Err(
                    TrainError::InUse { .. }
                    | TrainError::Unfinished { .. }
                    | TrainError::Finished { .. }
                    | TrainError::Sweep(SweepError::Unfinished { .. } | SweepError::Finished { .. }),
                ) => {}
                claim => return claim,
            }
        }
    }

    fn take(kind: Kind, path: &Path, existing: Existing) -> Result<Self, TrainError> {
        let mut claim = Self::lock(kind, path)?;
        let path = path.to_owned();
        if is_free(kind, &claim.place)? {
            return Ok(claim);
        }
        if !claim.place.join(kind.definition()).is_file() {
            return Err(match kind {
                Kind::Run => TrainError::NotARun { path },
                Kind::Sweep => SweepError::Occupied { path }.into(),
            });
        }
        match existing {
            Existing::Overwrite => {
                check_writable(replace::parent(&claim.place))?;
                claim.replaces = true;
                Ok(claim)
            }
            Existing::Keep => {
                let is_finished = kind.is_finished(&claim.place)?;
                Err(match (kind, is_finished) {
                    (Kind::Run, true) => TrainError::Finished { path },
                    (Kind::Run, false) => TrainError::Unfinished { path },
                    (Kind::Sweep, true) => SweepError::Finished { path }.into(),
                    (Kind::Sweep, false) => SweepError::Unfinished { path }.into(),
                })
            }
        }
    }

    /// Locks a folder, which is made where it is not there, whatever it holds.
    pub(crate) fn lock(kind: Kind, path: &Path) -> Result<Self, TrainError> {
        if path.as_os_str().is_empty() {
            let (found, expected) = ("\"\"".to_owned(), "the path of a folder".to_owned());
            return Err(TrainError::Setting { key: "output", found, expected });
        }
        // Whichever part of the path it is.
        if let Some(file) = path.ancestors().find(|part| part.exists()).filter(|part| !part.is_dir()) {
            return Err(TrainError::NotAFolder { path: path.to_owned(), file: file.to_owned() });
        }
        let place = if path.exists() { path.canonicalize().at("find", path)? } else { path.to_owned() };
        Self::put_back(kind, &place)?;
        create_dir_all(replace::parent(&place))?;
        let is_made = create_dir(&place)?;
        let place = place.canonicalize().at("find", path)?;
        let lock = Lock::take(&place).map_err(|error| TrainError::locked(error, path));
        // Another process that made the folder at the same moment has it now.
        let is_made = is_made && lock.is_ok();
        let (path, lock) = (path.to_owned(), Some(lock?));
        let claim = Self { kind, path, place, lock, replaces: false, is_made, goes_on: false };
        remove_leftovers(&claim.place)?;
        // Not before the lock: who has it may be making these folders.
        replace::recover(kind, &claim.place)?;
        replace::remove_leftovers_of_old(&claim.place)?;
        Ok(claim)
    }

    /// Begins: writes the definition, in place of what is there.
    pub(crate) fn begin(mut self, definition: &[u8]) -> Result<Held, TrainError> {
        let held = if self.replaces {
            let (lock, old) = replace::replace(self.kind, &self.place, definition)?;
            let mut locks = vec![lock];
            if let Some(mut lock) = self.lock.take() {
                lock.moved_to(&old);
                locks.push(lock);
            }
            // As the user named the folder.
            let shown = old.file_name().map(|name| self.path.with_file_name(name));
            let shown = shown.filter(|shown| shown.exists()).unwrap_or(old);
            Held { _locks: locks, replaced: Some(shown) }
        } else {
            embert_files::write(&self.place.join(self.kind.definition()), definition)?;
            Held { _locks: self.lock.take().into_iter().collect(), replaced: None }
        };
        Ok(held)
    }

    /// Goes on with what is there.
    pub(crate) fn resume(mut self) -> Held {
        let locks = self.lock.take().into_iter().collect();
        Held { _locks: locks, replaced: replace::replaced(&self.place) }
    }

    /// Whether what the folder holds goes on.
    pub(crate) fn goes_on(&self) -> bool {
        self.goes_on
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.lock.take().is_some() && self.is_made {
            // What somebody put there meanwhile stays, and so does the folder.
            let _ = remove_if_empty(&self.place);
        }
    }
}

/// Whether a folder has nothing but what a run or a sweep that never began may have left.
fn is_free(kind: Kind, folder: &Path) -> Result<bool, TrainError> {
    for entry in fs::read_dir(folder).at("read", folder)? {
        let entry = entry.at("read", folder)?;
        let name = entry.file_name();
        let is_nothing = name == LOCK
            || is_temporary(&name)
            // Made before the settings by older versions.
            || kind == Kind::Run && name == "checkpoints" && is_empty(&entry.path());
        if !is_nothing {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// Whether the log in a run's folder has its end.
pub(crate) fn has_end(run: &RunFolder) -> Result<bool, TrainError> {
    let path = run.metrics_path();
    Ok(path.is_file() && Logged::read(&path)?.end.is_some())
}
