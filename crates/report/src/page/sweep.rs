//! The page of a sweep.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::comparison::{Entry, colour, evaluations_of, losses, ranking, sentence};
use super::curves::spoken;
use super::{Figure, Table, figures, section};
use crate::chance::{Sample, Welch};
use crate::compare::{Group, differences, splits_differ};
use crate::number::{counted, duration, figure, or_dash, thousands};
use crate::plot::{Axis, Ink, Layer, Plot, Ticks, range};
use crate::sweep::{Status, Sweep, SweepPoint};
use crate::text::named;
use crate::{ReportError, Run};

/// Seeds that have a column of their own.
const SEED_COLUMNS: usize = 5;
/// Points that have their place written beside them in a plot; of more, the best [`NAMED`].
const ALL_NAMED: usize = 20;
const NAMED: usize = 1;
/// Values of a key that are lines of their own in another's plot.
const SERIES: usize = 8;
/// Rows of a table that are open.
const OPEN_ROWS: usize = 20;

pub(super) fn content(sweep: &Sweep) -> Result<Markup, ReportError> {
    let runs: Vec<&Run> = sweep.runs().filter_map(|(_, run)| run.folder.as_ref()).collect();
    let groups = groups(sweep);
    let compared: Vec<Figure> = std::iter::once(points(sweep))
        .flatten()
        .chain(by_key(sweep))
        .chain([time(sweep), parameters(sweep)].into_iter().flatten())
        .collect();
    let metric = (sweep.metric != "loss").then_some(sweep.metric.as_str());
    let curves: Vec<Figure> = [
        metric.and_then(|metric| evaluations_of("sweep-metric", &groups, &sweep.split, metric)),
        evaluations_of("sweep-validation", &groups, &sweep.split, "loss"),
        losses("sweep-loss", &groups),
    ]
    .into_iter()
    .flatten()
    .collect();
    let without = without_result(sweep);
    Ok(html! {
        (header(sweep, &runs))
        (section("points", "Points, the best first", &html! {
            @let (best, others) = points_table(sweep).split(OPEN_ROWS);
            (best.render("Points"))
            @if let Some(others) = others {
                details { summary { "The other " (counted(others.rows.len(), "point")) } (others.render("Other points")) }
            }
            p class="note" {
                "Mean ± sample standard deviation over " (counted(sweep.seeds.len(), "seed")) "; time is the mean of complete runs."
            }
        }))
        @if !without.is_empty() { (section("without", "Runs without a result", &unlucky(&without))) }
        @if !compared.is_empty() { (section("plots", "What it depends on", &figures(&compared)?)) }
        @if !curves.is_empty() { (section("curves", "Curves of all runs", &figures(&curves)?)) }
        (section("runs", "Every run", &every_run(sweep)))
        @if !runs.is_empty() { (section("settings", "Settings", &settings(sweep, &runs))) }
    })
}

fn header(sweep: &Sweep, runs: &[&Run]) -> Markup {
    let of = runs.first().map(|run| match &run.facts {
        Some(facts) => format!("{} on {}", facts.model, facts.dataset),
        None => {
            format!(
                "{} on {}",
                run.setting("model").unwrap_or_default(),
                run.setting("dataset").unwrap_or_default()
            )
        }
    });
    let [complete, failed, missing] =
        [Status::Complete, Status::Failed, Status::Missing].map(|status| sweep.count(status));
    let seconds: f64 = sweep.runs().filter_map(|(_, run)| run.seconds).sum();
    html! {
        header {
            p class="over" { "Sweep" @if let Some(of) = of { " of " (of) } }
            h1 { (sweep.name) }
            p class="result" { (result(sweep)) }
            p class="note" { (caution(sweep, runs)) }
            dl class="tiles" {
                @if let Some((_, best, _)) = sweep.ranked().next() {
                    div { dt { "best " (sweep.split) " " (spoken(&sweep.metric)) } dd { (best.result()) } }
                }
                div { dt { "points" } dd { (thousands(sweep.points.len())) small { "over " (sweep.keys.join(", ")) } } }
                div {
                    dt { "complete runs" }
                    dd {
                        (thousands(complete)) " of " (thousands(sweep.runs().count()))
                        @if failed + missing > 0 { small { (end_of(failed, missing)) } }
                    }
                }
                div { dt { "time of all runs" } dd { (duration(seconds)) } }
            }
            @if missing > 0 {
                div class="missing" role="note" {
                    b { "Not in this report:" }
                    ul { li { (counted(missing, "run")) " not run to the end: the sweep goes on, or was stopped. These are the figures so far." } }
                }
            }
        }
    }
}

