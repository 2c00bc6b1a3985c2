//! [`Plan`]: which steps a run has, and what is due after each.

use crate::TrainConfig;

/// Which steps there are, and what is due after each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) steps_per_epoch: usize,
    pub(super) total_steps: usize,
    pub(super) evaluate_every: usize,
    pub(super) save_every: usize,
}

impl Plan {
    pub(super) fn new(config: &TrainConfig, examples: usize) -> Self {
        let steps_per_epoch = examples.div_ceil(config.batch_size).div_ceil(config.micro_batches());
        Self {
            steps_per_epoch,
            total_steps: steps_per_epoch * config.epochs,
            evaluate_every: config.evaluate_every.unwrap_or(steps_per_epoch),
            save_every: config.save_every.unwrap_or(steps_per_epoch),
        }
    }

    /// The epoch, from 1, of a step, from 1.
    pub(super) fn epoch(&self, step: usize) -> usize {
        step.saturating_sub(1) / self.steps_per_epoch + 1
    }

    pub(super) fn is_last(&self, step: usize) -> bool {
        step >= self.total_steps
    }

    pub(super) fn evaluates_after(&self, step: usize) -> bool {
        step.is_multiple_of(self.evaluate_every) || self.is_last(step)
    }

    pub(super) fn saves_after(&self, step: usize) -> bool {
        step.is_multiple_of(self.save_every) || self.is_last(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_steps_over_the_unfinished_tail() {
        let config = TrainConfig { batch_size: 4, accumulate: 2, epochs: 3, ..TrainConfig::default() };
        let plan = Plan::new(&config, 17);
        assert_eq!((plan.steps_per_epoch, plan.total_steps), (3, 9));
        assert_eq!([1, 3, 4, 9].map(|step| plan.epoch(step)), [1, 1, 2, 3]);
        assert!(plan.evaluates_after(3) && !plan.evaluates_after(4) && plan.is_last(9));
    }
}
