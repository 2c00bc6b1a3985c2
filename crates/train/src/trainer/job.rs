//! [`Job`]: the parts of a run that stay the same from step to step.

use burn::tensor::Device;
use embert_data::{Batcher, Sampler};
use embert_task::{PooledLoss, Task};

use super::caches::Caches;
use super::progress::Progress;
use super::stop_signal::StopSignal;
use crate::batches::MicroBatches;
use crate::epoch::{EpochPlan, TextBatches};
use crate::events::{Eval, Event, Observer};
use crate::memory::MemoryUse;
use crate::prepared::Setup;
use crate::{Provenance, RunFolder, TrainConfig, TrainError, result};

/// The parts of a run that stay the same from step to step.
pub(super) struct Job<T: Task> {
    pub(super) config: TrainConfig,
    pub(super) setup: Setup<T>,
    pub(super) run: RunFolder,
    /// A device that records operations for the backward pass.
    pub(super) device: Device,
    pub(super) observers: Vec<Box<dyn Observer>>,
    pub(super) stop: StopSignal,
    pub(super) provenance: Provenance,
    pub(super) memory: MemoryUse,
    /// Whether the process's peak memory is the run's own.
    pub(super) measures_peak: bool,
    pub(super) caches: Caches,
    /// The evaluations in the log when this process opened it.
    pub(super) logged: Vec<Eval>,
}

impl<T: Task> Job<T> {
    /// Sends an event to every observer, in the order in which they were added.
    pub(super) fn emit(&mut self, event: &Event) -> Result<(), TrainError> {
        self.observers.iter_mut().try_for_each(|observer| observer.on_event(event))
    }

    /// The micro-batches of an epoch after its first `steps_done` steps.
    pub(super) fn batches(&self, epoch: usize, steps_done: usize) -> MicroBatches<T::Target> {
        let data = &self.setup.train;
        let sampler = Sampler::new(self.config.data.order, self.config.batch_size, self.config.seed);
        let (accumulated, of_texts) = (self.config.micro_batches(), self.pooled_loss().is_some());
        let plan = if of_texts {
            let texts = TextBatches { tokens: self.config.batch_tokens(), padding: self.batcher().padding() };
            EpochPlan::of_texts(data, sampler, epoch, accumulated, texts)
        } else {
            EpochPlan::of_features(data, sampler, epoch, accumulated)
        };
        let plan = plan.after(steps_done);
        MicroBatches::new(data, self.caches.train(), self.batcher(), plan, of_texts, &self.device)
    }

    /// The loss of whole examples, where the features of an example are trained on together: the windows of a
    /// text, or its separate texts. `None` where each feature has a loss.
    pub(super) fn pooled_loss(&self) -> Option<PooledLoss<T>> {
        T::POOLED_LOSS.filter(|_| T::SEPARATE_TEXTS || self.config.data.train_stride.is_some())
    }

    pub(super) fn batcher(&self) -> Batcher {
        Batcher::new(self.setup.tokenizer.pad_id(), self.config.data.batch_padding())
    }

    /// The most memory that a process of the run held so far, in bytes.
    pub(super) fn peak_memory(&self, progress: &Progress<T>) -> Option<u64> {
        self.measures_peak.then(result::peak_memory).flatten().max(progress.peak_before)
    }
}
