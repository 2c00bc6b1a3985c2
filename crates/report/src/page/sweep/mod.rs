//! The page of a sweep.

mod plots;
mod tables;
mod words;

use embert_metrics::{Metric, NamedMetric as _, names};
use embert_run::{Baseline, LOSS, Metrics, Status};
use maud::{Markup, html};

use self::plots::{by_key, groups, parameters, points, time};
use self::tables::{every_run, points_table, settings, unlucky, without_result};
use self::words::{OPEN_ROWS, described, end_of};
use super::baselines::{against, clause};
use super::comparison::{evaluations_of, losses, sentence};
use super::figure::{Figure, figures, section};
use crate::chance::{Sample, Welch};
use crate::compare::{splits_differ, tasks};
use crate::examples::Kind;
use crate::number::{counted, duration, figure, thousands};
use crate::sweep::{Sweep, SweepPoint};
use crate::{ReportError, Run, measures};

pub(super) fn content(sweep: &Sweep) -> Result<Markup, ReportError> {
    let runs: Vec<&Run> = sweep.runs().filter_map(|(_, run)| run.folder.as_ref()).collect();
    let groups = groups(sweep);
    let compared: Vec<Figure> = std::iter::once(points(sweep))
        .flatten()
        .chain(by_key(sweep))
        .chain([time(sweep), parameters(sweep)].into_iter().flatten())
        .collect();
    let metric = (sweep.metric.name != LOSS).then_some(&sweep.metric);
    let loss = measures::named(LOSS, &measures::of_format_1());
    // The mean squared error of a regression is its loss.
    let is_loss = sweep.metric.name == names::MSE && runs.iter().all(|run| run.kind() == Kind::Score);
    let curves: Vec<Figure> = [
        metric
            .filter(|_| !is_loss)
            .and_then(|metric| evaluations_of("sweep-metric", &groups, &sweep.split, metric)),
        evaluations_of("sweep-validation", &groups, &sweep.split, &loss),
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
            @if let (Some((seed, metrics, rules)), Some(run)) = (of_rules(sweep), runs.first()) {
                (against(vec![(format!("the best point, seed {seed}"), metrics)], rules, &run.metrics))
            }
        }))
        @if !without.is_empty() { (section("without", without_title(sweep), &unlucky(&without))) }
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
    let seconds: f64 = sweep.runs().filter_map(|(_, run)| run.row.seconds).sum();
    html! {
        header {
            p class="over" { "Sweep" @if let Some(of) = of { " of " (of) } }
            h1 { (sweep.name) }
            p class="result" { (result(sweep)) }
            p class="note" { (caution(sweep, runs)) }
            dl class="tiles" {
                @if let Some((_, best, _)) = sweep.ranked().next() {
                    div { dt { "best " (sweep.split) " " (sweep.metric.in_sentence()) } dd { (best.result()) } }
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
            @if missing > 0 || sweep.damage.is_some() {
                div class="missing" role="note" {
                    b { "Not in this report:" }
                    ul {
                        @if missing > 0 {
                            li { (counted(missing, "run")) " not run to the end: the sweep goes on, or was stopped. These are the figures so far." }
                        }
                        @if let Some(damage) = &sweep.damage { li { (damage) } }
                    }
                }
            }
        }
    }
}

fn without_title(sweep: &Sweep) -> &'static str {
    if sweep.runs().any(|(_, run)| run.damage().is_some()) {
        "Runs without a result, or with damaged files"
    } else {
        "Runs without a result"
    }
}

/// Mean and standard deviation of a point with several values.
fn sample(point: &SweepPoint) -> Option<Sample> {
    Some(Sample {
        mean: point.row.mean?,
        deviation: point.row.standard_deviation?,
        count: point.values().len(),
    })
}

/// The first run of the best point that has rules without a model beside it: its seed, its metrics and the rules.
fn of_rules(sweep: &Sweep) -> Option<(u64, &Metrics, &[Baseline])> {
    let (_, best, _) = sweep.ranked().next()?;
    let mut runs = best.runs.iter().map(|run| &run.row).filter(|run| !run.baselines.is_empty());
    runs.find_map(|run| Some((run.seed, run.metrics.as_ref()?, run.baselines.as_slice())))
}

/// The result in one line: the best point, whether the spread over the seeds may explain its lead, and what the
/// best rule without a model gets.
pub(crate) fn result(sweep: &Sweep) -> String {
    let line = lead(sweep);
    let has_metric = |rule: &Baseline| rule.metrics.get(&sweep.metric.name).is_some();
    let rules = of_rules(sweep).filter(|(_, _, rules)| rules.iter().any(has_metric));
    let (name, known) = (sweep.metric.name.as_str(), std::slice::from_ref(&sweep.metric));
    match rules.and_then(|(_, metrics, rules)| clause(rules, metrics, &[name], known)) {
        Some(rule) => format!("{line} {}.", sentence(&rule)),
        None => line,
    }
}

fn lead(sweep: &Sweep) -> String {
    let mut ranked = sweep.ranked();
    let Some((_, best, mean)) = ranked.next() else {
        return "No run has a result yet.".to_owned();
    };
    let line = format!(
        "Best {} {}{}: {} with {}",
        sweep.split,
        sweep.metric.in_sentence(),
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

/// Cautions about the result.
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
    let mean = best.and_then(|best| best.row.mean);
    if let Some(tasks) = tasks(runs.iter().copied()) {
        let tasks: Vec<String> = tasks.into_iter().map(|(task, _)| task).collect();
        lines.push(format!(
            "The runs are of several tasks ({}): a number of one says little about another.",
            tasks.join("; ")
        ));
    }
    // The standard error of an accuracy follows from the number of examples, unless it is that of tokens.
    let is_of_examples =
        sweep.metric.name == Metric::Accuracy.name() && runs.iter().all(|run| run.kind() != Kind::Entities);
    if let (Some(examples), Some(mean), true) = (examples.filter(|count| *count > 0), mean, is_of_examples) {
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::sweep::tests::{SWEEP, folder};
    use crate::{PageOptions, sweep_page};

    pub(in crate::page::sweep) fn of(text: &str) -> Sweep {
        Sweep::read(folder(text).path()).unwrap()
    }

    /// A point of a sweep's table with these values and the given mean and deviation, as JSON.
    pub(in crate::page::sweep) fn point(
        name: &str,
        mean: f64,
        deviation: Option<f64>,
        values: &[f64],
    ) -> String {
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
}
