//! [`Caches`]: what the frozen part of the model makes of the splits, where that is kept.

use std::sync::Arc;
use std::time::Instant;

use embert_data::EncodedDataset;
use embert_model::Prefix;

use super::{Job, Progress};
use crate::TrainError;
use crate::cache::{Filling, PrefixCache};
use crate::events::Event;

/// What the frozen part of the model makes of the splits, where that is kept.
#[derive(Default)]
pub(super) struct Caches {
    pub(super) train: Option<Arc<PrefixCache>>,
    pub(super) validation: Option<Arc<PrefixCache>>,
}

impl Job {
    /// Computes what the frozen part of the model makes of the splits, if that is to be kept and isn't yet.
    pub(super) fn fill_caches(&mut self, progress: &mut Progress) -> Result<(), TrainError> {
        if !self.config.cache_frozen || self.caches.train.is_some() {
            return Ok(());
        }
        let Some(prefix) = progress.model.frozen_prefix() else { return Ok(()) };
        let began = Instant::now();
        let train = self.fill_cache(progress, prefix, "train", &Arc::clone(&self.task.train), 0)?;
        let taken = train.memory();
        self.caches.train = Some(Arc::new(train));
        progress.phases.train += began.elapsed().as_secs_f64();
        if let Some(data) = self.task.validation.clone() {
            let began = Instant::now();
            let validation = self.fill_cache(progress, prefix, "validation", &data, taken)?;
            self.caches.validation = Some(Arc::new(validation));
            progress.phases.evaluate += began.elapsed().as_secs_f64();
        }
        Ok(())
    }

    /// The cache of a split, in the memory that is left where `taken` bytes of it are.
    fn fill_cache(
        &mut self,
        progress: &Progress,
        prefix: Prefix,
        split: &str,
        data: &Arc<EncodedDataset>,
        taken: usize,
    ) -> Result<PrefixCache, TrainError> {
        let (device, folder) = (self.device.clone().inner(), self.run.path().to_owned());
        let filling = Filling {
            batcher: self.batcher(),
            batch_size: self.config.eval_batch_size,
            device: &device,
            memory: self.config.cache_memory.saturating_mul(1 << 20).saturating_sub(taken),
            folder: &folder,
        };
        let total = data.examples().len();
        let cache = PrefixCache::fill(&progress.model, prefix, data, &filling, |done| {
            self.emit(&Event::CacheProgress { split: split.to_owned(), done, total })
        })?;
        tracing::info!(
            "what the frozen part makes of the {split} split takes {} MiB in memory and {} MiB in a file",
            cache.memory() >> 20,
            cache.spilled() >> 20
        );
        Ok(cache)
    }
}
