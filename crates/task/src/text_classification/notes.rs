//! Notes on the splits: labels without examples, and texts with several labels.

use embert_data::{Splits, contradictions};

use super::example::TextExample;
use crate::LabelSet;
use crate::labels::problem::few;

/// The notes on all splits.
pub(super) fn notes(splits: &Splits<TextExample>, labels: &LabelSet) -> Vec<String> {
    let Splits { train, validation, test } = splits;
    let lacking = [("training", train), ("validation", validation), ("test", test)]
        .into_iter()
        .filter_map(|(split, examples)| lacking(split, examples, labels));
    let contradictions = contradictions(train, |example| example.label);
    let contradictions = (contradictions > 0).then(|| {
        format!("{contradictions} training text(s) occur with more than one label: they can't all be right")
    });
    lacking.chain(contradictions).collect()
}

/// A note on the labels without an example in the split; `None` if the split is empty or has all labels.
fn lacking(split: &str, examples: &[TextExample], labels: &LabelSet) -> Option<String> {
    if examples.is_empty() {
        return None;
    }
    let mut is_there = vec![false; labels.len()];
    for label in examples.iter().filter_map(|example| example.label) {
        is_there[label] = true;
    }
    let lacking: Vec<&String> = labels
        .names()
        .iter()
        .zip(is_there)
        .filter_map(|(name, is_there)| (!is_there).then_some(name))
        .collect();
    (!lacking.is_empty())
        .then(|| format!("the {split} split has no example with the label(s) {}", few(&lacking)))
}
