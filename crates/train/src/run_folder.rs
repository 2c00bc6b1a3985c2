//! The folder that holds all of a run.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use embert_files::remove_leftovers;
use embert_run::{Facts, RunError, RunFiles};

use crate::claim::{Held, Kind, has_end, tidy};
use crate::error::IoContext as _;
use crate::{Claim, ConfigBuilder, Existing, TrainConfig, TrainError};

/// A run's folder.
///
/// - `config.toml`: every setting, when the run begins, and again where it goes on with another `device` or `save_dtype`.
/// - `facts.json`: the model, the labels, numbers of parameters, the splits in numbers, a histogram of lengths; when the run
///   begins.
/// - `metrics.jsonl`: a line for each step, each evaluation and the end, as they happen.
/// - `checkpoints/`: the newest ones, and the best weights.
/// - `scores.json`: what the last evaluation of the kept weights said of each split; at the end.
/// - `examples.jsonl`: a line for each example of the validation split (and of the test split where it is evaluated) with its
///   text, its label and the probability that the kept weights give each label, before they are rounded to `save_dtype`; at the
///   end.
/// - `tensorboard/`: event files, one a process, if `log` asks for them; as things happen.
/// - `model/`: the result, once the run is complete.
/// - `report.html`: the program's, made of the files above.
///
/// A folder that was [created](Self::create) or [opened](Self::open) is locked: no other process works in it until the last clone
/// of the value is dropped.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// What keeps others away; none for who only reads.
    held: Option<Arc<Held>>,
}

/// Two values are equal that are of one path.
impl PartialEq for RunFolder {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for RunFolder {}

impl RunFolder {
    /// Makes the folder for a new run and writes its `config.toml`: [`Claim::run`] and [`begin`](Self::begin) in one.
    ///
    /// # Errors
    /// Another process works in the folder, it holds a run (and `existing` is [`Existing::Keep`]), holds something that is no run,
    /// or can't be written.
    pub fn create(path: &Path, config: &TrainConfig, existing: Existing) -> Result<Self, TrainError> {
        Self::begin(Claim::run(path, existing)?, config)
    }

    /// Begins a new run in a folder that was claimed: writes its `config.toml`. A run that is there moves to `<name>.old-<time>`
    /// in the same step, and goes when the new one is complete.
    ///
    /// # Errors
    /// The folder can't be written, what is there can't be moved, or the settings read from it.
    pub fn begin(claim: Claim, config: &TrainConfig) -> Result<Self, TrainError> {
        claim.check_reads(config)?;
        let path = claim.path().to_owned();
        let held = claim.begin(config.to_toml()?.as_bytes())?;
        Ok(Self { path, held: Some(Arc::new(held)) })
    }

    /// Opens the folder of a run that was stopped or killed, with its settings.
    ///
    /// # Errors
    /// There is no run, another process works in it, it is complete, or its `config.toml` can't be used.
    pub fn open(path: &Path) -> Result<(Self, TrainConfig), TrainError> {
        let (folder, config) = Self::open_any(path)?;
        let has_result = folder.model().is_dir();
        if folder.is_complete()? {
            // What a process that was killed at the very end had left to do.
            folder.tidy()?;
            return Err(TrainError::AlreadyComplete { path: path.to_owned() });
        }
        if has_result && folder.has_no_checkpoint()? {
            return Err(TrainError::EndLost { path: path.to_owned() });
        }
        Ok((folder, config))
    }

    /// [`open`](Self::open) of a run whatever has become of it.
    pub(crate) fn open_any(path: &Path) -> Result<(Self, TrainConfig), TrainError> {
        Claim::put_back(Kind::Run, path)?;
        let folder = Self::at(path);
        if !folder.config_path().is_file() {
            return Err(TrainError::NoRun { path: path.to_owned() });
        }
        let claim = Claim::lock(Kind::Run, path)?;
        // Before anything of a newer version's run is touched; a damaged file is written again.
        if let Err(error @ RunError::Newer { .. }) = Facts::read(&folder.facts_path()) {
            return Err(error.into());
        }
        let config = ConfigBuilder::new()
            .file(&folder.config_path())
            .and_then(ConfigBuilder::build)
            .map_err(|source| TrainError::Settings { path: path.to_owned(), source: Box::new(source) })?;
        if folder.checkpoints().is_dir() {
            remove_leftovers(&folder.checkpoints())?;
        }
        Ok((Self { held: Some(Arc::new(claim.resume())), ..folder }, config))
    }

