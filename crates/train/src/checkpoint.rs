//! Checkpoints: all that the next step depends on, each in a folder that appears at once or not at all.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use embert_files::{create_dir_all, remove_folder, remove_if_empty, remove_leftovers};
use embert_model::{BertConfig, BertForSequenceClassification, SaveDtype, save_pretrained};
use embert_optim::OptimizerState;
use serde::{Deserialize, Serialize};

use crate::error::IoContext as _;
use crate::fingerprint::Fingerprint;
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

/// The format of `state.json`. States without one are of the first; what is added and may be left out needs no new one.
const FORMAT: u64 = 1;

/// What every `state.json` has, of whatever version.
#[derive(Deserialize)]
struct Header {
    #[serde(default = "first")]
    format: u64,
}

fn first() -> u64 {
    1
}

const STATE: &str = "state.json";
const OPTIMIZER: &str = "optimizer.safetensors";

/// The checkpoints of one run. Folders of other names than [`step`](Self::step) and [`best`](Self::best) give are the user's.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    folder: PathBuf,
    keep: usize,
    /// The best weights that this process wrote.
    written: RefCell<BTreeSet<PathBuf>>,
    /// Checkpoints that could not be read and may be good all the same: they stay, and count for nothing.
    unknown: RefCell<BTreeSet<PathBuf>>,
}

impl Checkpoints {
    /// Those in `run`, of which the newest `keep` stay.
    pub(crate) fn new(run: &RunFolder, keep: usize) -> Result<Self, TrainError> {
        let checkpoints = Self { keep, ..Self::at(run) };
        create_dir_all(&checkpoints.folder)?;
        remove_leftovers(&checkpoints.folder)?;
        Ok(checkpoints)
    }

    /// Those in `run`, to look at.
    pub(crate) fn at(run: &RunFolder) -> Self {
        let (written, unknown) = (RefCell::default(), RefCell::default());
        Self { folder: run.checkpoints(), keep: usize::MAX, written, unknown }
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
        embert_files::folder(&path, |folder| {
            save_pretrained(model, config, folder, SaveDtype::F32)?;
            optimizer.save(&folder.join(OPTIMIZER))?;
            let json = serde_json::to_vec_pretty(state).map_err(io::Error::from).at("write", folder)?;
            Ok::<_, TrainError>(embert_files::write(&folder.join(STATE), &json)?)
        })?;
        self.unknown.borrow_mut().remove(&path);
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
        let path = self.best(step);
        embert_files::folder(&path, |folder| {
            save_pretrained(model, config, folder, SaveDtype::F32).map_err(TrainError::from)
        })?;
        self.written.borrow_mut().insert(path);
        self.prune(Some(step))
    }

    /// Takes note of checkpoints that a run which goes on after `step` passed over. Those that are known to be broken are removed:
    /// their steps will be taken again. The others stay.
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

    /// Removes all of them, and the folder where nothing else is in it.
    pub(crate) fn clear(&self) -> Result<(), TrainError> {
        remove_leftovers(&self.folder)?;
        for path in self.folders(STEP)?.into_iter().chain(self.folders(BEST)?) {
            remove_folder(&path)?;
        }
        remove_if_empty(&self.folder)?;
        Ok(())
    }

    fn step(&self, step: usize) -> PathBuf {
        self.folder.join(format!("{STEP}{step:08}"))
    }

    /// Where the weights of the best evaluation are, if that was after `step`.
    pub(crate) fn best(&self, step: usize) -> PathBuf {
        self.folder.join(format!("{BEST}{step:08}"))
    }

    /// The checkpoints, newest first.
    pub(crate) fn newest_first(&self) -> Result<Vec<PathBuf>, TrainError> {
        let mut found = self.folders(STEP)?;
        found.sort_unstable_by(|a, b| b.cmp(a));
        Ok(found)
    }

    fn folders(&self, prefix: &str) -> Result<Vec<PathBuf>, TrainError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).at("read", &self.folder)? {
            let entry = entry.at("read", &self.folder)?;
            let is_one = entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.starts_with(prefix) && step_of(name).is_some());
            // Neither a file nor a link is ours.
            if is_one && entry.file_type().at("read", &entry.path())?.is_dir() {
                found.push(entry.path());
            }
        }
        Ok(found)
    }

    /// Removes all but the newest whole checkpoints, and the best weights that neither these nor the next one refers to,
    /// whose best step is `best`.
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
        // As long as there is no whole one, a broken one may be all that is left to look at.
        if whole > 0 {
            removed.iter().try_for_each(|path| remove_folder(path))?;
        }
        // What a checkpoint refers to that can't be read is not known.
        let all_known = self.unknown.borrow().is_empty();
        for path in self.folders(BEST)? {
            if !needed.contains(&path) && (all_known || self.written.borrow().contains(&path)) {
                remove_folder(&path)?;
            }
        }
        Ok(())
    }
}

const STEP: &str = "step-";
const BEST: &str = "best-";

/// The step in the name of a checkpoint's folder, or of that of the best weights; none for other names.
pub(crate) fn step_of(name: &str) -> Option<usize> {
    let digits = name.strip_prefix(STEP).or_else(|| name.strip_prefix(BEST))?;
    (digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Whether an error says that a checkpoint is damaged, and not that it could not be read this time, that the weights it refers to are
/// elsewhere, or that another version wrote it.
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
pub(crate) fn read_state(checkpoint: &Path) -> Result<State, TrainError> {
    let path = checkpoint.join(STATE);
    let text = fs::read_to_string(&path).at("read", &path)?;
    let header: Result<Header, _> = serde_json::from_str(&text);
    if let Ok(Header { format }) = header
        && format > FORMAT
    {
        return Err(TrainError::NewerFormat { path, format, newest: FORMAT });
    }
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

    /// Broken ones go, what can't be read this time, a newer version's, and whatever has another name stay.
    #[test]
    fn what_was_passed_over_goes_if_it_is_known_to_be_broken() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(dir.path(), 1);
        for step in [8, 9, 10, 11, 12] {
            add(&checkpoints, step, Some(step));
        }
        fs::write(checkpoints.step(9).join(STATE), "{").unwrap();
        fs::write(checkpoints.step(12).join(STATE), r#"{"format": 2, "steps_done": 12}"#).unwrap();
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
        fs::write(checkpoints.step(2).join(STATE), "{").unwrap();
        checkpoints.prune(None).unwrap();
        assert_eq!(names(&checkpoints), ["step-00000002"]);
    }

    #[test]
    fn half_a_checkpoint_of_a_killed_process_is_cleared_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        let run = RunFolder::create(&path, &TrainConfig::default(), Existing::Keep).unwrap();
        fs::create_dir_all(run.checkpoints().join(".tmp-abc")).unwrap();
        assert!(names(&Checkpoints::new(&run, 2).unwrap()).is_empty());
    }
}
