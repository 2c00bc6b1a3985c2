//! Checkpoints: the state on which the next step depends, each in a folder that appears at once or not at
//! all.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use embert_files::{create_dir_all, remove_folder, remove_if_empty, remove_leftovers};
use embert_model::{BertConfig, Head, ModelFor, SaveDtype, save_pretrained};
use embert_optim::OptimizerState;
use embert_run::{CheckpointName, CheckpointState, RunFiles};
use serde::Deserialize;

use crate::TrainError;
use crate::error::IoContext as _;

/// The part of `state.json` that every version writes.
#[derive(Deserialize)]
struct Header {
    #[serde(default = "first")]
    format: u64,
}

fn first() -> u64 {
    1
}

/// The checkpoints of one run. Folders whose names are no [`CheckpointName`] are the user's.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    folder: PathBuf,
    keep: usize,
    /// The folders of best weights that this process wrote.
    written: RefCell<BTreeSet<PathBuf>>,
    /// Checkpoints that could not be read and may be good all the same: they stay, and don't count towards
    /// `keep`.
    unknown: RefCell<BTreeSet<PathBuf>>,
}

impl Checkpoints {
    /// The checkpoints in `run`'s folder, of which the newest `keep` stay.
    pub(crate) fn new(run: &RunFiles, keep: usize) -> Result<Self, TrainError> {
        let checkpoints = Self { keep, ..Self::at(run) };
        create_dir_all(&checkpoints.folder)?;
        remove_leftovers(&checkpoints.folder)?;
        Ok(checkpoints)
    }

    /// The checkpoints in `run`'s folder, to be read or removed.
    pub(crate) fn at(run: &RunFiles) -> Self {
        let (written, unknown) = (RefCell::default(), RefCell::default());
        Self { folder: run.checkpoints(), keep: usize::MAX, written, unknown }
    }

    /// Saves a checkpoint and removes older ones that are no longer needed.
    pub(crate) fn save<H: Head>(
        &self,
        model: &ModelFor<H>,
        config: &BertConfig,
        optimizer: &OptimizerState,
        state: &CheckpointState,
    ) -> Result<PathBuf, TrainError> {
        let path = self.step(state.step);
        embert_files::folder(&path, |folder| {
            save_pretrained(model, config, folder, SaveDtype::F32)?;
            optimizer.save(&folder.join(CheckpointName::OPTIMIZER))?;
            let json = serde_json::to_vec_pretty(state).map_err(io::Error::from).at("write", folder)?;
            Ok::<_, TrainError>(embert_files::write(&folder.join(CheckpointName::STATE), &json)?)
        })?;
        self.unknown.borrow_mut().remove(&path);
        self.prune(None)?;
        Ok(path)
    }

    /// Keeps the weights of the best evaluation so far.
    pub(crate) fn save_best<H: Head>(
        &self,
        model: &ModelFor<H>,
        config: &BertConfig,
        step: usize,
    ) -> Result<(), TrainError> {
        let path = self.best(step);
        embert_files::folder(&path, |folder| {
            save_pretrained(model, config, folder, SaveDtype::F32).map_err(TrainError::from)
        })?;
        self.written.borrow_mut().insert(path);
        self.prune(Some(step))
    }

    /// Records the newer checkpoints from which a resumed run did not start. Broken checkpoints are removed,
    /// since the run takes their steps again; the others stay.
    pub(crate) fn pass_over(&self, passed_over: Vec<(PathBuf, TrainError)>) -> Result<(), TrainError> {
        for (path, error) in passed_over {
            if is_broken(&error) {
                remove_folder(&path)?;
            } else {
                self.unknown.borrow_mut().insert(path);
            }
        }
        Ok(())
    }

    /// Removes all checkpoints and best weights, and the folder if nothing else is in it.
    pub(crate) fn clear(&self) -> Result<(), TrainError> {
        remove_leftovers(&self.folder)?;
        for (_, path) in self.folders()? {
            remove_folder(&path)?;
        }
        remove_if_empty(&self.folder)?;
        Ok(())
    }

    fn step(&self, step: usize) -> PathBuf {
        self.folder.join(CheckpointName::Step(step).to_string())
    }

