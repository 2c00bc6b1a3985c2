//! [`TrainError`].

use std::path::{Path, PathBuf};

use embert_data::DataError;
use embert_files::{FileError, LockError};
use embert_metrics::MetricsError;
use embert_model::ModelError;
use embert_optim::OptimError;
use embert_run::{FolderKind, RunError};
use embert_task::TaskError;

use crate::{ConfigError, OutOfMemory};

/// Why a run can't begin, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The settings can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data set can't be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The checkpoint can't be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The tokenizer can't be used.
    #[error(transparent)]
    Tokenize(#[from] embert_data::tokenize::TokenizeError),
    /// The task does not fit the data set or the checkpoint.
    #[error(transparent)]
    Task(TaskError),
    /// The optimizer's settings or state can't be used.
    #[error(transparent)]
    Optim(#[from] OptimError),
    /// The metrics can't be computed.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// A file of a run folder can't be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file or folder of the run can't be written or read.
    #[error("can't {action} {}", path.display())]
    Io {
        /// The operation that failed, as in "write".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The output folder holds a finished run or sweep.
    #[error("{} holds a finished {kind}: choose another output, or pass --overwrite to replace it", path.display())]
    Finished {
        /// What the folder holds.
        kind: FolderKind,
        /// The folder.
        path: PathBuf,
    },
    /// The output folder holds a run or a sweep that isn't finished.
    #[error(
        "{path} holds a {kind} that was stopped: go on with `{command} --resume {path}`, or pass --overwrite to replace it",
        path = path.display(), command = command(*kind)
    )]
    Unfinished {
        /// What the folder holds.
        kind: FolderKind,
        /// The folder.
        path: PathBuf,
    },
    /// The output folder has files, but is not the folder of a run or a sweep.
    #[error("{} is not empty and not a {}: choose another output", path.display(), folder_of(*kind))]
    Occupied {
        /// What the folder was to hold.
        kind: FolderKind,
        /// The folder.
        path: PathBuf,
    },
    /// Another process works in the folder.
    #[error("{} is in use by {holder}: wait for it, or choose another folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The process, its machine, and when it began.
        holder: String,
    },
    /// The output, or a folder that it would be in, is a file.
    #[error("can't make the folder {}: {} is a file; choose another output", path.display(), file.display())]
    NotAFolder {
        /// The folder.
        path: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// The model or the data set lies in the run folder that would be replaced.
    #[error(
        "{key} = \"{name}\" lies in {}, which --overwrite would move away: choose another output, or copy it elsewhere first",
        path.display()
    )]
    ReadsItself {
        /// The output folder.
        path: PathBuf,
        /// The config key.
        key: &'static str,
        /// The key's value.
        name: String,
    },
    /// The folder holds no run to resume.
    #[error("{} has no config.toml: there is no run to go on with; start a new one", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// The settings in a run's folder can't be used.
    #[error(
        "the run in {} can't go on with its config.toml: put back what was there, or train again with --overwrite",
        path.display()
    )]
    Settings {
        /// The run folder.
        path: PathBuf,
        /// The cause.
        source: Box<ConfigError>,
    },
    /// The run has its result, but neither the end of its log nor a checkpoint from which to make the result
    /// again.
    #[error(
        "the run in {} has its result in model/, but its log has lost its end, and there is no checkpoint: use the model as it is, or train again with --overwrite",
        path.display()
    )]
    EndLost {
        /// The run folder.
        path: PathBuf,
    },
    /// The disk is too full for what the run has to write.
    #[error(
        "the disk of {} has {} MB left, and the run writes at least {} MB: free some, or choose another output",
        path.display(), free / 1_000_000, needed.div_ceil(1_000_000)
    )]
    NoSpace {
        /// The run folder.
        path: PathBuf,
        /// Bytes that are left.
        free: u64,
        /// Bytes that are needed.
        needed: u64,
    },
    /// The run that should be resumed is complete.
    #[error("the run in {} is complete: there is nothing to resume", path.display())]
    AlreadyComplete {
        /// The run folder.
        path: PathBuf,
    },
    /// A checkpoint is damaged, or another run wrote it.
    #[error("the checkpoint {} can't be used: {problem}", path.display())]
    Checkpoint {
        /// The checkpoint's file.
        path: PathBuf,
        /// Why the checkpoint can't be used.
        problem: String,
    },
    /// A newer version wrote the file.
    #[error(
        "{} has format {format}, and this version reads those up to {newest}: use a newer one, or move it away",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The file's format.
        format: u64,
        /// The newest format that this version reads.
        newest: u64,
    },
    /// The newest checkpoint can't be read at the moment; it may be whole all the same.
    #[error(
        "the checkpoint {} can't be read at the moment: try again once the cause is fixed, or move it away to resume from the previous checkpoint",
        path.display()
    )]
    Unreadable {
        /// The checkpoint's folder.
        path: PathBuf,
        /// The cause.
        source: Box<TrainError>,
    },
    /// The best weights that a checkpoint refers to are gone.
    #[error("the checkpoint {} can't be used: the best weights so far, {}, are gone", path.display(), best.display())]
    BestGone {
        /// The checkpoint's folder.
        path: PathBuf,
        /// The folder in which the weights were.
        best: PathBuf,
    },
    /// The run that should be resumed has checkpoints, but none of them can be read.
    #[error("no checkpoint in {} can be read: start a new run, or replace this one with --overwrite", path.display())]
    NoCheckpoint {
        /// The checkpoints' folder.
        path: PathBuf,
        /// Why the newest checkpoint can't be read.
        source: Option<Box<TrainError>>,
    },
    /// The checkpoint was taken with other data.
    #[error(
        "{path} began with other data: the {what} differs from what its checkpoint was taken with; restore the data, or start a new run",
        path = path.display()
    )]
    DataChanged {
        /// The run folder.
        path: PathBuf,
        /// What differs: the labels, or which split.
        what: &'static str,
    },
    /// The settings don't fit the data set or the checkpoint.
    #[error("{key} = {found}: expected {expected}")]
    Setting {
        /// The config key.
        key: &'static str,
        /// The key's value.
        found: String,
        /// The values that fit.
        expected: String,
    },
    /// A split that the run needs is empty.
    #[error("the {split} split of {dataset} has no examples: {hint}")]
    NoExamples {
        /// The split.
        split: &'static str,
        /// The data set.
        dataset: String,
        /// What the user can do.
        hint: &'static str,
    },
    /// The splits were encoded for other settings than the run's.
    #[error(
        "the splits were encoded for other settings: \"model\" (or the order of its labels), \"dataset\", \"evaluate_test\" or a key of \"data\" differs; encode them again"
    )]
    OtherSplits,
    /// The loss or a gradient is not finite.
    #[error(
        "step {step}: the {what} is {value}, with learning rate {learning_rate:e}, on the examples {examples:?}; try a lower learning rate, a longer warm-up, or a lower max_grad_norm, and look at those examples"
    )]
    NotFinite {
        /// The optimizer step, from 1.
        step: usize,
        /// `loss` or `gradient norm`.
        what: &'static str,
        /// NaN or an infinity.
        value: f64,
        /// The base group's learning rate in this step.
        learning_rate: f64,
        /// The row numbers of the step's examples.
        examples: Vec<u64>,
    },
    /// A step did not fit the device's memory.
    #[error("{0}")]
    OutOfMemory(OutOfMemory),
    /// An observer failed.
    #[error("an observer of the run failed")]
    Observer {
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The program's command that makes a run or a sweep.
fn command(kind: FolderKind) -> &'static str {
    match kind {
        FolderKind::Run => "train",
        FolderKind::Sweep => "sweep",
    }
}