/// "1 failed, 2 to come".
fn end_of(failed: usize, missing: usize) -> String {
    let parts = [(failed, "failed"), (missing, "missing")];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, what)| format!("{} {what}", thousands(*count))).collect::<Vec<_>>().join(", ")
}

/// A point's settings as a sentence has them.
fn described(sweep: &Sweep, point: &SweepPoint) -> String {
    if sweep.keys.is_empty() {
        return point.point.clone();
    }
    sweep.keys.iter().map(|key| format!("{key} = {}", point.setting(key))).collect::<Vec<_>>().join(", ")
}

/// Mean and spread of a point that has several values.
fn sample(point: &SweepPoint) -> Option<Sample> {
    Some(Sample { mean: point.mean?, deviation: point.standard_deviation?, count: point.values().len() })
}

/// The result in one line: the best point, and whether it is ahead by more than its spread says.
pub(crate) fn result(sweep: &Sweep) -> String {
    let mut ranked = sweep.ranked();
    let Some((_, best, mean)) = ranked.next() else {
        return "No run has a result yet.".to_owned();
    };
    let line = format!(
        "Best {} {}{}: {} with {}",
        sweep.split,
        spoken(&sweep.metric),
        if sweep.has_ended() { "" } else { " so far" },
        best.result(),
        described(sweep, best)
    );
    let Some((_, next, next_mean)) = ranked.next() else {
        return format!("{line}. There is no other point to compare it with.");
    };
    let gap = (mean - next_mean).abs();
    if gap < f64::EPSILON * mean.abs() {
        return format!("{line}; {} has the same.", described(sweep, next));
    }
    let line = format!("{line}; {} ahead of the next, {}", figure(gap), described(sweep, next));
    match (sample(best), sample(next)) {
        (Some(one), Some(other)) => match Welch::of(one, other) {
            Some(welch) if welch.is_beyond_chance() => {
                format!("{line}: more than the spread over the seeds explains (t = {:.1}).", welch.t)
            }
            Some(welch) => {
                format!("{line}: the spread over the seeds may explain as much (t = {:.1}).", welch.t)
            }
            None => format!("{line}. Neither varies over its seeds, so these say nothing about chance."),
        },
        (None, None) => format!("{line}. With a single run each, nothing can be said about chance."),
        _ => format!("{line}. One of them has a single run: nothing can be said about chance."),
    }
}

/// What the result does not say.
fn caution(sweep: &Sweep, runs: &[&Run]) -> String {
    let mut lines = Vec::new();
    let mut ranked = sweep.ranked();
    let best = ranked.next().map(|(_, point, _)| point);
    let others: Vec<Sample> = ranked.filter_map(|(_, point, _)| sample(point)).collect();
    if let Some(best) = best.and_then(sample).filter(|_| !others.is_empty()) {
        let near = others
            .iter()
            .filter(|other| Welch::of(best, **other).is_none_or(|welch| !welch.is_beyond_chance()))
            .count();
        lines.push(format!(
            "By Welch's t-test at 5 %, each point against the best, the seeds tell {} of {} from it; few seeds measure a spread but roughly.",
            thousands(others.len() - near),
            counted(others.len(), "other point")
        ));
        if splits_differ(runs.iter().copied()) {
            lines.push(
                "Not all runs were evaluated on the same examples: the spread has the choice of those in it."
                    .to_owned(),
            );
        }
    } else if sweep.ranked().count() > 1 {
        lines.push("With one seed a point there is no spread: the order may be chance.".to_owned());
    }
    let examples = sweep.runs().find_map(|(_, run)| run.eval(&sweep.split).map(|eval| eval.examples));
    let mean = best.and_then(|best| best.mean);
    if let (Some(examples), Some(mean), "accuracy") =
        (examples.filter(|count| *count > 0), mean, sweep.metric.as_str())
    {
        let error = (mean * (1.0 - mean) / examples as f64).sqrt();
        lines.push(format!(
            "{} other examples would move this accuracy by about {} (one standard error), and the best of several is partly the luckiest.",
            thousands(examples),
            figure(error)
        ));
    } else if sweep.ranked().count() > 1 {
        lines.push(
            "The best of several is partly the luckiest: expect a little less of it on new examples."
                .to_owned(),
        );
    }
    lines.join(" ")
}

