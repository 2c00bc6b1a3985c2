//! Logits to probabilities.

/// The probabilities that the logits of one example stand for: `exp(x_i) / sum_j exp(x_j)`, computed in f64.
///
/// The largest logit is subtracted first, which changes nothing but keeps `exp` from overflowing. If a logit is NaN or
/// infinity, or all are minus infinity, all probabilities are NaN or contain NaN, which
/// [`Accumulator::add`](crate::Accumulator::add) refuses. No logits give no probabilities.
pub fn softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f64> =
        logits.iter().map(|&logit| (f64::from(logit) - f64::from(largest)).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.into_iter().map(|value| value / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_are_equally_likely() {
        assert_eq!(softmax(&[3.0, 3.0, 3.0, 3.0]), [0.25; 4]);
        assert_eq!(softmax(&[]), [0.0; 0]);
    }

    #[test]
    fn the_ratio_is_the_exponential_of_the_difference() {
        let probabilities = softmax(&[0.5, -1.25]);
        assert!((probabilities[0] / probabilities[1] - 1.75_f64.exp()).abs() < 1e-12);
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        assert_eq!(softmax(&[f32::MAX, 0.0, f32::MIN]), [1.0, 0.0, 0.0]);
        assert_eq!(softmax(&[f32::NEG_INFINITY, -1e30]), [0.0, 1.0]);
    }

    #[test]
    fn what_has_diverged_is_not_a_number() {
        for logits in [[f32::NAN, 1.0], [f32::INFINITY, 1.0], [f32::NEG_INFINITY; 2]] {
            assert!(softmax(&logits).iter().any(|value| value.is_nan()), "{logits:?}");
        }
    }
}
