//! Means, deviations and correlation that do not lose small differences beside a large offset.

use crate::sum::Sum;

/// Values around their mean.
pub(super) struct Centred {
    /// `None` without values, or if it is too large for an `f64`.
    pub(super) mean: Option<f64>,
    /// The values less the mean.
    differences: Vec<f64>,
    /// Whether all values are equal, also where rounding leaves differences.
    is_constant: bool,
}

impl Centred {
    pub(super) fn new(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = sum(values.iter().copied()) / count;
        let differences: Vec<f64> = values.iter().map(|value| value - mean).collect();
        // The mean is off by its rounding, 1e-7 of 1e9: the mean of the differences is that error.
        let error = sum(differences.iter().copied()) / count;
        let differences = differences.into_iter().map(|difference| difference - error).collect();
        let is_constant = values.iter().all(|value| value.total_cmp(&values[0]).is_eq());
        Self { mean: finite(mean), differences, is_constant }
    }

    /// The sum of the squared differences.
    fn squares(&self) -> f64 {
        sum(self.differences.iter().map(|difference| difference * difference))
    }

    /// The sample standard deviation; `None` for fewer than two values.
    pub(super) fn standard_deviation(&self) -> Option<f64> {
        let others = self.differences.len().checked_sub(2)? + 1;
        if self.is_constant {
            return Some(0.0);
        }
        finite((self.squares() / others as f64).sqrt())
    }

    /// Pearson's correlation with other values of the same number; `None` for fewer than two, and where one
    /// of the two is constant.
    pub(super) fn correlation(&self, other: &Self) -> Option<f64> {
        if self.differences.len() < 2 || self.is_constant || other.is_constant {
            return None;
        }
        // Divided by the largest, so that no square overflows or vanishes.
        let (one, other) = (self.scaled()?, other.scaled()?);
        let products = sum(one.iter().zip(&other).map(|(one, other)| one * other));
        let squares = |values: &[f64]| sum(values.iter().map(|value| value * value));
        finite((products / (squares(&one) * squares(&other)).sqrt()).clamp(-1.0, 1.0))
    }

    fn scaled(&self) -> Option<Vec<f64>> {
        let largest = self.differences.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let is_usable = largest > 0.0 && largest.is_finite();
        is_usable.then(|| self.differences.iter().map(|value| value / largest).collect())
    }

    /// 1 - `errors` / the sum of the squared differences; `None` for fewer than two values, and where all are
    /// equal.
    pub(super) fn determination(&self, errors: f64) -> Option<f64> {
        if self.differences.len() < 2 || self.is_constant {
            return None;
        }
        finite(1.0 - errors / self.squares())
    }
}

/// The sum of values, compensated.
pub(super) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let mut sum = Sum::default();
    values.for_each(|value| sum.add(value));
    sum.value()
}

/// `None` for NaN and infinite numbers.
pub(super) fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}
