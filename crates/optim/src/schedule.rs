//! Learning-rate schedules.

use std::f64::consts::PI;

/// The shape of the learning rate after the warm-up, with the formulas of `transformers`' `get_scheduler`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// The learning rate stays at its highest.
    Constant,
    /// The learning rate falls to 0 in a straight line.
    Linear,
    /// The learning rate is multiplied by `max(0, (1 + cos(2 pi cycles progress)) / 2)`. Half a cycle falls
    /// to 0 once.
    Cosine {
        /// The number of cosine waves in the run; 0.5 is `transformers`' default.
        cycles: f64,
    },
    /// The learning rate is multiplied by `end_factor + (1 - end_factor) (1 - progress)^power`, and by
    /// `end_factor` beyond the end.
    Polynomial {
        /// The exponent; 1 gives a straight line.
        power: f64,
        /// The final learning rate as a share of the highest.
        end_factor: f64,
    },
}

/// The steps over which the learning rate rises from 0 to its highest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Warmup {
    /// A number of steps.
    Steps(usize),
    /// A share of all steps; the number of steps is rounded up.
    Ratio(f64),
}

impl Warmup {
    /// The number of warm-up steps in a run of `total_steps`.
    pub fn steps(self, total_steps: usize) -> usize {
        match self {
            Self::Steps(steps) => steps,
            Self::Ratio(ratio) => (total_steps as f64 * ratio).ceil() as usize,
        }
    }
}

/// A [`Schedule`] after a [`Warmup`].
///
/// ```
/// use embert_optim::{Schedule, ScheduleConfig, Warmup};
///
/// let config = ScheduleConfig { schedule: Schedule::Linear, warmup: Warmup::Ratio(0.1) };
/// assert_eq!(config.factor(0, 100), 0.0);
/// assert_eq!(config.factor(10, 100), 1.0);
/// assert_eq!(config.factor(55, 100), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScheduleConfig {
    /// The schedule after the warm-up.
    pub schedule: Schedule,
    /// The warm-up.
    pub warmup: Warmup,
}

impl ScheduleConfig {
    /// The factor on the learning rates in step `steps_done` of `total_steps`, counted from 0. The factor of
    /// the first step is 0 if there is a warm-up.
    pub fn factor(&self, steps_done: usize, total_steps: usize) -> f64 {
        let warmup = self.warmup.steps(total_steps);
        if steps_done < warmup {
            return steps_done as f64 / warmup as f64;
        }
        let steps_of_decay = total_steps.saturating_sub(warmup).max(1) as f64;
        let progress = (steps_done - warmup) as f64 / steps_of_decay;
        // Not `1 - progress`: if the warm-up is the whole run, `progress` is 0 at the end, and `left` is 0
        // too.
        let left = total_steps.saturating_sub(steps_done) as f64 / steps_of_decay;
        match self.schedule {
            Schedule::Constant => 1.0,
            Schedule::Linear => left,
            Schedule::Cosine { cycles } => (0.5 * (1.0 + (PI * cycles * 2.0 * progress).cos())).max(0.0),
            Schedule::Polynomial { end_factor, .. } if steps_done > total_steps => end_factor,
            Schedule::Polynomial { power, end_factor } => (1.0 - end_factor) * left.powf(power) + end_factor,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Schedule; 4] = [
        Schedule::Constant,
        Schedule::Linear,
        Schedule::Cosine { cycles: 0.5 },
        Schedule::Polynomial { power: 2.0, end_factor: 0.1 },
    ];

    proptest! {
        #[test]
        fn factors_stay_in_range_and_fall_after_the_warm_up(
            total in 1_usize..500, ratio in 0.0..1.0_f64, which in 0..ALL.len(),
        ) {
            let config = ScheduleConfig { schedule: ALL[which], warmup: Warmup::Ratio(ratio) };
            let warmup = config.warmup.steps(total);
            let factors: Vec<f64> = (0..total).map(|step| config.factor(step, total)).collect();
            prop_assert!(factors.iter().all(|factor| (0.0..=1.0).contains(factor)));
            for step in 1..total {
                if step <= warmup {
                    prop_assert!(factors[step] > factors[step - 1]);
                } else {
                    prop_assert!(factors[step] <= factors[step - 1]);
                }
            }
        }
    }

    #[test]
    fn a_run_of_warm_up_alone_does_not_divide_by_zero() {
        let config = ScheduleConfig { schedule: Schedule::Linear, warmup: Warmup::Steps(10) };
        assert!((config.factor(5, 10) - 0.5).abs() < 1e-12);
        // As in `transformers`, although no step has this factor.
        assert!(config.factor(10, 10).abs() < 1e-12);
    }
}
