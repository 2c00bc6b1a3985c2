//! Checkpoints: all that the next step depends on, each in a folder that appears at once or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use embert_model::{BertConfig, BertForSequenceClassification, SaveDtype, save_pretrained};
use embert_optim::OptimizerState;
use serde::{Deserialize, Serialize};

use crate::error::IoContext as _;
use crate::run_folder::{folder_atomically, remove_temporary, write_atomically};
use crate::tracker::TrackerState;
use crate::{RunFolder, TrainError};

/// What a checkpoint holds besides the weights and the optimizer's moments. The place in the data, the learning rate
/// and the random numbers all follow from `step` and the run's seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Optimizer steps done.
    pub(crate) step: usize,
    /// Seconds the run took so far.
    pub(crate) seconds: f64,
    /// The best evaluation and the patience that is left.
    pub(crate) tracker: TrackerState,
    /// Tells whether the training split is still the same.
    pub(crate) data_fingerprint: String,
}

const STATE: &str = "state.json";
const OPTIMIZER: &str = "optimizer.safetensors";

/// The checkpoints of one run.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoints {
    folder: PathBuf,
    keep: usize,
}

impl Checkpoints {
    /// Those in `run`, of which the newest `keep` stay.
    pub(crate) fn new(run: &RunFolder, keep: usize) -> Result<Self, TrainError> {
        let folder = run.checkpoints();
        fs::create_dir_all(&folder).at("create", &folder)?;
        remove_temporary(&folder)?;
        Ok(Self { folder, keep })
    }

    /// Saves a checkpoint and removes those that are no longer needed.
    pub(crate) fn save(
        &self,
        model: &BertForSequenceClassification,
        config: &BertConfig,
        optimizer: &OptimizerState,
        state: &State,
    ) -> Result<PathBuf, TrainError> {
        let path = self.folder.join(format!("step-{:08}", state.step));
        folder_atomically(&path, |folder| {
            save_pretrained(model, config, folder, SaveDtype::F32)?;
            optimizer.save(&folder.join(OPTIMIZER))?;
            let json = serde_json::to_vec_pretty(state).map_err(std::io::Error::from).at("write", folder)?;
            write_atomically(&folder.join(STATE), &json)
        })?;
        self.prune()?;
        Ok(path)
    }

    /// Keeps the weights of the best evaluation so far.
    pub(crate) fn save_best(
        &self,
        model: &BertForSequenceClassification,
        config: &BertConfig,
        step: usize,
    ) -> Result<(), TrainError> {
        folder_atomically(&self.best(step), |folder| {
            save_pretrained(model, config, folder, SaveDtype::F32).map_err(TrainError::from)
        })
    }

    /// Where the weights of the best evaluation are, if that was after `step`.
    pub(crate) fn best(&self, step: usize) -> PathBuf {
        self.folder.join(format!("best-{step:08}"))
    }

    /// The checkpoints, newest first.
    pub(crate) fn newest_first(&self) -> Result<Vec<PathBuf>, TrainError> {
        let mut found = self.folders("step-")?;
        found.sort_unstable_by(|a, b| b.cmp(a));
        Ok(found)
    }

    fn folders(&self, prefix: &str) -> Result<Vec<PathBuf>, TrainError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).at("read", &self.folder)? {
            let entry = entry.at("read", &self.folder)?;
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                found.push(entry.path());
            }
        }
        Ok(found)
    }

    /// Removes all but the newest checkpoints, and the best weights that none of those refers to.
    fn prune(&self) -> Result<(), TrainError> {
        let steps = self.newest_first()?;
        let mut needed = Vec::new();
        for (age, path) in steps.iter().enumerate() {
            if age >= self.keep {
                fs::remove_dir_all(path).at("remove", path)?;
            } else if let Some(best) = read_state(path)?.tracker.best {
                needed.push(self.best(best.step));
            }
        }
        for path in self.folders("best-")? {
            if !needed.contains(&path) {
                fs::remove_dir_all(&path).at("remove", &path)?;
            }
        }
        Ok(())
    }
}

/// Reads the state of a checkpoint.
pub(crate) fn read_state(checkpoint: &Path) -> Result<State, TrainError> {
    let path = checkpoint.join(STATE);
    let text = fs::read_to_string(&path).at("read", &path)?;
    serde_json::from_str(&text)
        .map_err(|error| TrainError::Checkpoint { path, problem: format!("not a state that this version wrote: {error}") })
}

/// Reads the optimizer's moments of a checkpoint.
pub(crate) fn read_optimizer(checkpoint: &Path) -> Result<OptimizerState, TrainError> {
    Ok(OptimizerState::load(&checkpoint.join(OPTIMIZER))?)
}
