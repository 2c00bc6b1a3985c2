//! [`Trainer`]: the loop.

mod caches;
mod finish;
mod plan;
mod resume;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn::data::dataset::Dataset as _;
use burn::module::Module as _;
use burn::tensor::Device;
use embert_data::tokenize::Padding;
use embert_data::{Batcher, EncodedDataset, Order, Sampler};
use embert_model::BertForSequenceClassification;
use embert_optim::{AdamW, GradientAccumulator, GradientsParams, ParameterGroup, clip_factor, global_norm};
use embert_run::LOSS;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use self::caches::Caches;
use self::finish::Evaluated;
pub(crate) use self::plan::Plan;
use crate::batches::{MicroBatch, MicroBatches};
use crate::cache::PrefixCache;
use crate::checkpoint::{Checkpoints, State};
use crate::config::{Keep, LogFormat, OrderConfig, PaddingConfig};
use crate::evaluate::{EvalOptions, evaluate_from};
use crate::events::{self, End, Event, Observer, Phases, Start, TrainStep};
use crate::memory::{MemoryUse, unless_out_of_memory};
use crate::metrics_log::MetricsLog;
use crate::records::write_facts;
use crate::sizes::Written;
use crate::stages::{Stage, Stages};
use crate::task::{Setup, parameters};
use crate::tensorboard::TensorBoard;
use crate::tracker::Tracker;
use crate::{Provenance, RunFolder, Task, TrainConfig, TrainError, result, scores};

/// Fine-tunes a [`Task`] as a [`TrainConfig`] says, into a [`RunFolder`].
///
/// The unit is the optimizer step: a run evaluates, saves, stops and goes on after any of them. All that a step depends
/// on besides the weights and the optimizer's moments follows from its number and the run's seed.
///
/// Dropout draws from the device's random generator, of which a process has one: where a run must give the same bytes again,
/// nothing else in the process may draw from it meanwhile, another trainer included.
pub struct Trainer {
    /// The weights to start from.
    model: BertForSequenceClassification,
    job: Job,
}

/// What stays the same from step to step.
struct Job {
    config: TrainConfig,
    task: Setup,
    run: RunFolder,
    device: Device,
    observers: Vec<Box<dyn Observer>>,
    stop: StopSignal,
    provenance: Provenance,
    memory: MemoryUse,
    /// Whether what the process held at most is what this run held at most.
    measures_peak: bool,
    caches: Caches,
}

/// Asks a running [`Trainer`] to finish its step, save and return. Clones ask the same trainer.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    /// Asks.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The result is in the run's `model/`.
    Complete(End),
    /// It was stopped after `step`, saved, and can go on.
    Interrupted {
        /// The last step done.
        step: usize,
        /// All steps of the run.
        total_steps: usize,
    },
}

/// What changes from step to step.
struct Progress {
    model: BertForSequenceClassification,
    optimizer: AdamW,
    tracker: Tracker,
    step: usize,
    began: Instant,
    seconds_before: f64,
    phases: Phases,
    /// The most memory that the processes before this one held, in bytes.
    peak_before: Option<u64>,
    /// What the model said of the validation split, if its weights may be the ones that are kept.
    scored: Option<Evaluated>,
}

impl Progress {
    fn seconds(&self) -> f64 {
        self.seconds_before + self.began.elapsed().as_secs_f64()
    }
}

impl Trainer {
    /// A trainer whose run folder is new, or holds a run with the same settings that was stopped.
    pub fn new(config: TrainConfig, task: Task, run: RunFolder, device: Device) -> Self {
        let Task { model, setup: task } = task;
        let (observers, stop, provenance) = (Vec::new(), StopSignal::default(), Provenance::default());
        let (caches, memory, measures_peak) = (Caches::default(), MemoryUse::default(), true);
        let device = device.autodiff();
        let job =
            Job { config, task, run, device, observers, stop, provenance, memory, measures_peak, caches };
        Self { model, job }
    }

    /// Says where the model and the data came from, for the result's model card.
    #[must_use]
    pub fn provenance(mut self, provenance: Provenance) -> Self {
        self.job.provenance = provenance;
        self
    }