    fn has_no_checkpoint(&self) -> Result<bool, TrainError> {
        if !self.checkpoints().is_dir() {
            return Ok(true);
        }
        Ok(crate::checkpoint::Checkpoints::at(self).newest_first()?.is_empty())
    }

    /// Where the run that this one replaces is until this one is complete.
    pub fn replaced(&self) -> Option<&Path> {
        self.held.as_ref()?.replaced.as_deref()
    }

    /// Removes the run that this one, which is complete, has replaced.
    pub(crate) fn tidy(&self) -> Result<(), TrainError> {
        tidy(Kind::Run, &self.path)
    }

    /// Writes `config.toml` again, for a run that goes on with what may change in it: it states what the run does from here on.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn rewrite_config(&self, config: &TrainConfig) -> Result<(), TrainError> {
        Ok(embert_files::write(&self.config_path(), config.to_toml()?.as_bytes())?)
    }

    /// The folder at `path`, whatever is there, to read from.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), held: None }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every setting of the run.
    pub fn config_path(&self) -> PathBuf {
        self.path.join(RunFiles::CONFIG)
    }

    /// One JSON object a line: steps, evaluations and the end.
    pub fn metrics_path(&self) -> PathBuf {
        self.path.join(RunFiles::METRICS)
    }

    /// What the run knew when it began.
    pub fn facts_path(&self) -> PathBuf {
        self.path.join(RunFiles::FACTS)
    }

    /// One JSON object a line: what the kept weights say of each example.
    pub fn examples_path(&self) -> PathBuf {
        self.path.join(RunFiles::EXAMPLES)
    }

    /// What the last evaluation of the kept weights said.
    pub fn scores_path(&self) -> PathBuf {
        self.path.join(RunFiles::SCORES)
    }

    /// The page about the run.
    pub fn report_path(&self) -> PathBuf {
        self.path.join(RunFiles::REPORT)
    }

    /// The checkpoints' folder.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join(RunFiles::CHECKPOINTS)
    }

    /// Event files for TensorBoard.
    pub fn tensorboard(&self) -> PathBuf {
        self.path.join(RunFiles::TENSORBOARD)
    }

    /// The result, in Hugging Face format.
    pub fn model(&self) -> PathBuf {
        self.path.join(RunFiles::MODEL)
    }

    /// Whether the run is complete: it has its result, and its log the end.
    ///
    /// # Errors
    /// The log can't be read.
    pub fn is_complete(&self) -> Result<bool, TrainError> {
        Ok(self.model().is_dir() && has_end(self)?)
    }
}

/// The settings of the run whose result is the folder `model`; `None` where it lies in no run folder.
///
/// # Errors
/// The run's `config.toml` can't be used.
pub fn run_of_model(model: &Path) -> Result<Option<TrainConfig>, TrainError> {
    let model = model.canonicalize().at("read", model)?;
    let Some(run) = model.parent().map(RunFolder::at) else {
        return Ok(None);
    };
    if run.model() != model || !run.config_path().is_file() {
        return Ok(None);
    }
    Ok(Some(ConfigBuilder::new().file(&run.config_path())?.build()?))
}

