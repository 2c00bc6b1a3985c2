//! Evaluations during a run.

use std::time::Instant;

use burn::module::Module as _;
use embert_model::ModelFor;
use embert_task::Task;

use super::job::Job;
use super::plan::Plan;
use super::progress::{Evaluated, Progress};
use crate::checkpoint::Checkpoints;
use crate::config::Keep;
use crate::evaluate::{EvaluatedSplit, evaluate_from};
use crate::events::Event;
use crate::{TrainError, scores};

impl<T: Task> Job<T> {
    /// Evaluates the validation split, if there is one, and keeps the weights if they are the best so far.
    pub(super) fn validate(
        &mut self,
        plan: Plan,
        progress: &mut Progress<T>,
        checkpoints: &Checkpoints,
    ) -> Result<(), TrainError> {
        let Some(split) = self.setup.validation.clone() else { return Ok(()) };
        let epoch = plan.epoch(progress.step);
        let began = Instant::now();
        let evaluated =
            self.evaluate_split("validation", &split, true, &progress.model, progress.step, epoch)?;
        progress.phases.evaluate += began.elapsed().as_secs_f64();
        let (metrics, _) = self.setup.task.scores(&evaluated.scored.report);
        let value = metrics.get(&self.setup.metric.name);
        let is_best = progress.tracker.update(progress.step, value);
        self.emit(&Event::Monitored { step: progress.step, value, is_best })?;
        if is_best || self.config.keep == Keep::Last {
            progress.evaluated = Some(evaluated);
        }
        if is_best {
            let began = Instant::now();
            checkpoints.save_best(&progress.model, &self.setup.config, progress.step)?;
            progress.phases.save += began.elapsed().as_secs_f64();
        }
        if progress.tracker.is_exhausted() && !plan.is_last(progress.step) {
            let evaluations = progress.tracker.stale();
            self.emit(&Event::EarlyStop { step: progress.step, evaluations })?;
        }
        Ok(())
    }

    /// Evaluates a split; with `cached`, from the cached outputs of the validation split.
    pub(super) fn evaluate_split(
        &mut self,
        name: &str,
        split: &EvaluatedSplit<T>,
        cached: bool,
        model: &ModelFor<T::Head>,
        step: usize,
        epoch: usize,
    ) -> Result<Evaluated<T>, TrainError> {
        let task = self.setup.task.clone();
        let cache = self.caches.validation().filter(|_| cached).cloned();
        let (batch_size, batcher) = (self.config.eval_batch_size, self.batcher());
        let (device, total) = (self.device.clone().inner(), split.examples.len());
        let report_progress = |done| self.emit(&Event::EvalProgress { split: name.to_owned(), done, total });
        let scored = evaluate_from(
            &task,
            &model.valid(),
            split,
            cache.as_ref(),
            batch_size,
            batcher,
            &device,
            report_progress,
        )?;
        let eval = scores::eval(&task, name, step, epoch, total, &scored.report);
        self.emit(&Event::Eval(eval.clone()))?;
        Ok(Evaluated { eval, scored })
    }
}
