//! Whether two means differ by more than their spread explains.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// Welch's t-test of two means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Welch {
    /// The absolute difference of the means divided by its standard error.
    pub(crate) t: f64,
    /// The degrees of freedom, by Welch and Satterthwaite.
    pub(crate) freedom: f64,
}

/// A difference is beyond chance if chance alone gives one as large in fewer than one case of twenty.
const LEVEL: f64 = 0.05;

/// A mean, the sample standard deviation, and the number of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) mean: f64,
    pub(crate) deviation: f64,
    pub(crate) count: usize,
}

impl Welch {
    /// The test of two samples; `None` if a sample has fewer than two values, or if neither sample varies.
    pub(crate) fn of(one: Sample, other: Sample) -> Option<Self> {
        if one.count < 2 || other.count < 2 {
            return None;
        }
        let [a, b] = [one, other].map(|sample| sample.deviation.powi(2) / sample.count as f64);
        let error = (a + b).sqrt();
        let freedom =
            (a + b).powi(2) / (a.powi(2) / (one.count - 1) as f64 + b.powi(2) / (other.count - 1) as f64);
        // Deviations whose squares underflow count as 0.
        (error > 0.0 && freedom.is_finite())
            .then(|| Self { t: (one.mean - other.mean).abs() / error, freedom })
    }

    /// Whether chance alone would give such a difference in fewer than one case of twenty: the two-sided
    /// p-value is below 5 %.
    pub(crate) fn is_beyond_chance(self) -> bool {
        // There is at least one degree of freedom, so the distribution exists.
        StudentsT::new(0.0, 1.0, self.freedom).is_ok_and(|student| 2.0 * student.sf(self.t) < LEVEL)
    }
}

#[cfg(test)]
mod tests {
    use embert_metrics::{mean, standard_deviation};
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Case {
        one: Vec<f64>,
        other: Vec<f64>,
        t: f64,
        freedom: f64,
    }

    #[derive(Deserialize)]
    struct Reference {
        quantiles: Vec<f64>,
        cases: Vec<Case>,
    }

    fn sample(values: &[f64]) -> Sample {
        let (mean, deviation) = (mean(values).unwrap(), standard_deviation(values));
        Sample { mean, deviation: deviation.unwrap_or(0.0), count: values.len() }
    }

    /// The expected numbers are from `scipy.stats`, by tests/reference/chance.py. The tolerance is 1e-9:
    /// the two sides add a few numbers in different orders.
    #[test]
    fn the_test_is_that_of_scipy() {
        let reference: Reference =
            serde_json::from_str(include_str!("../tests/fixtures/chance.json")).unwrap();
        for case in &reference.cases {
            let welch = Welch::of(sample(&case.one), sample(&case.other)).unwrap();
            assert!((welch.t - case.t).abs() <= 1e-9 * case.t.max(1.0), "{} {}", welch.t, case.t);
            assert!(
                (welch.freedom - case.freedom).abs() <= 1e-9 * case.freedom,
                "{} {}",
                welch.freedom,
                case.freedom
            );
        }
        // The 97.5 % quantiles of Student's distribution with 1, 2, ... degrees of freedom.
        for (freedom, quantile) in (1..).map(f64::from).zip(&reference.quantiles) {
            let at = |t: f64| Welch { t, freedom }.is_beyond_chance();
            assert!(at(quantile * (1.0 + 1e-9)) && !at(quantile * (1.0 - 1e-9)), "{freedom}");
        }
    }

    #[test]
    fn two_seeds_have_to_be_far_apart() {
        let compare = |one: &[f64], other: &[f64]| Welch::of(sample(one), sample(other));
        assert!(!compare(&[0.90, 0.92], &[0.86, 0.88]).unwrap().is_beyond_chance());
        assert!(compare(&[0.90, 0.905], &[0.80, 0.805]).unwrap().is_beyond_chance());
        assert_eq!(compare(&[0.9], &[0.8, 0.7]), None);
        assert_eq!(compare(&[0.9, 0.9], &[0.8, 0.8]), None);
    }
}
