//! `state.json`, and the names of the folders in `checkpoints/`.

use serde::{Deserialize, Serialize};

use crate::Phases;

/// The `state.json` of a checkpoint: its state besides the weights and the optimizer's moments. The place in
/// the data, the learning rate and the random numbers all follow from `step` and the run's seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointState {
    /// Optimizer steps done.
    pub step: usize,
    /// Seconds that the run took so far.
    pub seconds: f64,
    /// The run's seconds by phase; zero in checkpoints of older versions.
    #[serde(default)]
    pub phases: Phases,
    /// The best evaluation and the patience that is left.
    pub tracker: TrackerState,
    /// SHA-256 sum of the training split's token ids and labels: the only sum in checkpoints of older
    /// versions.
    pub data_fingerprint: String,
    /// SHA-256 sums of all data; absent in checkpoints of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Fingerprint>,
    /// The most memory, in bytes, that a process of the run held so far; absent where the system doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
}

impl CheckpointState {
    /// The newest format of `state.json` that this version reads. Files of format 1 state no number. An added
    /// field that may be absent needs no new format.
    pub const FORMAT: u64 = 1;
}

/// The state of early stopping and of the choice of the best weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrackerState {
    /// The best evaluation.
    pub best: Option<Best>,
    /// The value that an evaluation must beat by `min_delta` for patience to start again.
    pub reference: Option<f64>,
    /// Evaluations in a row that did not beat `reference` by `min_delta`.
    pub stale: usize,
}

/// The best evaluation so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The step after which the weights were taken.
    pub step: usize,
    /// The metric's value.
    pub value: f64,
}

/// SHA-256 sums of the labels and of each split as the model reads it: token ids, token types, labels, and
/// which windows belong to one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The sum of the labels' names, in the order of the model's outputs.
    pub labels: String,
    /// The sum of the training split.
    pub train: String,
    /// The sum of the validation split; absent where the run has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<String>,
    /// The sum of the test split; absent where the run does not evaluate it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
}

impl Fingerprint {
    /// The first part whose sum differs from that of `now`; `None` where the data are the same.
    pub fn difference(&self, now: &Self) -> Option<&'static str> {
        [
            ("labels", self.labels != now.labels),
            ("training split", self.train != now.train),
            ("validation split", self.validation != now.validation),
            ("test split", self.test != now.test),
        ]
        .into_iter()
        .find_map(|(what, differs)| differs.then_some(what))
    }
}

/// The name of a folder in `checkpoints/`, and of the files in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckpointName {
    /// `step-<step>`: all that the next step depends on.
    Step(usize),
    /// `best-<step>`: the weights of the best evaluation, which was after that step.
    Best(usize),
}

impl CheckpointName {
    /// The name of the file that holds a [`CheckpointState`].
    pub const STATE: &'static str = "state.json";
    /// The name of the file that holds the optimizer's moments.
    pub const OPTIMIZER: &'static str = "optimizer.safetensors";

    /// Parses a folder's name; `None` for a name that no run gives.
    pub fn parse(name: &str) -> Option<Self> {
        let (kind, digits) = name.split_once('-')?;
        if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let step = digits.parse().ok()?;
        match kind {
            "step" => Some(Self::Step(step)),
            "best" => Some(Self::Best(step)),
            _ => None,
        }
    }
}

impl std::fmt::Display for CheckpointName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Step(step) => write!(formatter, "step-{step:08}"),
            Self::Best(step) => write!(formatter, "best-{step:08}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written_and_no_other_name_is() {
        for name in [CheckpointName::Step(12), CheckpointName::Best(99_999_999)] {
            assert_eq!(CheckpointName::parse(&name.to_string()), Some(name));
        }
        for name in ["step-12", "step-00000012-keep", "step-0000001x", "last-00000012", "step00000012"] {
            assert_eq!(CheckpointName::parse(name), None, "{name}");
        }
    }
}
