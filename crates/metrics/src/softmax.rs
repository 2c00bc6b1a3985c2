//! Logits to probabilities.

/// The softmax of one example's logits: `exp(x_i) / sum_j exp(x_j)`, computed in f64.
///
/// The largest logit is subtracted first, which keeps `exp` from overflowing and does not change the result.
/// If a logit is NaN or infinity, or all are minus infinity, some probabilities are NaN, which
/// [`Accumulator::add`](crate::Accumulator::add) refuses. No logits give no probabilities.
pub fn softmax(logits: &[f32]) -> Vec<f64> {
    tempered(&logits.iter().copied().map(f64::from).collect::<Vec<_>>(), 1.0)
}

/// `softmax(beta * logits)`: the probabilities at the temperature `1 / beta`.
pub(crate) fn tempered(logits: &[f64], beta: f64) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = logits.iter().map(|logit| ((logit - largest) * beta).exp()).collect();
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
