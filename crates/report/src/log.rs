//! `metrics.jsonl`, as far as a report reads it. What an older run doesn't have is absent.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer};

use crate::ReportError;
use crate::error::At as _;
use crate::text::named;

/// What happened in a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// Every optimizer step.
    pub steps: Vec<Step>,
    /// Every evaluation.
    pub evals: Vec<Eval>,
    /// Where what is trained changes during the run.
    pub stages: Vec<Stage>,
    /// The end; absent while the run goes on, or where it was stopped.
    pub end: Option<End>,
}

/// One optimizer step.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Step {
    /// The step, from 1.
    pub step: usize,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The mean loss over its examples; not a number where the log has null.
    #[serde(deserialize_with = "read_number")]
    pub loss: f64,
    /// The L2 norm of all gradients, before clipping; not a number where the log has null, as JSON can't say infinite.
    #[serde(deserialize_with = "read_number")]
    pub grad_norm: f64,
    /// The learning rate of the base group.
    pub learning_rate: f64,
    /// That of the head, where it has its own.
    pub head_learning_rate: Option<f64>,
    /// That of each group by its name, where there are more than base and head.
    #[serde(default, deserialize_with = "read_rates")]
    pub learning_rates: BTreeMap<String, f64>,
    /// Examples in the step.
    pub examples: usize,
    /// Tokens in the step, without padding.
    pub tokens: usize,
    /// Seconds since the run began.
    pub seconds: f64,
}

/// What is trained from a step on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Stage {
    /// The last step before it; 0 where the run begins with it.
    pub step: usize,
    /// Its number, from 1.
    pub stage: usize,
    /// What stays as it is, as a config says it.
    #[serde(deserialize_with = "crate::text::read_named")]
    pub freeze: String,
    /// Parameters that are trained.
    pub trainable: usize,
}

/// The metrics of a split.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Eval {
    /// `validation` or `test`.
    pub split: String,
    /// The step after which the weights were taken.
    pub step: usize,
    /// Mean cross-entropy; not a number where the log has null.
    #[serde(deserialize_with = "read_number")]
    pub loss: f64,
    /// Share of examples predicted right.
    pub accuracy: f64,
    /// Of the positive label, or the macro average.
    pub precision: f64,
    /// Likewise.
    pub recall: f64,
    /// Likewise.
    pub f1: f64,
    /// Matthews correlation coefficient.
    pub mcc: Option<f64>,
    /// The area under the ROC curve, where it is defined.
    pub roc_auc: Option<f64>,
    /// Examples in the split.
    pub examples: usize,
}

impl Eval {
    /// The figure that a config calls `name`, if the log has it.
    pub fn metric(&self, name: &str) -> Option<f64> {
        match name {
            "loss" => Some(self.loss),
            "accuracy" => Some(self.accuracy),
            "precision" => Some(self.precision),
            "recall" => Some(self.recall),
            "f1" => Some(self.f1),
            "mcc" => self.mcc,
            "roc_auc" => self.roc_auc,
            _ => None,
        }
    }
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct End {
    /// The last step.
    pub step: usize,
    /// The metric that chose the best weights.
    #[serde(deserialize_with = "crate::text::read_named")]
    pub metric: String,
    /// The step of the best evaluation.
    pub best_step: Option<usize>,
    /// The best value.
    pub best_metric: Option<f64>,
    /// Whether early stopping ended the run.
    #[serde(default)]
    pub early_stopped: bool,
    /// Seconds of the whole run.
    pub seconds: f64,
    /// The most memory that the process held, in bytes.
    pub peak_memory: Option<u64>,
    /// What the time went into.
    pub phases: Option<Phases>,
}

/// Seconds of the parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Phases {
    /// Reading the checkpoint, and texts to tokens.
    pub prepare: f64,
    /// Optimizer steps.
    pub train: f64,
    /// Evaluations.
    pub evaluate: f64,
    /// Checkpoints and the result.
    pub save: f64,
}

/// JSON has no word for a number that is none: null stands for it.
fn read_number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

/// Rates by the names of their groups, as a page shows them.
fn read_rates<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, f64>, D::Error> {
    let rates = BTreeMap::<String, f64>::deserialize(from)?;
    Ok(rates.into_iter().map(|(group, rate)| (named(&group).into_owned(), rate)).collect())
}

/// A line; kinds that came later are passed over.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    TrainStep(Step),
    Eval(Eval),
    Stage(Stage),
    End(End),
    #[serde(other)]
    Other,
}

impl Log {
    /// Reads a log. The last line may be half-written, since a run that goes on appends to it; without the file nothing has
    /// happened yet.
    pub(crate) fn read(path: &Path) -> Result<Self, ReportError> {
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.at(path)?,
        };
        let mut log = Self::default();
        for (index, line) in text.split_inclusive('\n').enumerate() {
            match serde_json::from_str(line) {
                Ok(Line::TrainStep(step)) => log.steps.push(step),
                Ok(Line::Eval(eval)) => log.evals.push(eval),
                Ok(Line::Stage(stage)) => log.stages.push(stage),
                Ok(Line::End(end)) => log.end = Some(end),
                Ok(Line::Other) => {}
                Err(_) if !line.ends_with('\n') => {}
                Err(source) => {
                    return Err(ReportError::Line { path: path.to_owned(), line: index + 1, source });
                }
            }
        }
        Ok(log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Log, ReportError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        std::fs::write(&path, text).unwrap();
        Log::read(&path)
    }

    const STEP: &str = r#"{"event":"train_step","step":1,"epoch":1,"loss":0.5,"grad_norm":1.0,"learning_rate":0.00002,"examples":16,"tokens":300,"seconds":1.5}"#;

    #[test]
    fn the_line_being_written_is_not_there_yet() {
        let log =
            read(&format!("{STEP}\n{{\"event\":\"saved\",\"step\":1}}\n{{\"event\":\"train_st")).unwrap();
        assert_eq!((log.steps.len(), log.end), (1, None));
        assert_eq!(log.steps[0].head_learning_rate, None);
    }

    #[test]
    fn groups_and_stages_are_read() {
        let step =
            STEP.replace("\"examples\"", r#""learning_rates":{"layer 0":1e-5,"head":2e-5},"examples""#);
        let stage = r#"{"event":"stage","step":1,"stage":2,"freeze":"encoder_below:1","trainable":9}"#;
        let log = read(&format!("{step}\n{stage}\n")).unwrap();
        assert_eq!(log.steps[0].learning_rates["layer 0"].to_bits(), 1e-5f64.to_bits());
        let expected = Stage { step: 1, stage: 2, freeze: "encoder_below:1".to_owned(), trainable: 9 };
        assert_eq!(log.stages, [expected]);
    }

    #[test]
    fn a_damaged_line_is_named() {
        let error = read(&format!("{STEP}\n{{\"event\":\"train_st\n{STEP}\n")).unwrap_err();
        assert!(error.to_string().contains("metrics.jsonl, line 2"), "{error}");
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Log::read(&dir.path().join("metrics.jsonl")).unwrap(), Log::default());
    }
}
