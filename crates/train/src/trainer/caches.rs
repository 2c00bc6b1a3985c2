//! [`Caches`]: the outputs of the model's frozen prefix for the splits.

use std::sync::Arc;
use std::time::Instant;

use embert_data::EncodedDataset;
use embert_model::{FrozenPrefix, Head, ModelFor};
use embert_task::{Target, Task};

use crate::TrainError;
use crate::cache::{Filling, PrefixCache};
use crate::events::Phases;
use crate::prepared::Setup;

/// The cached outputs of the model's frozen prefix, for the training and the validation split.
#[derive(Default)]
pub(super) struct Caches {
    train: Option<Arc<PrefixCache>>,
    validation: Option<Arc<PrefixCache>>,
}

impl Caches {
    pub(super) fn train(&self) -> Option<&Arc<PrefixCache>> {
        self.train.as_ref()
    }

    pub(super) fn validation(&self) -> Option<&Arc<PrefixCache>> {
        self.validation.as_ref()
    }

    /// Computes the outputs of the frozen prefix for both splits, unless they are cached already or the model
    /// has no frozen prefix. `progress` gets the split's name, the number of features done and the total.
    pub(super) fn fill<T: Task>(
        &mut self,
        model: &ModelFor<T::Head>,
        setup: &Setup<T>,
        filling: &Filling<'_>,
        phases: &mut Phases,
        mut progress: impl FnMut(&str, usize, usize) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let Some(prefix) = model.frozen_prefix().filter(|_| self.train.is_none()) else { return Ok(()) };
        let began = Instant::now();
        let train = cache(model, prefix, "train", &setup.train, filling, &mut progress)?;
        let left = filling.memory.saturating_sub(train.memory());
        self.train = Some(Arc::new(train));
        phases.train += began.elapsed().as_secs_f64();
        if let Some(split) = &setup.validation {
            let began = Instant::now();
            let filling = Filling { memory: left, ..*filling };
            let cache = cache(model, prefix, "validation", &split.features, &filling, &mut progress)?;
            self.validation = Some(Arc::new(cache));
            phases.evaluate += began.elapsed().as_secs_f64();
        }
        Ok(())
    }
}

/// Fills the cache of a split and logs the cache's size.
fn cache<H: Head, T: Target>(
    model: &ModelFor<H>,
    prefix: FrozenPrefix,
    split: &str,
    data: &Arc<EncodedDataset<T>>,
    filling: &Filling<'_>,
    progress: &mut impl FnMut(&str, usize, usize) -> Result<(), TrainError>,
) -> Result<PrefixCache, TrainError> {
    let total = data.features().len();
    let cache = PrefixCache::fill(model, prefix, data, filling, |done| progress(split, done, total))?;
    tracing::info!(
        "what the frozen part makes of the {split} split takes {} MiB in memory and {} MiB in a file",
        cache.memory() >> 20,
        cache.spilled() >> 20
    );
    Ok(cache)
}