fn points_table(sweep: &Sweep) -> Table {
    let metric = format!("{} {}", sweep.split, spoken(&sweep.metric));
    let by_seed = (2..=SEED_COLUMNS).contains(&sweep.seeds.len());
    let seeds: Vec<String> = match sweep.seeds.len() {
        _ if by_seed => sweep.seeds.iter().map(|seed| format!("seed {seed}")).collect(),
        0 | 1 => Vec::new(),
        _ => vec!["each seed".to_owned()],
    };
    let headings = std::iter::once(String::new())
        .chain(sweep.keys.iter().cloned())
        .chain([metric])
        .chain(seeds)
        .chain(["time", "trained parameters", "runs"].map(str::to_owned));
    let rows = sweep.points.iter().enumerate().map(|(index, point)| {
        let place = if point.mean.is_some() { (index + 1).to_string() } else { "–".to_owned() };
        let values = if by_seed {
            let of = |seed: &u64| {
                or_dash(point.runs.iter().find(|run| run.seed == *seed).and_then(|run| run.value))
            };
            sweep.seeds.iter().map(of).collect()
        } else if sweep.seeds.len() > SEED_COLUMNS {
            vec![point.values().into_iter().map(figure).collect::<Vec<_>>().join(" ")]
        } else {
            Vec::new()
        };
        let count = |status| point.runs.iter().filter(|run| run.status == status).count();
        let (failed, missing) = (count(Status::Failed), count(Status::Missing));
        let ends = format!("{} of {}", count(Status::Complete), point.runs.len());
        let ends = if failed + missing > 0 { format!("{ends}, {}", end_of(failed, missing)) } else { ends };
        std::iter::once(place)
            .chain(sweep.keys.iter().map(|key| point.setting(key)))
            .chain([point.result()])
            .chain(values)
            .chain([point.seconds.map_or_else(|| "–".to_owned(), duration), point.trained(), ends])
            .collect()
    });
    Table::new(headings, rows.collect())
}

/// What each run without a result says: its point and seed, what became of it, its error.
fn without_result(sweep: &Sweep) -> Vec<(String, String, Option<&str>)> {
    let unlucky = sweep.runs().filter(|(_, run)| run.status == Status::Failed || run.unreadable.is_some());
    unlucky
        .map(|(index, run)| {
            let what = format!("{}, seed {}", described(sweep, &sweep.points[index]), run.seed);
            let (state, error) = match (&run.error, &run.unreadable) {
                (Some(error), _) => (run.state(), Some(error.as_str())),
                (None, Some(unreadable)) => ("its files are damaged".to_owned(), Some(unreadable.as_str())),
                (None, None) => (run.state(), None),
            };
            (what, state, error)
        })
        .collect()
}

fn unlucky(runs: &[(String, String, Option<&str>)]) -> Markup {
    html! {
        ul class="failed" {
            @for (what, state, error) in runs {
                li { b { (what) } ": " (state) @if let Some(error) = error { " " code { (error) } } }
            }
        }
    }
}

/// The points as groups of what is left of their runs.
fn groups(sweep: &Sweep) -> Vec<Group<'_>> {
    let mut groups = Vec::new();
    for point in &sweep.points {
        let runs = point.runs.iter().filter_map(|run| run.folder.as_ref()).collect();
        groups.push(Group { runs, values: vec![point.name(&sweep.keys)] });
    }
    groups
}

