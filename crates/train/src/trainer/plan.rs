//! [`Plan`]: the steps of a run, and after which of them it evaluates and saves.

use embert_data::EncodedDataset;

use crate::config::MOST_STEPS;
use crate::{TrainConfig, TrainError};

/// The steps of a run, and after which of them the run evaluates and saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) steps_per_epoch: usize,
    pub(crate) total_steps: usize,
    pub(crate) evaluate_every: usize,
    pub(crate) save_every: usize,
}

impl Plan {
    /// The steps of a run on the training split `train`: with `data.train_stride`, and where examples are of
    /// `separate_texts`, a step has examples, else features.
    ///
    /// # Errors
    /// There are more steps than a run can have.
    pub(crate) fn of_split<T>(
        config: &TrainConfig,
        train: &EncodedDataset<T>,
        separate_texts: bool,
    ) -> Result<Self, TrainError> {
        let of_examples = separate_texts || config.data.train_stride.is_some();
        let counted = if of_examples { train.examples() } else { train.features().len() };
        Self::new(config, counted)
    }

    /// The steps of a run on `examples` training examples (at least one), with a validated config.
    ///
    /// # Errors
    /// There are more steps than a run can have.
    fn new(config: &TrainConfig, examples: usize) -> Result<Self, TrainError> {
        let steps_per_epoch = examples.div_ceil(config.batch_size).div_ceil(config.micro_batches()).max(1);
        let total_steps = steps_per_epoch.checked_mul(config.epochs).filter(|steps| *steps <= MOST_STEPS);
        let Some(total_steps) = total_steps else {
            return Err(TrainError::Setting {
                key: "epochs",
                found: format!("{} with {steps_per_epoch} steps in each", config.epochs),
                expected: format!(
                    "at most {} epochs, so that the run has no more than {MOST_STEPS} steps, as its checkpoints are numbered with eight digits",
                    MOST_STEPS / steps_per_epoch
                ),
            });
        };
        Ok(Self {
            steps_per_epoch,
            total_steps,
            evaluate_every: config.evaluate_every.unwrap_or(steps_per_epoch),
            save_every: config.save_every.unwrap_or(steps_per_epoch),
        })
    }

    /// A lower bound on the number of checkpoints that the run adds to the disk at a time after `step`:
    /// `keep`, and the next checkpoint before the oldest is removed. For a resumed run, or if early stopping
    /// is on (`may_stop`), the bound is one.
    pub(crate) fn checkpoints_at_a_time(&self, step: usize, keep: usize, may_stop: bool) -> usize {
        let most = if step > 0 || may_stop { 1 } else { keep + 1 };
        self.total_steps.saturating_sub(step).div_ceil(self.save_every).min(most)
    }

    /// The epoch, from 1, of a step, from 1.
    pub(crate) fn epoch(&self, step: usize) -> usize {
        step.saturating_sub(1) / self.steps_per_epoch + 1
    }

    pub(crate) fn is_last(&self, step: usize) -> bool {
        step >= self.total_steps
    }

    pub(crate) fn evaluates_after(&self, step: usize) -> bool {
        step.is_multiple_of(self.evaluate_every) || self.is_last(step)
    }

    pub(crate) fn saves_after(&self, step: usize) -> bool {
        step.is_multiple_of(self.save_every) || self.is_last(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_steps_over_the_unfinished_tail() {
        let config = TrainConfig {
            batch_size: 4,
            gradient_accumulation_steps: 2,
            epochs: 3,
            ..TrainConfig::default()
        };
        let plan = Plan::new(&config, 17).unwrap();
        assert_eq!((plan.steps_per_epoch, plan.total_steps), (3, 9));
        assert_eq!([1, 3, 4, 9].map(|step| plan.epoch(step)), [1, 1, 2, 3]);
        assert!(plan.evaluates_after(3) && !plan.evaluates_after(4) && plan.is_last(9));
    }

    #[test]
    fn a_new_checkpoint_stands_beside_those_that_are_kept() {
        let config = TrainConfig { batch_size: 4, epochs: 3, save_every: Some(5), ..TrainConfig::default() };
        let plan = Plan::new(&config, 16).unwrap();
        let at = |step, keep, may_stop| plan.checkpoints_at_a_time(step, keep, may_stop);
        assert_eq!((plan.total_steps, at(0, 1, false), at(0, 2, false), at(0, 9, false)), (12, 2, 3, 3));
        assert_eq!((at(0, 9, true), at(5, 9, false), at(12, 9, false)), (1, 1, 0));
    }

    #[test]
    fn a_run_has_no_more_steps_than_its_checkpoints_have_numbers() {
        let config = |epochs| TrainConfig { batch_size: 1, epochs, ..TrainConfig::default() };
        assert_eq!(Plan::new(&config(99_999), 1000).unwrap().total_steps, 99_999_000);
        let error = Plan::new(&config(100_000), 1000).unwrap_err().to_string();
        assert!(
            error.starts_with("epochs = 100000 with 1000 steps in each: expected at most 99999 "),
            "{error}"
        );
        assert!(Plan::new(&config(100_000), usize::MAX).is_err());
    }
}
