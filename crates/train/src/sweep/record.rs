//! [`Records`]: what the runs of a sweep say of themselves, each read once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;

use embert_metrics::{Accumulator, Average, Report};
use serde::Deserialize;

use super::Sweep;
use super::folder::{SweepFolder, run_name};
use super::table::{Figures, read_json};
use crate::config::Keep;
use crate::error::IoContext as _;
use crate::metrics_log::Logged;
use crate::{End, RunFolder, TrainConfig, TrainError};

/// The split that a sweep compares its points on.
pub(super) const SPLIT: &str = "validation";

/// What a run that is complete says of its result.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) end: End,
    /// The step after which the kept weights were taken.
    pub(super) step: usize,
    /// Of the kept weights; absent without a validation split.
    pub(super) metrics: Option<Figures>,
    /// The sweep's metric of them.
    pub(super) value: Option<f64>,
    pub(super) sizes: Sizes,
}

/// The records of a sweep's runs by their names. A run that has ended does not change, so its files are read once, however often
/// the table is written.
#[derive(Debug, Default)]
pub(super) struct Records(BTreeMap<String, Record>);

impl Records {
    /// That of a run, if it has ended.
    pub(super) fn of(
        &mut self,
        sweep: &Sweep,
        folder: &SweepFolder,
        point: usize,
        seed: u64,
    ) -> Result<Option<&Record>, TrainError> {
        let name = run_name(&sweep.name(point), seed);
        match self.0.entry(name) {
            Entry::Occupied(known) => Ok(Some(known.into_mut())),
            Entry::Vacant(place) => {
                let run = folder.run(place.key());
                let record = Record::read(&run, sweep, || sweep.config(point, seed))?;
                Ok(record.map(|record| &*place.insert(record)))
            }
        }
    }
}

impl Record {
    fn read(
        run: &RunFolder,
        sweep: &Sweep,
        config: impl FnOnce() -> Result<TrainConfig, crate::ConfigError>,
    ) -> Result<Option<Self>, TrainError> {
        let Some(logged) = logged(run)? else { return Ok(None) };
        if !logged.damaged.is_empty() {
            let lines: Vec<String> = logged.damaged.iter().map(ToString::to_string).collect();
            tracing::warn!(
                "{}, line {} can't be read and is passed over",
                run.metrics_path().display(),
                lines.join(", ")
            );
        }
        let Some(end) = logged.end.clone() else { return Ok(None) };
        let config = config()?;
        let best = (config.keep == Keep::Best).then_some(end.best_step).flatten();
        let step = best.unwrap_or(end.step);
        let facts: Facts = read_json(&run.facts_path())?;
        let mut metrics = logged.evaluation(SPLIT, step).map(Figures::from);
        let metric = sweep.base().metric;
        let value = if facts.splits.validation.is_none() {
            None
        } else if metric == config.metric && config.keep == Keep::Best && metrics.is_some() {
            end.best_metric
        } else {
            // The run chose its weights by something else, or the line that says it is damaged: what the run says of each example
            // tells.
            let report = facts.report(run)?;
            metrics.get_or_insert_with(|| Figures::from(&report));
            metric.value(&report)
        };
        Ok(Some(Self { end, step, metrics, value, sizes: facts.parameters }))
    }
}

/// The log of a run that has its result. The result is there a moment before the log says so.
fn logged(run: &RunFolder) -> Result<Option<Logged>, TrainError> {
    let is_there = run.model().is_dir() && run.metrics_path().is_file();
    is_there.then(|| Logged::read(&run.metrics_path())).transpose()
}

/// Whether a run is complete and says so.
pub(super) fn has_ended(run: &RunFolder) -> Result<bool, TrainError> {
    Ok(logged(run)?.is_some_and(|logged| logged.end.is_some()))
}

/// What is read of `facts.json`.
#[derive(Deserialize)]
struct Facts {
    labels: Vec<String>,
    positive: Option<String>,
    parameters: Sizes,
    splits: Splits,
}

#[derive(Deserialize)]
struct Splits {
    validation: Option<serde::de::IgnoredAny>,
}

/// Numbers of parameters.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Sizes {
    pub(super) total: usize,
    pub(super) trainable: usize,
}

/// What is read of a line of `examples.jsonl`.
#[derive(Deserialize)]
struct Example {
    split: String,
    label: usize,
    probabilities: Vec<f64>,
}

impl Facts {
    /// The metrics of the kept weights, of what the run says of each validation example.
    fn report(&self, run: &RunFolder) -> Result<Report, TrainError> {
        let positive = self.positive.as_ref();
        let average = match positive.and_then(|name| self.labels.iter().position(|label| label == name)) {
            Some(positive) => Average::Binary { positive },
            None => Average::Macro,
        };
        let mut accumulator = Accumulator::new(self.labels.len(), average)?;
        let path = run.examples_path();
        for line in fs::read_to_string(&path).at("read", &path)?.lines() {
            let example: Example =
                serde_json::from_str(line).map_err(std::io::Error::from).at("read", &path)?;
            if example.split == SPLIT {
                let probability = example.probabilities.get(example.label).copied().unwrap_or_default();
                let loss = -probability.max(f64::MIN_POSITIVE).ln();
                accumulator.add(example.label, &example.probabilities, loss)?;
            }
        }
        Ok(accumulator.report())
    }
}
