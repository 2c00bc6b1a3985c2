//! [`Trainer`]: fine-tunes a model for a task.

mod begin;
mod caches;
mod evaluation;
mod finish;
mod job;
mod outcome;
mod plan;
mod progress;
mod resume;
mod steps;
mod stop_signal;
mod whole_step;

use burn::tensor::Device;
use embert_model::ModelFor;
use embert_task::Task;

use self::caches::Caches;
use self::job::Job;
pub use self::outcome::Outcome;
pub(crate) use self::plan::Plan;
pub use self::stop_signal::StopSignal;
use crate::events::Observer;
use crate::memory::MemoryUse;
use crate::{Claim, Prepared, Provenance, RunFolder, TrainError};

/// Fine-tunes a [`Prepared`] model into a [`RunFolder`].
///
/// The unit is the optimizer step: a run evaluates, saves, stops and is resumed after any step. Besides the
/// weights and the optimizer's moments, a step depends on its number and the run's seed alone. Dropout's
/// random numbers depend on the seed, the step and the micro-batch, so other trainers in the process don't
/// change them.
pub struct Trainer<T: Task> {
    /// The weights to start from.
    model: ModelFor<T::Head>,
    job: Job<T>,
}

impl<T: Task> Trainer<T> {
    /// Begins a new run in a claimed folder, with the settings of `prepared`.
    ///
    /// # Errors
    /// The folder can't be written, an old run in the folder can't be moved, or the model or the data set
    /// lies in that folder.
    pub fn begin(prepared: Prepared<T>, claim: Claim, device: Device) -> Result<Self, TrainError> {
        let run = RunFolder::begin(claim, prepared.config())?;
        Ok(Self::new(prepared, run, device))
    }

    /// Resumes the run in a folder, with the settings of `prepared`. If these differ from the folder's
    /// settings (another `device` or `save_dtype`, a model or a data set that was moved), the folder's
    /// `config.toml` is written again.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn resume(prepared: Prepared<T>, run: RunFolder, device: Device) -> Result<Self, TrainError> {
        if run.config() != prepared.config() {
            run.rewrite_config(prepared.config())?;
        }
        Ok(Self::new(prepared, run, device))
    }

    fn new(prepared: Prepared<T>, run: RunFolder, device: Device) -> Self {
        let Prepared { model, setup } = prepared;
        let job = Job {
            config: setup.settings.clone(),
            setup,
            run,
            device: device.autodiff(),
            observers: Vec::new(),
            stop: StopSignal::default(),
            provenance: Provenance::default(),
            memory: MemoryUse::default(),
            measures_peak: true,
            caches: Caches::default(),
            logged: Vec::new(),
        };
        Self { model, job }
    }

    /// Sets where the model and the data came from, for the result's model card.
    #[must_use]
    pub fn provenance(mut self, provenance: Provenance) -> Self {
        self.job.provenance = provenance;
        self
    }

    /// The run's folder.
    pub fn run_folder(&self) -> &RunFolder {
        &self.job.run
    }

    /// Adds an observer. Observers receive each event in the order in which they were added.
    #[must_use]
    pub fn observe(mut self, observer: impl Observer + 'static) -> Self {
        self.job.observers.push(Box::new(observer));
        self
    }

    /// Sets the stop signal, which other trainers may share.
    #[must_use]
    pub fn stop_with(mut self, signal: &StopSignal) -> Self {
        self.job.stop = signal.clone();
        self
    }

    /// Leaves the process's peak memory out of the run's log, for a process in which the peak is over several
    /// runs.
    #[must_use]
    pub fn without_peak_memory(mut self) -> Self {
        self.job.measures_peak = false;
        self
    }

    /// The signal that stops this trainer.
    pub fn stop_signal(&self) -> StopSignal {
        self.job.stop.clone()
    }

    /// Trains until the last step, early stopping or the stop signal; resumes from the newest whole
    /// checkpoint if the run folder has one.
    ///
    /// # Errors
    /// A loss or gradient that isn't finite, a step that doesn't fit the device's memory, a file that can't
    /// be written, a checkpoint that can't be read, or an observer's error.
    pub fn run(self) -> Result<Outcome, TrainError> {
        self.job.config.validate()?;
        self.job.run(self.model)
    }
}
