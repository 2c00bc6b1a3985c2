//! The page that compares several runs.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use embert_metrics::{mean, standard_deviation};
use embert_run::{Better, LOSS, MetricInfo};
use maud::{Markup, html};

use super::curves::{moving_mean, window};
use super::figure::{Figure, Table, figures, section};
use super::several_tasks::of_several;
use crate::compare::{
    Group, differences, distinguishing, groups, shared_metrics, splits_differ, tasks, value,
};
use crate::number::{counted, duration, figure, or_dash, thousands};
use crate::plot::{Ink, Layer, Plot, Ticks, range};
use crate::text::named;
use crate::{ReportError, Run, measures};

/// The metric that compares the runs: the metric that chooses their best weights, if it is the same in all,
/// else the default.
struct Measure {
    metric: MetricInfo,
    /// The task's default metric for choosing the best weights.
    default: MetricInfo,
    split: &'static str,
    /// Whether a better value makes a better run: not across tasks, where even the loss is another.
    ranks: bool,
}

impl Measure {
    fn of(runs: &[Run]) -> Self {
        let default = runs.iter().find_map(|run| run.default_metric().cloned());
        let default = default.unwrap_or_else(|| measures::named("", &[]));
        let names: BTreeSet<String> = runs.iter().map(|run| run.metric().name).collect();
        let known = |name: &str| {
            runs.iter().any(|run| run.log.evals.iter().any(|eval| eval.metrics.get(name).is_some()))
        };
        if tasks(runs).is_some() {
            let first = shared_metrics(runs).into_iter().next().unwrap_or(default);
            return Self { metric: first.clone(), default: first, split: "validation", ranks: false };
        }
        let metric = match runs.first() {
            Some(run) if names.len() == 1 && names.iter().all(|name| known(name)) => run.metric(),
            _ => default.clone(),
        };
        Self { metric, default, split: "validation", ranks: true }
    }

    fn value(&self, run: &Run) -> Option<f64> {
        run.result(self.split)?.metrics.get(&self.metric.name)
    }

    /// The default metric's value on the test split.
    fn test(&self, run: &Run) -> Option<f64> {
        run.result("test")?.metrics.get(&self.default.name)
    }

    /// Orders the better value first and no value last; runs of several tasks stay in their order.
    fn order(&self, one: Option<f64>, other: Option<f64>) -> Ordering {
        match (one, other) {
            _ if !self.ranks => Ordering::Equal,
            (Some(one), Some(other)) if self.metric.better == Better::Lower => one.total_cmp(&other),
            (Some(one), Some(other)) => other.total_cmp(&one),
            (one, other) => other.is_some().cmp(&one.is_some()),
        }
    }
}

fn loss_of(run: &Run) -> Option<f64> {
    run.result("validation")?.metrics.get(LOSS)
}

pub(super) fn content(runs: &[Run]) -> Result<Markup, ReportError> {
    let names = names(runs);
    let keys = differences(runs);
    let measure = Measure::of(runs);
    let what = distinguishing(runs, &keys);
    let mut groups = groups(runs, &what);
    let of_group =
        |group: &Group<'_>| mean(&group.runs.iter().filter_map(|run| measure.value(run)).collect::<Vec<_>>());
    groups.sort_by(|one, other| measure.order(of_group(one), of_group(other)));
    let drawn: Vec<Figure> = [
        measure.ranks.then(|| points(&groups, &what, &measure)).flatten(),
        evaluations(&groups, &measure),
        losses("compare-loss", &groups),
        cost(&groups, &measure),
    ]
    .into_iter()
    .flatten()
    .collect();
    Ok(html! {
        header {
            p class="over" { "Comparison" }
            h1 { (counted(runs.len(), "run")) }
            p class="result" { (result(&groups, &what, &measure)) }
            @if let Some(tasks) = tasks(runs) { (of_several(&tasks, runs)) }
        }
        (section("points", "Settings compared", &html! {
            (by_group(&groups, &what, &measure).render("Settings compared"))
            p class="note" { "Runs that differ in nothing but the seed are one row: mean ± sample standard deviation."
                @if splits_differ(runs) { " Not all were evaluated on the same examples: the spread has the choice of those in it." }
            }
            (figures(&drawn)?)
        }))
        (section("runs", "Every run", &by_run(runs, &names, &keys, &measure).render("Every run")))
        (section("differences", "What differs", &different(runs, &names, &keys)))
    })
}

