//! [`Tracker`]: the best evaluation so far, and early stopping.

use embert_run::{Best, Better, TrackerState};

/// Follows one metric over the evaluations of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracker {
    better: Better,
    patience: Option<usize>,
    min_delta: f64,
    state: TrackerState,
}

impl Tracker {
    /// Follows a metric whose higher or lower values are better. Patience runs out after `patience`
    /// evaluations in a row without an improvement of more than `min_delta`; `None` never stops.
    pub fn new(better: Better, patience: Option<usize>, min_delta: f64) -> Self {
        Self { better, patience, min_delta, state: TrackerState::default() }
    }

    /// This tracker with the state of an earlier process.
    #[must_use]
    pub fn with_state(self, state: TrackerState) -> Self {
        Self { state, ..self }
    }

    /// Records the metric's value in the evaluation after `step`; `None`, for an undefined metric, is no
    /// improvement. Returns whether the value is the best so far.
    pub fn update(&mut self, step: usize, value: Option<f64>) -> bool {
        let value = value.filter(|value| !value.is_nan());
        let improves = |on: Option<f64>, margin: f64| {
            value.filter(|value| {
                on.is_none_or(|on| self.better.is_better(*value, on) && (value - on).abs() > margin)
            })
        };
        let reference = improves(self.state.reference, self.min_delta);
        let best = improves(self.state.best.map(|best| best.value), 0.0);
        match reference {
            Some(value) => {
                self.state.reference = Some(value);
                self.state.stale = 0;
            }
            None => self.state.stale += 1,
        }
        if let Some(value) = best {
            self.state.best = Some(Best { step, value });
        }
        best.is_some()
    }

    /// Whether patience has run out.
    pub fn is_exhausted(&self) -> bool {
        self.patience.is_some_and(|patience| self.state.stale >= patience)
    }

    /// Evaluations in a row without an improvement.
    pub fn stale(&self) -> usize {
        self.state.stale
    }

    /// The best evaluation so far.
    pub fn best(&self) -> Option<Best> {
        self.state.best
    }

    /// The state that a checkpoint keeps.
    pub fn state(&self) -> &TrackerState {
        &self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_gain_is_the_best_but_does_not_reset_patience() {
        let mut tracker = Tracker::new(Better::Higher, Some(2), 0.01);
        assert!(tracker.update(1, Some(0.80)));
        assert!(tracker.update(2, Some(0.805)));
        assert!(!tracker.is_exhausted());
        assert!(!tracker.update(3, Some(0.80)));
        assert!(tracker.is_exhausted());
        assert_eq!(tracker.best(), Some(Best { step: 2, value: 0.805 }));
    }

    #[test]
    fn the_direction_is_the_metrics() {
        let mut tracker = Tracker::new(Better::Lower, None, 0.0);
        assert!(tracker.update(1, Some(0.6)));
        assert!(tracker.update(2, Some(0.4)));
        assert!(!tracker.update(3, Some(0.5)));
        assert!(!tracker.update(4, Some(0.4)), "a tie keeps the earlier one");
        assert_eq!(tracker.best().unwrap().step, 2);
    }

    #[test]
    fn an_undefined_metric_is_no_improvement() {
        let mut tracker = Tracker::new(Better::Higher, Some(1), 0.0);
        assert!(!tracker.update(1, None));
        assert!(tracker.is_exhausted());
        assert!(!tracker.update(2, Some(f64::NAN)));
        assert_eq!(tracker.best(), None);
    }

    /// A JSON reader that is not exact reads this number as a neighbouring f64.
    #[test]
    fn the_best_value_is_the_same_from_a_file() {
        let mut tracker = Tracker::new(Better::Lower, None, 0.0);
        tracker.update(1, Some(0.020_834_435_499_999_998));
        let json = serde_json::to_string(tracker.state()).unwrap();
        assert_eq!(serde_json::from_str::<TrackerState>(&json).unwrap(), *tracker.state());
    }

    #[test]
    fn it_goes_on_where_it_was_left() {
        let mut one = Tracker::new(Better::Higher, Some(3), 0.0);
        let values = [0.5, 0.4, 0.6, 0.5, 0.5, 0.5];
        for (step, value) in values.into_iter().enumerate().take(3) {
            one.update(step, Some(value));
        }
        let json = serde_json::to_string(one.state()).unwrap();
        let mut two =
            Tracker::new(Better::Higher, Some(3), 0.0).with_state(serde_json::from_str(&json).unwrap());
        for (step, value) in values.into_iter().enumerate().skip(3) {
            assert!(!two.is_exhausted());
            one.update(step, Some(value));
            two.update(step, Some(value));
        }
        assert_eq!(one, two);
        assert!(two.is_exhausted());
    }
}