    /// Adds an observer; each gets every event, in the order in which they were added.
    #[must_use]
    pub fn observe(mut self, observer: impl Observer + 'static) -> Self {
        self.job.observers.push(Box::new(observer));
        self
    }

    /// Takes a signal that may ask other trainers too.
    #[must_use]
    pub fn stop_with(mut self, signal: &StopSignal) -> Self {
        self.job.stop = signal.clone();
        self
    }

    /// Says that the peak of the process's memory is another run's too, and so not this one's to state.
    #[must_use]
    pub(crate) fn without_peak_memory(mut self) -> Self {
        self.job.measures_peak = false;
        self
    }

    /// The signal that asks this trainer to stop.
    pub fn stop_signal(&self) -> StopSignal {
        self.job.stop.clone()
    }

    /// Trains until the last step, early stopping or the stop signal; goes on from the newest whole checkpoint if the
    /// run folder has one.
    ///
    /// # Errors
    /// A loss or gradient that isn't finite, a step that doesn't fit the device's memory, a file that can't be written, a
    /// checkpoint that can't be read, or an observer's error.
    pub fn run(self) -> Result<Outcome, TrainError> {
        self.job.config.validate()?;
        self.job.run(self.model)
    }
}

impl Job {
    /// The loop.
    fn run(mut self, model: BertForSequenceClassification) -> Result<Outcome, TrainError> {
        let plan = Plan::new(&self.config, self.task.train.len())?;
        let stages = Stages::new(
            &self.config,
            self.task.config.num_hidden_layers,
            plan.steps_per_epoch,
            plan.total_steps,
        )?;
        let (model, trainable) = stages.check(&self.config, model)?;
        self.task.facts.parameters.trainable = trainable;
        let checkpoints = Checkpoints::new(&self.run, self.config.keep_checkpoints)?;
        let mut progress = self.begin(model, &stages, &checkpoints)?;
        progress.phases.prepare += self.task.seconds;
        let goes_on = !plan.is_last(progress.step);
        Written {
            checkpoints: plan.checkpoints_at_a_time(
                progress.step,
                self.config.keep_checkpoints,
                self.config.early_stopping.patience.is_some(),
            ),
            best: goes_on && self.config.keep == Keep::Best && self.task.validation.is_some(),
            save_dtype: self.config.save_dtype,
        }
        .check(&self.run, self.task.facts.parameters)?;
        write_facts(&self.run.facts_path(), &self.task.facts)?;
        self.observers.insert(0, Box::new(MetricsLog::open(&self.run.metrics_path(), progress.step)?));
        if self.config.log.contains(&LogFormat::Tensorboard) {
            let (folder, lengths) = (self.run.tensorboard(), self.task.facts.lengths.uncut.as_ref());
            let board = TensorBoard::open(&folder, progress.step, &self.config, lengths)?;
            self.observers.insert(1, Box::new(board));
        }
        self.start_event(plan, &progress)?;

        while !plan.is_last(progress.step) && !progress.tracker.is_exhausted() {
            if stages.at(progress.step).1.begins == progress.step {
                progress = self.enter(&stages, progress)?;
            }
            let (_, stage) = stages.at(progress.step);
            self.fill_caches(&mut progress)?;
            let epoch = plan.epoch(progress.step + 1);
            let until = stages.next_after(progress.step).unwrap_or(plan.total_steps);
            let until = until.min(epoch * plan.steps_per_epoch);
            let mut batches = self.batches(epoch, progress.step % plan.steps_per_epoch)?;
            while progress.step < until {
                let began = Instant::now();
                let (step, micro_batches) = (progress.step + 1, self.config.micro_batches());
                let work = || self.step(plan, stage, progress, batches.by_ref().take(micro_batches));
                progress = match unless_out_of_memory(work) {
                    Some(done) => done?,
                    None => {
                        return Err(TrainError::OutOfMemory(self.memory.error(step, &self.config)));
                    }
                };
                progress.phases.train += began.elapsed().as_secs_f64();
                if plan.evaluates_after(progress.step) {
                    self.validate(plan, &mut progress, &checkpoints)?;
                }
                let ends = self.stop.is_requested() || progress.tracker.is_exhausted();
                if plan.saves_after(progress.step) || ends {
                    let began = Instant::now();
                    self.save(&progress, &checkpoints)?;
                    progress.phases.save += began.elapsed().as_secs_f64();
                }
                if self.stop.is_requested() && !plan.is_last(progress.step) {
                    return Ok(Outcome::Interrupted { step: progress.step, total_steps: plan.total_steps });
                }
                if progress.tracker.is_exhausted() {
                    break;
                }
            }
        }
        self.finish(plan, progress, &checkpoints)
    }

