//! [`SweepFolder`]: the folder that holds all of a sweep, claimed by this process.

use std::collections::BTreeMap;
use std::path::Path;

use embert_run::{FolderKind, RunError, RunResult, Salvaged, SweepFiles, SweepTable};
use embert_train::{Claim, ConfigBuilder, Existing};

use crate::{Sweep, SweepBuilder, SweepError};

/// The folder of a sweep, locked by this process. [`SweepFiles`] says where each file of the folder stands.
///
/// A new folder that is dropped before [`Sweep::run`] leaves nothing behind.
#[derive(Debug)]
pub struct SweepFolder {
    pub(crate) claim: Claim,
    /// True if the folder holds the sweep already.
    pub(crate) is_resumed: bool,
}

impl SweepFolder {
    /// Claims `path` for a new sweep.
    ///
    /// # Errors
    /// Another process works in the folder; the folder holds a sweep (and `existing` is [`Existing::Keep`])
    /// or files of the user's; or the folder can't be written.
    pub fn create(path: &Path, existing: Existing) -> Result<Self, SweepError> {
        let claim = Claim::new(FolderKind::Sweep, path, existing, is_finished)?;
        Ok(Self { claim, is_resumed: false })
    }

    /// Claims the first of `<parent>/<name>-001`, `-002`, ... that is free for a new sweep.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn create_free(parent: &Path, name: &str) -> Result<Self, SweepError> {
        Ok(Self { claim: Claim::free(FolderKind::Sweep, parent, name)?, is_resumed: false })
    }

    /// Claims the folder of a sweep that was stopped or killed, to resume it.
    ///
    /// # Errors
    /// There is no sweep, or another process works in the folder.
    pub fn open(path: &Path) -> Result<Self, SweepError> {
        Claim::put_back(FolderKind::Sweep, path)?;
        if !SweepFiles::new(path).definition().is_file() {
            return Err(SweepError::NotASweep { path: path.to_owned() });
        }
        Ok(Self { claim: Claim::lock(FolderKind::Sweep, path)?, is_resumed: true })
    }

    /// The path of the folder, as the user names it.
    pub fn path(&self) -> &Path {
        self.claim.path()
    }
}

impl Sweep {
    /// Reads the definition of the sweep in a folder.
    ///
    /// # Errors
    /// There is no sweep, or its `sweep.toml` can't be used.
    pub fn open(folder: &Path) -> Result<Self, SweepError> {
        let files = SweepFiles::new(folder);
        if !files.definition().is_file() {
            return Err(SweepError::NotASweep { path: folder.to_owned() });
        }
        read(&files)
            .map_err(|source| SweepError::Definition { path: folder.to_owned(), source: Box::new(source) })
    }
}

fn read(files: &SweepFiles) -> Result<Sweep, SweepError> {
    SweepBuilder::new(ConfigBuilder::recorded()).file(&files.definition())?.build()
}

/// True if every run of the sweep in a folder is complete.
fn is_finished(folder: &Path) -> Result<bool, SweepError> {
    let files = SweepFiles::new(folder);
    let sweep = read(&files)?;
    for point in 0..sweep.points().len() {
        for seed in sweep.seeds() {
            if !files.run(&SweepFiles::run_name(&sweep.name(point), seed)).is_complete()? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The errors of failed runs by the runs' names, from the `sweep.json` of an earlier process. A damaged table
/// gives the errors that can still be read.
pub(crate) fn failures(files: &SweepFiles) -> Result<BTreeMap<String, String>, SweepError> {
    let path = files.table();
    let runs: Vec<RunResult> = match SweepTable::read(&path) {
        Ok(table) => table.into_iter().flat_map(|table| table.points).flat_map(|point| point.runs).collect(),
        Err(error @ RunError::Damaged { .. }) => {
            tracing::warn!(
                "{error}; it is made again from the runs, with the failures that can be read in it"
            );
            Salvaged::read(&path)?.runs
        }
        Err(error) => return Err(error.into()),
    };
    Ok(runs.into_iter().filter_map(|run| Some((run.run, run.error?))).collect())
}
