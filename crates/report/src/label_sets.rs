//! Texts with any number of labels: what is predicted, and what is worth reading.

use embert_run::{MultiLabelExample, SplitScores};

use crate::counts::Counts;

/// The threshold of every label if none were fitted.
pub(crate) const HALF: f64 = 0.5;

/// The thresholds from which on a probability counts as the label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thresholds {
    pub(crate) values: Vec<f64>,
    /// Whether they were fitted on the validation split.
    pub(crate) are_fitted: bool,
}

impl Thresholds {
    /// The fitted thresholds of `labels` labels, or 0.5 if the run has none.
    pub(crate) fn of(scores: Option<&SplitScores>, labels: usize) -> Self {
        let fitted = scores.map(|scores| &scores.detail.thresholds).filter(|fitted| fitted.len() == labels);
        match fitted {
            Some(fitted) if labels > 0 => Self { values: fitted.clone(), are_fitted: true },
            _ => Self { values: vec![HALF; labels], are_fitted: false },
        }
    }

    /// The predicted labels of an example, ascending.
    pub(crate) fn predicted(&self, example: &MultiLabelExample) -> Vec<usize> {
        let pairs = example.probabilities.iter().zip(&self.values).enumerate();
        pairs
            .filter(|(_, (probability, threshold))| probability >= threshold)
            .map(|(label, _)| label)
            .collect()
    }
}

/// How often a label is true, is predicted with this threshold, and is both.
pub(crate) fn counts(examples: &[&MultiLabelExample], label: usize, threshold: f64) -> Counts {
    let mut counts = Counts::default();
    for example in examples {
        let is_true = example.labels.binary_search(&label).is_ok();
        let is_found = example.probabilities[label] >= threshold;
        counts.truths += usize::from(is_true);
        counts.found += usize::from(is_found);
        counts.right += usize::from(is_true && is_found);
    }
    counts
}

/// Each example's probability of `label`, and whether the label is true.
pub(crate) fn against_the_rest(examples: &[&MultiLabelExample], label: usize) -> Vec<(f64, bool)> {
    let one = |example: &&MultiLabelExample| {
        (example.probabilities[label], example.labels.binary_search(&label).is_ok())
    };
    examples.iter().map(one).collect()
}

/// The mean over the labels of the binary cross-entropy.
pub(crate) fn loss(example: &MultiLabelExample) -> f64 {
    let one = |(label, &probability): (usize, &f64)| {
        let of_truth =
            if example.labels.binary_search(&label).is_ok() { probability } else { 1.0 - probability };
        -of_truth.max(f64::MIN_POSITIVE).ln()
    };
    let sum: f64 = example.probabilities.iter().enumerate().map(one).sum();
    sum / example.probabilities.len().max(1) as f64
}

/// How many labels are wrong by the model's own probabilities if 0.5 decides: the sum of the smaller one of
/// each probability and its complement.
pub(crate) fn doubt(example: &MultiLabelExample) -> f64 {
    example.probabilities.iter().map(|probability| probability.min(1.0 - probability)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(labels: &[usize], probabilities: &[f64]) -> MultiLabelExample {
        MultiLabelExample {
            split: "test".to_owned(),
            id: 0,
            text: String::new(),
            text_pair: None,
            labels: labels.to_vec(),
            probabilities: probabilities.to_vec(),
            tokens: 1,
        }
    }

    #[test]
    fn the_threshold_itself_counts_as_the_label() {
        let half = Thresholds::of(None, 3);
        assert!(!half.are_fitted);
        assert_eq!(half.predicted(&example(&[], &[0.5, 0.49, 1.0])), [0, 2]);
        let fitted = Thresholds { values: vec![0.6, 0.4, 1.0], are_fitted: true };
        assert_eq!(fitted.predicted(&example(&[], &[0.5, 0.49, 1.0])), [1, 2]);
    }

    #[test]
    fn loss_and_doubt_are_what_they_say() {
        let one = example(&[0], &[0.5, 0.25]);
        assert!((loss(&one) - f64::midpoint(2f64.ln(), (4.0 / 3.0_f64).ln())).abs() < 1e-15);
        assert!((doubt(&one) - 0.75).abs() < 1e-15);
        assert!(loss(&example(&[0], &[0.0, 0.0])).is_finite());
        let two = example(&[1], &[0.5, 0.25]);
        assert_eq!(counts(&[&one, &two], 0, 0.5), Counts { truths: 1, found: 2, right: 1 });
        assert_eq!(against_the_rest(&[&one, &two], 1), [(0.25, false), (0.25, true)]);
    }
}
