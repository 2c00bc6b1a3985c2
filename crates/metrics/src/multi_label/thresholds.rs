//! [`fit_thresholds`]: the probability from which on a label counts as predicted.

use std::cmp::Ordering;

use crate::MetricsError;

/// The threshold of a label unless one is fitted or given.
pub const DEFAULT_THRESHOLD: f64 = 0.5;

/// Whether a label of this probability is predicted: the threshold itself is enough.
pub fn is_predicted(probability: f64, threshold: f64) -> bool {
    probability >= threshold
}

/// For each label, the threshold that gives the greatest F1 on these rows.
///
/// `truths` and `probabilities` are `[examples, labels]`. The candidates lie midway between neighbouring
/// probabilities of the label, and midway between 0 and the least one. Of candidates with equal F1, the one
/// nearest to 0.5 counts, and then the lower one. A label without a positive row keeps 0.5. F1 is compared in
/// whole numbers, so that rounding decides nothing.
///
/// Fit on validation rows and not on those of the test, or the test's figures are too good.
///
/// ```
/// let truths = [[true], [false], [true], [false]];
/// let probabilities = [[0.4], [0.1], [0.3], [0.2]];
/// assert_eq!(embert_metrics::fit_thresholds(&truths, &probabilities)?, [0.25]);
/// # Ok::<(), embert_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// The numbers of rows differ, a row is not as long as the first row of truths, or a probability is NaN or
/// infinite.
pub fn fit_thresholds<T: AsRef<[bool]>, P: AsRef<[f64]>>(
    truths: &[T],
    probabilities: &[P],
) -> Result<Vec<f64>, MetricsError> {
    if truths.len() != probabilities.len() {
        return Err(MetricsError::PredictionCount { found: probabilities.len(), expected: truths.len() });
    }
    let labels = truths.first().map_or(0, |row| row.as_ref().len());
    let mut columns = vec![Vec::with_capacity(truths.len()); labels];
    for (truth, probabilities) in truths.iter().zip(probabilities) {
        let (truth, probabilities) = (truth.as_ref(), probabilities.as_ref());
        check_row(labels, truth, probabilities)?;
        for ((column, truth), probability) in columns.iter_mut().zip(truth).zip(probabilities) {
            column.push((*probability, *truth));
        }
    }
    Ok(columns.into_iter().map(fit).collect())
}

/// Checks that a row has a truth and a finite probability for each label.
pub(super) fn check_row(labels: usize, truth: &[bool], probabilities: &[f64]) -> Result<(), MetricsError> {
    if truth.len() != labels {
        return Err(MetricsError::TruthCount { found: truth.len(), expected: labels });
    }
    if probabilities.len() != labels {
        return Err(MetricsError::ProbabilityCount { found: probabilities.len(), expected: labels });
    }
    match probabilities.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(label) => Err(MetricsError::ProbabilityNotFinite { label, value: probabilities[label] }),
    }
}

/// The threshold of one label, from the probability and the truth of each row.
pub(super) fn fit(mut rows: Vec<(f64, bool)>) -> f64 {
    let positives = rows.iter().filter(|(_, truth)| *truth).count();
    if positives == 0 {
        return DEFAULT_THRESHOLD;
    }
    rows.sort_unstable_by(|(one, _), (other, _)| other.total_cmp(one));
    // F1 is 2 * correct / (predicted + positives): the fraction of the best candidate so far.
    let (mut best, mut most) = (DEFAULT_THRESHOLD, (0_u128, 1_u128));
    let (mut predicted, mut correct) = (0, 0);
    for (index, (probability, truth)) in rows.iter().enumerate() {
        predicted += 1;
        correct += usize::from(*truth);
        let next = rows.get(index + 1).map_or(0.0, |(next, _)| *next);
        // Equal probabilities have no threshold between them; after the last one, all rows are predicted.
        if index + 1 < rows.len() && next >= *probability {
            continue;
        }
        let threshold = between(next, *probability);
        let f1 = (correct as u128, (predicted + positives) as u128);
        let nearer = (threshold - 0.5).abs() <= (best - 0.5).abs();
        match (f1.0 * most.1).cmp(&(most.0 * f1.1)) {
            Ordering::Greater => (best, most) = (threshold, f1),
            Ordering::Equal if nearer => best = threshold,
            Ordering::Equal | Ordering::Less => {}
        }
    }
    best
}

/// Midway between two probabilities; the greater one where nothing lies between, so that it still reaches its
/// threshold and the lesser one does not.
fn between(lesser: f64, greater: f64) -> f64 {
    let middle = f64::midpoint(lesser, greater);
    if middle > lesser { middle } else { greater }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(rows: &[(f64, bool)]) -> f64 {
        fit(rows.to_vec())
    }

    fn is(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-15
    }

    #[test]
    fn a_label_that_is_never_true_keeps_the_default() {
        assert!(is(fitted(&[(0.1, false), (0.9, false)]), DEFAULT_THRESHOLD));
        assert!(is(fitted(&[]), DEFAULT_THRESHOLD));
    }

    #[test]
    fn the_threshold_lies_midway_between_two_rows() {
        assert!(is(fitted(&[(0.9, true), (0.7, true), (0.4, false)]), 0.55));
        assert!(
            is(fitted(&[(0.6, true), (0.3, true)]), 0.15),
            "all rows are true: half the least probability"
        );
    }

    #[test]
    fn of_equal_f1_the_threshold_nearest_to_a_half_counts() {
        // The first row alone: 2 / (1 + 2). All four: 2 * 2 / (4 + 2).
        assert!(is(fitted(&[(0.6, true), (0.4, false), (0.3, false), (0.2, true)]), 0.5));
        assert!(is(fitted(&[(0.95, true), (0.7, false), (0.6, false), (0.56, true), (0.5, false)]), 0.53));
        assert!(
            is(fitted(&[(0.9, true), (0.6, false), (0.55, false), (0.5, true)]), 0.25),
            "0.75 is as near"
        );
    }

    #[test]
    fn equal_probabilities_stay_together() {
        assert!(is(fitted(&[(0.8, true), (0.4, false), (0.4, true), (0.2, false)]), 0.3));
    }

    #[test]
    fn neighbours_without_a_number_between_them_are_still_told_apart() {
        let greater = 0.5_f64;
        let lesser = greater.next_down();
        let threshold = fitted(&[(greater, true), (lesser, false)]);
        assert!(is_predicted(greater, threshold) && !is_predicted(lesser, threshold));
        let greater = lesser;
        let lesser = greater.next_down();
        let threshold = fitted(&[(greater, true), (lesser, false)]);
        assert!(is_predicted(greater, threshold) && !is_predicted(lesser, threshold));
    }

    #[test]
    fn no_number_but_finite_ones_and_whole_rows_are_taken() {
        let error = |truths: &[&[bool]], probabilities: &[&[f64]]| {
            fit_thresholds(truths, probabilities).unwrap_err().to_string()
        };
        assert_eq!(error(&[&[true]], &[]), "found 0 predictions, expected 1, one for each truth");
        assert_eq!(
            error(&[&[true], &[true, false]], &[&[0.1], &[0.1, 0.2]]),
            "found 2 truth values for an example, expected 1, one for each label"
        );
        assert!(error(&[&[true]], &[&[f64::NAN]]).starts_with("the probability of label 0 is NaN"));
        assert_eq!(fit_thresholds::<[bool; 2], [f64; 2]>(&[], &[]), Ok(vec![]));
    }
}
