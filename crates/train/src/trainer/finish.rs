//! The end of a run: `model/`, `scores.json`, `examples.jsonl` and the model card.

use std::time::Instant;

use burn::module::Module as _;
use embert_model::ModelFor;
use embert_run::{Baseline, Best, SplitScores};
use embert_task::{Scorer as _, Task};

use super::job::Job;
use super::outcome::Outcome;
use super::plan::Plan;
use super::progress::{Evaluated, Progress};
use crate::checkpoint::Checkpoints;
use crate::config::Keep;
use crate::evaluate::evaluate;
use crate::events::{End, Eval, Event};
use crate::model_card::{ModelCard, escaped};
use crate::prepared::Setup;
use crate::records::{PredictedSplit, write_examples};
use crate::scores::write_scores;
use crate::{DatasetFacts, TrainError, result, scores};

const VALIDATION: &str = "validation";

impl<T: Task> Job<T> {
    /// Writes the kept weights' scores, predictions and `model/`, and returns how the run ended.
    pub(super) fn finish(
        mut self,
        plan: Plan,
        mut progress: Progress<T>,
        checkpoints: &Checkpoints,
    ) -> Result<Outcome, TrainError> {
        let best = progress.tracker.best();
        let kept = match (self.config.keep, best) {
            (Keep::Best, Some(Best { step, .. })) => {
                self.setup.reload(&checkpoints.best(step), &self.config, &self.device)?
            }
            _ => progress.model.clone(),
        };
        let epoch = plan.epoch(progress.step);
        let kept_step = match self.config.keep {
            Keep::Best => best.map_or(progress.step, |best| best.step),
            Keep::Last => progress.step,
        };
        let began = Instant::now();
        let kept_epoch = plan.epoch(kept_step);
        let evaluated = progress.evaluated.take().filter(|evaluated| evaluated.eval.step == kept_step);
        let mut evaluated: Vec<Evaluated<T>> =
            self.validation_evaluated(evaluated, &kept, kept_step, kept_epoch)?.into_iter().collect();
        if let (true, Some(test)) = (self.config.evaluate_test, self.setup.test.clone()) {
            evaluated.push(self.evaluate_split("test", &test, false, &kept, kept_step, kept_epoch)?);
        }
        self.fit_thresholds(&mut evaluated)?;
        let baselines: Vec<Vec<Baseline>> = evaluated
            .iter()
            .map(|found| self.setup.task.baselines(self.examples_of(&found.eval.split)))
            .collect::<Result<_, _>>()?;
        progress.phases.evaluate += began.elapsed().as_secs_f64();
        let began = Instant::now();
        self.emit(&Event::Saving { step: progress.step })?;
        let of_splits = evaluated.iter().zip(baselines).map(|(found, baselines)| {
            (found.eval.split.as_str(), found.eval.examples, &found.scored.report, baselines)
        });
        let scores = write_scores(&self.run.files().scores(), &self.setup.task, kept_step, of_splits)?;
        self.write_examples(&evaluated)?;
        let evaluations = evaluated.into_iter().map(|found| found.eval).collect();
        result::write(
            &self.run,
            &kept,
            &self.setup,
            &self.card(plan, &progress, kept_step, evaluations, scores.splits),
        )?;
        progress.phases.save += began.elapsed().as_secs_f64();
        let end = End {
            step: progress.step,
            epoch,
            metric: self.setup.metric.name.clone(),
            best_step: best.map(|best| best.step),
            best_metric: best.map(|best| best.value),
            early_stopped: !plan.is_last(progress.step),
            seconds: progress.seconds(),
            phases: Some(progress.phases),
            peak_memory: self.peak_memory(&progress),
        };
        self.emit(&Event::End(end.clone()))?;
        if let Err(error) = self.run.remove_replaced() {
            tracing::warn!("what the run replaced can't be removed: {error}");
        }
        Ok(Outcome::Complete(end))
    }

