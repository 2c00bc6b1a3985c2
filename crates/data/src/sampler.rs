//! [`Sampler`]: which features form a batch, and in which order.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The order of the training features in an epoch, as a config file spells it: `grouped_by_length`,
/// `shuffled` or `sequential`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The order of the files.
    Sequential,
    /// Shuffled.
    Shuffled,
    /// Shuffled, then sorted by length within mega-batches of [`MEGA_BATCH_MULT`] batches, and the batches
    /// shuffled again: hardly less random, and with the least padding. In the first epoch the batch with the
    /// largest padded size comes first, so that too little memory shows at once.
    #[default]
    GroupedByLength,
}

/// Batches in a mega-batch, the features of which [`Order::GroupedByLength`] sorts by length together; the
/// default of the `transformers` Trainer.
pub const MEGA_BATCH_MULT: usize = 50;

/// Plans the batches of an epoch as a function of the seed and the epoch alone: a run that is resumed within
/// an epoch makes the same plan again and skips the batches that are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampler {
    order: Order,
    batch_size: usize,
    seed: u64,
}

impl Sampler {
    /// Batches of `batch_size` features (at least 1); the last batch may be smaller.
    pub fn new(order: Order, batch_size: usize, seed: u64) -> Self {
        Self { order, batch_size: batch_size.max(1), seed }
    }

    /// The features of each batch in `epoch` (from 1), by index; `lengths` are the tokens of each feature.
    /// Each feature comes once, in `lengths.len() / batch_size` batches, rounded up.
    pub fn epoch(&self, lengths: &[usize], epoch: usize) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..lengths.len()).collect();
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        generator.set_stream(epoch as u64);
        if self.order != Order::Sequential {
            order.shuffle(&mut generator);
        }
        if self.order == Order::GroupedByLength {
            for mega_batch in order.chunks_mut(MEGA_BATCH_MULT.saturating_mul(self.batch_size)) {
                mega_batch.sort_by_key(|&index| std::cmp::Reverse(lengths[index]));
            }
        }
        let mut batches: Vec<Vec<usize>> = order.chunks(self.batch_size).map(<[usize]>::to_vec).collect();
        if self.order == Order::GroupedByLength {
            batches.shuffle(&mut generator);
            if epoch == 1 {
                // The padded size decides how much memory a batch needs.
                let size = |batch: &Vec<usize>| {
                    batch.len() * batch.iter().map(|&index| lengths[index]).max().unwrap_or(0)
                };
                if let Some(longest) = (0..batches.len()).max_by_key(|&index| size(&batches[index])) {
                    batches.swap(0, longest);
                }
            }
        }
        batches
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_feature_comes_once(
            lengths in prop::collection::vec(1_usize..300, 0..500), batch_size in 1_usize..40, seed in 0_u64..50, epoch in 1_usize..4,
        ) {
            for order in [Order::Sequential, Order::Shuffled, Order::GroupedByLength] {
                let sampler = Sampler::new(order, batch_size, seed);
                let batches = sampler.epoch(&lengths, epoch);
                prop_assert_eq!(batches.len(), lengths.len().div_ceil(batch_size));
                prop_assert_eq!(&batches, &sampler.epoch(&lengths, epoch));
                let mut all = batches.concat();
                all.sort_unstable();
                prop_assert_eq!(all, (0..lengths.len()).collect::<Vec<_>>());
                prop_assert!(batches.iter().filter(|batch| batch.len() < batch_size).count() <= 1);
            }
        }

        /// Sorted by length, batches of one mega-batch don't interleave: the shortest of one is no shorter
        /// than the longest of the next.
        #[test]
        fn grouped_batches_are_of_similar_length(
            lengths in prop::collection::vec(1_usize..300, 1..400), batch_size in 8_usize..20, seed in 0_u64..50,
        ) {
            let mut spans: Vec<(usize, usize)> = Sampler::new(Order::GroupedByLength, batch_size, seed)
                .epoch(&lengths, 1)
                .iter()
                .map(|batch| batch.iter().map(|&index| lengths[index]))
                .map(|batch| (batch.clone().min().unwrap(), batch.max().unwrap()))
                .collect();
            let most = lengths.iter().max().copied();
            prop_assert!(spans.first().map(|span| span.1) == most || lengths.len() % batch_size != 0);
            spans.sort_unstable();
            // All features are in one mega-batch.
            prop_assert!(lengths.len() <= MEGA_BATCH_MULT * batch_size);
            prop_assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{spans:?}");
        }

        #[test]
        fn the_first_epoch_begins_with_the_largest_batch(
            lengths in prop::collection::vec(1_usize..300, 1..400), batch_size in 1_usize..20, seed in 0_u64..50,
        ) {
            let size = |batch: &Vec<usize>| batch.len() * batch.iter().map(|&index| lengths[index]).max().unwrap();
            let batches = Sampler::new(Order::GroupedByLength, batch_size, seed).epoch(&lengths, 1);
            prop_assert_eq!(Some(size(&batches[0])), batches.iter().map(size).max());
        }
    }

    fn lengths() -> Vec<usize> {
        (0..1000).map(|index| 1 + index * 7919 % 251).collect()
    }

    fn padding(batches: &[Vec<usize>], lengths: &[usize]) -> usize {
        batches
            .iter()
            .map(|batch| {
                let longest = batch.iter().map(|&index| lengths[index]).max().unwrap();
                batch.iter().map(|&index| longest - lengths[index]).sum::<usize>()
            })
            .sum()
    }

    #[test]
    fn grouping_saves_padding_and_begins_with_the_longest() {
        let lengths = lengths();
        let shuffled = Sampler::new(Order::Shuffled, 16, 3).epoch(&lengths, 1);
        let grouped = Sampler::new(Order::GroupedByLength, 16, 3).epoch(&lengths, 1);
        assert!(10 * padding(&grouped, &lengths) < padding(&shuffled, &lengths));
        let longest = grouped[0].iter().map(|&index| lengths[index]).max();
        assert_eq!(longest, lengths.iter().max().copied());
    }

    #[test]
    fn epochs_and_seeds_differ_and_sequences_do_not() {
        let lengths = lengths();
        let plan = |order, seed, epoch| Sampler::new(order, 16, seed).epoch(&lengths, epoch);
        assert_ne!(plan(Order::Shuffled, 0, 1), plan(Order::Shuffled, 0, 2));
        assert_ne!(plan(Order::Shuffled, 0, 1), plan(Order::Shuffled, 1, 1));
        assert_eq!(plan(Order::Sequential, 0, 1), plan(Order::Sequential, 1, 2));
    }
}
