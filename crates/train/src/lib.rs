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
//! use embert_train::{ConfigBuilder, Event, Existing, Observer, Outcome, RunFolder, Task, TrainError, Trainer};
//!
//! struct Losses;
//!
//! impl Observer for Losses {
//!     fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
//!         if let Event::TrainStep(step) = event {
//!             println!("step {}: loss {:.4}", step.step, step.loss);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let config = ConfigBuilder::new().file("configs/sample.toml".as_ref())?.set("epochs=2")?.build()?;
//! let (_, device) = DeviceChoice::Auto.resolve()?;
//! let DataSource::Local { card, root, .. } = DataSource::resolve(&config.dataset, &["datasets".into()])? else {
//!     return Err("fetch the files of the card first".into());
//! };
//! let data = load(&card, &root, &config.load_options())?;
//! let task = Task::prepare(&config, config.model.as_ref(), data, &device)?;
//! let run = RunFolder::create("runs/mine".as_ref(), &config, Existing::Keep)?;
//! let trainer = Trainer::new(config, task, run, device).observe(Losses);
//! if let Outcome::Complete(end) = trainer.run()? {
//!     println!("best {} {:?} after step {:?}", end.metric, end.best_metric, end.best_step);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A run that was stopped ([`StopSignal`], or killed) goes on where its newest checkpoint is: [`RunFolder::open`] in place of
//! [`RunFolder::create`], and the same calls. It ends with the bytes of a run that was never stopped.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod batches;
mod cache;
mod checkpoint;
mod claim;
mod config;
mod error;
mod evaluate;
mod events;
mod fingerprint;
#[doc(hidden)]
pub mod inside;
mod loss;
mod memory;
mod metrics_log;
mod model_card;
mod records;
mod result;
mod run_folder;
mod scores;
mod sizes;
mod splits;
mod stages;
mod sweep;
mod task;
mod tensorboard;
mod tracker;
mod trainer;

pub use embert_optim as optim;

pub use claim::{Claim, Existing};
pub use config::{
    ClassWeightRule, ClassWeights, ConfigBuilder, ConfigError, DataConfig, DropoutConfig,
    EarlyStoppingConfig, KEYS, Keep, LogFormat, OptimizerConfig, OrderConfig, PaddingConfig, ScheduleKind,
    Setting, StageConfig, TrainConfig,
};
pub use embert_run::{
    Better, LOSS, MetricInfo, Metrics, PointResult, RunError, RunResult, Status, SweepTable,
};
pub use error::TrainError;
pub use evaluate::{EvalOptions, Evaluation, Scored, evaluate, evaluate_checkpoint};
pub use events::{End, Eval, Event, Observer, Phases, Stage, Start, TrainStep};
pub use loss::CrossEntropy;
pub use memory::{OutOfMemory, out_of_memory};
pub use model_card::{DatasetFacts, HubRepository, Provenance};
pub use run_folder::{RunFolder, run_of_model};
pub use sizes::check_max_length;
pub use splits::EncodedSplits;
pub use sweep::{Point, Sweep, SweepBuilder, SweepError, SweepEvent, SweepHost, SweepOutcome, SweepStart};
pub use task::Task;
pub use tracker::{Best, Tracker, TrackerState};
pub use trainer::{Outcome, StopSignal, Trainer};
