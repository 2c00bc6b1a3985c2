//! `sweep.json`: what came of a sweep.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::format::{first, read_json};
use crate::{Better, Metrics, RunError};

/// The result of a sweep so far, best point first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepTable {
    /// The file's format.
    #[serde(default = "first")]
    pub format: u64,
    /// The folder's name.
    pub name: String,
    /// What the points are compared by, of the weights that each run keeps.
    pub metric: String,
    /// Which way that is better.
    pub better: Better,
    /// The split that it is measured on.
    pub split: String,
    /// The swept keys of the config.
    pub keys: Vec<String>,
    /// The seeds of each point.
    pub seeds: Vec<u64>,
    /// The points, best first; those without a value last.
    pub points: Vec<PointResult>,
}

/// What came of a point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointResult {
    /// `point-01`, ...
    pub point: String,
    /// Each swept key with its value; null where the config's own holds.
    pub settings: Map<String, Value>,
    /// The mean of its runs' values.
    pub mean: Option<f64>,
    /// Their standard deviation, that of a sample (n - 1); absent for fewer than two.
    pub standard_deviation: Option<f64>,
    /// Mean seconds of a complete run.
    pub seconds: Option<f64>,
    /// Parameters that some stage of a run trains.
    pub trainable: Option<usize>,
    /// Parameters of the model.
    pub parameters: Option<usize>,
    /// One for each seed.
    pub runs: Vec<RunResult>,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Its folder, from the sweep's.
    pub run: String,
    /// Its seed.
    pub seed: u64,
    /// Whether it has a result.
    pub status: Status,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The metric of the kept weights; absent without a validation split.
    pub value: Option<f64>,
    /// The step after which they were taken.
    pub step: Option<usize>,
    /// Seconds of the run.
    pub seconds: Option<f64>,
    /// What else there is to say of the kept weights.
    pub metrics: Option<Metrics>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has its result.
    Complete,
    /// It stopped with an error.
    Failed,
    /// It hasn't begun, or was stopped.
    Missing,
}

impl SweepTable {
    /// Reads `sweep.json`; `None` where there is none.
    ///
    /// # Errors
    /// The file can't be read, has a newer format, or is damaged; [`Salvaged::read`](crate::Salvaged::read) has what is left of it.
    pub fn read(path: &Path) -> Result<Option<Self>, RunError> {
        read_json(path)
    }

    /// All runs.
    pub fn runs(&self) -> impl Iterator<Item = &RunResult> {
        self.points.iter().flat_map(|point| &point.runs)
    }

    /// How many runs are so far.
    pub fn count(&self, status: Status) -> usize {
        self.runs().filter(|run| run.status == status).count()
    }
}

impl PointResult {
    /// A key's value as text, without quotes; empty where the config's own holds.
    pub fn setting(&self, key: &str) -> String {
        match self.settings.get(key) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        }
    }
}
