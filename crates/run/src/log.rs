//! `metrics.jsonl`: the log of a run, one JSON object a line.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::At as _;
use crate::metrics::read_number;
use crate::{Metrics, RunError};

/// The log of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// The optimizer steps.
    pub steps: Vec<TrainStep>,
    /// The evaluations.
    pub evals: Vec<Eval>,
    /// The stages, in each of which other parameters are trained.
    pub stages: Vec<Stage>,
    /// The end; `None` while the run goes on, and if it was stopped.
    pub end: Option<End>,
    /// The numbers of the lines that can't be read, from 1.
    pub damaged: Vec<usize>,
}

/// One optimizer step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainStep {
    /// The step, from 1.
    pub step: usize,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The mean loss over the step's examples, before the update; NaN if the log has null.
    #[serde(deserialize_with = "read_number")]
    pub loss: f64,
    /// The L2 norm over all gradients, before clipping; NaN if the log has null.
    #[serde(deserialize_with = "read_number")]
    pub grad_norm: f64,
    /// The learning rate of the base group in this step.
    pub learning_rate: f64,
    /// The learning rate of the head; `None` if it is that of the base group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_learning_rate: Option<f64>,
    /// The learning rate of each part of the model; empty if there are only base and head.
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
    /// The last step before the stage; 0 if the run begins with the stage.
    pub step: usize,
    /// The stage's number, from 1.
    pub stage: usize,
    /// The frozen parts, as the config's `freeze` spells them.
    pub freeze: String,
    /// The number of parameters that are trained in the stage.
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
    /// The metrics by name, each a key of the line; an undefined metric is absent.
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
    /// The step of the best evaluation; `None` without a validation split.
    pub best_step: Option<usize>,
    /// The best value of the metric; `None` without a validation split.
    pub best_metric: Option<f64>,
    /// Whether early stopping ended the run.
    #[serde(default)]
    pub early_stopped: bool,
    /// Seconds of the whole run, not counting the time it was stopped.
    pub seconds: f64,
    /// The time of each part of the run; `None` in runs of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phases: Option<Phases>,
    /// The peak memory of the run's processes in bytes; in a sweep, since the run began. `None` if the system
    /// does not state it.
    pub peak_memory: Option<u64>,
}

/// Seconds of the parts of a run, earlier processes included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Phases {
    /// Loading the checkpoint and encoding the texts, at the start and at each resume; not part of the run's
    /// seconds.
    pub prepare: f64,
    /// Optimizer steps.
    pub train: f64,
    /// Evaluations.
    pub evaluate: f64,
    /// Writing checkpoints and the result.
    pub save: f64,
}

/// A line of the log; the key `event` names the variant.
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
    /// An event of a later version, which is ignored.
    #[serde(other)]
    Other,
}

impl Log {
    /// Reads a log; a missing file is an empty log.
    ///
    /// A last line without a line break is left out: a run is writing it, or was killed while writing it. Any
    /// other line that can't be read is left out too and listed in [`damaged`](Self::damaged).
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

    /// The evaluation of a split after the step `step`; the last one if the log has several.
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
        // A line that only lacks its line break is left out too: the resumed run drops it.
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

    /// The metrics are keys beside the line's other keys, as they were when each was a field.
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
