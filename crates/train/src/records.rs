//! What a run folder says for reports besides the log: `facts.json` when the run begins, `examples.jsonl` at its end.

use std::collections::HashSet;
use std::path::Path;

use embert_data::{DataFacts, EncodedDataset, Example, LabelMapping};
use serde::Serialize;

use crate::error::IoContext as _;
use crate::run_folder::write_json;
use crate::{Scored, TrainError};

/// Bins of the histogram of lengths, at most.
const LENGTH_BINS: usize = 32;

/// Of that of lengths before cutting, of which a few are far beyond the others.
const UNCUT_BINS: usize = 64;

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
    /// The same of the files of train, validation and test.
    pub(crate) skipped_by_split: [usize; 3],
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
    max_length: usize,
    truncated: usize,
    bin_width: usize,
    counts: Vec<usize>,
    pub(crate) uncut: UncutLengths,
}

/// The same before cutting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct UncutLengths {
    pub(crate) bin_width: usize,
    pub(crate) counts: Vec<usize>,
    pub(crate) longest: usize,
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
    /// Of texts that were cut at `max_length`.
    pub(crate) fn of(data: &EncodedDataset, max_length: usize) -> Self {
        let examples = data.examples();
        let (bin_width, counts) =
            histogram(examples.iter().map(|example| example.ids.len()), max_length, LENGTH_BINS);
        let uncut = UncutLengths::of(examples.iter().map(|example| example.uncut));
        let truncated = examples.iter().filter(|example| example.uncut > example.ids.len()).count();
        Self { max_length, truncated, bin_width, counts, uncut }
    }
}

impl UncutLengths {
    fn of(lengths: impl Iterator<Item = usize> + Clone) -> Self {
        let longest = lengths.clone().max().unwrap_or(0);
        let (bin_width, counts) = histogram(lengths, longest, UNCUT_BINS);
        Self { bin_width, counts, longest }
    }
}

/// The width and the counts of at most `bins` bins of equal width that cover 1 to `longest`.
fn histogram(lengths: impl Iterator<Item = usize>, longest: usize, bins: usize) -> (usize, Vec<usize>) {
    let width = longest.div_ceil(bins).max(1);
    let mut counts = vec![0; longest.div_ceil(width)];
    for length in lengths {
        counts[length.saturating_sub(1) / width] += 1;
    }
    (width, counts)
}

/// Writes `facts.json`.
pub(crate) fn write_facts(path: &Path, facts: &Facts) -> Result<(), TrainError> {
    write_json(path, facts)
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
        let tokens = encoded.tokens_of_texts();
        // Encoding keeps the order of the texts; what the model says came in the order of the ids.
        let mut order: Vec<usize> = (0..tokens.len()).collect();
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
                tokens: tokens[index],
            };
            serde_json::to_writer(&mut lines, &line).map_err(std::io::Error::from).at("write", path)?;
            lines.push(b'\n');
        }
    }
    Ok(embert_files::write(path, &lines)?)
}

#[cfg(test)]
mod tests {
    use embert_data::EncodedExample;

    use super::*;

    #[test]
    fn every_length_has_its_bin() {
        let of = |uncut: &[usize], max_length| {
            let example = |(id, &uncut): (u64, &usize)| {
                let ids = vec![7; uncut.min(max_length)];
                EncodedExample { id, type_ids: vec![0; ids.len()], ids, label: None, uncut }
            };
            Lengths::of(&EncodedDataset::new((0..).zip(uncut).map(example).collect()), max_length)
        };
        let lengths = of(&[1, 2, 3, 2470, 64], 100);
        assert_eq!((lengths.bin_width, lengths.counts.len(), lengths.truncated), (4, 25, 1));
        assert_eq!((lengths.counts[0], lengths.counts[15], lengths.counts[24]), (3, 1, 1));
        let UncutLengths { bin_width, counts, longest } = lengths.uncut;
        assert_eq!((bin_width, counts.len(), longest), (39, 64, 2470));
        assert_eq!((counts[0], counts[1], counts[63], counts.iter().sum()), (3, 1, 1, 5));
        let short = of(&[1, 3, 3], 3);
        assert_eq!((short.bin_width, short.truncated), (1, 0));
        assert_eq!((short.counts, short.uncut.counts), (vec![1, 0, 2], vec![1, 0, 2]));
    }
}
