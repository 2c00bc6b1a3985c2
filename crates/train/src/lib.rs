//! Fine-tunes BERT classifiers: the loop, evaluation, early stopping, checkpoints and events.
//!
//! A [`TrainConfig`] says what to do, a [`Task`] is a model and a data set that fit each other, a [`RunFolder`] holds all
//! of a run, and the [`Trainer`] brings them together. It prints nothing: what happens goes to [`Observer`]s.
//!
//! What it does not do: fetch anything (`embert-hub`), parse arguments or draw (`bert-train`).
//!
//! ```no_run
//! use embert_data::{DataSource, load};
//! use embert_model::DeviceChoice;
//! use embert_train::{ConfigBuilder, Existing, RunFolder, Task, Trainer};
//!
//! let config = ConfigBuilder::new().file("configs/sample.toml".as_ref())?.build()?;
//! let (_, device) = DeviceChoice::Auto.resolve()?;
//! let source = DataSource::resolve(&config.dataset, "datasets".as_ref())?;
//! # fn later() {}
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod checkpoint;
mod config;
mod error;
mod evaluate;
mod events;
mod loss;
mod metrics_log;
mod result;
mod run_folder;
mod task;
mod tracker;
mod trainer;

pub use embert_optim as optim;

pub use config::{
    ClassWeightRule, ClassWeights, ConfigBuilder, ConfigError, DataConfig, DropoutConfig,
    EarlyStoppingConfig, KEYS, Keep, OptimizerConfig, OrderConfig, PaddingConfig, ScheduleKind, TrainConfig,
};
pub use error::TrainError;
pub use evaluate::{EvalOptions, Evaluation, Scored, evaluate, evaluate_checkpoint};
pub use events::{End, Eval, Event, Observer, Start, TrainStep};
pub use loss::CrossEntropy;
pub use run_folder::{Existing, RunFolder, run_of_model};
pub use task::Task;
pub use tracker::{Best, Tracker, TrackerState};
pub use trainer::{Outcome, StopSignal, Trainer};
