//! [`EpochPlan`]: the features of each micro-batch of an epoch, and how many micro-batches make a step.

use std::ops::Range;

use embert_data::tokenize::Padding;
use embert_data::{EncodedDataset, Sampler};

/// The micro-batches of an epoch, step after step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EpochPlan {
    /// The features of each micro-batch, by index.
    pub(crate) micro_batches: Vec<Vec<usize>>,
    /// The number of micro-batches in each step.
    pub(crate) steps: Vec<usize>,
}

/// How texts whose windows are one example are put into micro-batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextBatches {
    /// The most tokens of a micro-batch of several texts, padding included.
    pub(crate) tokens: usize,
    pub(crate) padding: Padding,
}

impl EpochPlan {
    /// A step is `accumulated` batches of the sampler, and each batch is a micro-batch of features.
    pub(crate) fn of_features<T>(
        data: &EncodedDataset<T>,
        sampler: Sampler,
        epoch: usize,
        accumulated: usize,
    ) -> Self {
        let micro_batches = sampler.epoch(&data.lengths(), epoch);
        let steps = micro_batches.chunks(accumulated).map(<[_]>::len).collect();
        Self { micro_batches, steps }
    }

    /// A step is `accumulated` batches of the sampler, of texts. A batch is one micro-batch, or, where its windows
    /// together have more tokens than `texts` says, several: texts are taken in the sampler's order, and one with
    /// which a micro-batch would be too large begins the next. The windows of a text stay together, in their order.
    ///
    /// The sampler groups texts by the tokens of all their windows.
    pub(crate) fn of_texts<T>(
        data: &EncodedDataset<T>,
        sampler: Sampler,
        epoch: usize,
        accumulated: usize,
        texts: TextBatches,
    ) -> Self {
        let (lengths, windows) = (data.lengths(), windows_of_texts(data));
        let tokens: Vec<usize> =
            windows.iter().map(|of_text| lengths[of_text.clone()].iter().sum()).collect();
        let mut plan = Self { micro_batches: Vec::new(), steps: Vec::new() };
        for step in sampler.epoch(&tokens, epoch).chunks(accumulated) {
            let before = plan.micro_batches.len();
            for batch in step {
                let batch = batch.iter().map(|&text| windows[text].clone());
                plan.micro_batches.extend(texts.cut(&lengths, batch));
            }
            plan.steps.push(plan.micro_batches.len() - before);
        }
        plan
    }

    /// The plan after its first `steps` steps.
    pub(crate) fn after(mut self, steps: usize) -> Self {
        let steps = steps.min(self.steps.len());
        let done: usize = self.steps.drain(..steps).sum();
        self.micro_batches.drain(..done);
        self
    }
}

impl TextBatches {
    /// The features of each micro-batch of a batch of texts, each of which is a range of features.
    fn cut(self, lengths: &[usize], texts: impl Iterator<Item = Range<usize>>) -> Vec<Vec<usize>> {
        let mut all: Vec<Vec<usize>> = Vec::new();
        let mut longest = 0;
        for text in texts {
            let own = lengths[text.clone()].iter().copied().max().unwrap_or(0);
            let fits = |batch: &Vec<usize>| {
                (batch.len() + text.len()) * self.padding.length(own.max(longest)) <= self.tokens
            };
            if let Some(batch) = all.last_mut().filter(|batch| fits(batch)) {
                batch.extend(text);
                longest = longest.max(own);
            } else {
                all.push(text.collect());
                longest = own;
            }
        }
        all
    }
}

/// The features of each text, by index.
fn windows_of_texts<T>(data: &EncodedDataset<T>) -> Vec<Range<usize>> {
    let mut windows = vec![0..0; data.examples()];
    for feature in 0..data.features().len() {
        let of_text = &mut windows[data.example_of(feature)];
        let begins = if of_text.start == of_text.end { feature } else { of_text.start };
        *of_text = begins..feature + 1;
    }
    windows
}

/// The places in a micro-batch of the windows of each text, in their order.
pub(crate) fn windows_in<T>(data: &EncodedDataset<T>, micro_batch: &[usize]) -> Vec<Range<usize>> {
    let of_texts = micro_batch.chunk_by(|one, next| data.example_of(*one) == data.example_of(*next));
    let mut begins = 0;
    let ranges = of_texts.map(|windows| {
        let range = begins..begins + windows.len();
        begins = range.end;
        range
    });
    ranges.collect()
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "a list of one text's windows")]
mod tests {
    use embert_data::{EncodedFeature, Order};

    use super::*;

    /// Texts whose windows have so many tokens.
    fn texts(lengths: &[&[usize]]) -> EncodedDataset<usize> {
        let text = |(id, lengths): (u64, &&[usize])| {
            let window = |&tokens: &usize| EncodedFeature {
                id,
                ids: vec![7; tokens],
                type_ids: vec![0; tokens],
                target: 0,
                untruncated_length: lengths.iter().sum(),
            };
            lengths.iter().map(window).collect()
        };
        EncodedDataset::of_windows((0..).zip(lengths).map(text))
    }

