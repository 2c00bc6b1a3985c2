//! Escapes names for a page: one pass over everything that was read, before anything is computed.
//!
//! Every struct is destructured field by field, so that a new field can't be missed. The texts of examples
//! are not names: the page sets them apart and escapes control characters in the whole page.

use std::collections::BTreeMap;

use embert_metrics::SummarizedExample;
use embert_run::{
    AnsweredExample, Average, Baseline, ClassScores, Detail, End, Entity, Eval, Example, Facts, Log,
    MaskedExample, MetricInfo, Metrics, MultiLabelExample, PointResult, PredictedEntity, RunResult,
    ScoredExample, Scores, SplitScores, Stage, SweepTable, TaggedExample, TrainStep,
};
use serde_json::{Map, Value};

use crate::examples::RunExamples;
use crate::text::named;

/// A value that contains names.
pub(crate) trait Shown {
    /// The value with its names escaped by [`named`].
    fn shown(self) -> Self;
}

impl Shown for String {
    fn shown(self) -> Self {
        named(&self).into_owned()
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn shown(self) -> Self {
        self.into_iter().map(Shown::shown).collect()
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(self) -> Self {
        self.map(Shown::shown)
    }
}

/// The settings.
impl Shown for toml::Table {
    fn shown(self) -> Self {
        self.into_iter().map(|(key, value)| (key.shown(), value.shown())).collect()
    }
}

impl Shown for toml::Value {
    fn shown(self) -> Self {
        match self {
            Self::String(text) => Self::String(text.shown()),
            Self::Array(values) => Self::Array(values.shown()),
            Self::Table(table) => Self::Table(table.shown()),
            Self::Integer(_) | Self::Float(_) | Self::Boolean(_) | Self::Datetime(_) => self,
        }
    }
}

impl Shown for Value {
    fn shown(self) -> Self {
        match self {
            Self::String(text) => Self::String(text.shown()),
            Self::Array(values) => Self::Array(values.shown()),
            Self::Object(fields) => Self::Object(fields.shown()),
            Self::Null | Self::Bool(_) | Self::Number(_) => self,
        }
    }
}

impl Shown for Map<String, Value> {
    fn shown(self) -> Self {
        self.into_iter().map(|(key, value)| (key.shown(), value.shown())).collect()
    }
}

impl Shown for Metrics {
    fn shown(self) -> Self {
        self.iter().map(|(name, value)| (named(name), value)).collect()
    }
}

impl Shown for MetricInfo {
    fn shown(self) -> Self {
        let Self { name, title, better, headline } = self;
        Self { name: name.shown(), title: title.shown(), better, headline }
    }
}

impl Shown for Facts {
    fn shown(self) -> Self {
        let Self {
            format,
            task,
            problem_type,
            model,
            dataset,
            labels,
            positive,
            parameters,
            splits,
            shared,
            skipped,
            skipped_by_split,
            lengths,
            metrics,
        } = self;
        Self {
            format,
            task: task.shown(),
            problem_type: problem_type.shown(),
            model: model.shown(),
            dataset: dataset.shown(),
            labels: labels.shown(),
            positive: positive.shown(),
            parameters,
            splits,
            shared,
            skipped,
            skipped_by_split,
            lengths,
            metrics: metrics.shown(),
        }
    }
}

impl Shown for Log {
    fn shown(self) -> Self {
        let Self { steps, evals, stages, end, damaged } = self;
        Self { steps: steps.shown(), evals: evals.shown(), stages: stages.shown(), end: end.shown(), damaged }
    }
}

impl Shown for TrainStep {
    fn shown(self) -> Self {
        let Self {
            step,
            epoch,
            loss,
            grad_norm,
            learning_rate,
            head_learning_rate,
            learning_rates,
            examples,
            tokens,
            seconds,
        } = self;
        let learning_rates: BTreeMap<String, f64> =
            learning_rates.into_iter().map(|(group, rate)| (group.shown(), rate)).collect();
        Self {
            step,
            epoch,
            loss,
            grad_norm,
            learning_rate,
            head_learning_rate,
            learning_rates,
            examples,
            tokens,
            seconds,
        }
    }
}

impl Shown for Eval {
    fn shown(self) -> Self {
        let Self { split, step, epoch, metrics, examples } = self;
        Self { split: split.shown(), step, epoch, metrics: metrics.shown(), examples }
    }
}

impl Shown for Stage {
    fn shown(self) -> Self {
        let Self { step, stage, freeze, trainable } = self;
        Self { step, stage, freeze: freeze.shown(), trainable }
    }
}

impl Shown for End {
    fn shown(self) -> Self {
        let Self { step, epoch, metric, best_step, best_metric, early_stopped, seconds, phases, peak_memory } =
            self;
        let metric = metric.shown();
        Self { step, epoch, metric, best_step, best_metric, early_stopped, seconds, phases, peak_memory }
    }
}

impl Shown for Example {
    fn shown(self) -> Self {
        let Self { split, id, text, text_pair, label, probabilities, tokens } = self;
        Self { split: split.shown(), id, text, text_pair, label, probabilities, tokens }
    }
}

impl Shown for MultiLabelExample {
    fn shown(self) -> Self {
        let Self { split, id, text, text_pair, labels, probabilities, tokens } = self;
        Self { split: split.shown(), id, text, text_pair, labels, probabilities, tokens }
    }
}

impl Shown for ScoredExample {
    fn shown(self) -> Self {
        let Self { split, id, text, text_pair, score, predicted, tokens } = self;
        Self { split: split.shown(), id, text, text_pair, score, predicted, tokens }
    }
}

impl Shown for TaggedExample {
    fn shown(self) -> Self {
        let Self { split, id, text, entities, predicted, words, tokens } = self;
        let (split, entities, predicted) = (split.shown(), entities.shown(), predicted.shown());
        Self { split, id, text, entities, predicted, words, tokens }
    }
}

impl Shown for Entity {
    fn shown(self) -> Self {
        let Self { entity_group, start, end } = self;
        Self { entity_group: entity_group.shown(), start, end }
    }
}

impl Shown for PredictedEntity {
    fn shown(self) -> Self {
        let Self { entity_group, score, start, end } = self;
        Self { entity_group: entity_group.shown(), score, start, end }
    }
}

/// The answers' texts are texts of the data, as question and context are.
impl Shown for AnsweredExample {
    fn shown(self) -> Self {
        let Self { split, id, question_id, question, context, answers, predicted, null_odds, tokens } = self;
        let (split, question_id) = (split.shown(), question_id.shown());
        Self { split, id, question_id, question, context, answers, predicted, null_odds, tokens }
    }
}

/// The summaries are texts of the data, as the text is.
impl Shown for SummarizedExample {
    fn shown(self) -> Self {
        let Self { split, id, text, sentences, references, tokens } = self;
        Self { split: split.shown(), id, text, sentences, references, tokens }
    }
}

/// The tokens are texts of the data.
impl Shown for MaskedExample {
    fn shown(self) -> Self {
        let Self { split, id, text, masks, tokens } = self;
        Self { split: split.shown(), id, text, masks, tokens }
    }
}

impl Shown for RunExamples {
    fn shown(self) -> Self {
        match self {
            Self::SingleLabel(examples) => Self::SingleLabel(examples.shown()),
            Self::MultiLabel(examples) => Self::MultiLabel(examples.shown()),
            Self::Scored(examples) => Self::Scored(examples.shown()),
            Self::Tagged(examples) => Self::Tagged(examples.shown()),
            Self::Answered(examples) => Self::Answered(examples.shown()),
            Self::Summarized(examples) => Self::Summarized(examples.shown()),
            Self::Masked(examples) => Self::Masked(examples.shown()),
        }
    }
}

impl Shown for Scores {
    fn shown(self) -> Self {
        let Self { format, step, splits } = self;
        Self { format, step, splits: splits.shown() }
    }
}

impl Shown for SplitScores {
    fn shown(self) -> Self {
        let Self { split, examples, metrics, detail, baselines } = self;
        let Detail { classes, averages, confusion_matrix, thresholds, at_thresholds } = detail;
        let detail = Detail {
            classes: classes.shown(),
            averages: averages.shown(),
            confusion_matrix,
            thresholds,
            at_thresholds: at_thresholds.shown(),
        };
        Self {
            split: split.shown(),
            examples,
            metrics: metrics.shown(),
            detail,
            baselines: baselines.shown(),
        }
    }
}

impl Shown for Baseline {
    fn shown(self) -> Self {
        let Self { name, metrics } = self;
        Self { name: name.shown(), metrics: metrics.shown() }
    }
}

impl Shown for ClassScores {
    fn shown(self) -> Self {
        let Self { name, metrics, examples } = self;
        Self { name: name.shown(), metrics: metrics.shown(), examples }
    }
}

impl Shown for Average {
    fn shown(self) -> Self {
        let Self { name, metrics } = self;
        Self { name: name.shown(), metrics: metrics.shown() }
    }
}

impl Shown for SweepTable {
    fn shown(self) -> Self {
        let Self { format, name, metric, better, split, keys, seeds, points } = self;
        Self {
            format,
            name: name.shown(),
            metric: metric.shown(),
            better,
            split: split.shown(),
            keys: keys.shown(),
            seeds,
            points: points.shown(),
        }
    }
}

impl Shown for PointResult {
    fn shown(self) -> Self {
        let Self {
            point,
            settings,
            mean,
            standard_deviation,
            baseline,
            seconds,
            trainable,
            parameters,
            runs,
        } = self;
        Self {
            point: point.shown(),
            settings: settings.shown(),
            mean,
            standard_deviation,
            baseline,
            seconds,
            trainable,
            parameters,
            runs: runs.shown(),
        }
    }
}

impl Shown for RunResult {
    fn shown(self) -> Self {
        let Self { run, seed, status, error, value, step, seconds, metrics, baselines } = self;
        Self {
            run: run.shown(),
            seed,
            status,
            error: error.shown(),
            value,
            step,
            seconds,
            metrics: metrics.shown(),
            baselines: baselines.shown(),
        }
    }
}
