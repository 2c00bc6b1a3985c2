//! What a run folder says for reports besides the log: `facts.json` when the run begins, `examples.jsonl` at its end.

use std::collections::HashSet;
use std::path::Path;

use embert_data::{DataFacts, EncodedDataset, Example, LabelMapping};
use embert_run::{Facts, Lengths, Split, Splits, Uncut};

use crate::error::IoContext as _;
use crate::run_folder::write_json;
use crate::{Scored, TrainError};

/// Bins of the histogram of lengths, at most.
const LENGTH_BINS: usize = 32;

/// Bins of the histogram of lengths before cutting, at most: a few texts are far longer than the others.
const UNCUT_BINS: usize = 64;

/// The splits of these examples, with so many labels.
pub(crate) fn split_facts(splits: [&[Example]; 3], labels: usize, facts: &DataFacts) -> Splits {
    let [train, validation, test] = splits;
    let optional = |examples: &[Example]| (!examples.is_empty()).then(|| split(examples, labels));
    Splits {
        train: Split { duplicates: facts.train_duplicates, ..split(train, labels) },
        validation: optional(validation),
        test: optional(test),
    }
}

/// The same splits, their labels numbered as the classifier does.
pub(crate) fn labelled(splits: &Splits, mapping: &LabelMapping) -> Splits {
    let labelled = |split: &Split| {
        let mut labels = vec![0; split.labels.len()];
        for (label, count) in split.labels.iter().enumerate() {
            labels[mapping.id(label)] = *count;
        }
        Split { labels, ..split.clone() }
    };
    Splits {
        train: labelled(&splits.train),
        validation: splits.validation.as_ref().map(labelled),
        test: splits.test.as_ref().map(labelled),
    }
}

fn split(examples: &[Example], labels: usize) -> Split {
    let mut counts = vec![0; labels];
    for label in examples.iter().filter_map(|example| example.label) {
        counts[label] += 1;
    }
    let texts: HashSet<_> = examples.iter().map(|example| (&example.text, &example.text_pair)).collect();
    Split { examples: examples.len(), labels: counts, duplicates: examples.len() - texts.len() }
}

/// Of texts that were cut at `max_length`.
pub(crate) fn lengths(data: &EncodedDataset, max_length: usize) -> Lengths {
    let examples = data.examples();
    let (bin_width, counts) =
        histogram(examples.iter().map(|example| example.ids.len()), max_length, LENGTH_BINS);
    let uncut = Some(uncut(examples.iter().map(|example| example.uncut)));
    let truncated = examples.iter().filter(|example| example.uncut > example.ids.len()).count();
    Lengths { max_length, truncated, bin_width, counts, uncut }
}

fn uncut(lengths: impl Iterator<Item = usize> + Clone) -> Uncut {
    let longest = lengths.clone().max().unwrap_or(0);
    let (bin_width, counts) = histogram(lengths, longest, UNCUT_BINS);
    Uncut { bin_width, counts, longest }
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

/// A split's examples as read and as encoded, with what the kept weights say of them in the order of their ids.
pub(crate) struct ScoredSplit<'a> {
    pub(crate) split: &'a str,
    pub(crate) texts: &'a [Example],
    pub(crate) encoded: &'a EncodedDataset,
    pub(crate) scored: &'a [Scored],
}

/// Writes `examples.jsonl`, split after split.
pub(crate) fn write_examples(path: &Path, splits: &[ScoredSplit<'_>]) -> Result<(), TrainError> {
    let mut lines = Vec::new();
    for ScoredSplit { split, texts, encoded, scored } in splits {
        let tokens = encoded.tokens_of_texts();
        // Encoding keeps the order of the texts; what the model says came in the order of the ids.
        let mut order: Vec<usize> = (0..tokens.len()).collect();
        order.sort_unstable_by_key(|&index| texts[index].id);
        for (index, scored) in order.into_iter().zip(*scored) {
            let text = &texts[index];
            let line = embert_run::Example {
                split: (*split).to_owned(),
                id: scored.id,
                text: text.text.clone(),
                text_pair: text.text_pair.clone(),
                label: scored.target,
                probabilities: scored.probabilities.clone(),
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
            super::lengths(&EncodedDataset::new((0..).zip(uncut).map(example).collect()), max_length)
        };
        let lengths = of(&[1, 2, 3, 2470, 64], 100);
        assert_eq!((lengths.bin_width, lengths.counts.len(), lengths.truncated), (4, 25, 1));
        assert_eq!((lengths.counts[0], lengths.counts[15], lengths.counts[24]), (3, 1, 1));
        let Uncut { bin_width, counts, longest } = lengths.uncut.unwrap();
        assert_eq!((bin_width, counts.len(), longest), (39, 64, 2470));
        assert_eq!((counts[0], counts[1], counts[63], counts.iter().sum()), (3, 1, 1, 5));
        let short = of(&[1, 3, 3], 3);
        assert_eq!((short.bin_width, short.truncated), (1, 0));
        assert_eq!((short.counts, short.uncut.unwrap().counts), (vec![1, 0, 2], vec![1, 0, 2]));
    }
}
