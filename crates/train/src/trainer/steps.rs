//! The loop: [`Job::run`] and [`Job::step`].

use std::time::Instant;

use embert_model::{DropoutKey, ModelFor};
use embert_optim::{GradientAccumulator, GradientsParams, Shards, clip_factor, global_norm};
use embert_run::LOSS;
use embert_task::Task;

use super::job::Job;
use super::outcome::Outcome;
use super::plan::Plan;
use super::progress::Progress;
use super::whole_step::WholeStep;
use crate::TrainError;
use crate::batches::{MicroBatch, MicroBatches};
use crate::events::{Event, TrainStep};
use crate::groups::learning_rates;
use crate::memory::unless_out_of_memory;
use crate::stages::Stage;

impl<T: Task> Job<T> {
    /// Trains until the last step, early stopping or the stop signal.
    pub(super) fn run(mut self, model: ModelFor<T::Head>) -> Result<Outcome, TrainError> {
        let (plan, stages, checkpoints, mut progress) = self.begin(model)?;
        while !plan.is_last(progress.step) && !progress.tracker.is_exhausted() {
            let stage = stages.at(progress.step).1;
            if stage.begins == progress.step {
                progress = self.enter(&stages, progress)?;
            }
            self.fill_caches(&mut progress)?;
            let epoch = plan.epoch(progress.step + 1);
            let until = stages.next_after(progress.step).unwrap_or(plan.total_steps);
            let until = until.min(epoch * plan.steps_per_epoch);
            let mut batches = self.batches(epoch, progress.step % plan.steps_per_epoch);
            while progress.step < until && !progress.tracker.is_exhausted() {
                let began = Instant::now();
                let step = progress.step + 1;
                let done = unless_out_of_memory(|| self.step(plan, stage, progress, &mut batches));
                let out_of_memory = || TrainError::OutOfMemory(self.memory.error(step, &self.config));
                progress = done.ok_or_else(out_of_memory)??;
                progress.phases.train += began.elapsed().as_secs_f64();
                if plan.evaluates_after(progress.step) {
                    self.validate(plan, &mut progress, &checkpoints)?;
                }
                let stops = self.stop.is_requested();
                if plan.saves_after(progress.step) || stops || progress.tracker.is_exhausted() {
                    self.save(&mut progress, &checkpoints)?;
                }
                if stops && !plan.is_last(progress.step) {
                    return Ok(Outcome::Interrupted { step: progress.step, total_steps: plan.total_steps });
                }
            }
        }
        self.finish(plan, progress, &checkpoints)
    }

    /// One optimizer step over the next micro-batches: forward, loss, backward, clip, update.
    fn step(
        &mut self,
        plan: Plan,
        stage: &Stage,
        mut progress: Progress<T>,
        batches: &mut MicroBatches<T::Target>,
    ) -> Result<Progress<T>, TrainError> {
        let (task, pooled_loss) = (&self.setup.task, self.pooled_loss());
        let factor = self.config.optimizer.schedule().factor(progress.step, plan.total_steps);
        let targets = batches.begin_step();
        let micro_batches = targets.len();
        let weight: f64 = targets.map(|targets| task.weight(targets)).sum();
        let mut accumulator = GradientAccumulator::new(micro_batches, Shards::new(self.config.shards)?);
        let (seed, step) = (self.config.seed, progress.step);
        let key = |micro_batch| DropoutKey::new(seed, step, micro_batch);
        let step_loss = task.step_loss();
        let mut whole = match step_loss {
            Some(loss) if micro_batches > 1 => {
                let batches = batches.take(micro_batches).collect::<Result<Vec<_>, _>>()?;
                Some(WholeStep::new(task, loss, &progress.model, batches, weight, key))
            }
            _ => None,
        };
        let (mut loss, mut examples, mut tokens) =
            (whole.as_ref().map_or(0.0, |whole| whole.loss), Vec::new(), 0);
        for micro_batch in 0..micro_batches {
            let (batch, gradient) = match &mut whole {
                Some(whole) => whole.next().map(|(batch, gradient)| (Ok(batch), Some(gradient))),
                None => batches.next().map(|batch| (batch, None)),
            }
            .unwrap_or_else(|| unreachable!("a step has the micro-batches that its plan has"));
            let MicroBatch { input, windows, targets, ids, tokens: of_batch } = batch?;
            self.memory.begin(input.shape());
            let layout = input.layout();
            let outputs = input.with_dropout(key(micro_batch)).forward(&progress.model);
            let windows = windows.as_deref();
            let of_loss = match (&gradient, step_loss, pooled_loss, windows) {
                // Its gradient is that of the step's loss.
                (Some(gradient), ..) => (outputs * gradient.clone()).sum(),
                (None, Some(loss), _, Some(windows)) => loss(task, outputs, windows, &targets, weight),
                (None, None, Some(loss), Some(windows)) => {
                    loss(task, outputs, &layout, windows, &targets, weight)
                }
                _ => task.loss(outputs, &layout, &targets, weight),
            };
            let gradients = GradientsParams::from_grads(of_loss.backward(), &progress.model);
            accumulator.add(&progress.model, gradients);
            if gradient.is_none() {
                // Reading the loss waits for the device.
                loss += f64::from(of_loss.into_scalar::<f32>());
            }
            examples.extend(ids);
            tokens += of_batch;
        }
        let gradients = accumulator.finish(&progress.model);
        let grad_norm = global_norm(&progress.model, &gradients);
        self.memory.done();
        let learning_rate = stage.learning_rate * factor;
        for (what, value) in [(LOSS, loss), ("gradient norm", grad_norm)] {
            if !value.is_finite() {
                let step = progress.step + 1;
                return Err(TrainError::NotFinite { step, what, value, learning_rate, examples });
            }
        }
        let clip = clip_factor(grad_norm, self.config.max_grad_norm);
        progress.model = progress.optimizer.step(progress.model, gradients, factor, clip);
        progress.step += 1;
        self.emit(&Event::TrainStep(TrainStep {
            step: progress.step,
            epoch: plan.epoch(progress.step),
            loss,
            grad_norm,
            learning_rate,
            head_learning_rate: stage.own_head_learning_rate().map(|rate| rate * factor),
            learning_rates: learning_rates(progress.optimizer.groups(), factor),
            examples: examples.len(),
            tokens,
            seconds: progress.seconds(),
        }))?;
        Ok(progress)
    }
}