    /// One optimizer step over the micro-batches: forward, loss, backward, clip, update.
    fn step(
        &mut self,
        plan: Plan,
        stage: &Stage,
        mut progress: Progress,
        batches: impl Iterator<Item = Result<MicroBatch, TrainError>>,
    ) -> Result<Progress, TrainError> {
        self.device.seed(step_seed(self.config.seed, progress.step));
        let factor = self.config.optimizer.schedule().factor(progress.step, plan.total_steps);
        let mut accumulator = GradientAccumulator::new();
        let (mut loss_sum, mut examples, mut tokens) = (0.0, Vec::new(), 0);
        for batch in batches {
            let batch = batch?;
            self.memory.begin(batch.input.shape());
            let weight = self.task.loss.total_weight(&batch.targets);
            let loss =
                self.task.loss.forward(batch.input.forward(&progress.model), &batch.targets, &self.device);
            let gradients = GradientsParams::from_grads(loss.backward(), &progress.model);
            loss_sum += weight * f64::from(loss.into_scalar::<f32>());
            examples.extend(batch.ids);
            tokens += batch.tokens;
            accumulator.add(&progress.model, gradients, weight);
        }
        let (gradients, weight) = accumulator.take();
        let loss = if weight > 0.0 { loss_sum / weight } else { loss_sum };
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

    /// Begins the stage that the next step belongs to.
    fn enter(&mut self, stages: &Stages, mut progress: Progress) -> Result<Progress, TrainError> {
        let (number, stage) = stages.at(progress.step);
        // What fits while less is trained says nothing of this stage.
        self.memory = MemoryUse::default();
        if stages.are_many() {
            progress.model = stage.apply(progress.model)?;
            progress.optimizer.regroup(self.task.groups(&progress.model, &self.config, stage))?;
            self.emit(&Event::Stage(events::Stage {
                step: progress.step,
                stage: number,
                freeze: stage.freeze.to_string(),
                trainable: parameters(&progress.model).trainable,
            }))?;
        }
        // Made by other frozen parts, or by the same ones before they were trained.
        self.caches = Caches::default();
        Ok(progress)
    }

    /// The micro-batches of an epoch, from the one on that its step number `steps_done + 1` begins with.
    fn batches(&self, epoch: usize, steps_done: usize) -> Result<MicroBatches, TrainError> {
        let data = &self.task.train;
        let order = match self.config.data.order {
            OrderConfig::GroupedByLength => Order::GroupedByLength,
            OrderConfig::Shuffled => Order::Shuffled,
            OrderConfig::Sequential => Order::Sequential,
        };
        let sampler = Sampler::new(order, self.config.batch_size, self.config.seed);
        let plan = sampler.epoch(&data.lengths(), epoch);
        let skip = steps_done * self.config.micro_batches();
        MicroBatches::new(data, self.caches.train.as_ref(), self.batcher(), plan, skip, &self.device)
    }

    fn batcher(&self) -> Batcher {
        let padding = match self.config.data.padding {
            PaddingConfig::Longest => Padding::Longest,
            PaddingConfig::MaxLength => Padding::MaxLength(self.config.data.max_length),
        };
        Batcher::new(self.task.tokenizer.pad_id(), padding)
    }

    /// Evaluates the validation split, if there is one, and keeps the weights if they are the best so far.
    fn validate(
        &mut self,
        plan: Plan,
        progress: &mut Progress,
        checkpoints: &Checkpoints,
    ) -> Result<(), TrainError> {
        let Some(data) = self.task.validation.clone() else { return Ok(()) };
        let epoch = plan.epoch(progress.step);
        let began = Instant::now();
        let cache = self.caches.validation.clone();
        let evaluated =
            self.evaluate_split("validation", &data, cache.as_ref(), &progress.model, progress.step, epoch)?;
        progress.phases.evaluate += began.elapsed().as_secs_f64();
        let value = self.config.metric.value(&evaluated.report);
        let is_best = progress.tracker.update(progress.step, value);
        self.emit(&Event::Judged { step: progress.step, value, is_best })?;
        if is_best || self.config.keep == Keep::Last {
            progress.scored = Some(evaluated);
        }
        if is_best {
            let began = Instant::now();
            checkpoints.save_best(&progress.model, &self.task.config, progress.step)?;
            progress.phases.save += began.elapsed().as_secs_f64();
        }
        if progress.tracker.is_exhausted() && !plan.is_last(progress.step) {
            let evaluations = progress.tracker.stale();
            self.emit(&Event::EarlyStop { step: progress.step, evaluations })?;
        }
        Ok(())
    }

    fn evaluate_split(
        &mut self,
        split: &str,
        data: &Arc<EncodedDataset>,
        cache: Option<&Arc<PrefixCache>>,
        model: &BertForSequenceClassification,
        step: usize,
        epoch: usize,
    ) -> Result<Evaluated, TrainError> {
        let options = self.eval_options();
        let device = self.device.clone().inner();
        let total = data.texts();
        let (report, scored) = evaluate_from(&model.valid(), data, cache, &options, &device, |done| {
            self.emit(&Event::EvalProgress { split: split.to_owned(), done, total })
        })?;
        let eval = scores::eval(split, step, epoch, &report);
        self.emit(&Event::Eval(eval.clone()))?;
        Ok(Evaluated { eval, report, scored })
    }

    fn eval_options(&self) -> EvalOptions {
        EvalOptions {
            batch_size: self.config.eval_batch_size,
            num_labels: self.task.labels.len(),
            average: self.task.average,
            batcher: self.batcher(),
        }
    }

    /// The most memory that a process of the run held so far, in bytes.
    fn peak_memory(&self, progress: &Progress) -> Option<u64> {
        self.measures_peak.then(result::peak_memory).flatten().max(progress.peak_before)
    }

    fn save(&mut self, progress: &Progress, checkpoints: &Checkpoints) -> Result<(), TrainError> {
        self.emit(&Event::Saving { step: progress.step })?;
        let state = State {
            step: progress.step,
            seconds: progress.seconds(),
            phases: progress.phases,
            tracker: progress.tracker.state().clone(),
            data_fingerprint: self.task.training_tokens.clone(),
            data: Some(self.task.fingerprint.clone()),
            peak_memory: self.peak_memory(progress),
        };
        let path =
            checkpoints.save(&progress.model, &self.task.config, &progress.optimizer.state(), &state)?;
        self.emit(&Event::Saved { step: progress.step, path })
    }

    fn start_event(&mut self, plan: Plan, progress: &Progress) -> Result<(), TrainError> {
        self.emit(&Event::Start(Start {
            step: progress.step,
            total_steps: plan.total_steps,
            steps_per_epoch: plan.steps_per_epoch,
            epochs: self.config.epochs,
            metric: self.config.metric.to_string(),
            metrics: scores::infos(),
            train_examples: self.task.train.len(),
            validation_examples: self.task.validation.as_ref().map_or(0, |data| data.texts()),
            seconds: progress.seconds_before,
        }))
    }

    fn emit(&mut self, event: &Event) -> Result<(), TrainError> {
        self.observers.iter_mut().try_for_each(|observer| observer.on_event(event))
    }
}

/// The rate of each part of the model; nothing where there are no others than base and head.
fn learning_rates(groups: &[ParameterGroup], factor: f64) -> BTreeMap<String, f64> {
    if groups.iter().all(|group| ["base", "head"].contains(&group.part.as_str())) {
        return BTreeMap::new();
    }
    groups.iter().map(|group| (group.part.clone(), group.learning_rate * factor)).collect()
}

/// The device's seed in a step: a function of the run's seed and the step alone, so that a run that goes on draws the
/// numbers that it would have drawn.
fn step_seed(seed: u64, step: usize) -> u64 {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(step as u64 + 1);
    generator.next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_its_own_seed_and_always_the_same() {
        assert_eq!(step_seed(1, 7), step_seed(1, 7));
        assert_ne!(step_seed(1, 7), step_seed(1, 8));
        assert_ne!(step_seed(1, 7), step_seed(2, 7));
    }
}
