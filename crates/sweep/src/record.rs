//! [`Records`]: the results of a sweep's complete runs, each read once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use embert_metrics::{Accumulator, Average, Metric, NamedMetric as _, Report};
use embert_run::{
    Baseline, Better, End, Example, Examples, Facts, LOSS, Log, Metrics, Parameters, RunError, RunFiles,
    Scores, SweepFiles,
};
use embert_train::{ConfigError, Keep, TrainConfig, TrainError};

use crate::{Sweep, SweepError};

/// The split on which a sweep compares its points.
pub(crate) const SPLIT: &str = "validation";

/// The result of a complete run.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) end: End,
    /// The step after which the kept weights were taken.
    pub(crate) step: usize,
    /// The validation metrics of the kept weights; `None` without a validation split.
    pub(crate) metrics: Option<Metrics>,
    /// The value of the sweep's metric; `None` if the metric is not defined.
    pub(crate) value: Option<f64>,
    /// What rules without a model get on the validation split.
    pub(crate) baselines: Vec<Baseline>,
    /// The parameter counts; `None` if the run's facts can't be read.
    pub(crate) sizes: Option<Parameters>,
    /// Whether higher or lower values of the sweep's metric are better; `None` if the run's facts don't say.
    better: Option<Better>,
}

/// The records of a sweep's complete runs by the runs' names. A complete run does not change, so its files
/// are read once, however often the table is written.
#[derive(Debug, Default)]
pub(crate) struct Records(BTreeMap<String, Record>);

impl Records {
    /// Whether higher or lower values of a metric are better, from the runs' facts. The facts of format 1
    /// don't say: of its metrics, only the loss is better lower.
    pub(crate) fn better(&self, metric: &str) -> Better {
        let stated = self.0.values().find_map(|record| record.better);
        stated.unwrap_or(if metric == LOSS { Better::Lower } else { Better::Higher })
    }

    /// The record of a run; `None` while it is not complete.
    pub(crate) fn of(
        &mut self,
        sweep: &Sweep,
        files: &SweepFiles,
        point: usize,
        seed: u64,
    ) -> Result<Option<&Record>, SweepError> {
        let name = SweepFiles::run_name(&sweep.name(point), seed);
        match self.0.entry(name) {
            Entry::Occupied(known) => Ok(Some(known.into_mut())),
            Entry::Vacant(place) => {
                let run = files.run(place.key());
                let record = Record::read(&run, sweep, || sweep.config(point, seed))?;
                Ok(record.map(|record| &*place.insert(record)))
            }
        }
    }
}

impl Record {
    fn read(
        run: &RunFiles,
        sweep: &Sweep,
        config: impl FnOnce() -> Result<TrainConfig, ConfigError>,
    ) -> Result<Option<Self>, SweepError> {
        let Some(logged) = logged(run)? else { return Ok(None) };
        if !logged.damaged.is_empty() {
            let lines: Vec<String> = logged.damaged.iter().map(ToString::to_string).collect();
            tracing::warn!(
                "{}, line {} can't be read and is passed over",
                run.metrics().display(),
                lines.join(", ")
            );
        }
        let Some(end) = logged.end.clone() else { return Ok(None) };
        let config = config()?;
        let best = (config.keep == Keep::Best).then_some(end.best_step).flatten();
        let step = best.unwrap_or(end.step);
        let facts = unless_damaged(Facts::read(&run.facts()))?;
        let sizes = facts.as_ref().map(|facts| facts.parameters);
        let metric = sweep.metric();
        let infos = facts.iter().flat_map(|facts| &facts.metrics);
        let better = infos.clone().find(|info| info.name == metric).map(|info| info.better);
        let mut metrics = logged.evaluation(SPLIT, step).map(|eval| eval.metrics.clone());
        let scores = unless_damaged(Scores::read(&run.scores()))?;
        // `scores.json` may belong to other weights than the kept ones.
        if let Some(scores) = scores.filter(|scores| scores.step == step) {
            let scores = scores.split(SPLIT);
            let value = scores.and_then(|scores| scores.metrics.get(metric));
            let metrics = metrics.or_else(|| Some(of_log(&scores?.metrics, &logged)));
            let baselines = scores.map_or_else(Vec::new, |scores| scores.baselines.clone());
            return Ok(Some(Self { end, step, metrics, value, baselines, sizes, better }));
        }
        // A run of format 1.
        let is_validated = facts.as_ref().is_none_or(|facts| facts.splits.validation.is_some());
        let value = if !is_validated {
            None
        } else if config.metric.as_deref() == Some(metric) && config.keep == Keep::Best && metrics.is_some() {
            end.best_metric
        } else {
            // The run chose its weights by another metric, or the evaluation's log line is damaged: the
            // metric is computed from the predictions.
            let report = facts.and_then(|facts| report(&facts, run).transpose()).transpose()?;
            let Some(report) = report else {
                return Err(SweepError::NoScores { path: run.folder().to_owned() });
            };
            metrics.get_or_insert_with(|| logged_metrics(&report));
            metric.parse::<Metric>().ok().and_then(|metric| metric.value(&report))
        };
        Ok(Some(Self { end, step, metrics, value, baselines: Vec::new(), sizes, better }))
    }
}

/// The content of a file; `None`, with a warning, if the file is damaged.
fn unless_damaged<T>(found: Result<Option<T>, RunError>) -> Result<Option<T>, SweepError> {
    match found {
        Err(error @ RunError::Damaged { .. }) => {
            tracing::warn!("{error}; the sweep's table is made without it");
            Ok(None)
        }
        found => Ok(found?),
    }
}

/// The part of `metrics` that the log's evaluations list; all of `metrics` if the log has lost every
/// evaluation.
fn of_log(metrics: &Metrics, log: &Log) -> Metrics {
    let Some(eval) = log.evals.last() else { return metrics.clone() };
    eval.metrics.iter().filter_map(|(name, _)| Some((name, metrics.get(name)?))).collect()
}

/// The metrics that a log line lists for an evaluation; an undefined metric is left out.
fn logged_metrics(report: &Report) -> Metrics {
    Metric::values(report, Metric::LOGGED.iter().copied()).collect()
}

/// The log of a run; `None` without `model/` or the log file. A run writes `model/` before the end of its
/// log.
fn logged(run: &RunFiles) -> Result<Option<Log>, SweepError> {
    let is_there = run.model().is_dir() && run.metrics().is_file();
    Ok(is_there.then(|| Log::read(&run.metrics())).transpose()?)
}

/// The validation metrics of the kept weights of a run of format 1, computed from its `examples.jsonl`;
/// `None` without the file.
fn report(facts: &Facts, run: &RunFiles) -> Result<Option<Report>, SweepError> {
    let Some(examples) = Examples::open(&run.examples())? else { return Ok(None) };
    let positive = facts.positive.as_ref();
    let average = match positive.and_then(|name| facts.labels.iter().position(|label| label == name)) {
        Some(positive) => Average::Binary { positive },
        None => Average::Macro,
    };
    let mut accumulator = Accumulator::new(facts.labels.len(), average).map_err(TrainError::from)?;
    for example in examples {
        let (_, Example { split, label, probabilities, .. }) = example?;
        if split == SPLIT {
            let probability = probabilities.get(label).copied().unwrap_or_default();
            let loss = -probability.max(f64::MIN_POSITIVE).ln();
            accumulator.add(label, &probabilities, loss).map_err(TrainError::from)?;
        }
    }
    Ok(Some(accumulator.report()))
}
