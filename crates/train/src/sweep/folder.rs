//! The folder that holds all of a sweep.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use embert_run::{RunError, RunResult, Salvaged, SweepFiles, SweepTable};

use super::Sweep;
use super::record::has_ended;
use crate::{RunFolder, TrainError};

/// A sweep's folder: `sweep.toml` (its definition, resolved), `sweep.json` and `sweep.csv` (what came of it so far),
/// `runs/<point>-seed-<seed>/` (a run folder each), and `report.html`, which is the program's.
#[derive(Clone, Debug)]
pub(super) struct SweepFolder {
    path: PathBuf,
}

/// A run's folder, from the sweep's.
pub(super) fn run_name(point: &str, seed: u64) -> String {
    SweepFiles::run_name(point, seed)
}

impl SweepFolder {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Whether every run of the definition there is complete.
    pub(super) fn is_finished(&self) -> Result<bool, TrainError> {
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

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    pub(super) fn definition_path(&self) -> PathBuf {
        self.path.join(SweepFiles::DEFINITION)
    }

    pub(super) fn json_path(&self) -> PathBuf {
        self.path.join(SweepFiles::TABLE)
    }

    pub(super) fn csv_path(&self) -> PathBuf {
        self.path.join(SweepFiles::CSV)
    }

    /// The folder of the run of that name, whether it is there or not.
    pub(super) fn run(&self, name: &str) -> RunFolder {
        RunFolder::at(&self.path.join(name))
    }
}
