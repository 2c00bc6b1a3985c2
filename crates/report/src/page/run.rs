//! The page of one run.

use embert_run::RunFiles;
use maud::{Markup, html};

use super::curves::{of_training, stages_table};
use super::data::data;
use super::figure::{Table, figures, section};
use super::result::{fitted, quoted, result};
use super::splits::sections;
use crate::examples::Kind;
use crate::number::{duration, figure, percent, short, thousands};
use crate::predictions::{Predictions, by_split};
use crate::{ReportError, Run, measures};

pub(super) fn content(run: &Run) -> Result<Markup, ReportError> {
    let single = single_label(run)?;
    let sections = sections(run, &single)?;
    let curves = of_training(run);
    Ok(html! {
        (header(run, &result(run, &single)))
        @if !curves.is_empty() {
            (section("training", "Training", &html! {
                (figures(&curves)?)
                @if let Some(table) = stages_table(run) { h3 class="after" { "Stages" } (table.render("Stages")) }
            }))
        }
        @for (split, part) in &sections {
            (section(split, if split == "test" { "On the test split" } else { "On the validation split" }, part))
        }
        @if let Some(facts) = &run.facts { (section("data", "Data", &data(facts, run.kind())?)) }
        @if !run.log.steps.is_empty() { (section("time", "Time and memory", &time(run))) }
        (section("settings", "Settings", &settings(run)))
    })
}

/// The splits of a run whose examples have one label; none of another run.
fn single_label(run: &Run) -> Result<Vec<Predictions<'_>>, ReportError> {
    if !matches!(run.kind(), Kind::SingleLabel | Kind::Unknown) {
        return Ok(Vec::new());
    }
    by_split(run.single_label(), run.scores.as_ref(), run.labels().len(), run.positive()).map_err(|problem| {
        ReportError::Example { path: RunFiles::new(&run.path).examples(), line: 1, problem: problem.into() }
    })
}

/// The result in one sentence.
pub(crate) fn result_of(run: &Run) -> Result<String, ReportError> {
    Ok(result(run, &single_label(run)?))
}

/// The header: the result in one line, the most important numbers, and what is missing.
fn header(run: &Run, result: &str) -> Markup {
    let (model, dataset) = match &run.facts {
        Some(facts) => (facts.model.clone(), facts.dataset.clone()),
        None => (run.setting("model").unwrap_or_default(), run.setting("dataset").unwrap_or_default()),
    };
    let missing = missing(run);
    html! {
        header {
            p class="over" { (model) " on " (dataset) }
            h1 { (run.name) }
            p class="result" { (result) }
            dl class="tiles" {
                @for (name, value, more) in tiles(run) {
                    div { dt { (name) } dd { (value) @if !more.is_empty() { small { (more) } } } }
                }
            }
            @if !missing.is_empty() {
                div class="missing" role="note" {
                    b { "Not in this report:" }
                    ul { @for line in &missing { li { (line) } } }
                }
            }
        }
    }
}

fn tiles(run: &Run) -> Vec<(String, String, String)> {
    let mut tiles = Vec::new();
    if let Some(eval) = quoted(run) {
        let fitted = fitted(run, eval);
        for metric in run.metrics.iter().filter(|metric| metric.headline) {
            if let Some(value) = eval.metrics.get(&metric.name) {
                let name = format!("{} {}", eval.split, metric.in_sentence());
                let fitted = fitted.and_then(|metrics| metrics.get(&metric.name));
                let more =
                    fitted.map(|value| format!("{} with {}", figure(value), run.kind().fitted_threshold()));
                tiles.push((name, figure(value), more.unwrap_or_default()));
            }
        }
    }
    if let (Some(end), Some(step)) = (&run.log.end, run.kept_step()) {
        let why = match (end.best_metric, run.setting("keep").as_deref()) {
            (Some(value), Some("best") | None) => {
                format!("best {} {}", measures::named(&end.metric, &run.metrics).in_sentence(), figure(value))
            }
            _ => "the last".to_owned(),
        };
        tiles.push((
            "weights of step".to_owned(),
            format!("{} of {}", thousands(step), thousands(end.step)),
            why,
        ));
    }
    let seconds =
        run.log.end.as_ref().map(|end| end.seconds).or(run.log.steps.last().map(|step| step.seconds));
    if let Some(seconds) = seconds {
        let early = run.log.end.as_ref().is_some_and(|end| end.early_stopped);
        tiles.push((
            "time".to_owned(),
            duration(seconds),
            if early { "stopped early" } else { "" }.to_owned(),
        ));
    }
    if let Some(facts) = &run.facts {
        let parameters = facts.parameters;
        let of = if parameters.trainable == parameters.total {
            String::new()
        } else {
            format!("of {}", thousands(parameters.total))
        };
        tiles.push(("trained parameters".to_owned(), thousands(parameters.trainable), of));
    }
    tiles
}

