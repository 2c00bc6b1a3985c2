//! Checkpoints: all that the next step depends on, each in a folder that appears at once or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use embert_model::{BertConfig, BertForSequenceClassification, SaveDtype, save_pretrained};
use embert_optim::OptimizerState;
use serde::{Deserialize, Serialize};

use crate::error::IoContext as _;
use crate::fingerprint::Fingerprint;
use crate::run_folder::{folder_atomically, remove_temporary, write_atomically};
use crate::tracker::TrackerState;
use crate::{Phases, RunFolder, TrainError};

/// What a checkpoint holds besides the weights and the optimizer's moments. The place in the data, the learning rate
/// and the random numbers all follow from `step` and the run's seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Optimizer steps done.
    pub(crate) step: usize,
    /// Seconds the run took so far.
    pub(crate) seconds: f64,
    /// What they went into; a run that an older version began doesn't know.
    #[serde(default)]
    pub(crate) phases: Phases,
    /// The best evaluation and the patience that is left.
    pub(crate) tracker: TrackerState,
    /// Tells whether the training split's tokens and labels are still the same: all that older versions knew, for them.
    pub(crate) data_fingerprint: String,
    /// Tells whether all of the data are still the same; a run that an older version began doesn't know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Fingerprint>,
    /// The most memory, in bytes, that a process of the run held so far, where the system says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) peak_memory: Option<u64>,
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
        let path = self.step(state.step);
        folder_atomically(&path, |folder| {
            save_pretrained(model, config, folder, SaveDtype::F32)?;
            optimizer.save(&folder.join(OPTIMIZER))?;
            let json = serde_json::to_vec_pretty(state).map_err(std::io::Error::from).at("write", folder)?;
            write_atomically(&folder.join(STATE), &json)
        })?;
        self.prune(None)?;
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
        })?;
        self.prune(Some(step))
    }

    /// Removes checkpoints that were taken after `step`: those that a run passed over, since they can't be read. The steps
    /// will be taken again.
    pub(crate) fn remove_after(&self, step: usize) -> Result<(), TrainError> {
        let last = self.step(step);
        for path in self.newest_first()?.into_iter().filter(|path| *path > last) {
            fs::remove_dir_all(&path).at("remove", &path)?;
        }
        Ok(())
    }

    fn step(&self, step: usize) -> PathBuf {
        self.folder.join(format!("step-{step:08}"))
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

    /// Removes all but the newest whole checkpoints, and the best weights that neither these nor the next one refers to,
    /// whose best step is `best`.
    fn prune(&self, best: Option<usize>) -> Result<(), TrainError> {
        let mut needed: Vec<PathBuf> = best.map(|step| self.best(step)).into_iter().collect();
        let mut kept = 0;
        for path in self.newest_first()? {
            match read_state(&path) {
                Ok(state) if kept < self.keep => {
                    kept += 1;
                    needed.extend(state.tracker.best.map(|best| self.best(best.step)));
                }
                _ => fs::remove_dir_all(&path).at("remove", &path)?,
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
    serde_json::from_str(&text).map_err(|error| TrainError::Checkpoint {
        path,
        problem: format!("not a state that this version wrote: {error}"),
    })
}

/// Reads the optimizer's moments of a checkpoint.
pub(crate) fn read_optimizer(checkpoint: &Path) -> Result<OptimizerState, TrainError> {
    Ok(OptimizerState::load(&checkpoint.join(OPTIMIZER))?)
}

#[cfg(test)]
mod tests {
    use embert_metrics::Metric;

    use super::*;
    use crate::tracker::Tracker;
    use crate::{Existing, TrainConfig};

    fn checkpoints(dir: &Path, keep: usize) -> Checkpoints {
        let run = RunFolder::create(&dir.join("run"), &TrainConfig::default(), Existing::Keep).unwrap();
        Checkpoints::new(&run, keep).unwrap()
    }

    /// A checkpoint's folder, of which only the state matters here.
    fn add(checkpoints: &Checkpoints, step: usize, best: Option<usize>) {
        let mut tracker = Tracker::new(Metric::Accuracy, None, 0.0);
        if let Some(best) = best {
            tracker.update(best, Some(0.5));
            fs::create_dir_all(checkpoints.best(best)).unwrap();
        }
        let tracker = tracker.state().clone();
        let state = State {
            step,
            seconds: 1.0,
            phases: Phases::default(),
            tracker,
            data_fingerprint: String::new(),
            data: None,
            peak_memory: None,
        };
        fs::create_dir_all(checkpoints.step(step)).unwrap();
        fs::write(checkpoints.step(step).join(STATE), serde_json::to_vec(&state).unwrap()).unwrap();
    }

    fn names(checkpoints: &Checkpoints) -> Vec<String> {
        let entries = fs::read_dir(&checkpoints.folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_newest_stay_with_the_best_weights_they_refer_to() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(dir.path(), 2);
        add(&checkpoints, 2, Some(1));
        add(&checkpoints, 4, Some(3));
        add(&checkpoints, 6, Some(5));
        checkpoints.prune(None).unwrap();
        assert_eq!(names(&checkpoints), ["best-00000003", "best-00000005", "step-00000004", "step-00000006"]);
    }

    #[test]
    fn better_weights_do_not_pile_up_between_checkpoints() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(dir.path(), 1);
        add(&checkpoints, 2, Some(1));
        for best in [3, 4, 5] {
            fs::create_dir(checkpoints.best(best)).unwrap();
            checkpoints.prune(Some(best)).unwrap();
        }
        // The checkpoint's own, should the run be killed now, and the new ones.
        assert_eq!(names(&checkpoints), ["best-00000001", "best-00000005", "step-00000002"]);
    }

    #[test]
    fn a_damaged_checkpoint_counts_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(dir.path(), 2);
        for step in [2, 4, 6] {
            add(&checkpoints, step, None);
        }
        fs::write(checkpoints.step(4).join(STATE), "{").unwrap();
        checkpoints.prune(None).unwrap();
        assert_eq!(names(&checkpoints), ["step-00000002", "step-00000006"]);
    }

    #[test]
    fn what_was_passed_over_goes() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(dir.path(), 2);
        for step in [9, 10, 11] {
            add(&checkpoints, step, None);
        }
        checkpoints.remove_after(9).unwrap();
        assert_eq!(names(&checkpoints), ["step-00000009"]);
    }

    #[test]
    fn half_a_checkpoint_of_a_killed_process_is_cleared_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        let run = RunFolder::create(&path, &TrainConfig::default(), Existing::Keep).unwrap();
        fs::create_dir(run.checkpoints().join(".tmp-abc")).unwrap();
        assert!(names(&Checkpoints::new(&run, 2).unwrap()).is_empty());
    }
}
