//! The loop: [`Job::run`] and [`Job::step`].

use std::time::Instant;

use burn::tensor::{Device, Int, Tensor};
use embert_model::{DropoutKey, Layout, ModelFor};
use embert_optim::{GradientAccumulator, GradientsParams, Shards, clip_factor, global_norm};
use embert_run::LOSS;
use embert_task::{Task, rows_of};

use super::job::Job;
use super::outcome::Outcome;
use super::plan::Plan;
use super::progress::Progress;
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
        let (mut loss, mut examples, mut tokens) = (0.0, Vec::new(), 0);
        for (micro_batch, batch) in batches.take(micro_batches).enumerate() {
            let MicroBatch { input, windows, targets, ids, tokens: of_batch } = batch?;
            self.memory.begin(input.shape());
            let (layout, key) =
                (input.layout(), DropoutKey::new(self.config.seed, progress.step, micro_batch));
            let rows = trained_rows(task, &layout, &targets, &self.device);
            let outputs = input.with_dropout(key).forward(&progress.model, rows);
            let of_loss = match (pooled_loss, windows) {
                (Some(loss), Some(windows)) => loss(task, outputs, &layout, &windows, &targets, weight),
                _ => task.loss(outputs, &layout, &targets, weight),
            };
            let gradients = GradientsParams::from_grads(of_loss.backward(), &progress.model);
            accumulator.add(&progress.model, gradients);
            // Reading the loss waits for the device.
            loss += f64::from(of_loss.into_scalar::<f32>());
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

/// The rows of a micro-batch whose outputs the loss wants; `None` for all.
fn trained_rows<T: Task>(
    task: &T,
    layout: &Layout,
    targets: &[T::Target],
    device: &Device,
) -> Option<Tensor<1, Int>> {
    let positions: Option<Vec<&[usize]>> =
        targets.iter().map(|target| task.trained_positions(target)).collect();
    Some(rows_of(layout, positions?, device))
}
