//! `sweep.json`: the results of a sweep.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::format::{first, read_json};
use crate::{Baseline, Better, Metrics, RunError};

/// The results of a sweep so far, best point first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepTable {
    /// The file's format.
    #[serde(default = "first")]
    pub format: u64,
    /// The folder's name.
    pub name: String,
    /// The metric that compares the points, measured with the weights that each run keeps.
    pub metric: String,
    /// Whether a greater or a smaller value is better.
    pub better: Better,
    /// The split that the metric is measured on.
    pub split: String,
    /// The swept keys of the config.
    pub keys: Vec<String>,
    /// The seeds of each point.
    pub seeds: Vec<u64>,
    /// The points, best first; points without a value last.
    pub points: Vec<PointResult>,
}

/// The results of a point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointResult {
    /// The point's name: `point-01`, ...
    pub point: String,
    /// Each swept key with its value; null if the point keeps the config's value.
    pub settings: Map<String, Value>,
    /// The mean of the runs' values; `None` if no run has a value.
    pub mean: Option<f64>,
    /// The sample standard deviation (n - 1) of the runs' values; `None` for fewer than two.
    pub standard_deviation: Option<f64>,
    /// What the best rule without a model gets by the same metric, the mean over the runs; absent where no rule
    /// has the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// Mean seconds of a complete run.
    pub seconds: Option<f64>,
    /// The number of parameters that some stage of a run trains.
    pub trainable: Option<usize>,
    /// The number of the model's parameters.
    pub parameters: Option<usize>,
    /// The runs, one for each seed.
    pub runs: Vec<RunResult>,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// The run's folder, relative to the sweep's: `runs/point-01-seed-0`.
    pub run: String,
    /// The run's seed.
    pub seed: u64,
    /// Whether the run has a result.
    pub status: Status,
    /// Why the run failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The metric of the kept weights; absent without a validation split.
    pub value: Option<f64>,
    /// The step after which the kept weights were taken.
    pub step: Option<usize>,
    /// Seconds of the run.
    pub seconds: Option<f64>,
    /// The metrics of the kept weights.
    pub metrics: Option<Metrics>,
    /// What rules without a model get on the split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<Baseline>,
}

/// The state of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The run has its result.
    Complete,
    /// The run stopped with an error.
    Failed,
    /// The run has not begun, or was stopped.
    Missing,
}

impl SweepTable {
    /// Reads `sweep.json`; `None` if there is no such file.
    ///
    /// # Errors
    /// The file can't be read, has a newer format, or is damaged; [`Salvaged::read`](crate::Salvaged::read)
    /// reads the part before the damage.
    pub fn read(path: &Path) -> Result<Option<Self>, RunError> {
        read_json(path)
    }

    /// All runs.
    pub fn runs(&self) -> impl Iterator<Item = &RunResult> {
        self.points.iter().flat_map(|point| &point.runs)
    }

    /// The number of runs with this status.
    pub fn count(&self, status: Status) -> usize {
        self.runs().filter(|run| run.status == status).count()
    }
}

impl PointResult {
    /// A key's value as text, without quotes; empty if the point keeps the config's value.
    pub fn setting(&self, key: &str) -> String {
        match self.settings.get(key) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        }
    }
}
