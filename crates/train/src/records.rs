//! The files that reports read besides the log: `facts.json`, written when the run begins, and
//! `examples.jsonl`, written at its end.

use std::collections::HashSet;
use std::path::Path;

use embert_data::{EncodedDataset, Texts as _};
use embert_run::{Facts, Lengths, Split, Splits, UntruncatedLengths};
use embert_task::{DataFacts, Task};

use crate::TrainError;
use crate::error::IoContext as _;
use crate::evaluate::EvaluatedSplit;

/// The most bins of the histogram of truncated lengths.
const LENGTH_BINS: usize = 32;

/// The most bins of the histogram of untruncated lengths: a few texts are far longer than the others.
const UNCUT_BINS: usize = 64;

/// For each split, the number of examples, of examples with each label, and of examples that repeat another
/// example's text.
pub(crate) fn split_facts<T: Task>(task: &T, splits: [&[T::Example]; 3], facts: &DataFacts) -> Splits {
    let [train, validation, test] = splits;
    let optional = |examples: &[T::Example]| (!examples.is_empty()).then(|| split(task, examples));
    Splits {
        train: Split { duplicates: facts.train_duplicates, ..split(task, train) },
        validation: optional(validation),
        test: optional(test),
    }
}

fn split<T: Task>(task: &T, examples: &[T::Example]) -> Split {
    let texts: HashSet<_> = examples.iter().map(|example| (example.text(), example.text_pair())).collect();
    Split {
        examples: examples.len(),
        labels: T::count_labels(task.labels().len(), examples),
        duplicates: examples.len() - texts.len(),
    }
}

/// Histograms of the lengths of examples, after and before truncation at `max_length`. `in_windows` says
/// whether the examples have windows of that length, which truncate nothing; windows of `left_out` examples are
/// left out, and their tokens count as read.
pub(crate) fn lengths<T>(
    data: &EncodedDataset<T>,
    max_length: usize,
    in_windows: bool,
    left_out: usize,
) -> Lengths {
    let read = data.tokens_of_examples();
    let whole = data.untruncated_of_examples();
    let longest = read.iter().copied().max().unwrap_or(0);
    let (bin_width, counts) = histogram(read.iter().copied(), max_length.max(longest), LENGTH_BINS);
    let truncated = left_out + read.iter().zip(&whole).filter(|(read, whole)| whole > read).count();
    let untruncated = Some(untruncated(whole.into_iter()));
    let windows = in_windows.then_some(data.features().len());
    Lengths { max_length, truncated, windows, bin_width, counts, untruncated }
}

fn untruncated(lengths: impl Iterator<Item = usize> + Clone) -> UntruncatedLengths {
    let longest = lengths.clone().max().unwrap_or(0);
    let (bin_width, counts) = histogram(lengths, longest, UNCUT_BINS);
    UntruncatedLengths { bin_width, counts, longest }
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
    Ok(embert_files::write_json(path, facts)?)
}

/// A split with the predictions of the kept weights, in the order of its examples.
pub(crate) struct PredictedSplit<'a, T: Task> {
    pub(crate) name: &'a str,
    pub(crate) split: &'a EvaluatedSplit<T>,
    pub(crate) predictions: &'a [T::Prediction],
}

/// Writes `examples.jsonl`, split after split, each in the order of its row numbers.
pub(crate) fn write_examples<T: Task>(
    path: &Path,
    task: &T,
    splits: &[PredictedSplit<'_, T>],
) -> Result<(), TrainError> {
    let mut lines = Vec::new();
    for PredictedSplit { name, split, predictions } in splits {
        let tokens = split.features.tokens_of_examples();
        let mut order: Vec<usize> = (0..tokens.len()).collect();
        order.sort_by_key(|&index| split.examples[index].id());
        for index in order {
            let line = task.record(name, &split.examples[index], &predictions[index], tokens[index]);
            serde_json::to_writer(&mut lines, &line).map_err(std::io::Error::from).at("write", path)?;
            lines.push(b'\n');
        }
    }
    Ok(embert_files::write(path, &lines)?)
}

#[cfg(test)]
mod tests {
    use embert_data::EncodedFeature;

    use super::*;

    #[test]
    fn every_length_has_its_bin() {
        let of = |lengths: &[usize], max_length| {
            let example = |(id, &length): (u64, &usize)| {
                let ids = vec![7; length.min(max_length)];
                EncodedFeature {
                    id,
                    type_ids: vec![0; ids.len()],
                    ids,
                    target: (),
                    untruncated_length: length,
                }
            };
            super::lengths(
                &EncodedDataset::new((0..).zip(lengths).map(example).collect()),
                max_length,
                false,
                0,
            )
        };
        let lengths = of(&[1, 2, 3, 2470, 64], 100);
        assert_eq!((lengths.bin_width, lengths.counts.len(), lengths.truncated), (4, 25, 1));
        assert_eq!((lengths.counts[0], lengths.counts[15], lengths.counts[24]), (3, 1, 1));
        let UntruncatedLengths { bin_width, counts, longest } = lengths.untruncated.unwrap();
        assert_eq!((bin_width, counts.len(), longest), (39, 64, 2470));
        assert_eq!((counts[0], counts[1], counts[63], counts.iter().sum()), (3, 1, 1, 5));
        let short = of(&[1, 3, 3], 3);
        assert_eq!((short.bin_width, short.truncated), (1, 0));
        assert_eq!((short.counts, short.untruncated.unwrap().counts), (vec![1, 0, 2], vec![1, 0, 2]));
        assert_eq!(short.windows, None);
    }

    /// Windows of 8 tokens that share 2, besides [CLS] and [SEP]: none of the texts is cut.
    #[test]
    fn texts_that_are_read_in_windows_are_counted_once_and_not_as_cut() {
        let windows = |id: u64, windows: &[usize], untruncated_length: usize| -> Vec<EncodedFeature<()>> {
            let feature = |&tokens: &usize| EncodedFeature {
                id,
                ids: vec![7; tokens],
                type_ids: vec![0; tokens],
                target: (),
                untruncated_length,
            };
            windows.iter().map(feature).collect()
        };
        let data = EncodedDataset::of_windows([windows(0, &[8, 8, 6], 14), windows(1, &[5], 5)]);
        let lengths = super::lengths(&data, 8, true, 0);
        assert_eq!(super::lengths(&data, 8, true, 1).truncated, 1);
        assert_eq!((lengths.max_length, lengths.truncated, lengths.windows), (8, 0, Some(4)));
        assert_eq!((lengths.counts.len(), lengths.counts.iter().sum::<usize>()), (14, 2));
        assert_eq!((lengths.counts[4], lengths.counts[13]), (1, 1));
        let untruncated = lengths.untruncated.unwrap();
        assert_eq!((untruncated.longest, untruncated.counts), (14, lengths.counts));
    }
}