/// Sentences on missing parts of the page, with the reasons.
fn missing(run: &Run) -> Vec<String> {
    let mut missing = Vec::new();
    if !run.has_ended() {
        missing.push("The end: the run goes on, or was stopped. These are the figures so far.".to_owned());
    }
    missing.extend(run.damage.iter().cloned());
    let is_damaged = |file: &str| run.damage.iter().any(|sentence| sentence.starts_with(file));
    if run.facts.is_none() && !is_damaged(RunFiles::FACTS) {
        missing.push(
            "Data set and parameters: there is no facts.json, as in runs of older versions.".to_owned(),
        );
    }
    let has_no_validation = run
        .facts
        .as_ref()
        .map_or(run.evals("validation").next().is_none(), |facts| facts.splits.validation.is_none());
    if has_no_validation && run.has_ended() {
        missing.push("Validation: the run has no validation split.".to_owned());
    }
    if run.examples.is_none() && run.has_ended() && !is_damaged(RunFiles::EXAMPLES) {
        let what = match run.kind() {
            Kind::SingleLabel => Some("Confusion, curves, calibration and single examples"),
            Kind::MultiLabel => Some("Curves, figures at fitted thresholds and single examples"),
            Kind::Score => Some("Predicted against true, residuals and single examples"),
            Kind::Entities => Some("Errors by kind, F1 by length and marked texts"),
            Kind::Answers => Some("Scores by question word and length, and marked answers"),
            Kind::Summaries => Some("Sentences by place, and marked texts"),
            Kind::Masks => Some("Words that are found, and texts with their masks"),
            Kind::Unknown => None,
        };
        let why = if run.kind() == Kind::SingleLabel { ", as in runs of older versions" } else { "" };
        missing.extend(what.map(|what| format!("{what}: there is no examples.jsonl{why}.")));
    }
    if run.log.end.as_ref().is_some_and(|end| end.phases.is_none()) {
        missing.push("Time by phase: the log doesn't have it, as in runs of older versions.".to_owned());
    }
    missing
}

fn time(run: &Run) -> Markup {
    let mut rows = Vec::new();
    let steps = &run.log.steps;
    let (tokens, examples) = steps
        .iter()
        .fold((0, 0), |(tokens, examples), step| (tokens + step.tokens, examples + step.examples));
    let end = run.log.end.as_ref();
    let phases = end.and_then(|end| end.phases);
    if let Some(phases) = phases {
        let total = phases.prepare + phases.train + phases.evaluate + phases.save;
        for (name, seconds) in [
            ("preparing", phases.prepare),
            ("training", phases.train),
            ("evaluating", phases.evaluate),
            ("saving", phases.save),
        ] {
            let share = if total > 0.0 { seconds / total } else { 0.0 };
            rows.push(vec![name.to_owned(), duration(seconds), percent(share)]);
        }
    }
    // Without phases the speed is computed from the whole time, evaluations included.
    let seconds = phases.map_or(steps.last().map_or(0.0, |step| step.seconds), |phases| phases.train);
    let speed = |count: usize| {
        if seconds > 0.0 { thousands((count as f64 / seconds).round() as usize) } else { "–".to_owned() }
    };
    let mut facts = vec![
        ("tokens a second".to_owned(), speed(tokens)),
        ("examples a second".to_owned(), speed(examples)),
        ("tokens trained on".to_owned(), thousands(tokens)),
        ("seconds a step".to_owned(), short(seconds / steps.len().max(1) as f64)),
    ];
    if let Some(bytes) = end.and_then(|end| end.peak_memory) {
        facts.push(("memory at most".to_owned(), format!("{} MiB", thousands((bytes >> 20) as usize))));
    }
    html! {
        div class="columns" {
            @if !rows.is_empty() {
                div { h3 { "By phase" } (Table::new(["phase", "time", "share"], rows).render("Time by phase")) }
            }
            div {
                h3 { "Speed" @if phases.is_none() { small { " over all of the time, evaluations included" } } }
                dl class="facts" { @for (name, value) in &facts { div { dt { (name) } dd { (value) } } } }
            }
        }
    }
}

fn settings(run: &Run) -> Markup {
    html! {
        dl class="facts settings" {
            @for (key, value) in run.settings() { div { dt { code { (key) } } dd { code { (value) } } } }
        }
    }
}
