//! The [`Event`]s of a run, and the [`Observer`]s that receive them.

use std::path::PathBuf;

use embert_run::MetricInfo;
pub use embert_run::{End, Eval, Phases, Stage, TrainStep};
use serde::Serialize;

use crate::TrainError;

/// Receives every event of a run, in order, on the thread that trains.
///
/// The program's progress bar is one observer and `metrics.jsonl` another; a library user adds their own with
/// [`Trainer::observe`](crate::Trainer::observe).
pub trait Observer {
    /// Called once for each event.
    ///
    /// # Errors
    /// An error stops the run.
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError>;
}

impl<O: Observer + ?Sized> Observer for Box<O> {
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
        (**self).on_event(event)
    }
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// Training begins or is resumed.
    Start(Start),
    /// From the next step on, other parameters are trained, or at other learning rates. In a run of several
    /// stages, the first stage is an event too.
    Stage(Stage),
    /// The frozen part's output has been computed for so many features of a split.
    CacheProgress {
        /// The split's name.
        split: String,
        /// Features done.
        done: usize,
        /// Features in all.
        total: usize,
    },
    /// An optimizer step is done.
    TrainStep(TrainStep),
    /// So many examples of an evaluation are done.
    EvalProgress {
        /// The split's name.
        split: String,
        /// Examples done.
        done: usize,
        /// Examples in all.
        total: usize,
    },
    /// An evaluation is done.
    Eval(Eval),
    /// The monitored metric, by which the best weights are chosen, was compared with that of earlier
    /// evaluations of the validation split.
    Monitored {
        /// The step after which the weights were taken.
        step: usize,
        /// The value of the metric that chooses the best weights; absent where it isn't defined.
        value: Option<f64>,
        /// Whether the value is the best so far.
        is_best: bool,
    },
    /// A checkpoint or the result will be written: an observer that writes a file should sync it to the disk
    /// now.
    Saving {
        /// The step after which the weights are taken.
        step: usize,
    },
    /// A checkpoint is on disk.
    Saved {
        /// The step after which the checkpoint was taken.
        step: usize,
        /// The checkpoint's folder.
        path: PathBuf,
    },
    /// The run stops before its last step, since the metric no longer improves.
    EarlyStop {
        /// The step after which the run stops.
        step: usize,
        /// Evaluations in a row without an improvement.
        evaluations: usize,
    },
    /// The run is complete and its `model/` written.
    End(End),
}

impl Event {
    /// Whether all logged events, this event included, have to be on the disk before the run goes on.
    pub(crate) fn comes_before_a_save(&self) -> bool {
        matches!(self, Self::Saving { .. } | Self::End(_))
    }
}

/// The size of the run that begins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Start {
    /// The step after which the run goes on; 0 for a new run.
    pub step: usize,
    /// Optimizer steps in all.
    pub total_steps: usize,
    /// Optimizer steps in an epoch.
    pub steps_per_epoch: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// The metric that chooses the best weights.
    pub metric: String,
    /// Every metric that may choose the best weights, in the order for display.
    pub metrics: Vec<MetricInfo>,
    /// Examples of the training split.
    pub train_examples: usize,
    /// What these examples are in training: as many features as examples, or more where the windows of long
    /// texts are trained on.
    pub train_features: usize,
    /// Examples of the validation split; 0 where there is none.
    pub validation_examples: usize,
    /// Seconds that the run took before the last stop; 0 for a new run.
    pub seconds: f64,
}
