//! [`Progress`]: the state of a run that changes from step to step.

use std::time::Instant;

use embert_model::ModelFor;
use embert_optim::AdamW;
use embert_task::Task;

use crate::evaluate::EvaluationOutput;
use crate::events::{Eval, Phases};
use crate::tracker::Tracker;

/// The state of a run that changes from step to step.
pub(super) struct Progress<T: Task> {
    pub(super) model: ModelFor<T::Head>,
    pub(super) optimizer: AdamW,
    pub(super) tracker: Tracker,
    /// Optimizer steps done.
    pub(super) step: usize,
    pub(super) began: Instant,
    /// Seconds that the processes before this one spent on the run.
    pub(super) seconds_before: f64,
    pub(super) phases: Phases,
    /// The most memory that the processes before this one held, in bytes.
    pub(super) peak_before: Option<u64>,
    /// The evaluation, on the validation split, of the weights that may be kept.
    pub(super) evaluated: Option<Evaluated<T>>,
}

impl<T: Task> Progress<T> {
    /// Seconds that the run took so far, in all processes.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds_before + self.began.elapsed().as_secs_f64()
    }
}

/// The evaluation of a split.
pub(super) struct Evaluated<T: Task> {
    pub(super) eval: Eval,
    pub(super) scored: EvaluationOutput<T>,
}
