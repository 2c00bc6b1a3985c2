//! [`Outcome`].

use crate::End;

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The result is in the run's `model/`.
    Complete(End),
    /// The run was stopped and saved after `step`, and can be resumed.
    Interrupted {
        /// The last step done.
        step: usize,
        /// All steps of the run.
        total_steps: usize,
    },
}