    /// The evaluation of the kept weights on the validation split: `evaluated`, unless another process made
    /// it. Then the weights are evaluated again for their predictions, and the log's line of the evaluation
    /// is used; if that line is damaged, a new line is logged.
    fn validation_evaluated(
        &mut self,
        evaluated: Option<Evaluated<T>>,
        kept: &ModelFor<T::Head>,
        kept_step: usize,
        kept_epoch: usize,
    ) -> Result<Option<Evaluated<T>>, TrainError> {
        if evaluated.is_some() {
            return Ok(evaluated);
        }
        let Some(split) = self.setup.validation.clone() else { return Ok(None) };
        let device = self.device.clone().inner();
        let (task, batch_size) = (&self.setup.task, self.config.eval_batch_size);
        let scored = evaluate(task, &kept.valid(), &split, batch_size, self.batcher(), &device, |_| Ok(()))?;
        let logged =
            self.logged.iter().find(|eval| eval.split == VALIDATION && eval.step == kept_step).cloned();
        let eval = if let Some(eval) = logged {
            eval
        } else {
            let eval =
                scores::eval(task, VALIDATION, kept_step, kept_epoch, split.examples.len(), &scored.report);
            self.emit(&Event::Eval(eval.clone()))?;
            eval
        };
        Ok(Some(Evaluated { eval, scored }))
    }

    /// Fits the task's thresholds on the validation split, and scores all splits with them too.
    fn fit_thresholds(&mut self, evaluated: &mut [Evaluated<T>]) -> Result<(), TrainError> {
        let Some(validation) = evaluated.iter().find(|found| found.eval.split == VALIDATION) else {
            return Ok(());
        };
        let examples = self.examples_of(VALIDATION);
        let Some(fitted) = self.setup.task.fit_thresholds(examples, &validation.scored.predictions) else {
            return Ok(());
        };
        for found in evaluated {
            let mut scorer = fitted.scorer()?;
            let examples = self.examples_of(&found.eval.split);
            for (example, prediction) in examples.iter().zip(&found.scored.predictions) {
                scorer.add(example, prediction)?;
            }
            found.scored.report = scorer.finish();
        }
        self.setup.task = fitted;
        Ok(())
    }

    /// The examples of an evaluated split.
    fn examples_of(&self, split: &str) -> &[T::Example] {
        let Setup { validation, test, .. } = &self.setup;
        let split = if split == VALIDATION { validation } else { test };
        split.as_ref().map_or(&[], |split| &split.examples)
    }

    /// Writes `examples.jsonl`.
    fn write_examples(&self, evaluated: &[Evaluated<T>]) -> Result<(), TrainError> {
        let Setup { validation, test, .. } = &self.setup;
        let splits: Vec<PredictedSplit<'_, T>> = [(VALIDATION, validation), ("test", test)]
            .into_iter()
            .filter_map(|(name, split)| {
                let found = evaluated.iter().find(|found| found.eval.split == name)?;
                let predictions = &found.scored.predictions;
                Some(PredictedSplit { name, split: split.as_ref()?, predictions })
            })
            .collect();
        write_examples(&self.run.files().examples(), &self.setup.task, &splits)
    }

    /// The model card's content.
    fn card(
        &self,
        plan: Plan,
        progress: &Progress<T>,
        kept_step: usize,
        evaluations: Vec<Eval>,
        scores: Vec<SplitScores>,
    ) -> ModelCard<'_> {
        let names = self.setup.task.labels().iter().map(String::as_str);
        let labels = names.zip(self.setup.facts.splits.train.labels.iter().copied()).collect();
        ModelCard {
            config: &self.config,
            base: self.provenance.model.as_ref(),
            licence: self.setup.licence.clone(),
            dataset: self.provenance.dataset.clone().unwrap_or_else(|| DatasetFacts {
                name: self.setup.dataset.clone(),
                ..DatasetFacts::default()
            }),
            labels,
            counted: T::COUNTED,
            inputs: self.setup.inputs,
            trains_on_windows: T::trains_on_windows(),
            examples: self.setup.facts.splits.train.examples,
            task: T::NAME,
            default_stride: T::default_stride(self.config.data.max_length),
            about: self.setup.task.card(&escaped),
            evaluations,
            scores,
            kept_step,
            steps: progress.step,
            total_steps: plan.total_steps,
            chosen: progress.tracker.best().is_some(),
        }
    }
}
