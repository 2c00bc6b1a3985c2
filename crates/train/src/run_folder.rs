//! The folder that holds all of a run.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use embert_run::RunFiles;

use crate::error::IoContext as _;
use crate::{ConfigBuilder, TrainConfig, TrainError};

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

/// What to do with a run that is already in the output folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Refuse.
    #[default]
    Keep,
    /// Remove it.
    Overwrite,
}

impl RunFolder {
    /// Makes the folder for a new run and writes its `config.toml`.
    ///
    /// # Errors
    /// The folder holds a run (and `existing` is [`Existing::Keep`]), holds something that is no run, or can't be
    /// written.
    pub fn create(path: &Path, config: &TrainConfig, existing: Existing) -> Result<Self, TrainError> {
        Self::check(path, existing)?;
        let folder = Self { path: path.to_owned() };
        folder.clear()?;
        fs::create_dir_all(folder.checkpoints()).at("create", &folder.checkpoints())?;
        write_atomically(&folder.config_path(), config.to_toml()?.as_bytes())?;
        Ok(folder)
    }

    /// Whether [`create`](Self::create) would refuse the folder, without touching it: to be asked before long work.
    ///
    /// # Errors
    /// As [`create`](Self::create), but for the writing.
    pub fn check(path: &Path, existing: Existing) -> Result<(), TrainError> {
        let folder = Self { path: path.to_owned() };
        if !path.is_dir() || fs::read_dir(path).at("read", path)?.next().is_none() {
            return Ok(());
        }
        let path = path.to_owned();
        match existing {
            _ if !folder.config_path().is_file() => Err(TrainError::NotARun { path }),
            Existing::Keep if folder.is_complete() => Err(TrainError::Finished { path }),
            Existing::Keep => Err(TrainError::Unfinished { path }),
            Existing::Overwrite => Ok(()),
        }
    }

    /// Opens the folder of a run that was stopped, with its settings.
    ///
    /// # Errors
    /// There is no run, it is complete, or its `config.toml` can't be used.
    pub fn open(path: &Path) -> Result<(Self, TrainConfig), TrainError> {
        let folder = Self { path: path.to_owned() };
        let config = ConfigBuilder::new().file(&folder.config_path())?.build()?;
        if folder.is_complete() {
            return Err(TrainError::AlreadyComplete { path: path.to_owned() });
        }
        Ok((folder, config))
    }

    /// Writes `config.toml` again, for a run that goes on with what may change in it: it states what the run does from here on.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn rewrite_config(&self, config: &TrainConfig) -> Result<(), TrainError> {
        write_atomically(&self.config_path(), config.to_toml()?.as_bytes())
    }

    /// The folder at `path`, whatever is there.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The first of `<parent>/<name>-001`, `-002`, ... that doesn't exist.
    pub fn next_free(parent: &Path, name: &str) -> PathBuf {
        (1..=u32::MAX)
            .map(|number| parent.join(format!("{name}-{number:03}")))
            .find(|path| !path.exists())
            .unwrap_or_else(|| parent.join(name))
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

    /// The result, in Hugging Face format. It exists once the run is complete.
    pub fn model(&self) -> PathBuf {
        self.path.join(RunFiles::MODEL)
    }

    /// Whether the run has its result.
    pub fn is_complete(&self) -> bool {
        self.model().is_dir()
    }

    /// Removes what a run writes, and nothing else that the user may have put there.
    fn clear(&self) -> Result<(), TrainError> {
        for folder in [self.model(), self.checkpoints(), self.tensorboard()] {
            if folder.is_dir() {
                fs::remove_dir_all(&folder).at("remove", &folder)?;
            }
        }
        let files = [
            self.metrics_path(),
            self.facts_path(),
            self.examples_path(),
            self.scores_path(),
            self.report_path(),
            self.config_path(),
        ];
        for file in files {
            if file.is_file() {
                fs::remove_file(&file).at("remove", &file)?;
            }
        }
        Ok(())
    }
}

/// The settings of the run whose result is the folder `model`; `None` where it lies in no run folder.
///
/// # Errors
/// The run's `config.toml` can't be used.
pub fn run_of_model(model: &Path) -> Result<Option<TrainConfig>, TrainError> {
    let model = model.canonicalize().at("read", model)?;
    let Some(run) = model.parent().map(|parent| RunFolder { path: parent.to_owned() }) else {
        return Ok(None);
    };
    if run.model() != model || !run.config_path().is_file() {
        return Ok(None);
    }
    Ok(Some(ConfigBuilder::new().file(&run.config_path())?.build()?))
}

/// Writes a file under a temporary name in its folder and renames it, so that no reader sees half of it.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), TrainError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut file = temporary(0o666).tempfile_in(parent).at("write a file in", parent)?;
    file.write_all(content).at("write", path)?;
    file.persist(path).map_err(|error| error.error).at("write", path)?;
    Ok(())
}

/// Makes a folder under a temporary name, lets `fill` write into it and renames it to `path`, replacing what is there.
pub(crate) fn folder_atomically(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let temporary = temporary(0o777).tempdir_in(parent).at("create a folder in", parent)?;
    fill(temporary.path())?;
    if path.is_dir() {
        fs::remove_dir_all(path).at("remove", path)?;
    }
    fs::rename(temporary.path(), path).at("write", path)
}

/// A temporary file or folder with the permissions `mode`, less what the umask takes away: by default it would be for its
/// owner's eyes alone.
fn temporary(mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

/// Removes what [`folder_atomically`] left behind in a process that was killed.
pub(crate) fn remove_temporary(parent: &Path) -> Result<(), TrainError> {
    for entry in fs::read_dir(parent).at("read", parent)? {
        let path = entry.at("read", parent)?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(TEMPORARY)) {
            fs::remove_dir_all(&path).at("remove", &path)?;
        }
    }
    Ok(())
}

const TEMPORARY: &str = ".tmp-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_run_is_refused_unless_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        let config = TrainConfig::default();
        let run = RunFolder::create(&path, &config, Existing::Keep).unwrap();
        assert!(matches!(
            RunFolder::create(&path, &config, Existing::Keep),
            Err(TrainError::Unfinished { .. })
        ));
        fs::create_dir(run.model()).unwrap();
        fs::write(path.join("notes.txt"), "mine").unwrap();
        assert!(matches!(
            RunFolder::create(&path, &config, Existing::Keep),
            Err(TrainError::Finished { .. })
        ));
        assert!(matches!(RunFolder::open(&path), Err(TrainError::AlreadyComplete { .. })));
        let run = RunFolder::create(&path, &config, Existing::Overwrite).unwrap();
        assert!(!run.is_complete());
        assert!(path.join("notes.txt").exists(), "overwriting removed the user's own file");
    }

    #[test]
    fn a_folder_that_is_no_run_is_never_touched() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.doc"), "mine").unwrap();
        for existing in [Existing::Keep, Existing::Overwrite] {
            let result = RunFolder::create(dir.path(), &TrainConfig::default(), existing);
            assert!(matches!(result, Err(TrainError::NotARun { .. })));
        }
        assert!(dir.path().join("thesis.doc").exists());
    }

    #[test]
    fn a_failed_fill_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("step-1");
        let result = folder_atomically(&target, |folder| {
            fs::write(folder.join("half"), "x").at("write", folder)?;
            Err(TrainError::NotARun { path: folder.to_owned() })
        });
        assert!(result.is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn numbers_go_on_after_those_that_exist() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sample-001")).unwrap();
        assert_eq!(RunFolder::next_free(dir.path(), "sample"), dir.path().join("sample-002"));
    }
}
