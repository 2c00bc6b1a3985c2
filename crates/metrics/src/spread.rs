//! Mean and standard deviation of several values, such as one metric in runs with different seeds.

/// The arithmetic mean; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sample standard deviation: the square root of the sum of squared differences from the mean over n - 1.
/// `None` for fewer than two values.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected numbers are from Python's `statistics.mean` and `statistics.stdev`.
    #[test]
    fn the_deviation_is_that_of_a_sample() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert!((mean(&values).unwrap() - 5.0).abs() < 1e-12);
        assert!((standard_deviation(&values).unwrap() - 2.138_089_935_299_395).abs() < 1e-12);
        assert_eq!((mean(&[3.0]), standard_deviation(&[3.0])), (Some(3.0), None));
        assert_eq!((mean(&[]), standard_deviation(&[])), (None, None));
    }
}
