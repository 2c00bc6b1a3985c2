//! [`MaskedAccumulator`].

use super::report::MaskedReport;
use crate::MetricsError;
use crate::sum::Sum;

/// Collects the predictions for masked tokens, one after another.
#[derive(Clone, Copy, Debug, Default)]
pub struct MaskedAccumulator {
    masked: usize,
    hits: usize,
    loss: Sum,
}

impl MaskedAccumulator {
    /// Adds a masked token: the negative logarithm of the true token's probability, in nats, and whether the
    /// true token is the most probable one.
    ///
    /// # Errors
    /// `loss` is not finite. The accumulator is then unchanged.
    pub fn add(&mut self, loss: f64, is_hit: bool) -> Result<(), MetricsError> {
        if !loss.is_finite() {
            return Err(MetricsError::LossNotFinite { value: loss });
        }
        self.masked += 1;
        self.hits += usize::from(is_hit);
        self.loss.add(loss);
        Ok(())
    }

    /// Adds all masked tokens of another accumulator.
    pub fn merge(&mut self, other: Self) {
        self.masked += other.masked;
        self.hits += other.hits;
        self.loss.merge(other.loss);
    }

    /// The metrics over all masked tokens so far.
    pub fn report(&self) -> MaskedReport {
        MaskedReport::new(self.masked, self.hits, self.loss.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MaskedMetric, NamedMetric as _};

    fn of(tokens: &[(f64, bool)]) -> MaskedAccumulator {
        let mut accumulator = MaskedAccumulator::default();
        for (loss, is_hit) in tokens {
            accumulator.add(*loss, *is_hit).unwrap();
        }
        accumulator
    }

    #[test]
    fn perplexity_is_the_power_of_the_mean_loss() {
        // Probabilities of 1/2, 1/8 and 1/4: their geometric mean is 1/4.
        let losses = [0.5_f64, 0.125, 0.25].map(|probability| -probability.ln());
        let report = of(&[(losses[0], true), (losses[1], false), (losses[2], true)]).report();
        assert_eq!(report.masked, 3);
        let near = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-12;
        assert!(near(report.perplexity, 4.0) && near(report.masked_accuracy, 2.0 / 3.0), "{report:?}");
        assert!(near(report.loss, 4.0_f64.ln()) && report.undefined().next().is_none());
        // Where every token of a vocabulary is as probable, it is the vocabulary's size.
        let uniform = of(&[(30_522.0_f64.ln(), false); 7]).report();
        assert!((uniform.perplexity.unwrap() - 30_522.0).abs() < 1e-6);
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let tokens = [(0.25, true), (3.5, false), (0.125, true), (2.0, false)];
        let mut parts = of(&tokens[..3]);
        parts.merge(of(&tokens[3..]));
        assert_eq!(parts.report(), of(&tokens).report());
    }

    #[test]
    fn a_perplexity_that_is_too_large_is_said() {
        let report = of(&[(812.25, false)]).report();
        assert_eq!((report.perplexity, report.loss), (None, Some(812.25)));
        assert_eq!(report.undefined().collect::<Vec<_>>(), [MaskedMetric::Perplexity]);
        assert!(report.overflow().unwrap().starts_with("the perplexity is e^812.2"), "{report:?}");
        assert_eq!(of(&[(700.0, false)]).report().overflow(), None);
    }

    #[test]
    fn nothing_masked_defines_nothing_and_what_is_not_finite_is_refused() {
        let none = MaskedAccumulator::default().report();
        assert_eq!(none.undefined().collect::<Vec<_>>(), MaskedMetric::displayed().collect::<Vec<_>>());
        assert_eq!(none.overflow(), None);
        let mut accumulator = of(&[(1.0, true)]);
        for loss in [f64::NAN, f64::INFINITY] {
            assert!(matches!(accumulator.add(loss, true), Err(MetricsError::LossNotFinite { .. })));
        }
        assert_eq!(accumulator.report().masked, 1);
    }
}
