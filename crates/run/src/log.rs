//! `metrics.jsonl`: what happened in a run, one JSON object a line.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::At as _;
use crate::metrics::read_number;
use crate::{Metrics, RunError};

/// What happened in a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// Every optimizer step.
    pub steps: Vec<TrainStep>,
    /// Every evaluation.
    pub evals: Vec<Eval>,
    /// Where what is trained changes during the run.
    pub stages: Vec<Stage>,
    /// The end; absent while the run goes on, or where it was stopped.
    pub end: Option<End>,
    /// The numbers of the lines that can't be read, from 1: what they said is not known.
    pub damaged: Vec<usize>,
}

/// One optimizer step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainStep {
    /// The step, from 1.
    pub step: usize,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The mean loss over the step's examples, before the update; not a number where the log has null.
    #[serde(deserialize_with = "read_number")]
    pub loss: f64,
    /// The L2 norm of all gradients together, before clipping; not a number where the log has null.
    #[serde(deserialize_with = "read_number")]
    pub grad_norm: f64,
    /// The learning rate of the base group in this step.
    pub learning_rate: f64,
    /// That of the head; absent where it is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_learning_rate: Option<f64>,
    /// That of each part of the model; empty where there are no more than base and head.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub learning_rates: BTreeMap<String, f64>,
    /// Examples in the step.
    pub examples: usize,
    /// Tokens in the step, without padding.
    pub tokens: usize,
    /// Seconds since the run began, not counting the time it was stopped.
    pub seconds: f64,
}

/// The beginning of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The last step before it; 0 where the run begins with it.
    pub step: usize,
    /// Its number, from 1.
    pub stage: usize,
    /// What is frozen in it, as a config says it.
    pub freeze: String,
    /// Parameters that are trained in it.
    pub trainable: usize,
}

/// The metrics of a whole split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Eval {
    /// `validation` or `test`.
    pub split: String,
    /// The step after which the weights were taken.
    pub step: usize,
    /// The epoch of that step.
    #[serde(default)]
    pub epoch: usize,
    /// The figures by their names, keys of their own in the line; one that is not defined is absent.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Examples in the split.
    pub examples: usize,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// The last step.
    pub step: usize,
    /// The epoch of the last step.
    #[serde(default)]
    pub epoch: usize,
    /// The metric that chose the best checkpoint.
    pub metric: String,
    /// The step of the best evaluation; absent without a validation split.
    pub best_step: Option<usize>,
    /// The best value of the metric; absent without a validation split.
    pub best_metric: Option<f64>,
    /// Whether early stopping ended the run.
    #[serde(default)]
    pub early_stopped: bool,
    /// Seconds of the whole run, not counting the time it was stopped.
    pub seconds: f64,
    /// What the time went into; absent in runs of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phases: Option<Phases>,
    /// The most memory that a process of the run held, in bytes; in a sweep, from the run's beginning on. Absent where the system
    /// doesn't say.
    pub peak_memory: Option<u64>,
}

/// Seconds of the parts of a run, those of earlier processes included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Phases {
    /// Loading the checkpoint and encoding the texts, each time that the run began or went on; not part of the run's seconds.
    pub prepare: f64,
    /// Optimizer steps.
    pub train: f64,
    /// Evaluations.
    pub evaluate: f64,
    /// Checkpoints and the result.
    pub save: f64,
}

/// A line of the log, whose key `event` says what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LogLine {
    /// An optimizer step is done.
    TrainStep(TrainStep),
    /// An evaluation is done.
    Eval(Eval),
    /// A stage begins.
    Stage(Stage),
    /// The run is complete.
    End(End),
    /// What a later version says besides; passed over.
    #[serde(other)]
    Other,
}

