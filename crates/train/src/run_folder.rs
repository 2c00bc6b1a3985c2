//! [`RunFolder`]: the folder that holds all of a run, and its lock.

use std::path::Path;
use std::sync::Arc;

use embert_files::remove_leftovers;
use embert_run::{Facts, FolderKind, RunError, RunFiles};

use crate::checkpoint::Checkpoints;
use crate::claim::Held;
use crate::error::IoContext as _;
use crate::{Claim, ConfigBuilder, TrainConfig, TrainError};

/// The folder of a run that this process trains, with its lock: no other process works in the folder until
/// the last clone of the value is dropped. [`files`](Self::files) says where each file of the folder stands.
#[derive(Clone, Debug)]
pub struct RunFolder {
    files: RunFiles,
    /// The settings in the folder's `config.toml`.
    config: Arc<TrainConfig>,
    held: Arc<Held>,
}

impl RunFolder {
    /// Begins a new run in a claimed folder: writes `config.toml`. An old run in the folder moves to
    /// `<name>.old-<time>` in the same step, and is removed when the new run is complete.
    ///
    /// # Errors
    /// The folder can't be written, the old run can't be moved, or the model or the data set lies in the old
    /// run's folder.
    pub(crate) fn begin(claim: Claim, config: &TrainConfig) -> Result<Self, TrainError> {
        claim.check_reads(config)?;
        let files = RunFiles::new(claim.path());
        let held = claim.begin(config.to_toml()?.as_bytes())?;
        Ok(Self { files, config: Arc::new(config.clone()), held: Arc::new(held) })
    }

    /// Opens the folder of a run that was stopped or killed; [`config`](Self::config) has its settings.
    ///
    /// # Errors
    /// There is no run, another process works in the folder, the run is complete, the run has a result but
    /// neither the end of its log nor a checkpoint, or `config.toml` can't be used.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        let folder = Self::open_any(path)?;
        let has_result = folder.files.model().is_dir();
        if folder.files.is_complete()? {
            // A process that was killed at the very end has left the replaced run behind.
            folder.remove_replaced()?;
            return Err(TrainError::AlreadyComplete { path: path.to_owned() });
        }
        if has_result && folder.has_no_checkpoint()? {
            return Err(TrainError::EndLost { path: path.to_owned() });
        }
        Ok(folder)
    }

    /// Opens the folder of a run, even if the run is complete or its log has lost the end, which
    /// [`open`](Self::open) refuses: training the run again ends in the same result.
    ///
    /// # Errors
    /// There is no run, another process works in the folder, or its `config.toml` can't be used.
    pub fn open_any(path: &Path) -> Result<Self, TrainError> {
        Claim::put_back(FolderKind::Run, path)?;
        let files = RunFiles::new(path);
        if !files.config().is_file() {
            return Err(TrainError::NoRun { path: path.to_owned() });
        }
        let claim = Claim::lock(FolderKind::Run, path)?;
        // Checked before the run's files change, so that a newer version's run stays as it is. A damaged
        // `facts.json` is written again.
        if let Err(error @ RunError::Newer { .. }) = Facts::read(&files.facts()) {
            return Err(error.into());
        }
        let config = ConfigBuilder::recorded()
            .file(&files.config())
            .and_then(ConfigBuilder::build)
            .map_err(|source| TrainError::Settings { path: path.to_owned(), source: Box::new(source) })?;
        if files.checkpoints().is_dir() {
            remove_leftovers(&files.checkpoints())?;
        }
        Ok(Self { files, config: Arc::new(config), held: Arc::new(claim.resume()) })
    }

    fn has_no_checkpoint(&self) -> Result<bool, TrainError> {
        if !self.files.checkpoints().is_dir() {
            return Ok(true);
        }
        Ok(Checkpoints::at(&self.files).newest_first()?.is_empty())
    }

    /// The path of the old run that the run replaces, until the run is complete.
    pub fn replaced(&self) -> Option<&Path> {
        self.held.replaced()
    }

    /// Removes the replaced old run, now that the run is complete.
    pub(crate) fn remove_replaced(&self) -> Result<(), TrainError> {
        self.held.remove_replaced()
    }

    /// Writes `config.toml` again, for a resumed run with another `device` or `save_dtype`: the file states
    /// the settings of the following steps.
    ///
    /// # Errors
    /// The file can't be written.
    pub(crate) fn rewrite_config(&self, config: &TrainConfig) -> Result<(), TrainError> {
        Ok(embert_files::write(&self.files.config(), config.to_toml()?.as_bytes())?)
    }

    /// The settings in the folder's `config.toml`.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The paths of the run's files.
    pub fn files(&self) -> &RunFiles {
        &self.files
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        self.files.folder()
    }
}

