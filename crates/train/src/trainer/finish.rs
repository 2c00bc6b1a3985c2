//! What a run leaves at its end: `model/`, `scores.json`, `examples.jsonl` and what the model card says.

use std::time::Instant;

use burn::module::Module as _;
use embert_metrics::Report;
use embert_model::BertForSequenceClassification;

use super::{Job, Outcome, Plan, Progress};
use crate::checkpoint::Checkpoints;
use crate::config::Keep;
use crate::evaluate::{Scored, evaluate};
use crate::events::{End, Eval, Event};
use crate::metrics_log::Logged;
use crate::model_card::ModelCard;
use crate::records::{ScoredSplit, write_examples};
use crate::scores::write_scores;
use crate::task::Setup;
use crate::tracker::Best;
use crate::{DatasetFacts, TrainError, result, scores};

/// What an evaluation of a split found.
pub(super) struct Evaluated {
    pub(super) eval: Eval,
    pub(super) report: Report,
    pub(super) scored: Vec<Scored>,
}

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
        let scored = progress.scored.take().filter(|evaluated| evaluated.eval.step == kept_step);
        let mut evaluated: Vec<Evaluated> =
            self.validation_scored(scored, &kept, kept_step, kept_epoch)?.into_iter().collect();
        if let (true, Some(test)) = (self.config.evaluate_test, self.task.test.clone()) {
            evaluated.push(self.evaluate_split("test", &test, None, &kept, kept_step, kept_epoch)?);
        }
        progress.phases.evaluate += began.elapsed().as_secs_f64();
        let began = Instant::now();
        self.emit(&Event::Saving { step: progress.step })?;
        let of_splits = evaluated.iter().map(|found| (found.eval.split.as_str(), &found.report));
        write_scores(&self.run.scores_path(), kept_step, of_splits)?;
        self.write_examples(&evaluated)?;
        let evaluations = evaluated.into_iter().map(|found| found.eval).collect();
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
            phases: Some(progress.phases),
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
        scored: Option<Evaluated>,
        kept: &BertForSequenceClassification,
        kept_step: usize,
        kept_epoch: usize,
    ) -> Result<Option<Evaluated>, TrainError> {
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
            let eval = scores::eval(SPLIT, kept_step, kept_epoch, &report);
            self.emit(&Event::Eval(eval.clone()))?;
            eval
        };
        Ok(Some(Evaluated { eval, report, scored }))
    }

    /// Writes `examples.jsonl`.
    fn write_examples(&self, evaluated: &[Evaluated]) -> Result<(), TrainError> {
        let Setup { validation_texts, test_texts, .. } = &self.task;
        let splits =
            [("validation", validation_texts, &self.task.validation), ("test", test_texts, &self.task.test)];
        let splits: Vec<ScoredSplit<'_>> = splits
            .into_iter()
            .filter_map(|(split, texts, encoded)| {
                let found = evaluated.iter().find(|found| found.eval.split == split)?;
                Some(ScoredSplit { split, texts, encoded: encoded.as_deref()?, scored: &found.scored })
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
