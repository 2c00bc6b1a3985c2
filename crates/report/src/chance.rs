//! Whether two means differ by more than their spread explains.

/// Two means against each other, by Welch's t-test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Welch {
    /// The difference in units of its standard error, without sign.
    pub(crate) t: f64,
    /// Degrees of freedom, of Welch and Satterthwaite.
    pub(crate) freedom: f64,
}

/// What [`Welch::t`] exceeds by chance in one case of twenty, for 1, 2, ... degrees of freedom: the 97.5 % quantiles of Student's
/// distribution.
const CRITICAL: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// A mean, its sample standard deviation, and how many values they are of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) mean: f64,
    pub(crate) deviation: f64,
    pub(crate) count: usize,
}

impl Welch {
    /// `None` with fewer than two values on a side, or where none of them varies.
    pub(crate) fn of(one: Sample, other: Sample) -> Option<Self> {
        if one.count < 2 || other.count < 2 {
            return None;
        }
        let [a, b] = [one, other].map(|sample| sample.deviation.powi(2) / sample.count as f64);
        let error = (a + b).sqrt();
        let freedom =
            (a + b).powi(2) / (a.powi(2) / (one.count - 1) as f64 + b.powi(2) / (other.count - 1) as f64);
        // Deviations so small that their squares are nothing are none.
        (error > 0.0 && freedom.is_finite())
            .then(|| Self { t: (one.mean - other.mean).abs() / error, freedom })
    }

    /// Whether chance alone would give such a difference in fewer than one case of twenty.
    pub(crate) fn is_beyond_chance(self) -> bool {
        // The whole number below is on the careful side, and there is at least one.
        let index = (self.freedom.floor() as usize).clamp(1, CRITICAL.len()) - 1;
        self.t > CRITICAL[index]
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

    /// Against `scipy.stats`, by tests/reference/chance.py. Sums of a few numbers in another order: 1e-9. The table has three
    /// decimals.
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
        assert_eq!(reference.quantiles.len(), CRITICAL.len());
        for (ours, theirs) in CRITICAL.iter().zip(&reference.quantiles) {
            assert!((ours - theirs).abs() <= 5e-4, "{ours} {theirs}");
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