impl Log {
    /// Reads a log; without the file nothing has happened yet.
    ///
    /// A last line without its end is left out: a run that goes on is writing it, or was killed meanwhile. Any other line that
    /// can't be read costs what it said and is listed in [`damaged`](Self::damaged).
    ///
    /// # Errors
    /// The file can't be read.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            bytes => bytes.at(path)?,
        };
        let mut log = Self::default();
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        for (number, line) in (1..).zip(lines) {
            let Some(line) = line.strip_suffix(b"\n") else { continue };
            match serde_json::from_slice(line) {
                Ok(LogLine::TrainStep(step)) => log.steps.push(step),
                Ok(LogLine::Eval(eval)) => log.evals.push(eval),
                Ok(LogLine::Stage(stage)) => log.stages.push(stage),
                Ok(LogLine::End(end)) => log.end = Some(end),
                Ok(LogLine::Other) => {}
                Err(_) => log.damaged.push(number),
            }
        }
        Ok(log)
    }

    /// The last evaluation of a split after `step`.
    pub fn evaluation(&self, split: &str, step: usize) -> Option<&Eval> {
        self.evals.iter().rev().find(|eval| eval.split == split && eval.step == step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: impl AsRef<[u8]>) -> Log {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        std::fs::write(&path, text).unwrap();
        Log::read(&path).unwrap()
    }

    const STEP: &str = r#"{"event":"train_step","step":1,"epoch":1,"loss":0.5,"grad_norm":1.0,"learning_rate":0.00002,"examples":16,"tokens":300,"seconds":1.5}"#;

    fn eval(step: usize, share: f64) -> String {
        format!(
            "{{\"event\":\"eval\",\"split\":\"validation\",\"step\":{step},\"epoch\":1,\"loss\":0.5,\"share\":{share},\"examples\":4}}\n"
        )
    }

    #[test]
    fn the_line_being_written_is_not_there_yet() {
        let log = read(format!("{STEP}\n{{\"event\":\"saved\",\"step\":1}}\n{{\"event\":\"train_st"));
        assert_eq!((log.steps.len(), log.end, log.damaged), (1, None, vec![]));
        assert_eq!(log.steps[0].head_learning_rate, None);
        // Nor is one that only lacks its end: the run that goes on drops it.
        assert!(read(STEP).steps.is_empty());
        assert_eq!(Log::read("none/metrics.jsonl".as_ref()).unwrap(), Log::default());
    }

    #[test]
    fn groups_and_stages_are_read() {
        let step =
            STEP.replace("\"examples\"", r#""learning_rates":{"layer 0":1e-5,"head":2e-5},"examples""#);
        let stage = r#"{"event":"stage","step":1,"stage":2,"freeze":"encoder_below:1","trainable":9}"#;
        let log = read(format!("{step}\n{stage}\n"));
        assert_eq!(log.steps[0].learning_rates["layer 0"].to_bits(), 1e-5f64.to_bits());
        let expected = Stage { step: 1, stage: 2, freeze: "encoder_below:1".to_owned(), trainable: 9 };
        assert_eq!(log.stages, [expected]);
    }

    #[test]
    fn results_are_read_and_nothing_is_made_up_for_a_damaged_one() {
        let damaged = eval(2, 0.75).replace("\"loss\"", "\"lo\0ss\"");
        let mut text = (eval(1, 0.5) + &damaged + &eval(3, 0.25)).into_bytes();
        text.extend(b"\xff\n{\"event\":\"end\",\"step\":3}\n");
        let log = read(&text);
        let share = |step| log.evaluation("validation", step).and_then(|eval| eval.metrics.get("share"));
        assert_eq!([1, 2, 3].map(share), [Some(0.5), None, Some(0.25)]);
        assert_eq!((&log.damaged, &log.end), (&vec![2, 4, 5], &None));
    }

    /// The figures stand among the line's other keys, where they were when each was a field.
    #[test]
    fn an_evaluation_is_written_flat() {
        let eval = Eval {
            split: "test".to_owned(),
            step: 3,
            epoch: 2,
            metrics: [("loss", 0.25), ("share", 1.0)].into_iter().collect(),
            examples: 4,
        };
        let json = serde_json::to_string(&eval).unwrap();
        assert_eq!(json, r#"{"split":"test","step":3,"epoch":2,"loss":0.25,"share":1.0,"examples":4}"#);
        assert_eq!(serde_json::from_str::<Eval>(&json).unwrap(), eval);
        let line = LogLine::Eval(eval);
        let json = serde_json::to_string(&line).unwrap();
        assert!(json.starts_with("{\"event\":\"eval\",\"split\":\"test\","), "{json}");
        assert_eq!(serde_json::from_str::<LogLine>(&json).unwrap(), line);
    }
}