    /// The folder of the best evaluation's weights, taken after `step`.
    pub(crate) fn best(&self, step: usize) -> PathBuf {
        self.folder.join(CheckpointName::Best(step).to_string())
    }

    /// The checkpoints, newest first.
    pub(crate) fn newest_first(&self) -> Result<Vec<PathBuf>, TrainError> {
        let mut found = self.folders()?;
        found.retain(|(name, _)| matches!(name, CheckpointName::Step(_)));
        found.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    /// The folders of checkpoints and of best weights, with their names, in no particular order. Files and
    /// links of such a name are the user's.
    fn folders(&self) -> Result<Vec<(CheckpointName, PathBuf)>, TrainError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).at("read", &self.folder)? {
            let entry = entry.at("read", &self.folder)?;
            let name = entry.file_name().to_str().and_then(CheckpointName::parse);
            if let Some(name) = name
                && entry.file_type().at("read", &entry.path())?.is_dir()
            {
                found.push((name, entry.path()));
            }
        }
        Ok(found)
    }

    /// Removes all but the newest whole checkpoints, and the best weights that no remaining checkpoint refers
    /// to. `best` is the best step of the checkpoint that will be saved next, whose weights stay too.
    pub(crate) fn prune(&self, best: Option<usize>) -> Result<(), TrainError> {
        let mut needed: BTreeSet<PathBuf> = best.map(|step| self.best(step)).into_iter().collect();
        let (mut whole, mut removed) = (0, Vec::new());
        for path in self.newest_first()? {
            if self.unknown.borrow().contains(&path) {
                continue;
            }
            match read_state(&path) {
                Ok(state) if whole < self.keep => {
                    whole += 1;
                    needed.extend(state.tracker.best.map(|best| self.best(best.step)));
                }
                Ok(_) => removed.push(path),
                Err(error) if is_broken(&error) => removed.push(path),
                Err(error) => {
                    tracing::warn!("{} can't be read and is left alone: {error}", path.display());
                    self.unknown.borrow_mut().insert(path);
                }
            }
        }
        // Without a whole checkpoint, a broken one may be all that the user has left.
        if whole > 0 {
            removed.iter().try_for_each(|path| remove_folder(path))?;
        }
        // An unreadable checkpoint may refer to any of the best weights.
        let all_known = self.unknown.borrow().is_empty();
        for (name, path) in self.folders()? {
            if matches!(name, CheckpointName::Best(_))
                && !needed.contains(&path)
                && (all_known || self.written.borrow().contains(&path))
            {
                remove_folder(&path)?;
            }
        }
        Ok(())
    }
}

/// True if an error says that a checkpoint is damaged; false if the checkpoint could not be read this time,
/// the weights that it refers to are gone, or a newer version wrote it.
pub(crate) fn is_broken(error: &TrainError) -> bool {
    if matches!(error, TrainError::NewerFormat { .. } | TrainError::BestGone { .. }) {
        return false;
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            use io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
            return matches!(error.kind(), NotFound | UnexpectedEof | InvalidData);
        }
        cause = error.source();
    }
    true
}

/// Reads the state of a checkpoint.
pub(crate) fn read_state(checkpoint: &Path) -> Result<CheckpointState, TrainError> {
    let path = checkpoint.join(CheckpointName::STATE);
    let text = fs::read_to_string(&path).at("read", &path)?;
    let header: Result<Header, _> = serde_json::from_str(&text);
    if let Ok(Header { format }) = header
        && format > CheckpointState::FORMAT
    {
        return Err(TrainError::NewerFormat { path, format, newest: CheckpointState::FORMAT });
    }
    serde_json::from_str(&text).map_err(|error| TrainError::Checkpoint {
        path,
        problem: format!("not a state that this version wrote: {error}"),
    })
}

/// Reads the optimizer's moments of a checkpoint.
pub(crate) fn read_optimizer(checkpoint: &Path) -> Result<OptimizerState, TrainError> {
    Ok(OptimizerState::load(&checkpoint.join(CheckpointName::OPTIMIZER))?)
}

#[cfg(test)]
mod tests {
    use embert_run::{Better, Phases};

    use super::*;
    use crate::tracker::Tracker;