fn points(sweep: &Sweep) -> Option<Figure> {
    let entries =
        sweep.ranked().map(|(_, point, _)| Entry { name: point.name(&sweep.keys), values: point.values() });
    ranking("sweep-points", entries.collect(), &sweep.keys, &sweep.split, &sweep.metric)
}

/// A point with one deviation above and below.
fn bar(at: f64, point: &SweepPoint, mean: f64) -> (f64, f64, f64, f64) {
    let around = point.standard_deviation.unwrap_or(0.0);
    (at, mean - around, mean, mean + around)
}

/// The values of a key among the points that have a result, in the order of numbers or of their rank.
fn values_of(sweep: &Sweep, key: &str) -> Vec<String> {
    let mut values: Vec<(Option<f64>, String)> = Vec::new();
    for (_, point, _) in sweep.ranked() {
        let value = point.setting(key);
        if !values.iter().any(|(_, known)| *known == value) {
            values.push((point.number(key), value));
        }
    }
    if values.iter().all(|(number, _)| number.is_some()) {
        values.sort_by(|one, other| one.0.unwrap_or(0.0).total_cmp(&other.0.unwrap_or(0.0)));
    }
    values.into_iter().map(|(_, value)| value).collect()
}

/// A plot for each key that was given several values.
fn by_key(sweep: &Sweep) -> Vec<Figure> {
    let varied: Vec<&String> = sweep.keys.iter().filter(|key| values_of(sweep, key).len() > 1).collect();
    let is_number = |key: &str| sweep.ranked().all(|(_, point, _)| point.number(key).is_some());
    let mut drawn = Vec::new();
    for key in &varied {
        let others: Vec<&str> =
            varied.iter().filter(|other| *other != key).map(|other| other.as_str()).collect();
        // Names in the order of their rank are what the ranking shows, and lines over a number show names already.
        let shown =
            is_number(key) || others.len() > 1 || others.first().is_some_and(|other| !is_number(other));
        if shown {
            drawn.push(of_key(sweep, key, &others, is_number(key), drawn.len()));
        }
    }
    drawn
}