    fn in_order(batch_size: usize) -> Sampler {
        Sampler::new(Order::Sequential, batch_size, 0)
    }

    const PLAIN: TextBatches = TextBatches { tokens: 32, padding: Padding::Longest };

    #[test]
    fn a_step_has_texts_and_a_micro_batch_as_many_tokens_as_it_may() {
        let data = texts(&[&[8, 3], &[4], &[8, 8, 8, 8, 2], &[5], &[8, 6], &[8], &[2], &[2]]);
        let plan = EpochPlan::of_texts(&data, in_order(3), 1, 2, PLAIN);
        // Windows 0 and 1, 2, 3 to 7, 8, 9 and 10, 11, 12, 13. The third text is too long for any other: 5 windows of
        // 8 tokens are more than 32.
        assert_eq!(
            plan.micro_batches,
            [vec![0, 1, 2], vec![3, 4, 5, 6, 7], vec![8, 9, 10, 11], vec![12, 13]]
        );
        assert_eq!(plan.steps, [3, 1]);
        assert_eq!(windows_in(&data, &plan.micro_batches[0]), [0..2, 2..3]);
        assert_eq!(windows_in(&data, &plan.micro_batches[1]), [0..5]);
        assert_eq!(windows_in(&data, &plan.micro_batches[2]), [0..1, 1..3, 3..4]);

        // Padding counts: a window of 3 tokens takes 8 where the micro-batch has one of 8.
        let less = TextBatches { tokens: 23, ..PLAIN };
        let plan = EpochPlan::of_texts(&data, in_order(2), 1, 1, less);
        assert_eq!(plan.micro_batches[..2], [vec![0, 1], vec![2]]);
        let padded = TextBatches { padding: Padding::MaxLength(16), ..PLAIN };
        let plan = EpochPlan::of_texts(&data, in_order(8), 1, 1, padded);
        assert_eq!(plan.micro_batches[3..], [vec![8], vec![9, 10], vec![11, 12], vec![13]]);
    }

    #[test]
    fn a_plan_goes_on_after_any_step() {
        let data = texts(&[&[8, 3], &[4], &[8, 8, 8, 8, 2], &[5], &[8, 6], &[8], &[2], &[2]]);
        let plan = |steps| EpochPlan::of_texts(&data, in_order(2), 1, 2, PLAIN).after(steps);
        let whole = plan(0);
        assert_eq!(whole.steps, [3, 2]);
        assert_eq!(plan(1).steps, [2]);
        assert_eq!(plan(1).micro_batches, whole.micro_batches[3..]);
        assert_eq!((plan(2), plan(9)), (whole.clone().after(2), whole.after(2)));
    }

    /// Where no text has two windows, windows change nothing: the same micro-batches, and so the same bytes.
    #[test]
    fn texts_of_one_window_are_planned_as_features() {
        let lengths: Vec<usize> = (0..137).map(|index| 1 + index * 7919 % 31).collect();
        let windows: Vec<Vec<usize>> = lengths.iter().map(|length| vec![*length]).collect();
        let data = texts(&windows.iter().map(Vec::as_slice).collect::<Vec<_>>());
        for order in [Order::Sequential, Order::Shuffled, Order::GroupedByLength] {
            let sampler = Sampler::new(order, 6, 5);
            for (epoch, accumulated) in [(1, 1), (2, 3), (3, 50)] {
                let tokens = TextBatches { tokens: 6 * 31, padding: Padding::Longest };
                assert_eq!(
                    EpochPlan::of_texts(&data, sampler, epoch, accumulated, tokens),
                    EpochPlan::of_features(&data, sampler, epoch, accumulated)
                );
            }
        }
    }

    /// Longer texts first: by all of their windows' tokens, not by the longest window.
    #[test]
    fn texts_are_grouped_by_the_tokens_of_their_windows() {
        let data = texts(&[&[8], &[8, 8, 8], &[8, 2], &[8, 8], &[3], &[8, 8, 4]]);
        let sampler = Sampler::new(Order::GroupedByLength, 2, 1);
        let plan = EpochPlan::of_texts(&data, sampler, 1, 1, TextBatches { tokens: 1000, ..PLAIN });
        let mut of_texts: Vec<Vec<usize>> = plan
            .micro_batches
            .iter()
            .map(|batch| {
                let mut texts: Vec<usize> = batch.iter().map(|window| data.example_of(*window)).collect();
                texts.dedup();
                texts
            })
            .collect();
        assert_eq!(of_texts[0], [1, 5]);
        of_texts.sort();
        assert_eq!(of_texts, [[0, 4], [1, 5], [3, 2]]);
    }
}