    fn checkpoints(dir: &Path, keep: usize) -> Checkpoints {
        Checkpoints::new(&RunFiles::new(dir.join("run")), keep).unwrap()
    }

    /// A checkpoint's folder, of which only the state matters here.
    fn add(checkpoints: &Checkpoints, step: usize, best: Option<usize>) {
        let mut tracker = Tracker::new(Better::Higher, None, 0.0);
        if let Some(best) = best {
            tracker.update(best, Some(0.5));
            fs::create_dir_all(checkpoints.best(best)).unwrap();
        }
        let tracker = tracker.state().clone();
        let state = CheckpointState {
            step,
            seconds: 1.0,
            phases: Phases::default(),
            tracker,
            data_fingerprint: String::new(),
            data: None,
            peak_memory: None,
        };
        fs::create_dir_all(checkpoints.step(step)).unwrap();
        fs::write(checkpoints.step(step).join(CheckpointName::STATE), serde_json::to_vec(&state).unwrap())
            .unwrap();
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
        // The weights that the checkpoint refers to, should the run be killed now, and the newest weights.
        assert_eq!(names(&checkpoints), ["best-00000001", "best-00000005", "step-00000002"]);
    }

    #[test]
    fn a_damaged_checkpoint_counts_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(dir.path(), 2);
        for step in [2, 4, 6] {
            add(&checkpoints, step, None);
        }
        fs::write(checkpoints.step(4).join(CheckpointName::STATE), "{").unwrap();
        checkpoints.prune(None).unwrap();
        assert_eq!(names(&checkpoints), ["step-00000002", "step-00000006"]);
    }

    /// Broken checkpoints are removed; checkpoints that can't be read this time, a newer version's
    /// checkpoints, and entries with other names stay.
    #[test]
    fn what_was_passed_over_goes_if_it_is_known_to_be_broken() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(dir.path(), 1);
        for step in [8, 9, 10, 11, 12] {
            add(&checkpoints, step, Some(step));
        }
        fs::write(checkpoints.step(9).join(CheckpointName::STATE), "{").unwrap();
        fs::write(checkpoints.step(12).join(CheckpointName::STATE), r#"{"format": 2, "steps_done": 12}"#)
            .unwrap();
        let broken = read_state(&checkpoints.step(9)).unwrap_err();
        let newer = read_state(&checkpoints.step(12)).unwrap_err();
        assert!(newer.to_string().contains("format 2"), "{newer}");
        let source = io::Error::from_raw_os_error(24);
        let unreadable = TrainError::Io { action: "read", path: checkpoints.step(10), source };
        checkpoints
            .pass_over(vec![
                (checkpoints.step(12), newer),
                (checkpoints.step(10), unreadable),
                (checkpoints.step(9), broken),
            ])
            .unwrap();
        fs::create_dir(checkpoints.folder.join("step-00000001-keep")).unwrap();
        fs::write(checkpoints.folder.join("step-x"), "").unwrap();
        fs::write(checkpoints.folder.join("step-00000003"), "").unwrap();
        checkpoints.prune(None).unwrap();
        let steps: Vec<String> =
            names(&checkpoints).into_iter().filter(|name| name.starts_with("step")).collect();
        assert_eq!(
            steps,
            [
                "step-00000001-keep",
                "step-00000003",
                "step-00000010",
                "step-00000011",
                "step-00000012",
                "step-x"
            ]
        );
        assert!(checkpoints.best(10).is_dir(), "the weights that a checkpoint may need which can't be read");
    }

    #[test]
    fn without_a_whole_checkpoint_a_broken_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(dir.path(), 1);
        add(&checkpoints, 2, None);
        fs::write(checkpoints.step(2).join(CheckpointName::STATE), "{").unwrap();
        checkpoints.prune(None).unwrap();
        assert_eq!(names(&checkpoints), ["step-00000002"]);
    }

    #[test]
    fn half_a_checkpoint_of_a_killed_process_is_cleared_away() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunFiles::new(dir.path().join("run"));
        fs::create_dir_all(run.checkpoints().join(".tmp-abc")).unwrap();
        assert!(names(&Checkpoints::new(&run, 2).unwrap()).is_empty());
    }
}