fn of_key(sweep: &Sweep, key: &str, others: &[&str], is_number: bool, index: usize) -> Figure {
    let names = values_of(sweep, key);
    let numbers = || sweep.ranked().filter_map(|(_, point, _)| point.number(key));
    let name = spoken(&sweep.metric);
    let mut note = String::new();
    let axis = if is_number {
        Axis::of(numbers())
    } else {
        let fits = names.iter().map(|name| name.chars().count() + 3).sum::<usize>() < 54;
        if !fits {
            let numbered = names.iter().enumerate().map(|(index, name)| format!("{} is {name}", index + 1));
            note = format!("{}. ", numbered.collect::<Vec<_>>().join("; "));
        }
        let name =
            |(index, name): (usize, &String)| if fits { name.clone() } else { (index + 1).to_string() };
        let ticks = Ticks::names(names.iter().enumerate().map(name).collect::<Vec<_>>().into_iter());
        Axis { range: -0.5..names.len() as f64 - 0.5, ticks, is_log: false }
    };
    let at = |point: &SweepPoint| match point.number(key).filter(|_| is_number) {
        Some(number) => axis.at(number),
        None => names.iter().position(|name| *name == point.setting(key)).unwrap_or(0) as f64,
    };
    // With one other key each of its values is a line; with more, a point is what it is among all others.
    let series = match others {
        [] => vec![None],
        [other] if values_of(sweep, other).len() <= SERIES => {
            values_of(sweep, other).into_iter().map(Some).collect()
        }
        _ => {
            note = format!("{note}The points differ in {} too.", others.join(", "));
            vec![None]
        }
    };
    let is_line = others.is_empty() || series.len() > 1;
    let apart = (axis.range.end - axis.range.start) * 0.02;
    let (mut layers, mut legend, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for (number, value) in series.iter().enumerate() {
        let ink = Ink::Series(number);
        // Side by side, so that bars at the same value can be told apart.
        let aside = apart * (number as f64 - (series.len() - 1) as f64 / 2.0);
        let belongs = |point: &SweepPoint| match (value, others.first()) {
            (Some(value), Some(other)) => point.setting(other) == *value,
            _ => true,
        };
        let mut spreads: Vec<_> = sweep
            .ranked()
            .filter(|(_, point, _)| belongs(point))
            .map(|(_, point, mean)| bar(at(point) + aside, point, mean))
            .collect();
        spreads.sort_by(|one, other| one.0.total_cmp(&other.0));
        all.extend(spreads.iter().flat_map(|&(_, low, _, high)| [low, high]));
        if is_line && spreads.len() > 1 {
            let points = spreads.iter().map(|&(at, _, mean, _)| (at, mean)).collect();
            layers.push(Layer::Line { points, ink, faint: true });
        }
        layers.push(Layer::Spreads { spreads, ink });
        if let (Some(value), Some(other)) = (value, others.first()) {
            legend.push((ink, format!("{other} = {value}")));
        }
    }
    let mut rows: Vec<(f64, Vec<String>)> = sweep
        .ranked()
        .map(|(_, point, mean)| {
            let of_others = others.iter().map(|other| point.setting(other));
            let deviation = point.standard_deviation.map_or_else(|| "–".to_owned(), figure);
            let row = std::iter::once(point.setting(key)).chain(of_others).chain([figure(mean), deviation]);
            (at(point), row.collect())
        })
        .collect();
    rows.sort_by(|one, other| one.0.total_cmp(&other.0));
    let headings = std::iter::once(key).chain(others.iter().copied()).chain([name, "deviation"]);
    let best = sweep.ranked().next().map_or_else(String::new, |(_, point, _)| point.setting(key));
    Figure {
        key: format!("-{}", index + 1),
        title: format!("{} {name} by {key}", sentence(&sweep.split)),
        value: None,
        alt: format!(
            "{} of {key}, from {} to {}; the best point has {best}.",
            counted(names.len(), "value"),
            names[0],
            names[names.len() - 1]
        ),
        plot: Plot {
            id: "sweep-key",
            x: axis.range.clone(),
            y: range(all, false),
            x_title: axis.title(key).into(),
            x_ticks: axis.ticks.clone(),
            layers,
        },
        legend,
        note: note.trim().to_owned(),
        table: Table::new(headings, rows.into_iter().map(|row| row.1).collect()),
    }
}

/// How the points' values go with something else that each has, and what that is called.
fn against(
    sweep: &Sweep,
    id: &'static str,
    title: String,
    quantity: &str,
    of: impl Fn(&SweepPoint) -> Option<f64>,
    shown: impl Fn(f64) -> String,
) -> Option<Figure> {
    let points: Vec<(usize, &SweepPoint, f64, f64)> =
        sweep.ranked().filter_map(|(place, point, mean)| Some((place, point, mean, of(point)?))).collect();
    let axis = Axis::of(points.iter().map(|point| point.3));
    let count = points.len();
    let (low, high) = points
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| (low.min(point.3), high.max(point.3)));
    if low >= high {
        return None;
    }
    let name = spoken(&sweep.metric);
    let (mut layers, mut legend, mut words, mut all, mut rows) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for &(place, point, mean, value) in &points {
        let ink = colour(place, sweep.points.len());
        let spread = bar(axis.at(value), point, mean);
        all.extend([spread.1, spread.3]);
        if count <= ALL_NAMED || place < NAMED {
            words.push((spread.0, mean, (place + 1).to_string()));
        }
        legend.extend(ink.map(|ink| (ink, format!("{}: {}", place + 1, point.name(&sweep.keys)))));
        layers.push(Layer::Spreads { spreads: vec![spread], ink: ink.unwrap_or(Ink::Axis) });
        rows.push(vec![format!("{}: {}", place + 1, point.name(&sweep.keys)), shown(value), point.result()]);
    }
    // The best on top.
    layers.reverse();
    layers.push(Layer::Words { words });
    // Ticks at the values themselves stand where the points are; round ones say more of a measured quantity.
    let ticks = if axis.is_log { axis.ticks.clone() } else { Ticks::Numbers };
    Some(Figure {
        key: String::new(),
        title,
        value: None,
        alt: format!("{} from {} to {}.", counted(count, "point"), shown(low), shown(high)),
        plot: Plot {
            id,
            x: axis.range.clone(),
            y: range(all, false),
            x_title: axis.title(quantity).into(),
            x_ticks: ticks,
            layers,
        },
        legend,
        note: "Numbers are places in the table of points.".to_owned(),
        table: Table::new(["point", quantity, name], rows),
    })
}