/// Removes the checkpoints of a run, which can't be resumed from then on. Other files in their folder stay.
///
/// # Errors
/// A file can't be removed.
pub fn remove_checkpoints(run: &RunFiles) -> Result<(), TrainError> {
    if run.checkpoints().is_dir() { Checkpoints::at(run).clear() } else { Ok(()) }
}

/// The settings of the run whose result is the folder `model`; `None` if the folder lies in no run folder.
///
/// # Errors
/// The run's `config.toml` can't be used.
pub fn run_of_model(model: &Path) -> Result<Option<TrainConfig>, TrainError> {
    let model = model.canonicalize().at("read", model)?;
    let Some(run) = model.parent().map(RunFiles::new) else {
        return Ok(None);
    };
    if run.model() != model || !run.config().is_file() {
        return Ok(None);
    }
    Ok(Some(ConfigBuilder::recorded().file(&run.config())?.build()?))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Existing;

    fn complete(run: &RunFiles) {
        fs::create_dir(run.model()).unwrap();
        let end = "{\"event\":\"end\",\"step\":1,\"epoch\":1,\"metric\":\"loss\",\"early_stopped\":false,\"seconds\":1.0}\n";
        fs::write(run.metrics(), end).unwrap();
    }

    fn create(path: &Path, config: &TrainConfig, existing: Existing) -> Result<RunFolder, TrainError> {
        RunFolder::begin(Claim::run(path, existing)?, config)
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
        let create = |existing| create(&path, &config, existing);
        let run = create(Existing::Keep).unwrap();
        assert!(matches!(create(Existing::Keep), Err(TrainError::InUse { .. })));
        drop(run);
        assert!(matches!(create(Existing::Keep), Err(TrainError::Unfinished { .. })));
        complete(&RunFiles::new(&path));
        fs::write(path.join("notes.txt"), "mine").unwrap();
        assert!(matches!(create(Existing::Keep), Err(TrainError::Finished { .. })));
        assert!(matches!(RunFolder::open(&path), Err(TrainError::AlreadyComplete { .. })));
        let run = create(Existing::Overwrite).unwrap();
        let old = run.replaced().unwrap().to_owned();
        assert!(old.join("model").is_dir() && !run.files().model().exists());
        drop(run);
        // Interrupted, and resumed by another process.
        let run = RunFolder::open(&path).unwrap();
        assert_eq!(run.replaced(), Some(&*old));
        complete(run.files());
        run.remove_replaced().unwrap();
        drop(run);
        assert_eq!(names(dir.path()), ["run"]);
        assert_eq!(names(&path), ["config.toml", "metrics.jsonl", "model", "notes.txt"]);
    }

    #[test]
    fn a_run_that_replaces_one_that_was_never_complete_has_both_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        let config = TrainConfig::default();
        drop(create(&path, &config, Existing::Keep).unwrap());
        drop(create(&path, &config, Existing::Overwrite).unwrap());
        let run = create(&path, &config, Existing::Overwrite).unwrap();
        assert_eq!(names(dir.path()).len(), 3);
        complete(run.files());
        run.remove_replaced().unwrap();
        assert_eq!(names(dir.path()), ["run"]);
    }

    #[test]
    fn a_folder_that_is_no_run_is_never_touched() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.doc"), "mine").unwrap();
        for existing in [Existing::Keep, Existing::Overwrite] {
            let result = create(dir.path(), &TrainConfig::default(), existing);
            assert!(matches!(result, Err(TrainError::Occupied { .. })));
        }
        assert_eq!(names(dir.path()), ["thesis.doc"]);
        assert!(matches!(RunFolder::open(dir.path()), Err(TrainError::NoRun { .. })));
        let file = dir.path().join("thesis.doc/run");
        let result = create(&file, &TrainConfig::default(), Existing::Keep);
        assert!(matches!(result, Err(TrainError::NotAFolder { .. })));
    }

    #[test]
    fn what_would_be_moved_away_is_not_read_from() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        drop(create(&path, &TrainConfig::default(), Existing::Keep).unwrap());
        complete(&RunFiles::new(&path));
        let model = path.join("model").to_str().unwrap().to_owned();
        let config = TrainConfig { model, ..TrainConfig::default() };
        let result = create(&path, &config, Existing::Overwrite);
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
        let one = Claim::free(FolderKind::Run, dir.path(), "sample").unwrap();
        let other = Claim::free(FolderKind::Run, dir.path(), "sample").unwrap();
        assert_eq!(one.path(), dir.path().join("sample-002"));
        assert_eq!(other.path(), dir.path().join("sample-003"));
        drop(other);
        assert_eq!(names(dir.path()), ["sample-001", "sample-002"]);
    }

    #[test]
    fn a_result_whose_log_has_lost_its_end_is_not_trained_again_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        drop(create(&path, &TrainConfig::default(), Existing::Keep).unwrap());
        fs::create_dir(RunFiles::new(&path).model()).unwrap();
        assert!(matches!(RunFolder::open(&path), Err(TrainError::EndLost { .. })));
    }
}
