//! [`RegressionAccumulator`]: collects true and predicted numbers and computes a [`RegressionReport`].

use super::report::RegressionReport;
use crate::MetricsError;

/// Collects the true and the predicted number of one example after another and gives a [`RegressionReport`]
/// over all examples at any time. Numbers may have any scale and a large offset (1e9 and a little).
///
/// Memory: both numbers of each example, because Spearman's correlation depends on the order of all of them.
///
/// ```
/// use embert_metrics::{NamedMetric as _, RegressionAccumulator, RegressionMetric};
///
/// let mut accumulator = RegressionAccumulator::default();
/// for (truth, predicted) in [(5.0, 4.0), (2.5, 2.0), (0.0, 1.0)] {
///     accumulator.add(truth, predicted)?;
/// }
/// let report = accumulator.report();
/// assert_eq!((report.mse, report.spearman), (Some(0.75), Some(1.0)));
/// assert_eq!(RegressionMetric::Loss.value(&report), report.mse);
/// # Ok::<(), embert_metrics::MetricsError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RegressionAccumulator {
    truths: Vec<f64>,
    predicted: Vec<f64>,
}

impl RegressionAccumulator {
    /// Adds an example.
    ///
    /// # Errors
    /// A number that is NaN or infinite. The accumulator is unchanged then.
    pub fn add(&mut self, truth: f64, predicted: f64) -> Result<(), MetricsError> {
        if !truth.is_finite() {
            return Err(MetricsError::TruthNotFinite { value: truth });
        }
        if !predicted.is_finite() {
            return Err(MetricsError::PredictionNotFinite { value: predicted });
        }
        // `+ 0.0` turns -0.0 into 0.0, with which it is equal.
        self.truths.push(truth + 0.0);
        self.predicted.push(predicted + 0.0);
        Ok(())
    }

    /// Adds all examples of `other`.
    pub fn merge(&mut self, other: Self) {
        self.truths.extend(other.truths);
        self.predicted.extend(other.predicted);
    }

    /// The metrics over all examples so far.
    pub fn report(&self) -> RegressionReport {
        RegressionReport::new(&self.truths, &self.predicted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NamedMetric as _;
    use crate::RegressionMetric::{self, Mae, Mse, Pearson, R2, Spearman};

    fn report(pairs: &[(f64, f64)]) -> RegressionReport {
        let mut accumulator = RegressionAccumulator::default();
        for (truth, predicted) in pairs {
            accumulator.add(*truth, *predicted).unwrap();
        }
        accumulator.report()
    }

    #[test]
    fn a_number_that_is_none_is_refused_and_leaves_no_trace() {
        let mut accumulator = RegressionAccumulator::default();
        let mut error = |truth, predicted| accumulator.add(truth, predicted).unwrap_err().to_string();
        assert_eq!(error(f64::NAN, 1.0), "the true number of an example is NaN, expected a finite number");
        assert_eq!(
            error(1.0, f64::NEG_INFINITY),
            "the predicted number of an example is -inf, expected a finite number"
        );
        assert_eq!(accumulator.report().examples, 0);
    }

    #[test]
    fn what_is_not_defined_is_none() {
        let undefined = |pairs: &[(f64, f64)]| report(pairs).undefined().collect::<Vec<_>>();
        assert_eq!(undefined(&[]), [Pearson, Spearman, Mse, Mae, R2]);
        assert_eq!(undefined(&[(1.0, 2.0)]), [Pearson, Spearman, R2]);
        assert_eq!(undefined(&[(0.1, 1.0), (0.1, 2.0), (0.1, 3.0)]), [Pearson, Spearman, R2]);
        assert_eq!(undefined(&[(1.0, 0.1), (2.0, 0.1), (3.0, 0.1)]), [Pearson, Spearman]);
        assert_eq!(undefined(&[(0.0, 1.0), (-0.0, 2.0)]), [Pearson, Spearman, R2], "the two zeros are equal");
        assert_eq!(report(&[(0.1, 1.0), (0.1, 2.0), (0.1, 3.0)]).truth_standard_deviation, Some(0.0));
    }

    #[test]
    fn a_large_offset_takes_nothing_away() {
        let pairs = [(0.25, 0.5), (1.5, 1.0), (2.0, 2.75), (4.0, 3.0), (0.0, 0.125)];
        let plain = report(&pairs);
        let shifted = report(&pairs.map(|(truth, predicted)| (truth + 1e9, predicted + 1e9)));
        for (metric, tolerance) in RegressionMetric::displayed().map(|metric| (metric, 1e-15)) {
            let (plain, shifted) = (metric.value(&plain).unwrap(), metric.value(&shifted).unwrap());
            assert!((plain - shifted).abs() <= tolerance, "{metric}: {plain} against {shifted}");
        }
        assert_eq!(shifted.truth_mean, Some(1e9 + 1.55));
    }

    #[test]
    fn numbers_near_the_ends_of_f64_are_no_nan() {
        let tiny = report(&[(1e-300, 2e-300), (2e-300, 3e-300), (4e-300, 3.5e-300)]);
        assert!(tiny.pearson.is_some_and(|pearson| pearson > 0.9), "{tiny:?}");
        let huge = report(&[(1e300, -1e300), (-1e300, 1e300), (0.0, 1e299)]);
        assert!(huge.pearson.is_some_and(|pearson| pearson < -0.9), "{huge:?}");
        assert_eq!((huge.mse, huge.r2), (None, None));
    }
}
