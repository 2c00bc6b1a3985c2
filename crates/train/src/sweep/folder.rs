//! The folder that holds all of a sweep.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use embert_run::{RunError, RunResult, Salvaged, SweepTable};

use super::record::has_ended;
use super::{Sweep, SweepError};
use crate::error::IoContext as _;
use crate::run_folder::{folder_atomically, write_atomically};
use crate::{Existing, RunFolder, TrainError};

/// A sweep's folder: `sweep.toml` (its definition, resolved), `sweep.json` and `sweep.csv` (what came of it so far),
/// `runs/<point>-seed-<seed>/` (a run folder each), and `report.html`, which is the program's.
#[derive(Clone, Debug)]
pub(super) struct SweepFolder {
    path: PathBuf,
}

/// A run's folder, from the sweep's.
pub(super) fn run_name(point: &str, seed: u64) -> String {
    format!("runs/{point}-seed-{seed}")
}

impl SweepFolder {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Whether a new sweep may go there.
    pub(super) fn check(&self, existing: Existing) -> Result<(), TrainError> {
        let path = self.path.clone();
        if !path.is_dir() || fs::read_dir(&path).at("read", &path)?.next().is_none() {
            return Ok(());
        }
        match existing {
            _ if !self.definition_path().is_file() => Err(SweepError::Occupied { path }.into()),
            Existing::Overwrite => Ok(()),
            Existing::Keep if self.is_finished()? => Err(SweepError::Finished { path }.into()),
            Existing::Keep => Err(SweepError::Unfinished { path }.into()),
        }
    }

    /// Whether every run of the definition there is complete.
    fn is_finished(&self) -> Result<bool, TrainError> {
        let sweep = Sweep::read(&self.definition_path())?;
        for point in 0..sweep.points().len() {
            for seed in sweep.seeds() {
                if !has_ended(&self.run(&run_name(&sweep.name(point), seed)))? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Writes the definition, in place of another sweep's.
    pub(super) fn create(&self, sweep: &Sweep, existing: Existing) -> Result<(), TrainError> {
        self.check(existing)?;
        self.clear()?;
        let text = sweep.to_toml()?;
        if self.path.is_dir() {
            return write_atomically(&self.definition_path(), text.as_bytes());
        }
        let parent = self.path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).at("create", parent)?;
        // With its definition or not at all.
        folder_atomically(&self.path, |folder| {
            write_atomically(&Self::new(folder).definition_path(), text.as_bytes())
        })
    }

    /// Removes what a sweep writes, and nothing else that the user may have put there.
    fn clear(&self) -> Result<(), TrainError> {
        let runs = self.path.join("runs");
        if runs.is_dir() {
            for entry in fs::read_dir(&runs).at("read", &runs)? {
                let entry = entry.at("read", &runs)?;
                if entry.file_name().to_string_lossy().starts_with("point-") && entry.path().is_dir() {
                    fs::remove_dir_all(entry.path()).at("remove", &entry.path())?;
                }
            }
        }
        let report = self.path.join("report.html");
        for file in [self.json_path(), self.csv_path(), report, self.definition_path()] {
            if file.is_file() {
                fs::remove_file(&file).at("remove", &file)?;
            }
        }
        Ok(())
    }

    /// Why runs failed, as far as the table on disk says; by their names.
    pub(super) fn failures(&self) -> Result<BTreeMap<String, String>, TrainError> {
        let path = self.json_path();
        let runs: Vec<RunResult> = match SweepTable::read(&path) {
            Ok(table) => {
                table.into_iter().flat_map(|table| table.points).flat_map(|point| point.runs).collect()
            }
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

    pub(super) fn name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    pub(super) fn definition_path(&self) -> PathBuf {
        self.path.join("sweep.toml")
    }

    pub(super) fn json_path(&self) -> PathBuf {
        self.path.join("sweep.json")
    }

    pub(super) fn csv_path(&self) -> PathBuf {
        self.path.join("sweep.csv")
    }

    /// The folder of the run of that name, whether it is there or not.
    pub(super) fn run(&self, name: &str) -> RunFolder {
        RunFolder::at(&self.path.join(name))
    }
}