/// Writes a value as a file of JSON.
pub(crate) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), TrainError> {
    let mut json = serde_json::to_vec_pretty(value).map_err(io::Error::from).at("write", path)?;
    json.push(b'\n');
    Ok(embert_files::write(path, &json)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn complete(run: &RunFolder) {
        fs::create_dir(run.model()).unwrap();
        let end = "{\"event\":\"end\",\"step\":1,\"epoch\":1,\"metric\":\"loss\",\"early_stopped\":false,\"seconds\":1.0}\n";
        fs::write(run.metrics_path(), end).unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_finished_run_is_refused_unless_overwritten_and_stays_until_the_new_one_is_complete() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        let config = TrainConfig::default();
        let create = |existing| RunFolder::create(&path, &config, existing);
        let run = create(Existing::Keep).unwrap();
        assert!(matches!(create(Existing::Keep), Err(TrainError::InUse { .. })));
        drop(run);
        assert!(matches!(create(Existing::Keep), Err(TrainError::Unfinished { .. })));
        complete(&RunFolder::at(&path));
        fs::write(path.join("notes.txt"), "mine").unwrap();
        assert!(matches!(create(Existing::Keep), Err(TrainError::Finished { .. })));
        assert!(matches!(RunFolder::open(&path), Err(TrainError::AlreadyComplete { .. })));
        let run = create(Existing::Overwrite).unwrap();
        let old = run.replaced().unwrap().to_owned();
        assert!(old.join("model").is_dir() && !run.model().exists());
        drop(run);
        // Interrupted, and gone on with by another process.
        let (run, _) = RunFolder::open(&path).unwrap();
        assert_eq!(run.replaced(), Some(&*old));
        complete(&run);
        run.tidy().unwrap();
        drop(run);
        assert_eq!(names(dir.path()), ["run"]);
        assert_eq!(names(&path), ["config.toml", "metrics.jsonl", "model", "notes.txt"]);
    }

    #[test]
    fn a_run_that_replaces_one_that_was_never_complete_has_both_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        let config = TrainConfig::default();
        drop(RunFolder::create(&path, &config, Existing::Keep).unwrap());
        drop(RunFolder::create(&path, &config, Existing::Overwrite).unwrap());
        let run = RunFolder::create(&path, &config, Existing::Overwrite).unwrap();
        assert_eq!(names(dir.path()).len(), 3);
        complete(&run);
        run.tidy().unwrap();
        assert_eq!(names(dir.path()), ["run"]);
    }

    #[test]
    fn a_folder_that_is_no_run_is_never_touched() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.doc"), "mine").unwrap();
        for existing in [Existing::Keep, Existing::Overwrite] {
            let result = RunFolder::create(dir.path(), &TrainConfig::default(), existing);
            assert!(matches!(result, Err(TrainError::NotARun { .. })));
        }
        assert_eq!(names(dir.path()), ["thesis.doc"]);
        assert!(matches!(RunFolder::open(dir.path()), Err(TrainError::NoRun { .. })));
        let file = dir.path().join("thesis.doc/run");
        let result = RunFolder::create(&file, &TrainConfig::default(), Existing::Keep);
        assert!(matches!(result, Err(TrainError::NotAFolder { .. })));
    }

    #[test]
    fn what_would_be_moved_away_is_not_read_from() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        drop(RunFolder::create(&path, &TrainConfig::default(), Existing::Keep).unwrap());
        complete(&RunFolder::at(&path));
        let model = path.join("model").to_str().unwrap().to_owned();
        let config = TrainConfig { model, ..TrainConfig::default() };
        let result = RunFolder::create(&path, &config, Existing::Overwrite);
        assert!(matches!(result, Err(TrainError::ReadsItself { key: "model", .. })));
        assert_eq!(names(dir.path()), ["run"]);
    }

    #[test]
    fn a_free_name_is_claimed_and_one_that_a_killed_process_claimed_is_free() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sample-001")).unwrap();
        fs::write(dir.path().join("sample-001/config.toml"), "").unwrap();
        fs::create_dir(dir.path().join("sample-002")).unwrap();
        fs::write(dir.path().join("sample-002/.lock"), "").unwrap();
        let one = Claim::free_run(dir.path(), "sample").unwrap();
        let other = Claim::free_run(dir.path(), "sample").unwrap();
        assert_eq!(one.path(), dir.path().join("sample-002"));
        assert_eq!(other.path(), dir.path().join("sample-003"));
        drop(other);
        assert_eq!(names(dir.path()), ["sample-001", "sample-002"]);
    }

    #[test]
    fn a_result_whose_log_has_lost_its_end_is_not_trained_again_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        drop(RunFolder::create(&path, &TrainConfig::default(), Existing::Keep).unwrap());
        fs::create_dir(RunFolder::at(&path).model()).unwrap();
        assert!(matches!(RunFolder::open(&path), Err(TrainError::EndLost { .. })));
    }
}
