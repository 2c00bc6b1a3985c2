//! [`SweepTable`]: what came of a sweep, read from its run folders.

use std::fs;
use std::path::Path;

use embert_metrics::{Metric, Report, mean, standard_deviation};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::Sweep;
use super::folder::{SweepFolder, run_name};
use super::record::{Record, Records, SPLIT};
use crate::error::IoContext as _;
use crate::run_folder::write_json;
use crate::{Eval, TrainError};

/// The result of a sweep so far, best point first; what `sweep.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepTable {
    /// The folder's name.
    pub name: String,
    /// What the points are compared by.
    pub metric: Metric,
    /// `higher` or `lower`.
    pub better: String,
    /// The split that it is measured on.
    pub split: String,
    /// The swept keys.
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
    pub settings: serde_json::Map<String, Value>,
    /// The mean of its runs' values.
    pub mean: Option<f64>,
    /// Their standard deviation, that of a sample (n - 1); absent for fewer than two.
    pub standard_deviation: Option<f64>,
    /// Mean seconds of a run.
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
    pub metrics: Option<Figures>,
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

/// The metrics of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "as in `Eval`")]
pub struct Figures {
    pub loss: f64,
    pub accuracy: f64,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    pub mcc: f64,
    pub roc_auc: Option<f64>,
}

impl From<&Eval> for Figures {
    fn from(eval: &Eval) -> Self {
        let Eval { loss, accuracy, precision, recall, f1, mcc, roc_auc, .. } = *eval;
        Self { loss, accuracy, precision, recall, f1, mcc, roc_auc }
    }
}

impl From<&Report> for Figures {
    fn from(report: &Report) -> Self {
        let Report { loss, accuracy, precision, recall, f1, mcc, roc_auc, .. } = *report;
        Self { loss, accuracy, precision, recall, f1, mcc, roc_auc }
    }
}

impl SweepTable {
    /// Of the runs' records, each read when its run has ended; `failure` knows why one of that name stopped.
    pub(super) fn of(
        sweep: &Sweep,
        folder: &SweepFolder,
        records: &mut Records,
        failure: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, TrainError> {
        let metric = sweep.base().metric;
        let mut points = Vec::new();
        for point in 0..sweep.points().len() {
            points.push(PointResult::of(sweep, folder, point, records, &failure)?);
        }
        // Stable, so that equals stay in the order of the definition.
        points.sort_by(|a, b| match (a.mean, b.mean) {
            (Some(a), Some(b)) if metric.is_better(a, b) => std::cmp::Ordering::Less,
            (Some(a), Some(b)) if metric.is_better(b, a) => std::cmp::Ordering::Greater,
            (a, b) => a.is_none().cmp(&b.is_none()),
        });
        Ok(Self {
            name: folder.name(),
            metric,
            better: if metric.is_better(1.0, 0.0) { "higher" } else { "lower" }.into(),
            split: SPLIT.into(),
            keys: sweep.keys().into_iter().map(str::to_owned).collect(),
            seeds: sweep.seeds(),
            points,
        })
    }

    /// All runs.
    pub fn runs(&self) -> impl Iterator<Item = &RunResult> {
        self.points.iter().flat_map(|point| &point.runs)
    }

    /// How many runs are so far.
    pub fn count(&self, status: Status) -> usize {
        self.runs().filter(|run| run.status == status).count()
    }

    /// Writes `sweep.json` and `sweep.csv`.
    pub(super) fn write(&self, folder: &SweepFolder) -> Result<(), TrainError> {
        write_json(&folder.json_path(), self)?;
        let path = folder.csv_path();
        let csv = self.csv().map_err(std::io::Error::other).at("write", &path)?;
        Ok(embert_files::write(&path, &csv)?)
    }

    /// A line a point, best first.
    fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let count = |value: Option<usize>| value.map_or_else(String::new, |value| value.to_string());
        let mut writer = csv::Writer::from_writer(Vec::new());
        let after = [
            "metric",
            "mean",
            "standard_deviation",
            "complete",
            "failed",
            "seconds",
            "trainable",
            "parameters",
        ];
        writer
            .write_record(["point"].into_iter().chain(self.keys.iter().map(String::as_str)).chain(after))?;
        for point in &self.points {
            let with = |status| point.runs.iter().filter(|run| run.status == status).count().to_string();
            let mut record = vec![point.point.clone()];
            record.extend(self.keys.iter().map(|key| point.setting(key)));
            record.extend([
                self.metric.to_string(),
                number(point.mean),
                number(point.standard_deviation),
                with(Status::Complete),
                with(Status::Failed),
                number(point.seconds),
                count(point.trainable),
                count(point.parameters),
            ]);
            writer.write_record(record)?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
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

    fn of(
        sweep: &Sweep,
        folder: &SweepFolder,
        point: usize,
        records: &mut Records,
        failure: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self, TrainError> {
        let mut runs = Vec::new();
        let mut sizes = None;
        for seed in sweep.seeds() {
            let name = run_name(&sweep.name(point), seed);
            let record = records.of(sweep, folder, point, seed)?;
            let mut result = RunResult::of(&name, seed, record);
            let of_run = record.map(|record| record.sizes);
            if result.status == Status::Missing
                && let Some(error) = failure(&name)
            {
                (result.status, result.error) = (Status::Failed, Some(error));
            }
            sizes = sizes.or(of_run);
            runs.push(result);
        }
        let values: Vec<f64> = runs.iter().filter_map(|run| run.value).collect();
        let seconds: Vec<f64> = runs.iter().filter_map(|run| run.seconds).collect();
        let settings = &sweep.points()[point];
        let value = |key: &str| settings.get(key).map_or(Value::Null, json_of);
        Ok(Self {
            point: sweep.name(point),
            settings: sweep.keys().into_iter().map(|key| (key.to_owned(), value(key))).collect(),
            mean: mean(&values),
            standard_deviation: standard_deviation(&values),
            seconds: mean(&seconds),
            trainable: sizes.map(|sizes| sizes.trainable),
            parameters: sizes.map(|sizes| sizes.total),
            runs,
        })
    }
}

impl RunResult {
    /// That of a run of which `record` is what is known; absent while it has no result.
    fn of(name: &str, seed: u64, record: Option<&Record>) -> Self {
        Self {
            run: name.to_owned(),
            seed,
            status: if record.is_some() { Status::Complete } else { Status::Missing },
            error: None,
            value: record.and_then(|record| record.value),
            step: record.map(|record| record.step),
            seconds: record.map(|record| record.end.seconds),
            metrics: record.and_then(|record| record.metrics.clone()),
        }
    }
}

pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, TrainError> {
    let bytes = fs::read(path).at("read", path)?;
    serde_json::from_slice(&bytes).map_err(std::io::Error::from).at("read", path)
}

/// JSON has no infinity: what it can't say is said as text.
fn json_of(value: &toml::Value) -> Value {
    match serde_json::to_value(value) {
        Ok(json) if !json.is_null() => json,
        _ => Value::String(value.to_string()),
    }
}
