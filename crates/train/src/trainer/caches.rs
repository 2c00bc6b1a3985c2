//! [`Caches`]: the outputs of the model's frozen prefix for the splits.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Device;
use embert_data::{Batcher, EncodedDataset};
use embert_model::{FrozenPrefix, Head, ModelFor};
use embert_task::{Target, Task};

use crate::TrainError;
use crate::cache::{Filling, PrefixCache};
use crate::events::Phases;
use crate::prepared::Setup;

/// The outputs of the model's frozen prefix for the splits, where they are cached.
#[derive(Default)]
pub(super) struct Caches {
    train: Option<Arc<PrefixCache>>,
    validation: Option<Arc<PrefixCache>>,
}

/// How [`Caches`] are filled.
pub(super) struct Fill<'a> {
    pub(super) batcher: Batcher,
    pub(super) batch_size: usize,
    /// A device that records no operations.
    pub(super) device: &'a Device,
    /// The most bytes that are kept in memory; the rest goes to a temporary file in `folder`.
    pub(super) memory: usize,
    pub(super) folder: &'a Path,
}

impl Caches {
    pub(super) fn train(&self) -> Option<&Arc<PrefixCache>> {
        self.train.as_ref()
    }

    pub(super) fn validation(&self) -> Option<&Arc<PrefixCache>> {
        self.validation.as_ref()
    }

    /// Computes the outputs of the frozen prefix for both splits, unless they are there or nothing is frozen. `progress` gets
    /// the split, the features done and the features in all.
    pub(super) fn fill<T: Task>(
        &mut self,
        model: &ModelFor<T::Head>,
        setup: &Setup<T>,
        fill: &Fill<'_>,
        phases: &mut Phases,
        mut progress: impl FnMut(&str, usize, usize) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let Some(prefix) = model.frozen_prefix().filter(|_| self.train.is_none()) else { return Ok(()) };
        let began = Instant::now();
        let train = fill.cache(model, prefix, "train", &setup.train, 0, &mut progress)?;
        let taken = train.memory();
        self.train = Some(Arc::new(train));
        phases.train += began.elapsed().as_secs_f64();
        if let Some(split) = &setup.validation {
            let began = Instant::now();
            let cache = fill.cache(model, prefix, "validation", &split.features, taken, &mut progress)?;
            self.validation = Some(Arc::new(cache));
            phases.evaluate += began.elapsed().as_secs_f64();
        }
        Ok(())
    }
}

impl Fill<'_> {
    /// The cache of a split, in the memory that is left where `taken` bytes of it are in use.
    fn cache<H: Head, T: Target>(
        &self,
        model: &ModelFor<H>,
        prefix: FrozenPrefix,
        split: &str,
        data: &Arc<EncodedDataset<T>>,
        taken: usize,
        progress: &mut impl FnMut(&str, usize, usize) -> Result<(), TrainError>,
    ) -> Result<PrefixCache, TrainError> {
        let Self { batcher, batch_size, device, memory, folder } = *self;
        let filling = Filling { batcher, batch_size, device, memory: memory.saturating_sub(taken), folder };
        let total = data.features().len();
        let cache = PrefixCache::fill(model, prefix, data, &filling, |done| progress(split, done, total))?;
        tracing::info!(
            "what the frozen part makes of the {split} split takes {} MiB in memory and {} MiB in a file",
            cache.memory() >> 20,
            cache.spilled() >> 20
        );
        Ok(cache)
    }
}
