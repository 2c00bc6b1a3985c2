//! [`TrainError`].

use std::path::{Path, PathBuf};

use embert_data::DataError;
use embert_metrics::MetricsError;
use embert_model::ModelError;
use embert_optim::OptimError;
use embert_run::RunError;

use crate::{ConfigError, OutOfMemory, SweepError};

/// Why a run can't begin, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The checkpoint.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The tokenizer.
    #[error(transparent)]
    Tokenize(#[from] embert_data::tokenize::TokenizeError),
    /// The optimizer.
    #[error(transparent)]
    Optim(#[from] OptimError),
    /// The metrics.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// A file that the run or another one left.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The sweep.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// A file or folder of the run can't be written or read.
    #[error("can't {action} {}", path.display())]
    Io {
        /// What was tried, as in "write".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The output folder holds a finished run.
    #[error("{} holds a finished run: choose another output, or pass --overwrite to replace it", path.display())]
    Finished {
        /// The run folder.
        path: PathBuf,
    },
    /// The output folder holds a run that isn't finished.
    #[error("{path} holds a run that was stopped: go on with `train --resume {path}`, or pass --overwrite to replace it", path = path.display())]
    Unfinished {
        /// The run folder.
        path: PathBuf,
    },
    /// The output folder has files, but is no run.
    #[error("{} is not empty and not a run folder: choose another output", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
    },
    /// The run that should go on is complete.
    #[error("the run in {} is complete: there is nothing to resume", path.display())]
    AlreadyComplete {
        /// The run folder.
        path: PathBuf,
    },
    /// A checkpoint isn't what this run wrote.
    #[error("the checkpoint {} can't be used: {problem}", path.display())]
    Checkpoint {
        /// The checkpoint's file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The run that should go on has checkpoints, but none of them can be read.
    #[error("no checkpoint in {} can be read: start a new run, or replace this one with --overwrite", path.display())]
    NoCheckpoint {
        /// The checkpoints' folder.
        path: PathBuf,
        /// What is wrong with the newest one.
        source: Option<Box<TrainError>>,
    },
    /// The checkpoint was taken on other data.
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
        /// Its value.
        found: String,
        /// What fits.
        expected: String,
    },
    /// A split that the run needs is empty.
    #[error("the {split} split of {dataset} has no examples: {hint}")]
    NoExamples {
        /// The split.
        split: &'static str,
        /// The data set.
        dataset: String,
        /// What to do.
        hint: &'static str,
    },
    /// The splits that were encoded before are not those of the settings.
    #[error(
        "the splits were encoded for other settings: \"model\", \"dataset\", \"evaluate_test\" or a key of \"data\" differs; encode them again"
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
    /// An observer that isn't ours failed.
    #[error("an observer of the run failed")]
    Observer {
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Says what was tried on which path when an I/O operation fails.
pub(crate) trait IoContext<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, TrainError>;
}

impl<T> IoContext<T> for std::io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, TrainError> {
        self.map_err(|source| TrainError::Io { action, path: path.to_owned(), source })
    }
}