fn time(sweep: &Sweep) -> Option<Figure> {
    let title = format!("{} {} by time", sentence(&sweep.split), spoken(&sweep.metric));
    against(sweep, "sweep-time", title, "seconds", |point| point.seconds, |seconds| format!("{seconds:.1}"))
}

fn parameters(sweep: &Sweep) -> Option<Figure> {
    let title = format!("{} {} by trained parameters", sentence(&sweep.split), spoken(&sweep.metric));
    let trained = |point: &SweepPoint| point.trainable.map(|count| count as f64);
    against(sweep, "sweep-parameters", title, "trained parameters", trained, |count| {
        thousands(count as usize)
    })
}

fn every_run(sweep: &Sweep) -> Markup {
    let metric = format!("{} {}", sweep.split, spoken(&sweep.metric));
    // Where the loss is the metric, it stands there already.
    let loss = (sweep.metric != "loss").then(|| format!("{} loss", sweep.split));
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
            let name =
                run.run.file_name().map_or_else(String::new, |name| named(&name.to_string_lossy()).into_owned());
            std::iter::once(name)
                .chain(sweep.keys.iter().map(|key| point.setting(key)))
                .chain([
                    run.seed.to_string(),
                    run.state(),
                    or_dash(run.value),
                    run.step.map_or_else(|| "–".to_owned(), thousands),
                ])
                .chain(loss.as_ref().map(|_| or_dash(run.eval(&sweep.split).map(|eval| eval.loss))))
                .chain([run.seconds.map_or_else(|| "–".to_owned(), duration)])
                .collect()
        })
        .collect();
    let count = rows.len();
    let table = Table::new(headings, rows).render("Every run");
    html! {
        @if count > OPEN_ROWS { details { summary { "All " (counted(count, "run")) } (table) } } @else { (table) }
    }
}

