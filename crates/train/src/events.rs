//! What a run tells the world: [`Event`]s, and the [`Observer`]s that receive them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use embert_metrics::Report;
use serde::{Deserialize, Serialize};

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
    /// Training begins, or goes on.
    Start(Start),
    /// Other parameters are trained from the next step on, or at other rates; also the first stage of several.
    Stage(Stage),
    /// So many examples have been through the frozen part of the model, whose output is kept.
    CacheProgress {
        /// The split's name.
        split: String,
        /// Examples done.
        done: usize,
        /// Examples in all.
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
    /// An evaluation of the validation split was held against those before it.
    Judged {
        /// The step after which the weights were taken.
        step: usize,
        /// The value of the metric that chooses the best weights; absent where it isn't defined.
        value: Option<f64>,
        /// Whether it is the best so far.
        is_best: bool,
    },
    /// A checkpoint or the result will be written: what an observer has written so far is to be on the disk by then.
    Saving {
        /// The step after which it is taken.
        step: usize,
    },
    /// A checkpoint is on disk.
    Saved {
        /// The step after which it was taken.
        step: usize,
        /// Its folder.
        path: PathBuf,
    },
    /// The run stops before its last step, since the metric no longer improves.
    EarlyStop {
        /// The step after which it stops.
        step: usize,
        /// Evaluations in a row without an improvement.
        evaluations: usize,
    },
    /// The run is complete and its `model/` written.
    End(End),
}

impl Event {
    /// Whether what was logged so far, this event included, has to be on the disk before the run goes on.
    pub(crate) fn comes_before_a_save(&self) -> bool {
        matches!(self, Self::Saving { .. } | Self::End(_))
    }

    /// The step after which the event happened, for the events that `metrics.jsonl` holds.
    pub(crate) fn logged_step(&self) -> Option<usize> {
        match self {
            Self::Stage(event) => Some(event.step),
            Self::TrainStep(event) => Some(event.step),
            Self::Eval(event) => Some(event.step),
            Self::End(event) => Some(event.step),
            _ => None,
        }
    }
}

/// The size of the run that begins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Start {
    /// The step after which the run goes on; 0 for a new one.
    pub step: usize,
    /// Optimizer steps in all.
    pub total_steps: usize,
    /// Optimizer steps in an epoch.
    pub steps_per_epoch: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// The metric that chooses the best weights.
    pub metric: String,
    /// Examples of the training split.
    pub train_examples: usize,
    /// Examples of the validation split; 0 where there is none.
    pub validation_examples: usize,
    /// Seconds that the run took before it was stopped.
    pub seconds: f64,
}

/// The beginning of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The last step before it.
    pub step: usize,
    /// Its number, from 1.
    pub stage: usize,
    /// What is frozen in it.
    pub freeze: String,
    /// Parameters that are trained in it.
    pub trainable: usize,
}

/// One optimizer step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainStep {
    /// The step, from 1.
    pub step: usize,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The mean loss over the step's examples, before the update.
    pub loss: f64,
    /// The L2 norm of all gradients together, before clipping.
    pub grad_norm: f64,
    /// The learning rate of the base group in this step.
    pub learning_rate: f64,
    /// That of the head; absent where it is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_learning_rate: Option<f64>,
    /// That of each part of the model; empty where there are no more than base and head.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub learning_rates: BTreeMap<String, f64>,
    /// Examples in the step.
    pub examples: usize,
    /// Tokens in the step, without padding.
    pub tokens: usize,
    /// Seconds since the run began, not counting the time it was stopped.
    pub seconds: f64,
}

/// The metrics of a whole split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Eval {
    /// `validation` or `test`.
    pub split: String,
    /// The step after which the weights were taken.
    pub step: usize,
    /// The epoch of that step.
    pub epoch: usize,
    /// Mean cross-entropy, without class weights or smoothing.
    pub loss: f64,
    /// Share of examples whose label was predicted.
    pub accuracy: f64,
    /// Precision; of the positive class with two labels, else the macro average.
    pub precision: f64,
    /// Recall, likewise.
    pub recall: f64,
    /// F1, likewise.
    pub f1: f64,
    /// Matthews correlation coefficient.
    pub mcc: f64,
    /// Area under the ROC curve; absent where only one label occurs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roc_auc: Option<f64>,
    /// Examples in the split.
    pub examples: usize,
}

impl Eval {
    pub(crate) fn new(split: &str, step: usize, epoch: usize, report: &Report) -> Self {
        Self {
            split: split.to_owned(),
            step,
            epoch,
            loss: report.loss,
            accuracy: report.accuracy,
            precision: report.precision,
            recall: report.recall,
            f1: report.f1,
            mcc: report.mcc,
            roc_auc: report.roc_auc,
            examples: report.examples,
        }
    }
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// The last step.
    pub step: usize,
    /// The epoch of the last step.
    pub epoch: usize,
    /// The metric that chose the best checkpoint.
    pub metric: String,
    /// The step of the best evaluation; absent without a validation split.
    pub best_step: Option<usize>,
    /// The best value of the metric; absent without a validation split.
    pub best_metric: Option<f64>,
    /// Whether early stopping ended the run.
    pub early_stopped: bool,
    /// Seconds of the whole run, not counting the time it was stopped.
    pub seconds: f64,
    /// What the time went into.
    #[serde(default)]
    pub phases: Phases,
    /// The most memory that a process of the run held, in bytes; in a sweep, from the run's beginning on. Absent where the system
    /// doesn't say.
    pub peak_memory: Option<u64>,
}

/// Seconds of the parts of a run, those of earlier processes included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Phases {
    /// Loading the checkpoint and encoding the texts, each time that the run began or went on; not part of the run's seconds.
    pub prepare: f64,
    /// Optimizer steps.
    pub train: f64,
    /// Evaluations.
    pub evaluate: f64,
    /// Checkpoints and the result.
    pub save: f64,
}
