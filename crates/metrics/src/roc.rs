//! The area under the ROC curve.

use std::ops::Range;

/// Keeps every example's scores, because the area under the ROC curve depends on the order of all scores.
#[derive(Clone)]
pub(crate) struct RocAuc {
    /// The labels whose scores are kept: the positive one of two labels, or all of three or more.
    labels: Range<usize>,
    targets: Vec<usize>,
    /// `[examples, labels.len()]`, row after row.
    scores: Vec<f64>,
}

impl RocAuc {
    pub(crate) fn new(labels: Range<usize>) -> Self {
        Self { labels, targets: Vec::new(), scores: Vec::new() }
    }

    /// Adds an example's true label and its score for each label.
    pub(crate) fn add(&mut self, target: usize, scores: &[f64]) {
        self.targets.push(target);
        // `+ 0.0` turns -0.0 into 0.0, so that the two zeros tie in the total order below.
        self.scores.extend(scores[self.labels.clone()].iter().map(|score| score + 0.0));
    }

    /// Adds the examples of `other`, which must keep the scores of the same labels.
    pub(crate) fn merge(&mut self, other: Self) {
        self.targets.extend(other.targets);
        self.scores.extend(other.scores);
    }

    /// The mean of the labels' areas, each label against the rest. `None` if a label has no area, or without
    /// labels.
    pub(crate) fn value(&self) -> Option<f64> {
        if self.labels.is_empty() {
            return None;
        }
        let columns = self.labels.len();
        let areas: Option<Vec<f64>> = self
            .labels
            .clone()
            .enumerate()
            .map(|(column, label)| {
                let scores = self.scores.iter().skip(column).step_by(columns);
                area(scores.zip(&self.targets).map(|(&score, &target)| (score, target == label)).collect())
            })
            .collect();
        areas.map(|areas| areas.iter().sum::<f64>() / columns as f64)
    }
}

/// The area under the ROC curve: the probability that a positive example has a higher score than a negative
/// one, a tie counting half (Mann and Whitney's U over the number of pairs). `None` without a positive or a
/// negative example.
///
/// The pairs are counted in whole numbers, so that only the division rounds.
pub(crate) fn area(mut examples: Vec<(f64, bool)>) -> Option<f64> {
    examples.sort_unstable_by(|(one, _), (other, _)| one.total_cmp(other));
    let (mut positives, mut negatives, mut doubled_wins) = (0_u128, 0_u128, 0_u128);
    for tied in examples.chunk_by(|(one, _), (other, _)| one.total_cmp(other).is_eq()) {
        let tied_positives = tied.iter().filter(|(_, positive)| *positive).count() as u128;
        let tied_negatives = tied.len() as u128 - tied_positives;
        doubled_wins += tied_positives * (2 * negatives + tied_negatives);
        positives += tied_positives;
        negatives += tied_negatives;
    }
    let pairs = positives * negatives;
    (pairs > 0).then(|| doubled_wins as f64 / (2 * pairs) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_that_separate_give_1_and_reversed_ones_0() {
        assert_eq!(area(vec![(0.9, true), (0.1, false), (0.8, true)]), Some(1.0));
        assert_eq!(area(vec![(0.1, true), (0.9, false), (0.2, true)]), Some(0.0));
    }

    #[test]
    fn a_tie_counts_half() {
        assert_eq!(area(vec![(0.5, true), (0.5, false)]), Some(0.5));
        // Pairs: 0.5 over 0.2 wins, 0.5 with 0.5 ties.
        assert_eq!(area(vec![(0.5, true), (0.5, false), (0.2, false)]), Some(0.75));
    }

    #[test]
    fn the_sign_of_zero_breaks_no_tie() {
        let mut roc = RocAuc::new(0..1);
        roc.add(0, &[-0.0]);
        roc.add(1, &[0.0]);
        assert_eq!(roc.value(), Some(0.5));
    }

    #[test]
    fn one_kind_alone_has_no_curve() {
        assert_eq!(area(vec![(0.5, true), (0.7, true)]), None);
        assert_eq!(area(vec![(0.5, false)]), None);
        assert_eq!(area(vec![]), None);
    }
}
