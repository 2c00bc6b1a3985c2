//! Fine-tunes BERT for a task: the loop, evaluation, early stopping, checkpoints and events.
//!
//! A [`TrainConfig`] has every setting. A [`Prepared`] run is made of a config, a model and a data set, and
//! keeps the config. A [`Claim`] locks a folder for the run, and the [`Trainer`] trains into it. Nothing is
//! printed: [`Observer`]s receive the events.
//!
//! What it does not do: know a task by name (`embert-task`), run many runs (`embert-sweep`), fetch anything
//! (`embert-hub`), parse arguments (`bert-train`), or draw charts (`embert-report`).
//!
//! ```no_run
//! use embert_data::DataSource;
//! use embert_model::DeviceChoice;
//! use embert_task::{TextClassification, load};
//! use embert_train::{
//!     Claim, ConfigBuilder, Event, Existing, Observer, Outcome, Prepared, TrainError, Trainer,
//! };
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
//! let DataSource::Local { card, root, .. } = DataSource::resolve(&config.dataset, &["datasets".into()])?
//! else {
//!     return Err("fetch the files of the card first".into());
//! };
//! let data = load(&card, &root, &config.load_options(), &config.label_options())?;
//! let prepared = Prepared::<TextClassification>::new(&config, config.model.as_ref(), data, &device)?;
//! let claim = Claim::run("runs/mine".as_ref(), Existing::Keep)?;
//! let trainer = Trainer::begin(prepared, claim, device)?.observe(Losses);
//! if let Outcome::Complete(end) = trainer.run()? {
//!     println!("best {} {:?} after step {:?}", end.metric, end.best_metric, end.best_step);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A run that was stopped ([`StopSignal`]) or killed is resumed from its newest checkpoint:
//! [`RunFolder::open`] gives its settings, and [`Trainer::resume`] takes the place of [`Trainer::begin`]. The
//! run ends with the bytes of a run that was never stopped.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod batches;
mod cache;
mod checkpoint;
mod claim;
mod config;
mod epoch;
mod error;
mod evaluate;
mod events;
mod fingerprint;
mod groups;
#[doc(hidden)]
pub mod inside;
mod length_order;
mod memory;
mod metrics_log;
mod model_card;
mod model_options;
mod prepared;
mod records;
mod result;
mod run_folder;
mod scores;
mod sizes;
mod splits;
mod stages;
mod tensorboard;
mod tracker;
mod trainer;

pub use embert_optim as optim;

pub use claim::{Claim, Existing, Held};
pub use config::{
    ConfigBuilder, ConfigError, DataConfig, DropoutConfig, EarlyStoppingConfig, KEYS, Keep, LogFormat,
    OptimizerConfig, PaddingConfig, ScheduleKind, Setting, StageConfig, TrainConfig, known_key, renamed,
    toml_value,
};
pub use embert_run::{Best, Better, FolderKind, LOSS, MetricInfo, Metrics, RunError, TrackerState};
pub use embert_task::{ClassWeightRule, ClassWeights};
pub use error::TrainError;
pub use evaluate::{EvaluatedSplit, Evaluation, EvaluationOutput, evaluate, evaluate_checkpoint};
pub use events::{End, Eval, Event, Observer, Phases, Stage, Start, TrainStep};
pub use memory::{OutOfMemory, out_of_memory};
pub use model_card::{DatasetFacts, HubRepository, Provenance};
pub use prepared::Prepared;
pub use result::count_memory_anew;
pub use run_folder::{RunFolder, remove_checkpoints, run_of_model};
pub use sizes::check_max_length;
pub use splits::{EncodedSplits, have_same_splits};
pub use tracker::Tracker;
pub use trainer::{Outcome, StopSignal, Trainer};