/// The runs' names: those of their folders, or paths if two have the same name.
fn names(runs: &[Run]) -> Vec<String> {
    let distinct: BTreeSet<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    let name = |run: &Run| {
        if distinct.len() == runs.len() {
            run.name.clone()
        } else {
            named(&run.path.display().to_string()).into_owned()
        }
    };
    runs.iter().map(name).collect()
}

fn result(groups: &[Group<'_>], keys: &[String], measure: &Measure) -> String {
    let best = groups.first().filter(|group| group.runs.iter().any(|run| measure.value(run).is_some()));
    let Some(best) = best else { return "None of the runs has been evaluated.".to_owned() };
    if !measure.ranks {
        return "No run is the best: they are of several tasks, whose numbers can't be compared.".to_owned();
    }
    let what: Vec<String> =
        keys.iter().zip(&best.values).map(|(key, value)| format!("{key} = {value}")).collect();
    let what = if what.is_empty() {
        "all runs, which differ in nothing but the seed".to_owned()
    } else {
        what.join(", ")
    };
    format!(
        "Best validation {}: {} with {what}.",
        measure.metric.in_sentence(),
        over_seeds(best, |run| measure.value(run))
    )
}

/// Mean and standard deviation over the runs of a group.
fn over_seeds(group: &Group<'_>, get: impl Fn(&Run) -> Option<f64>) -> String {
    let values: Vec<f64> = group.runs.iter().filter_map(|run| get(run)).collect();
    match (mean(&values), standard_deviation(&values)) {
        (Some(mean), Some(deviation)) => format!("{} ± {}", figure(mean), figure(deviation)),
        (mean, _) => or_dash(mean),
    }
}

fn by_group(groups: &[Group<'_>], keys: &[String], measure: &Measure) -> Table {
    let headings = keys.iter().cloned().chain(
        [
            "runs",
            &format!("validation {}", measure.metric.in_sentence()),
            "validation loss",
            &format!("test {}", measure.default.in_sentence()),
            "seconds",
            "trained parameters",
        ]
        .map(str::to_owned),
    );
    let rows = groups.iter().map(|group| {
        let trained = group.runs[0].facts.as_ref().map(|facts| thousands(facts.parameters.trainable));
        let figures = [
            thousands(group.runs.len()),
            over_seeds(group, |run| measure.value(run)),
            over_seeds(group, loss_of),
            over_seeds(group, |run| measure.test(run)),
            over_seeds_seconds(group),
            trained.unwrap_or_else(|| "–".to_owned()),
        ];
        group.values.iter().cloned().chain(figures).collect()
    });
    Table::new(headings, rows.collect())
}

fn over_seeds_seconds(group: &Group<'_>) -> String {
    let seconds: Vec<f64> = group.runs.iter().filter_map(|run| Some(run.log.end.as_ref()?.seconds)).collect();
    mean(&seconds).map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.1}"))
}

fn by_run(runs: &[Run], names: &[String], keys: &[String], measure: &Measure) -> Table {
    let headings = std::iter::once("run".to_owned()).chain(keys.iter().cloned()).chain(
        [
            &format!("validation {}", measure.metric.in_sentence()),
            "step",
            "validation loss",
            &format!("test {}", measure.default.in_sentence()),
            "time",
        ]
        .map(str::to_owned),
    );
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by(|&one, &other| measure.order(measure.value(&runs[one]), measure.value(&runs[other])));
    let rows = order.into_iter().map(|index| {
        let run = &runs[index];
        let validation = run.result("validation");
        let time = run.log.end.as_ref().map_or_else(|| "not ended".to_owned(), |end| duration(end.seconds));
        std::iter::once(names[index].clone())
            .chain(keys.iter().map(|key| value(run, key)))
            .chain([
                or_dash(measure.value(run)),
                validation.map_or_else(|| "–".to_owned(), |eval| thousands(eval.step)),
                or_dash(loss_of(run)),
                or_dash(measure.test(run)),
                time,
            ])
            .collect()
    });
    Table::new(headings, rows.collect())
}

fn different(runs: &[Run], names: &[String], keys: &[String]) -> Markup {
    if keys.is_empty() {
        return html! { p { "Nothing: all settings but the run folder are the same." } };
    }
    let rows = keys
        .iter()
        .map(|key| std::iter::once(key.clone()).chain(runs.iter().map(|run| value(run, key))).collect());
    let headings = std::iter::once("setting".to_owned()).chain(names.iter().cloned());
    Table::new(headings, rows.collect()).render("What differs")
}

fn points(groups: &[Group<'_>], keys: &[String], measure: &Measure) -> Option<Figure> {
    let entries = groups.iter().map(|group| Entry {
        name: group.name(),
        values: group.runs.iter().filter_map(|run| measure.value(run)).collect(),
    });
    ranking("compare-points", entries.collect(), keys, measure.split, &measure.metric)
}

/// An entry of a ranking: a group of runs or a point.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
}

/// The most entries that the note below the plot names; the table names all.
const MOST_IN_NOTE: usize = 12;

/// A plot of the mean of each entry, in order, with one standard deviation above and below, and the entry's
/// values as dots beside the mean.
pub(super) fn ranking(
    id: &'static str,
    entries: Vec<Entry>,
    keys: &[String],
    split: &str,
    metric: &MetricInfo,
) -> Option<Figure> {
    let (mut spreads, mut dots, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for Entry { name, values } in entries {
        let at = rows.len() as f64;
        let Some(mean) = mean(&values) else { continue };
        let deviation = standard_deviation(&values);
        let around = deviation.unwrap_or(0.0);
        spreads.push((at, mean - around, mean, mean + around));
        if values.len() > 1 {
            dots.extend(values.iter().map(|&value| (at + 0.25, value)));
        }
        rows.push(vec![
            format!("{}: {name}", rows.len() + 1),
            figure(mean),
            deviation.map_or_else(|| "–".to_owned(), figure),
            values.iter().map(|&value| figure(value)).collect::<Vec<_>>().join(" "),
        ]);
    }
    let first = rows.first()?;
    let values =
        spreads.iter().flat_map(|&(_, low, _, high)| [low, high]).chain(dots.iter().map(|dot| dot.1));
    let mut legend = vec![(Ink::Series(0), "mean".to_owned())];
    if !dots.is_empty() {
        legend = vec![
            (Ink::Series(0), "mean and one deviation".to_owned()),
            (Ink::Series(1), "each seed".to_owned()),
        ];
    }
    let what = if keys.is_empty() { "the same settings".to_owned() } else { keys.join(", ") };
    let note = if rows.len() > MOST_IN_NOTE {
        format!("{what}: by the numbers of the table.")
    } else {
        let names: Vec<String> = rows.iter().map(|row| row[0].replacen(": ", " is ", 1)).collect();
        format!("{what}: {}.", names.join("; "))
    };
    Some(Figure {
        key: String::new(),
        title: format!("{} {}", sentence(split), metric.in_sentence()),
        value: None,
        alt: format!("{} settings, the best first: {} has {}.", rows.len(), first[0], first[1]),
        plot: Plot {
            id,
            x: -0.5..rows.len() as f64 - 0.5,
            y: range(values, false),
            x_title: "settings, the best first".into(),
            x_ticks: Ticks::names((0..rows.len()).map(|place| (place + 1).to_string())),
            y_ticks: Ticks::Numbers,
            layers: vec![
                Layer::Dots { points: dots, ink: Ink::Series(1) },
                Layer::Spreads { spreads, ink: Ink::Series(0) },
            ],
        },
        legend,
        note,
        table: Table::new(["settings", "mean", "deviation", "runs"], rows),
    })
}

/// The text with a capital at the beginning.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The number of colours that can be told apart.
const COLOURS: usize = 8;
/// How many of the best groups have a colour if there are more groups than colours.
const BEST: usize = 3;

/// The colour of the group at `index` among `groups` groups, the best first; `None` if the group is drawn
/// faint.
pub(super) fn colour(index: usize, groups: usize) -> Option<Ink> {
    (groups <= COLOURS || index < BEST).then_some(Ink::Series(index))
}

/// A line for each run that has points, in the colour of its group.
#[derive(Default)]
pub(super) struct Lines {
    layers: Vec<Layer>,
    legend: Vec<(Ink, String)>,
    rows: Vec<Vec<String>>,
    points: Vec<(f64, f64)>,
    count: usize,
}

impl Lines {
    /// The lines of `groups`, which are in the order of their rank: the best are drawn last, on top of the
    /// others.
    pub(super) fn of(groups: &[Group<'_>], points: impl Fn(&Run) -> Vec<(f64, f64)>, dots: bool) -> Self {
        let mut lines = Self::default();
        let mut others = 0;
        for (index, group) in groups.iter().enumerate() {
            let ink = colour(index, groups.len());
            let before = lines.count;
            for run in &group.runs {
                let points = points(run);
                if points.is_empty() {
                    continue;
                }
                lines.count += 1;
                let row = |&(step, value): &(f64, f64)| {
                    vec![run.name.clone(), thousands(step as usize), figure(value)]
                };
                lines.rows.extend(points.iter().map(row));
                lines.points.extend(&points);
                if let Some(ink) = ink.filter(|_| dots) {
                    lines.layers.push(Layer::Dots { points: points.clone(), ink });
                }
                lines.layers.push(Layer::Line {
                    points,
                    ink: ink.unwrap_or(Ink::Axis),
                    faint: ink.is_none(),
                });
            }
            if lines.count > before {
                match ink {
                    Some(ink) => lines.legend.push((ink, group.name())),
                    None => others += 1,
                }
            }
        }
        if others > 0 {
            lines.legend.push((Ink::Axis, format!("{} others", thousands(others))));
        }
        lines.layers.reverse();
        lines
    }

    /// The figure with these lines; `None` if no run has points.
    pub(super) fn figure(
        self,
        id: &'static str,
        title: String,
        alt: &str,
        value: &str,
        from_zero: bool,
    ) -> Option<Figure> {
        let last = self.points.iter().map(|point| point.0).max_by(f64::total_cmp)?;
        Some(Figure {
            key: String::new(),
            title,
            value: None,
            alt: format!("{alt}, for {}.", counted(self.count, "run")),
            plot: Plot {
                id,
                x: 0.0..last.max(1.0) * 1.02,
                y: range(self.points.iter().map(|point| point.1), from_zero),
                x_title: "step".into(),
                x_ticks: Ticks::Whole,
                y_ticks: Ticks::Numbers,
                layers: self.layers,
            },
            legend: self.legend,
            note: String::new(),
            table: Table::new(["run", "step", value], self.rows),
        })
    }
}

fn evaluations(groups: &[Group<'_>], measure: &Measure) -> Option<Figure> {
    evaluations_of("compare-validation", groups, measure.split, &measure.metric)
}

/// A plot of a metric at each evaluation.
pub(super) fn evaluations_of(
    id: &'static str,
    groups: &[Group<'_>],
    split: &str,
    metric: &MetricInfo,
) -> Option<Figure> {
    let points = |run: &Run| {
        let evals = run.evals(split);
        evals.filter_map(|eval| Some((eval.step as f64, eval.metrics.get(&metric.name)?))).collect()
    };
    let name = metric.in_sentence();
    let alt = format!("The {split} {name} at each evaluation");
    let title = format!("{} {name} by step", sentence(split));
    Lines::of(groups, points, true).figure(id, title, &alt, &name, false)
}

pub(super) fn losses(id: &'static str, groups: &[Group<'_>]) -> Option<Figure> {
    let points = |run: &Run| {
        let losses: Vec<(f64, f64)> =
            run.log.steps.iter().map(|step| (step.step as f64, step.loss)).collect();
        moving_mean(&losses, window(losses.len()))
    };
    let title = "Training loss, smoothed".to_owned();
    let alt = "The training loss at each step, smoothed";
    Lines::of(groups, points, false).figure(id, title, alt, LOSS, true)
}

/// A plot of the metric over the seconds of each run.
fn cost(groups: &[Group<'_>], measure: &Measure) -> Option<Figure> {
    let (mut layers, mut legend, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    let mut all: Vec<(f64, f64)> = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let point = |run: &&Run| Some((run.log.end.as_ref()?.seconds, measure.value(run)?));
        let points: Vec<(f64, f64)> = group.runs.iter().filter_map(point).collect();
        if points.is_empty() {
            continue;
        }
        rows.extend(
            points.iter().map(|&(seconds, value)| vec![group.name(), duration(seconds), figure(value)]),
        );
        all.extend(&points);
        let ink = colour(index, groups.len());
        legend.extend(ink.map(|ink| (ink, group.name())));
        layers.push(Layer::Dots { points, ink: ink.unwrap_or(Ink::Axis) });
    }
    let fastest = all.iter().map(|point| point.0).min_by(f64::total_cmp)?;
    layers.reverse();
    let slowest = all.iter().map(|point| point.0).max_by(f64::total_cmp)?;
    let name = measure.metric.in_sentence();
    Some(Figure {
        key: String::new(),
        title: format!("Validation {name} by time"),
        value: None,
        alt: format!(
            "The validation {name} of each run against its time, {} to {}.",
            duration(fastest),
            duration(slowest)
        ),
        plot: Plot {
            id: "compare-cost",
            x: range(all.iter().map(|point| point.0), true),
            y: range(all.iter().map(|point| point.1), false),
            x_title: "seconds".into(),
            x_ticks: Ticks::Numbers,
            y_ticks: Ticks::Numbers,
            layers,
        },
        legend,
        note: String::new(),
        table: Table::new(["settings", "time", name.as_str()], rows),
    })
}
