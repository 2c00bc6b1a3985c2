//! Calibration, whether a model is right as often as its probabilities say: reliability, expected calibration
//! error, temperature.
//!
//! Guo et al., "On Calibration of Modern Neural Networks", 2017.

use crate::softmax::tempered;
use crate::sum::Sum;

/// How often predictions of similar confidence are right, in bins of the confidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    /// Bins of equal width over 0 to 1; empty ones included.
    pub bins: Vec<ReliabilityBin>,
    /// The expected calibration error (ECE), 0 to 1: the distance between a bin's mean confidence and its
    /// accuracy, averaged over the bins with their counts as weights.
    pub expected_error: f64,
}

/// The predictions whose confidence is above `lower` and at most `upper`. The first bin also holds confidence
/// 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// The lower edge, excluded.
    pub lower: f64,
    /// The upper edge, included.
    pub upper: f64,
    /// The number of predictions in the bin.
    pub count: usize,
    /// The predictions' mean confidence; 0 for an empty bin.
    pub confidence: f64,
    /// The share of right predictions; 0 for an empty bin.
    pub accuracy: f64,
}

/// The reliability of predictions, in `bins` bins. A prediction is its confidence in [0, 1] (the probability
/// of the predicted label) and whether the predicted label is right. Guo et al. take 15 bins.
///
/// ```
/// let reliability = embert_metrics::reliability([(0.9, true), (0.9, false)], 15);
/// assert!((reliability.expected_error - 0.4).abs() < 1e-12);
/// ```
pub fn reliability(predictions: impl IntoIterator<Item = (f64, bool)>, bins: usize) -> Reliability {
    let bins = bins.max(1);
    // The edges are those of NumPy's `linspace`, so that a confidence on an edge falls into the same bin as
    // there.
    let width = 1.0 / bins as f64;
    let edge = |index: usize| if index == bins { 1.0 } else { index as f64 * width };
    let edges: Vec<f64> = (0..=bins).map(edge).collect();
    let mut sums = vec![(0_usize, Sum::default(), 0_usize); bins];
    for (confidence, right) in predictions {
        let bin = edges[1..bins].partition_point(|&edge| edge < confidence);
        let (count, confidences, rights) = &mut sums[bin];
        *count += 1;
        confidences.add(confidence);
        *rights += usize::from(right);
    }
    let total: usize = sums.iter().map(|(count, ..)| count).sum();
    let mut error = Sum::default();
    let bins = sums
        .iter()
        .zip(edges.windows(2))
        .map(|(&(count, confidences, rights), edges)| {
            let mean = |sum: f64| if count == 0 { 0.0 } else { sum / count as f64 };
            let (confidence, accuracy) = (mean(confidences.value()), mean(rights as f64));
            error.add((confidence - accuracy).abs() * count as f64);
            ReliabilityBin { lower: edges[0], upper: edges[1], count, confidence, accuracy }
        })
        .collect();
    Reliability { bins, expected_error: if total == 0 { 0.0 } else { error.value() / total as f64 } }
}

/// The logarithm of the largest inverse temperature: the search is from e^-10 to e^10, as in scikit-learn's
/// temperature scaling.
const LOG_RANGE: f64 = 10.0;

/// The temperature that minimises the mean cross-entropy of `softmax(ln(probabilities) / temperature)`. An
/// example is its true label and the probability of every label. A temperature above 1 means that the model
/// is overconfident, a temperature below 1 that it is underconfident.
///
/// `None` if the loss has no minimum between e^-10 and e^10: without examples, if all predictions are right
/// (more confidence is always better), and if the model does no better than equal probabilities (less is
/// always better).
pub fn temperature<'a>(examples: impl IntoIterator<Item = (usize, &'a [f64])>) -> Option<f64> {
    let examples: Vec<(usize, Vec<f64>)> =
        examples.into_iter().map(|(target, probabilities)| (target, logs(probabilities))).collect();
    // The loss is convex in the inverse temperature, so its derivative crosses 0 at most once. The derivative
    // is the mean over the examples of the expected logit minus the target's logit.
    let slope = |log_beta: f64| {
        let mut sum = Sum::default();
        for (target, logits) in &examples {
            let probabilities = tempered(logits, log_beta.exp());
            let expected: f64 = probabilities.iter().zip(logits).map(|(p, logit)| p * logit).sum();
            sum.add(expected - logits[*target]);
        }
        sum.value()
    };
    let (mut low, mut high) = (-LOG_RANGE, LOG_RANGE);
    if slope(low) >= 0.0 || slope(high) <= 0.0 {
        return None;
    }
    // 60 halvings of a range of 20 leave less than the spacing of f64 near 1.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if slope(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some((-f64::midpoint(low, high)).exp())
}

/// One example's probabilities at another temperature: `softmax(ln(probabilities) / temperature)`.
pub fn at_temperature(probabilities: &[f64], temperature: f64) -> Vec<f64> {
    tempered(&logs(probabilities), 1.0 / temperature)
}

/// The logarithms of probabilities. A probability that was rounded to 0 counts as the smallest normal f64.
fn logs(probabilities: &[f64]) -> Vec<f64> {
    probabilities.iter().map(|probability| probability.max(f64::MIN_POSITIVE).ln()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_predictions_have_no_error() {
        let reliability = reliability([], 15);
        assert_eq!(reliability.expected_error.to_bits(), 0);
        assert_eq!(reliability.bins.iter().map(|bin| bin.count).sum::<usize>(), 0);
        assert_eq!((reliability.bins[0].lower, reliability.bins[14].upper), (0.0, 1.0));
    }

    #[test]
    fn an_edge_belongs_to_the_bin_below() {
        let reliability = reliability([(0.5, true), (0.500_001, true), (0.0, true), (1.0, true)], 2);
        assert_eq!(reliability.bins.iter().map(|bin| bin.count).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn without_a_minimum_there_is_no_temperature() {
        assert_eq!(temperature([]), None);
        let right = [0.8, 0.2];
        assert_eq!(temperature([(0, right.as_slice())]), None);
        // The prediction is always wrong: the loss is lowest at an infinite temperature, with equal
        // probabilities.
        assert_eq!(temperature([(1, right.as_slice())]), None);
    }

    #[test]
    fn a_model_that_is_right_as_often_as_it_says_needs_no_temperature() {
        let said = [0.75, 0.25];
        let found = temperature([0, 0, 0, 1].map(|target| (target, said.as_slice()))).unwrap();
        assert!((found - 1.0).abs() < 1e-12, "{found}");
        let unmoved = at_temperature(&said, 1.0);
        assert!((unmoved[0] - 0.75).abs() < 1e-15 && (unmoved[1] - 0.25).abs() < 1e-15);
    }

    #[test]
    fn a_probability_of_nothing_is_bearable() {
        let said = [1.0, 0.0];
        let found = temperature([0, 0, 0, 1].map(|target| (target, said.as_slice()))).unwrap();
        // At odds of 3 to 1: 708.4 / temperature = ln 3.
        assert!((found - -f64::MIN_POSITIVE.ln() / 3_f64.ln()).abs() < 1e-6, "{found}");
    }
}
