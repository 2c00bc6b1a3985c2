//! [`BatchLoader`]: batches that are built while the device works on the batch before.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use burn::data::dataloader::batcher::Batcher as _;
use burn::tensor::Device;

use crate::batch::{Batch, Batcher};
use crate::error::DataError;
use crate::features::{EncodedDataset, EncodedFeature};

/// Number of batches that are built ahead of their use.
const AHEAD: usize = 2;

/// Builds the batches of a plan on a thread of its own, which ends when the loader is dropped.
#[derive(Debug)]
pub struct BatchLoader<T> {
    batches: Receiver<Batch<T>>,
    left: usize,
}

impl<T: Clone + Send + Sync + 'static> BatchLoader<T> {
    /// As [`new`](Self::new), with each feature as `change` returns it: other token ids with another target.
    /// The thread calls `change` when it builds the feature's batch.
    pub fn with_change(
        data: Arc<EncodedDataset<T>>,
        batcher: Batcher,
        plan: Vec<Vec<usize>>,
        skip: usize,
        device: Device,
        change: impl Fn(&EncodedFeature<T>) -> EncodedFeature<T> + Send + 'static,
    ) -> Self {
        let left = plan.len().saturating_sub(skip);
        let (sender, batches) = sync_channel(AHEAD);
        thread::spawn(move || {
            for indices in plan.into_iter().skip(skip) {
                let items: Vec<EncodedFeature<T>> =
                    indices.into_iter().map(|index| change(&data.features()[index])).collect();
                // Sending fails once the loader was dropped.
                if sender.send(batcher.batch(items, &device)).is_err() {
                    return;
                }
            }
        });
        Self { batches, left }
    }

    /// The batches of `plan` (see [`Sampler::epoch`](crate::Sampler::epoch)) from the one with index `skip`
    /// on, on `device`.
    pub fn new(
        data: Arc<EncodedDataset<T>>,
        batcher: Batcher,
        plan: Vec<Vec<usize>>,
        skip: usize,
        device: Device,
    ) -> Self {
        Self::with_change(data, batcher, plan, skip, device, EncodedFeature::clone)
    }
}

impl<T> Iterator for BatchLoader<T> {
    type Item = Result<Batch<T>, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let batch = self.batches.recv().map_err(|_| DataError::Loader);
        self.left = if batch.is_ok() { self.left - 1 } else { 0 };
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use embert_tokenize::Padding;

    use super::*;

    fn data(count: u64) -> Arc<EncodedDataset<Option<usize>>> {
        let examples = (0..count).map(|id| EncodedFeature {
            id,
            ids: vec![2, 3],
            type_ids: vec![0, 0],
            target: Some(0),
            untruncated_length: 2,
        });
        Arc::new(EncodedDataset::new(examples.collect()))
    }

    fn ids(count: u64, plan: &[Vec<usize>], skip: usize) -> Vec<Vec<u64>> {
        let batcher = Batcher::new(0, Padding::Longest);
        BatchLoader::new(data(count), batcher, plan.to_vec(), skip, Device::flex())
            .map(|batch| batch.unwrap().ids)
            .collect()
    }

    #[test]
    fn skipping_gives_the_tail() {
        let plan: Vec<Vec<usize>> = (0..10).map(|n| vec![2 * n, 2 * n + 1]).collect();
        let all = ids(20, &plan, 0);
        assert_eq!(all.len(), 10);
        assert_eq!(ids(20, &plan, 7), all[7..]);
        assert!(ids(20, &plan, 10).is_empty());
    }

    #[test]
    fn features_are_changed_when_their_batch_is_built() {
        let batcher = Batcher::new(0, Padding::Longest);
        let change = |feature: &EncodedFeature<Option<usize>>| EncodedFeature {
            ids: vec![7; feature.id as usize + 1],
            type_ids: vec![0; feature.id as usize + 1],
            target: None,
            ..feature.clone()
        };
        let plan = vec![vec![2, 0]];
        let batches = BatchLoader::with_change(data(3), batcher, plan, 0, Device::flex(), change);
        let batch = batches.map(Result::unwrap).next().unwrap();
        assert_eq!(batch.input_ids.into_data().iter::<i64>().collect::<Vec<_>>(), [7, 7, 7, 7, 0, 0]);
        assert_eq!((batch.targets, batch.ids), (vec![None, None], vec![2, 0]));
    }

    #[test]
    fn a_loader_that_is_dropped_early_ends_its_thread() {
        let data = data(1000);
        let plan: Vec<Vec<usize>> = (0..1000).map(|n| vec![n]).collect();
        let mut loader =
            BatchLoader::new(Arc::clone(&data), Batcher::new(0, Padding::Longest), plan, 0, Device::flex());
        loader.next().unwrap().unwrap();
        drop(loader);
        let began = std::time::Instant::now();
        while Arc::strong_count(&data) > 1 {
            assert!(began.elapsed().as_secs() < 60, "the thread still holds the data");
            thread::yield_now();
        }
    }

    #[test]
    fn a_thread_that_dies_is_an_error_not_an_end() {
        let plan = vec![vec![0], vec![99]];
        let batches: Vec<_> =
            BatchLoader::new(data(1), Batcher::new(0, Padding::Longest), plan, 0, Device::flex()).collect();
        assert!(batches[0].is_ok() && matches!(batches[1], Err(DataError::Loader)), "{batches:?}");
    }
}
