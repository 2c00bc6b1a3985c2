//! The tables of a sweep: its points, its runs, its settings.

use std::collections::BTreeSet;

use embert_run::{LOSS, Status};
use maud::{Markup, html};

use super::super::figure::Table;
use super::words::{OPEN_ROWS, SERIES, described, end_of};
use crate::Run;
use crate::compare::differences;
use crate::number::{counted, duration, figure, or_dash, thousands};
use crate::sweep::{Sweep, SweepRun};

/// The most seeds that have a column each.
const SEED_COLUMNS: usize = 5;

pub(super) fn points_table(sweep: &Sweep) -> Table {
    let metric = format!("{} {}", sweep.split, sweep.metric.in_sentence());
    let by_seed = (2..=SEED_COLUMNS).contains(&sweep.seeds.len());
    let seeds: Vec<String> = match sweep.seeds.len() {
        _ if by_seed => sweep.seeds.iter().map(|seed| format!("seed {seed}")).collect(),
        0 | 1 => Vec::new(),
        _ => vec!["each seed".to_owned()],
    };
    let has_baseline = sweep.points.iter().any(|point| point.row.baseline.is_some());
    let headings = std::iter::once(String::new())
        .chain(sweep.keys.iter().cloned())
        .chain([metric])
        .chain(has_baseline.then(|| "without a model".to_owned()))
        .chain(seeds)
        .chain(["time", "trained parameters", "runs"].map(str::to_owned));
    let rows = sweep.points.iter().enumerate().map(|(index, point)| {
        let place = if point.row.mean.is_some() { (index + 1).to_string() } else { "–".to_owned() };
        let values = if by_seed {
            let of = |seed: &u64| {
                or_dash(point.runs.iter().find(|run| run.row.seed == *seed).and_then(|run| run.row.value))
            };
            sweep.seeds.iter().map(of).collect()
        } else if sweep.seeds.len() > SEED_COLUMNS {
            vec![point.values().into_iter().map(figure).collect::<Vec<_>>().join(" ")]
        } else {
            Vec::new()
        };
        let count = |status| point.runs.iter().filter(|run| run.row.status == status).count();
        let (failed, missing) = (count(Status::Failed), count(Status::Missing));
        let ends = format!("{} of {}", count(Status::Complete), point.runs.len());
        let ends = if failed + missing > 0 { format!("{ends}, {}", end_of(failed, missing)) } else { ends };
        std::iter::once(place)
            .chain(sweep.keys.iter().map(|key| point.setting(key)))
            .chain([point.result()])
            .chain(has_baseline.then(|| or_dash(point.row.baseline)))
            .chain(values)
            .chain([point.row.seconds.map_or_else(|| "–".to_owned(), duration), point.trained(), ends])
            .collect()
    });
    Table::new(headings, rows.collect())
}

/// The runs without a result or with damaged files: point and seed, status, error.
pub(super) fn without_result(sweep: &Sweep) -> Vec<(String, String, Option<String>)> {
    let said = |(index, run): (usize, &SweepRun)| {
        let damage = run.damage();
        if run.row.status != Status::Failed && damage.is_none() {
            return None;
        }
        let what = format!("{}, seed {}", described(sweep, &sweep.points[index]), run.row.seed);
        Some(match (&run.row.error, damage) {
            (Some(error), _) => (what, run.state(), Some(error.clone())),
            (None, Some(damage)) => (what, "its files are damaged".to_owned(), Some(damage)),
            (None, None) => (what, run.state(), None),
        })
    };
    sweep.runs().filter_map(said).collect()
}

pub(super) fn unlucky(runs: &[(String, String, Option<String>)]) -> Markup {
    html! {
        ul class="failed" {
            @for (what, state, error) in runs {
                li { b { (what) } ": " (state) @if let Some(error) = error { " " code { (error) } } }
            }
        }
    }
}

pub(super) fn every_run(sweep: &Sweep) -> Markup {
    let metric = format!("{} {}", sweep.split, sweep.metric.in_sentence());
    // If the metric is the loss, the table has its column already.
    let loss = (sweep.metric.name != LOSS).then(|| format!("{} {LOSS}", sweep.split));
    let headings = ["run".to_owned()]
        .into_iter()
        .chain(sweep.keys.iter().cloned())
        .chain(["seed".to_owned(), "state".to_owned(), metric, "step".to_owned()])
        .chain(loss.clone())
        .chain(["time".to_owned()]);
    let rows: Vec<Vec<String>> = sweep
        .runs()
        .map(|(index, run)| {
            let point = &sweep.points[index];
            let name = run.row.run.rsplit('/').next().unwrap_or_default().to_owned();
            std::iter::once(name)
                .chain(sweep.keys.iter().map(|key| point.setting(key)))
                .chain([
                    run.row.seed.to_string(),
                    run.state(),
                    or_dash(run.row.value),
                    run.row.step.map_or_else(|| "–".to_owned(), thousands),
                ])
                .chain(
                    loss.as_ref()
                        .map(|_| or_dash(run.eval(&sweep.split).and_then(|eval| eval.metrics.get(LOSS)))),
                )
                .chain([run.row.seconds.map_or_else(|| "–".to_owned(), duration)])
                .collect()
        })
        .collect();
    let count = rows.len();
    let table = Table::new(headings, rows).render("Every run");
    html! {
        @if count > OPEN_ROWS { details { summary { "All " (counted(count, "run")) } (table) } } @else { (table) }
    }
}

/// The settings that differ between the runs, and the settings that all runs share.
pub(super) fn settings(sweep: &Sweep, runs: &[&Run]) -> Markup {
    let different = differences(runs.iter().copied());
    let mut rows: Vec<Vec<String>> = Vec::new();
    for key in sweep.keys.iter().chain(different.iter().filter(|key| !sweep.keys.contains(key))) {
        let of_points = sweep.points.iter().map(|point| point.setting(key));
        let of_runs = runs.iter().filter_map(|run| run.setting(key));
        let mut seen = BTreeSet::new();
        let mut values: Vec<String> =
            if sweep.keys.contains(key) { of_points.collect() } else { of_runs.collect() };
        values.retain(|value| seen.insert(value.clone()));
        let shown = if values.len() > SERIES {
            format!("{} values, {} to {}", values.len(), values[0], values[values.len() - 1])
        } else {
            values.join("; ")
        };
        rows.push(vec![key.clone(), shown]);
    }
    let shared: Vec<(String, String)> = runs.first().map_or_else(Vec::new, |run| run.settings());
    html! {
        h3 { "What differed" }
        (Table::new(["setting", "values"], rows).render("What differed"))
        h3 class="after" { "What all runs share" }
        dl class="facts settings" {
            @for (key, value) in &shared {
                @if !different.contains(key) && !sweep.keys.contains(key) && key != "output" {
                    div { dt { code { (key) } } dd { code { (value) } } }
                }
            }
        }
    }
}
