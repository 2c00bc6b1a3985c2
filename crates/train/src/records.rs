//! What a run folder says for reports besides the log: `facts.json` when the run begins, `examples.jsonl` at its end.

use std::collections::HashSet;
use std::path::Path;

use burn::data::dataset::Dataset as _;
use embert_data::{DataFacts, EncodedDataset, Example, LabelMapping};
use serde::Serialize;

use crate::error::IoContext as _;
use crate::run_folder::write_atomically;
use crate::{Scored, TrainError};

/// Bins of the histogram of lengths, about.
const LENGTH_BINS: usize = 32;

/// What a run knows when it begins. The same for a run that goes on, so it may be written again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Facts {
    pub(crate) model: String,
    pub(crate) dataset: String,
    pub(crate) labels: Vec<String>,
    pub(crate) positive: Option<String>,
    pub(crate) parameters: Parameters,
    pub(crate) splits: SplitFacts,
    /// Validation and test examples whose text the training split has too.
    pub(crate) shared: usize,
    /// Rows that could not be used.
    pub(crate) skipped: usize,
    pub(crate) lengths: Lengths,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Parameters {
    pub(crate) total: usize,
    pub(crate) trainable: usize,
}

/// The splits; those without examples are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SplitFacts {
    train: Split,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation: Option<Split>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<Split>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Split {
    examples: usize,
    labels: Vec<usize>,
    /// Examples whose text another one before them has.
    duplicates: usize,
}

/// A histogram of the training texts' tokens, after cutting: the first bin has 1 to `bin_width`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Lengths {
    pub(crate) max_length: usize,
    truncated: usize,
    pub(crate) bin_width: usize,
    pub(crate) counts: Vec<usize>,
}

impl SplitFacts {
    /// Of examples with so many labels.
    pub(crate) fn of(splits: [&[Example]; 3], labels: usize, facts: &DataFacts) -> Self {
        let [train, validation, test] = splits;
        let optional = |examples: &[Example]| (!examples.is_empty()).then(|| Split::of(examples, labels));
        Self {
            train: Split { duplicates: facts.train_duplicates, ..Split::of(train, labels) },
            validation: optional(validation),
            test: optional(test),
        }
    }
}

impl SplitFacts {
    /// Of the same examples, their labels numbered as the classifier does.
    pub(crate) fn labelled(&self, mapping: &LabelMapping) -> Self {
        let labelled = |split: &Split| {
            let mut labels = vec![0; split.labels.len()];
            for (label, count) in split.labels.iter().enumerate() {
                labels[mapping.id(label)] = *count;
            }
            Split { labels, ..split.clone() }
        };
        Self {
            train: labelled(&self.train),
            validation: self.validation.as_ref().map(labelled),
            test: self.test.as_ref().map(labelled),
        }
    }
}

impl Split {
    fn of(examples: &[Example], labels: usize) -> Self {
        let mut counts = vec![0; labels];
        for label in examples.iter().filter_map(|example| example.label) {
            counts[label] += 1;
        }
        let texts: HashSet<_> = examples.iter().map(|example| (&example.text, &example.text_pair)).collect();
        Self { examples: examples.len(), labels: counts, duplicates: examples.len() - texts.len() }
    }
}

impl Lengths {
    pub(crate) fn of(lengths: &[usize], max_length: usize, truncated: usize) -> Self {
        let bin_width = max_length.div_ceil(LENGTH_BINS).max(1);
        let mut counts = vec![0; max_length.div_ceil(bin_width)];
        for length in lengths {
            counts[length.saturating_sub(1) / bin_width] += 1;
        }
        Self { max_length, truncated, bin_width, counts }
    }
}

/// Writes `facts.json`.
pub(crate) fn write_facts(path: &Path, facts: &Facts) -> Result<(), TrainError> {
    let mut json = serde_json::to_vec_pretty(facts).map_err(std::io::Error::from).at("write", path)?;
    json.push(b'\n');
    write_atomically(path, &json)
}

/// A line of `examples.jsonl`.
#[derive(Serialize)]
struct Line<'a> {
    split: &'a str,
    id: u64,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_pair: Option<&'a str>,
    label: usize,
    probabilities: &'a [f64],
    tokens: usize,
}

/// A split's examples as read and as encoded, with what the kept weights say of them in the order of their ids.
pub(crate) struct ScoredSplit<'a> {
    pub(crate) split: &'a str,
    pub(crate) texts: &'a [Example],
    pub(crate) encoded: &'a EncodedDataset,
    pub(crate) scored: Vec<Scored>,
}

/// Writes `examples.jsonl`, split after split.
pub(crate) fn write_examples(path: &Path, splits: &[ScoredSplit<'_>]) -> Result<(), TrainError> {
    let mut lines = Vec::new();
    for ScoredSplit { split, texts, encoded, scored } in splits {
        // Encoding keeps the order of the texts; what the model says came in the order of the ids.
        let mut order: Vec<usize> = (0..encoded.len()).collect();
        order.sort_unstable_by_key(|&index| texts[index].id);
        for (index, scored) in order.into_iter().zip(scored) {
            let text = &texts[index];
            let line = Line {
                split,
                id: scored.id,
                text: &text.text,
                text_pair: text.text_pair.as_deref(),
                label: scored.target,
                probabilities: &scored.probabilities,
                tokens: encoded.examples()[index].ids.len(),
            };
            serde_json::to_writer(&mut lines, &line).map_err(std::io::Error::from).at("write", path)?;
            lines.push(b'\n');
        }
    }
    write_atomically(path, &lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_has_its_bin() {
        let lengths = Lengths::of(&[1, 2, 3, 100, 64], 100, 1);
        assert_eq!((lengths.bin_width, lengths.counts.len()), (4, 25));
        assert_eq!((lengths.counts[0], lengths.counts[15], lengths.counts[24]), (3, 1, 1));
        let short = Lengths::of(&[1, 3, 3], 3, 0);
        assert_eq!((short.bin_width, short.counts), (1, vec![1, 0, 2]));
    }
}