/// What differed, and what all runs share.
fn settings(sweep: &Sweep, runs: &[&Run]) -> Markup {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::tests::{SWEEP, folder};
    use crate::{PageOptions, sweep_page};

    fn of(text: &str) -> Sweep {
        Sweep::read(folder(text).path()).unwrap()
    }

    /// One point with `count` values of this mean and deviation.
    fn point(name: &str, mean: f64, deviation: Option<f64>, values: &[f64]) -> String {
        let runs: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(seed, value)| format!(r#"{{"run": "runs/{name}-seed-{seed}", "seed": {seed}, "status": "complete", "value": {value}, "step": 9, "seconds": 1.0}}"#))
            .collect();
        let deviation = deviation.map_or_else(|| "null".to_owned(), |deviation| deviation.to_string());
        format!(
            r#"{{"point": "{name}", "settings": {{"freeze": "{name}"}}, "mean": {mean}, "standard_deviation": {deviation}, "runs": [{}]}}"#,
            runs.join(",")
        )
    }

    fn sweep(points: &[String]) -> Sweep {
        of(&format!(
            r#"{{"name": "s", "metric": "accuracy", "better": "higher", "split": "validation", "keys": ["freeze"], "seeds": [0, 1], "points": [{}]}}"#,
            points.join(",")
        ))
    }

    #[test]
    fn the_result_says_what_chance_may_explain() {
        let say = |points: &[String]| result(&sweep(points));
        let far = say(&[
            point("a", 0.9025, Some(0.003_535_5), &[0.90, 0.905]),
            point("b", 0.8025, Some(0.003_535_5), &[0.80, 0.805]),
        ]);
        assert_eq!(
            far,
            "Best validation accuracy: 0.9025 ± 0.0035 with freeze = a; 0.1000 ahead of the next, freeze = b: more than the spread over the seeds explains (t = 28.3)."
        );
        let near = say(&[
            point("a", 0.91, Some(0.014_142), &[0.90, 0.92]),
            point("b", 0.87, Some(0.014_142), &[0.86, 0.88]),
        ]);
        assert!(near.ends_with("the spread over the seeds may explain as much (t = 2.8)."), "{near}");
        let single = say(&[point("a", 0.9, None, &[0.9]), point("b", 0.8, Some(0.01), &[0.79, 0.81])]);
        assert!(single.ends_with("nothing can be said about chance."), "{single}");
        let level = say(&[point("a", 0.9, Some(0.0), &[0.9, 0.9]), point("b", 0.8, Some(0.0), &[0.8, 0.8])]);
        assert!(level.contains("Neither varies"), "{level}");
        let same = say(&[point("a", 0.9, None, &[0.9]), point("b", 0.9, None, &[0.9])]);
        assert!(same.ends_with("freeze = b has the same."), "{same}");
        assert!(say(&[point("a", 0.9, None, &[0.9])]).ends_with("no other point to compare it with."));
        assert_eq!(say(&[]), "No run has a result yet.");
    }

    #[test]
    fn the_page_has_what_there_is_of_a_sweep_that_goes_on() {
        let html = sweep_page(&of(SWEEP), &PageOptions::default()).unwrap();
        for part in [
            "Best validation accuracy so far: 0.9000 with optimizer.learning_rate = 2e-5",
            "0.8000 ± 0.0140",
            "the loss is &lt;not&gt; a number",
            "1 of 2, 1 missing",
            "0 of 2, 2 failed",
            "10 (1.0 %)",
            "goes on, or was stopped",
            "id=\"sweep-key-1\"",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!html.contains("<not>") && !html.contains("id=\"curves\""));
    }

    #[test]
    fn an_empty_sweep_has_a_page() {
        let html = sweep_page(&sweep(&[]), &PageOptions::default()).unwrap();
        assert!(html.contains("No run has a result yet."), "{html}");
        assert!(!html.contains("<svg"), "{html}");
    }

    /// Two numbers: each over the other's lines. A name beside a number: lines over the number, once. Three: each by itself.
    #[test]
    fn keys_are_drawn_by_what_they_are() {
        let with = |keys: &[&str], settings: &[&str]| {
            let keys = keys.iter().map(|key| format!("\"{key}\"")).collect::<Vec<_>>().join(",");
            let points = settings.iter().enumerate().map(|(n, settings)| {
                point(&format!("p{n}"), 0.5 + n as f64 / 10.0, None, &[0.5])
                    .replace(&format!(r#""freeze": "p{n}""#), settings)
            });
            let text = format!(
                r#"{{"name": "s", "metric": "f1", "better": "higher", "split": "validation", "keys": [{keys}], "seeds": [0], "points": [{}]}}"#,
                points.collect::<Vec<_>>().join(",")
            );
            by_key(&of(&text))
                .into_iter()
                .map(|figure| (figure.title, figure.legend.len()))
                .collect::<Vec<_>>()
        };
        let title = |key: &str, lines: usize| (format!("Validation F1 by {key}"), lines);
        assert_eq!(
            with(&["a", "b"], &[r#""a": 1, "b": 2"#, r#""a": 2, "b": 2"#, r#""a": 1, "b": 3"#]),
            [title("a", 2), title("b", 2)]
        );
        assert_eq!(
            with(&["a", "b"], &[r#""a": 1, "b": "x""#, r#""a": 2, "b": "x""#, r#""a": 1, "b": "y""#]),
            [title("a", 2)]
        );
        assert_eq!(with(&["b"], &[r#""b": "x""#, r#""b": "y""#]), []);
        assert_eq!(
            with(&["a", "b", "c"], &[r#""a": 1, "b": "x", "c": 1"#, r#""a": 2, "b": "y", "c": 2"#]),
            [title("a", 0), title("b", 0), title("c", 0)]
        );
    }
}
