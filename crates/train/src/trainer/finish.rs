//! What a run leaves at its end: `model/`, `examples.jsonl` and what the model card says.

use std::time::Instant;

use burn::module::Module as _;
use embert_model::BertForSequenceClassification;

use super::{Job, Outcome, Plan, Progress};
use crate::checkpoint::Checkpoints;
use crate::config::Keep;
use crate::evaluate::{Scored, evaluate};
use crate::events::{End, Eval, Event};
use crate::metrics_log::Logged;
use crate::model_card::ModelCard;
use crate::records::{ScoredSplit, write_examples};
use crate::task::Setup;
use crate::tracker::Best;
use crate::{DatasetFacts, TrainError, result};

impl Job {
    /// Writes `model/` and says how the run ended.
    pub(super) fn finish(
        mut self,
        plan: Plan,
        mut progress: Progress,
        checkpoints: &Checkpoints,
    ) -> Result<Outcome, TrainError> {
        let best = progress.tracker.best();
        let kept = match (self.config.keep, best) {
            (Keep::Best, Some(Best { step, .. })) => {
                self.task.reload(&checkpoints.best(step), &self.config, &self.device)?
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
        let (mut evaluations, mut test_scored) = (Vec::new(), Vec::new());
        let scored = progress.scored.take().filter(|(eval, _)| eval.step == kept_step);
        let (validation_eval, validation_scored) =
            self.validation_scored(scored, &kept, kept_step, kept_epoch)?.unzip();
        evaluations.extend(validation_eval);
        if let (true, Some(test)) = (self.config.evaluate_test, self.task.test.clone()) {
            let (_, eval, scored) = self.evaluate_split("test", &test, None, &kept, kept_step, kept_epoch)?;
            evaluations.push(eval);
            test_scored = scored;
        }
        progress.phases.evaluate += began.elapsed().as_secs_f64();
        let began = Instant::now();
        self.emit(&Event::Saving { step: progress.step })?;
        self.write_examples(validation_scored.unwrap_or_default(), test_scored)?;
        result::write(&self.run, &kept, &self.task, &self.card(plan, &progress, kept_step, evaluations))?;
        progress.phases.save += began.elapsed().as_secs_f64();
        let end = End {
            step: progress.step,
            epoch,
            metric: self.config.metric.to_string(),
            best_step: best.map(|best| best.step),
            best_metric: best.map(|best| best.value),
            early_stopped: !plan.is_last(progress.step),
            seconds: progress.seconds(),
            phases: progress.phases,
            peak_memory: self.peak_memory(&progress),
        };
        self.emit(&Event::End(end.clone()))?;
        if let Err(error) = self.run.tidy() {
            tracing::warn!("what the run replaced can't be removed: {error}");
        }
        Ok(Outcome::Complete(end))
    }

    /// What the kept weights say of the validation split: said already, unless that was in another process. The figures are those
    /// that the log has. Where its line is damaged, they are those of the weights evaluated again, and the log gets them too.
    fn validation_scored(
        &mut self,
        scored: Option<(Eval, Vec<Scored>)>,
        kept: &BertForSequenceClassification,
        kept_step: usize,
        kept_epoch: usize,
    ) -> Result<Option<(Eval, Vec<Scored>)>, TrainError> {
        const SPLIT: &str = "validation";
        if scored.is_some() {
            return Ok(scored);
        }
        let Some(data) = self.task.validation.clone() else { return Ok(None) };
        let device = self.device.clone().inner();
        let (report, scored) = evaluate(&kept.valid(), &data, &self.eval_options(), &device, |_| Ok(()))?;
        let logged = Logged::read(&self.run.metrics_path())?.evaluation(SPLIT, kept_step).cloned();
        let eval = if let Some(eval) = logged {
            eval
        } else {
            let eval = Eval::new(SPLIT, kept_step, kept_epoch, &report);
            self.emit(&Event::Eval(eval.clone()))?;
            eval
        };
        Ok(Some((eval, scored)))
    }

    /// Writes `examples.jsonl`.
    fn write_examples(&self, validation: Vec<Scored>, test: Vec<Scored>) -> Result<(), TrainError> {
        let Setup { validation_texts, test_texts, .. } = &self.task;
        let splits = [
            ("validation", validation_texts, &self.task.validation, validation),
            ("test", test_texts, &self.task.test, test),
        ];
        let splits: Vec<ScoredSplit<'_>> = splits
            .into_iter()
            .filter_map(|(split, texts, encoded, scored)| {
                Some(ScoredSplit { split, texts, encoded: encoded.as_deref()?, scored })
            })
            .collect();
        write_examples(&self.run.examples_path(), &splits)
    }

    /// What there is to say about the result.
    fn card(
        &self,
        plan: Plan,
        progress: &Progress,
        kept_step: usize,
        evaluations: Vec<Eval>,
    ) -> ModelCard<'_> {
        let mut labels: Vec<(&str, usize)> =
            self.task.labels.iter().map(|label| (label.as_str(), 0)).collect();
        for label in self.task.train.labels() {
            labels[label].1 += 1;
        }
        ModelCard {
            config: &self.config,
            base: self.provenance.model.as_ref(),
            licence: self.task.licence.clone(),
            dataset: self.provenance.dataset.clone().unwrap_or_else(|| DatasetFacts {
                name: self.task.dataset.clone(),
                ..DatasetFacts::default()
            }),
            labels,
            class_weights: self.task.loss.class_weights(),
            average: self.task.average,
            evaluations,
            kept_step,
            steps: progress.step,
            total_steps: plan.total_steps,
            chosen: progress.tracker.best().is_some(),
        }
    }
}
