//! The beginning of a run, of each of its stages, and the checkpoints in between.

use std::time::Instant;

use burn::data::dataset::Dataset as _;
use embert_model::ModelFor;
use embert_run::CheckpointState;
use embert_task::Task;

use super::caches::Caches;
use super::job::Job;
use super::plan::Plan;
use super::progress::Progress;
use crate::TrainError;
use crate::cache::Filling;
use crate::checkpoint::Checkpoints;
use crate::config::{Keep, LogFormat};
use crate::events::{self, Event, Start};
use crate::memory::MemoryUse;
use crate::metrics_log::MetricsLog;
use crate::prepared::parameters;
use crate::records::write_facts;
use crate::sizes::Written;
use crate::stages::Stages;
use crate::tensorboard::TensorBoard;

impl<T: Task> Job<T> {
    /// Checks that the run can be written, opens the logs and returns the state before the next step.
    pub(super) fn begin(
        &mut self,
        model: ModelFor<T::Head>,
    ) -> Result<(Plan, Stages, Checkpoints, Progress<T>), TrainError> {
        let plan = Plan::of_split(&self.config, &self.setup.train, T::SEPARATE_TEXTS)?;
        let layers = self.setup.config.num_hidden_layers;
        let stages = Stages::new(&self.config, layers, plan.steps_per_epoch, plan.total_steps)?;
        let (model, trainable) = stages.check(&self.config, model)?;
        self.setup.facts.parameters.trainable = trainable;
        let checkpoints = Checkpoints::new(self.run.files(), self.config.keep_checkpoints)?;
        let mut progress = self.restore(model, &stages, &checkpoints)?;
        progress.phases.prepare += self.setup.seconds;
        let goes_on = !plan.is_last(progress.step);
        Written {
            checkpoints: plan.checkpoints_at_a_time(
                progress.step,
                self.config.keep_checkpoints,
                self.config.early_stopping.patience.is_some(),
            ),
            best: goes_on && self.config.keep == Keep::Best && self.setup.validation.is_some(),
            save_dtype: self.config.save_dtype,
        }
        .check(self.run.files(), self.setup.facts.parameters)?;
        write_facts(&self.run.files().facts(), &self.setup.facts)?;
        let (log, logged) = MetricsLog::open(&self.run.files().metrics(), progress.step)?;
        self.observers.insert(0, Box::new(log));
        self.logged = logged;
        if self.config.log.contains(&LogFormat::Tensorboard) {
            let (folder, lengths) =
                (self.run.files().tensorboard(), self.setup.facts.lengths.untruncated.as_ref());
            let logged = self.setup.task.logged_metrics();
            let board = TensorBoard::open(&folder, progress.step, &self.config, &logged, lengths)?;
            self.observers.insert(1, Box::new(board));
        }
        self.emit(&Event::Start(Start {
            step: progress.step,
            total_steps: plan.total_steps,
            steps_per_epoch: plan.steps_per_epoch,
            epochs: self.config.epochs,
            metric: self.setup.metric.name.clone(),
            metrics: self.setup.facts.metrics.clone(),
            train_examples: self.setup.train.examples(),
            train_features: self.setup.train.len(),
            validation_examples: self.setup.validation.as_ref().map_or(0, |split| split.examples.len()),
            seconds: progress.seconds_before,
        }))?;
        Ok((plan, stages, checkpoints, progress))
    }

    /// Begins the stage that the next step belongs to.
    pub(super) fn enter(
        &mut self,
        stages: &Stages,
        mut progress: Progress<T>,
    ) -> Result<Progress<T>, TrainError> {
        let (number, stage) = stages.at(progress.step);
        // A batch that fits while fewer parameters are trained may not fit in this stage.
        self.memory = MemoryUse::default();
        if stages.are_many() {
            progress.model = stage.apply(progress.model)?;
            progress.optimizer.regroup(self.setup.groups(&progress.model, &self.config, stage))?;
            self.emit(&Event::Stage(events::Stage {
                step: progress.step,
                stage: number,
                freeze: stage.freeze.to_string(),
                trainable: parameters(&progress.model).trainable,
            }))?;
        }
        // The previous stage had another frozen prefix, or none.
        self.caches = Caches::default();
        Ok(progress)
    }

    /// Caches the outputs of the frozen prefix, if `cache_frozen` is set and they are not cached yet.
    pub(super) fn fill_caches(&mut self, progress: &mut Progress<T>) -> Result<(), TrainError> {
        if !self.config.cache_frozen {
            return Ok(());
        }
        let mut caches = std::mem::take(&mut self.caches);
        let (device, folder) = (self.device.clone().inner(), self.run.path().to_owned());
        let filling = Filling {
            batcher: self.batcher(),
            batch_size: self.config.eval_batch_size,
            device: &device,
            memory: self.config.cache_memory.saturating_mul(1 << 20),
            folder: &folder,
        };
        let Self { setup, observers, .. } = self;
        let Progress { model, phases, .. } = progress;
        caches.fill(model, setup, &filling, phases, |split, done, total| {
            let event = Event::CacheProgress { split: split.to_owned(), done, total };
            observers.iter_mut().try_for_each(|observer| observer.on_event(&event))
        })?;
        self.caches = caches;
        Ok(())
    }

    /// Writes a checkpoint.
    pub(super) fn save(
        &mut self,
        progress: &mut Progress<T>,
        checkpoints: &Checkpoints,
    ) -> Result<(), TrainError> {
        let began = Instant::now();
        self.emit(&Event::Saving { step: progress.step })?;
        let state = CheckpointState {
            step: progress.step,
            seconds: progress.seconds(),
            phases: progress.phases,
            tracker: progress.tracker.state().clone(),
            data_fingerprint: self.setup.training_tokens.clone(),
            data: Some(self.setup.fingerprint.clone()),
            peak_memory: self.peak_memory(progress),
        };
        let (model, optimizer) = (&progress.model, progress.optimizer.state());
        let path = checkpoints.save(model, &self.setup.config, &optimizer, &state)?;
        self.emit(&Event::Saved { step: progress.step, path })?;
        progress.phases.save += began.elapsed().as_secs_f64();
        Ok(())
    }
}
