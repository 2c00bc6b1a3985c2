//! [`Records`]: what the runs of a sweep say of themselves, each read once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use embert_metrics::{Accumulator, Average, Metric, Report};
use embert_run::{Example, Examples, Facts, Metrics, Parameters, RunError, Scores};

use super::folder::{SweepFolder, run_name};
use super::{Sweep, SweepError};
use crate::config::Keep;
use crate::metrics_log::Logged;
use crate::{End, RunFolder, TrainConfig, TrainError, scores};

/// The split that a sweep compares its points on.
pub(super) const SPLIT: &str = "validation";

/// What a run that is complete says of its result.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) end: End,
    /// The step after which the kept weights were taken.
    pub(super) step: usize,
    /// Of the kept weights; absent without a validation split.
    pub(super) metrics: Option<Metrics>,
    /// The sweep's metric of them.
    pub(super) value: Option<f64>,
    /// Absent where the run's facts can't be read.
    pub(super) sizes: Option<Parameters>,
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
        let facts = unless_damaged(Facts::read(&run.facts_path()))?;
        let sizes = facts.as_ref().map(|facts| facts.parameters);
        let metric = sweep.base().metric;
        let mut metrics = logged.evaluation(SPLIT, step).map(|eval| eval.metrics.clone());
        let scores = unless_damaged(Scores::read(&run.scores_path()))?;
        // Those of other weights say nothing of these.
        if let Some(scores) = scores.filter(|scores| scores.step == step) {
            let scores = scores.split(SPLIT);
            let value = scores.and_then(|scores| scores.metrics.get(metric.name()));
            let metrics = metrics.or_else(|| Some(of_log(&scores?.metrics)));
            return Ok(Some(Self { end, step, metrics, value, sizes }));
        }
        // A run of format 1.
        let is_validated = facts.as_ref().is_none_or(|facts| facts.splits.validation.is_some());
        let value = if !is_validated {
            None
        } else if metric == config.metric && config.keep == Keep::Best && metrics.is_some() {
            end.best_metric
        } else {
            // The run chose its weights by something else, or the line that says it is damaged: what the run says of each example
            // tells.
            let report = facts.and_then(|facts| report(&facts, run).transpose()).transpose()?;
            let Some(report) = report else {
                return Err(SweepError::NoScores { path: run.path().to_owned() }.into());
            };
            metrics.get_or_insert_with(|| scores::logged(&report));
            metric.value(&report)
        };
        Ok(Some(Self { end, step, metrics, value, sizes }))
    }
}

/// What there is of a file; a damaged one counts for none, and is said.
fn unless_damaged<T>(found: Result<Option<T>, RunError>) -> Result<Option<T>, TrainError> {
    match found {
        Err(error @ RunError::Damaged { .. }) => {
            tracing::warn!("{error}; the sweep's table is made without it");
            Ok(None)
        }
        found => Ok(found?),
    }
}

/// Those figures that a log has.
fn of_log(metrics: &Metrics) -> Metrics {
    let names = Metric::LOGGED.iter().map(|metric| metric.name());
    names.filter_map(|name| Some((name, metrics.get(name)?))).collect()
}

/// The log of a run that has its result. The result is there a moment before the log says so.
fn logged(run: &RunFolder) -> Result<Option<Logged>, TrainError> {
    let is_there = run.model().is_dir() && run.metrics_path().is_file();
    Ok(is_there.then(|| Logged::read(&run.metrics_path())).transpose()?)
}

/// Whether a run is complete and says so.
pub(super) fn has_ended(run: &RunFolder) -> Result<bool, TrainError> {
    Ok(logged(run)?.is_some_and(|logged| logged.end.is_some()))
}

/// The metrics of the kept weights, of what a run of format 1 says of each validation example; `None` where it says nothing.
fn report(facts: &Facts, run: &RunFolder) -> Result<Option<Report>, TrainError> {
    let Some(examples) = Examples::open(&run.examples_path())? else { return Ok(None) };
    let positive = facts.positive.as_ref();
    let average = match positive.and_then(|name| facts.labels.iter().position(|label| label == name)) {
        Some(positive) => Average::Binary { positive },
        None => Average::Macro,
    };
    let mut accumulator = Accumulator::new(facts.labels.len(), average)?;
    for example in examples {
        let (_, Example { split, label, probabilities, .. }) = example?;
        if split == SPLIT {
            let probability = probabilities.get(label).copied().unwrap_or_default();
            let loss = -probability.max(f64::MIN_POSITIVE).ln();
            accumulator.add(label, &probabilities, loss)?;
        }
    }
    Ok(Some(accumulator.report()))
}