fn folder_of(kind: FolderKind) -> &'static str {
    match kind {
        FolderKind::Run => "run folder",
        FolderKind::Sweep => "sweep's folder",
    }
}

impl From<FileError> for TrainError {
    fn from(FileError { action, path, source }: FileError) -> Self {
        Self::Io { action, path, source }
    }
}

impl TrainError {
    /// Why `path` can't be locked.
    pub(crate) fn locked(error: LockError, path: &Path) -> Self {
        match error {
            LockError::File(error) => error.into(),
            LockError::Held { holder, .. } => Self::InUse {
                path: path.to_owned(),
                holder: holder.map_or_else(|| "another process".to_owned(), |holder| holder.to_string()),
            },
            error => Self::Io { action: "lock", path: path.to_owned(), source: std::io::Error::other(error) },
        }
    }
}

impl From<TaskError> for TrainError {
    /// A task's error about data, model, metrics or a setting becomes the variant for that part.
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Data(error) => Self::Data(error),
            TaskError::Model(error) => Self::Model(error),
            TaskError::Metrics(error) => Self::Metrics(error),
            TaskError::Setting { key, found, expected } => Self::Setting { key, found, expected },
            error => Self::Task(error),
        }
    }
}

/// Adds the operation and the path to an I/O error.
pub(crate) trait IoContext<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, TrainError>;
}

impl<T> IoContext<T> for std::io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, TrainError> {
        self.map_err(|source| TrainError::Io { action, path: path.to_owned(), source })
    }
}
