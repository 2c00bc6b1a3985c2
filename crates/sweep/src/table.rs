//! The table of a sweep's results, made of its run folders, and the files that hold it.

use embert_files::FileError;
use embert_metrics::{mean, standard_deviation};
use embert_run::{Better, FORMAT, PointResult, RunResult, Status, SweepFiles, SweepTable};
use serde_json::Value;

use crate::record::{Record, Records, SPLIT};
use crate::{Sweep, SweepError};

/// Makes the table of a sweep. `failure` returns a failed run's error by the run's name.
pub(crate) fn table(
    sweep: &Sweep,
    files: &SweepFiles,
    records: &mut Records,
    failure: impl Fn(&str) -> Option<String>,
) -> Result<SweepTable, SweepError> {
    let metric = sweep.metric();
    let mut points = Vec::new();
    for number in 0..sweep.points().len() {
        points.push(point(sweep, files, number, records, &failure)?);
    }
    let better = records.better(metric);
    for point in &mut points {
        point.baseline = baseline(&point.runs, metric, better);
    }
    // The sort is stable: points with equal means stay in the order of the definition.
    points.sort_by(|a, b| match (a.mean, b.mean) {
        (Some(a), Some(b)) if better.is_better(a, b) => std::cmp::Ordering::Less,
        (Some(a), Some(b)) if better.is_better(b, a) => std::cmp::Ordering::Greater,
        (a, b) => a.is_none().cmp(&b.is_none()),
    });
    Ok(SweepTable {
        format: FORMAT,
        name: files.folder().file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        metric: metric.to_owned(),
        better,
        split: SPLIT.into(),
        keys: sweep.keys().into_iter().map(str::to_owned).collect(),
        seeds: sweep.seeds(),
        points,
    })
}

fn point(
    sweep: &Sweep,
    files: &SweepFiles,
    number: usize,
    records: &mut Records,
    failure: &impl Fn(&str) -> Option<String>,
) -> Result<PointResult, SweepError> {
    let mut runs = Vec::new();
    let mut sizes = None;
    for seed in sweep.seeds() {
        let name = SweepFiles::run_name(&sweep.name(number), seed);
        let record = records.of(sweep, files, number, seed)?;
        let mut result = run(&name, seed, record);
        let of_run = record.and_then(|record| record.sizes);
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
    let settings = &sweep.points()[number];
    let value = |key: &str| settings.get(key).map_or(Value::Null, json_of);
    Ok(PointResult {
        point: sweep.name(number),
        settings: sweep.keys().into_iter().map(|key| (key.to_owned(), value(key))).collect(),
        mean: mean(&values),
        standard_deviation: standard_deviation(&values),
        baseline: None,
        seconds: mean(&seconds),
        trainable: sizes.map(|sizes| sizes.trainable),
        parameters: sizes.map(|sizes| sizes.total),
        runs,
    })
}

/// The table's entry of a run, whose `record` is absent while the run is not complete.
fn run(name: &str, seed: u64, record: Option<&Record>) -> RunResult {
    RunResult {
        run: name.to_owned(),
        seed,
        status: if record.is_some() { Status::Complete } else { Status::Missing },
        error: None,
        value: record.and_then(|record| record.value),
        step: record.map(|record| record.step),
        seconds: record.map(|record| record.end.seconds),
        metrics: record.and_then(|record| record.metrics.clone()),
        baselines: record.map_or_else(Vec::new, |record| record.baselines.clone()),
    }
}

/// The mean over the runs of what the best rule without a model gets by `metric`.
fn baseline(runs: &[RunResult], metric: &str, better: Better) -> Option<f64> {
    let best = |run: &RunResult| {
        let values = run.baselines.iter().filter_map(|rule| rule.metrics.get(metric));
        values.reduce(|one, other| if better.is_better(other, one) { other } else { one })
    };
    mean(&runs.iter().filter_map(best).collect::<Vec<_>>())
}

/// Writes `sweep.json` and `sweep.csv`.
pub(crate) fn write(table: &SweepTable, files: &SweepFiles) -> Result<(), FileError> {
    embert_files::write_json(&files.table(), table)?;
    let path = files.csv();
    let csv = csv(table).map_err(|error| {
        let source = std::io::Error::other(error);
        FileError { action: "write", path: path.clone(), source }
    })?;
    embert_files::write(&path, &csv)
}

/// The table as CSV: a row for each point, best first.
fn csv(table: &SweepTable) -> Result<Vec<u8>, csv::Error> {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let count = |value: Option<usize>| value.map_or_else(String::new, |value| value.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    // A task without rules has no column for them.
    let has_baseline = table.points.iter().any(|point| point.baseline.is_some());
    let of_metric =
        ["metric", "mean", "standard_deviation"].into_iter().chain(has_baseline.then_some("baseline"));
    let after = of_metric.chain(["complete", "failed", "seconds", "trainable", "parameters"]);
    writer.write_record(["point"].into_iter().chain(table.keys.iter().map(String::as_str)).chain(after))?;
    for point in &table.points {
        let with = |status| point.runs.iter().filter(|run| run.status == status).count().to_string();
        let mut record = vec![point.point.clone()];
        record.extend(table.keys.iter().map(|key| point.setting(key)));
        record.extend([table.metric.clone(), number(point.mean), number(point.standard_deviation)]);
        record.extend(has_baseline.then(|| number(point.baseline)));
        record.extend([
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

/// A TOML value as JSON; as text if JSON can't hold the value, such as an infinity.
fn json_of(value: &toml::Value) -> Value {
    match serde_json::to_value(value) {
        Ok(json) if !json.is_null() => json,
        _ => Value::String(value.to_string()),
    }
}
