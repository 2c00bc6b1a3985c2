//! The page of one run.

use embert_metrics::Metric;
use embert_run::{Eval, Facts, RunFiles, Split};
use maud::{Markup, html};

use super::curves::{of_training, stages_table};
use super::figure::{Figure, Table, figures, section};
use super::predictions::{Labels, fitted_temperature, of_split};
use crate::number::{counted, duration, figure, percent, short, thousands};
use crate::plot::{Ink, Layer, Plot, Ticks, range};
use crate::predictions::{Predictions, by_split};
use crate::{ReportError, Run, measures};

pub(super) fn content(run: &Run) -> Result<Markup, ReportError> {
    let labels = run.labels();
    let examples = run.examples.as_deref().unwrap_or_default();
    let splits =
        by_split(examples, run.scores.as_ref(), labels.len(), run.positive()).map_err(|problem| {
            ReportError::Example { path: RunFiles::new(&run.path).examples(), line: 1, problem }
        })?;
    let temperature = splits.iter().find(|split| split.split == "validation").and_then(fitted_temperature);
    let labels =
        Labels { positive: run.positive(), metrics: run.metrics.clone(), names: labels, temperature };
    let curves = of_training(run);
    let parts: Vec<Markup> = splits.iter().map(|split| of_split(split, &labels)).collect::<Result<_, _>>()?;
    Ok(html! {
        (header(run, &splits))
        @if !curves.is_empty() {
            (section("training", "Training", &html! {
                (figures(&curves)?)
                @if let Some(table) = stages_table(run) { h3 class="after" { "Stages" } (table.render("Stages")) }
            }))
        }
        // A task without labels has nothing in the tables by label.
        @for (split, part) in splits.iter().zip(&parts).filter(|_| !labels.names.is_empty()) {
            (section(split.split, if split.split == "test" { "On the test split" } else { "On the validation split" }, part))
        }
        @if let Some(facts) = &run.facts { (section("data", "Data", &data(facts)?)) }
        @if !run.log.steps.is_empty() { (section("time", "Time and memory", &time(run))) }
        (section("settings", "Settings", &settings(run)))
    })
}

/// The header: the result in one line, the most important numbers, and what is missing.
fn header(run: &Run, splits: &[Predictions<'_>]) -> Markup {
    let (model, dataset) = match &run.facts {
        Some(facts) => (facts.model.clone(), facts.dataset.clone()),
        None => (run.setting("model").unwrap_or_default(), run.setting("dataset").unwrap_or_default()),
    };
    let missing = missing(run);
    html! {
        header {
            p class="over" { (model) " on " (dataset) }
            h1 { (run.name) }
            p class="result" { (result(run, splits)) }
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

/// The evaluation that the result is quoted from: on the test split if there is one, since nothing was chosen
/// on that split.
fn quoted(run: &Run) -> Option<&Eval> {
    run.result("test").or_else(|| run.result("validation"))
}

fn result(run: &Run, splits: &[Predictions<'_>]) -> String {
    let Some(eval) = quoted(run) else {
        return match run.log.steps.last() {
            Some(step) => {
                format!(
                    "Not evaluated; {} done, the last with a loss of {}.",
                    counted(step.step, "step"),
                    figure(step.loss)
                )
            }
            None => "Nothing has happened yet.".to_owned(),
        };
    };
    let Some(accuracy) = eval.metrics.get(Metric::Accuracy.name()) else {
        let metric = run.metric();
        let value = eval.metrics.get(&metric.name).map_or_else(|| "no".to_owned(), figure);
        return format!("Has {value} {} on the {} split.", metric.in_sentence(), eval.split);
    };
    let line =
        format!("Gets {} of {} {} examples right", percent(accuracy), thousands(eval.examples), eval.split);
    match baseline(run, &eval.split, splits) {
        Some((name, share)) => format!(
            "{line}; always answering “{name}”, the most frequent label of the training split, would get {}.",
            percent(share)
        ),
        None => line + ".",
    }
}

/// The name of the training split's majority class, and its share of another split.
fn baseline(run: &Run, split: &str, splits: &[Predictions<'_>]) -> Option<(String, f64)> {
    let facts = run.facts.as_ref()?;
    let majority = run.majority()?;
    let name = facts.labels.get(majority)?.clone();
    if let Some(predictions) = splits.iter().find(|found| found.split == split && !found.examples.is_empty())
    {
        return Some((name, predictions.share_of(majority)));
    }
    let counted =
        if split == "test" { facts.splits.test.as_ref() } else { facts.splits.validation.as_ref() }?;
    Some((name, *counted.labels.get(majority)? as f64 / counted.examples.max(1) as f64))
}

fn tiles(run: &Run) -> Vec<(String, String, String)> {
    let mut tiles = Vec::new();
    if let Some(eval) = quoted(run) {
        for metric in run.metrics.iter().filter(|metric| metric.headline) {
            if let Some(value) = eval.metrics.get(&metric.name) {
                let name = format!("{} {}", eval.split, metric.in_sentence());
                tiles.push((name, figure(value), String::new()));
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
    let has_labels = run.is_text_classification();
    if run.examples.is_none() && has_labels && run.has_ended() && !is_damaged(RunFiles::EXAMPLES) {
        missing.push(
            "Confusion, curves, calibration and single examples: there is no examples.jsonl, as in runs of older versions."
                .to_owned(),
        );
    }
    if run.log.end.as_ref().is_some_and(|end| end.phases.is_none()) {
        missing.push("Time by phase: the log doesn't have it, as in runs of older versions.".to_owned());
    }
    missing
}

fn data(facts: &Facts) -> Result<Markup, ReportError> {
    let splits = &facts.splits;
    let all = [
        ("train", Some(&splits.train)),
        ("validation", splits.validation.as_ref()),
        ("test", splits.test.as_ref()),
    ];
    let row = |name: &str, split: &Split| {
        let labels = split.labels.iter().map(|&count| {
            format!("{} ({})", thousands(count), percent(count as f64 / split.examples.max(1) as f64))
        });
        let sizes = [name.to_owned(), thousands(split.examples)];
        sizes.into_iter().chain(labels).chain([thousands(split.duplicates)]).collect()
    };
    let rows = all.iter().filter_map(|(name, split)| Some(row(name, (*split)?))).collect();
    let headings = ["split".to_owned(), "examples".to_owned()];
    let headings = headings.into_iter().chain(facts.labels.iter().cloned()).chain(["duplicates".to_owned()]);
    Ok(html! {
        div class="columns" {
            div {
                h3 { "Splits" }
                (Table::new(headings, rows).render("Splits"))
                p class="note" {
                    "Duplicates are examples whose text another one before them has. "
                    @if facts.shared > 0 { b { (counted(facts.shared, "validation or test text")) } " are in the training split too, which flatters. " }
                    @else { "No validation or test text is in the training split. " }
                    @if facts.skipped > 0 { (counted(facts.skipped, "row")) " could not be used." }
                }
            }
            (figures(&[lengths(facts)])?)
        }
    })
}

/// The histogram of lengths: before truncation if the run has counted those, else after.
fn lengths(facts: &Facts) -> Figure {
    let lengths = &facts.lengths;
    let (bin, counts, x_title) = match &lengths.untruncated {
        Some(untruncated) => (untruncated.bin_width, &untruncated.counts, "tokens, before cutting"),
        None => (lengths.bin_width, &lengths.counts, "tokens, after cutting"),
    };
    let width = bin as f64;
    let bars = counts.iter().enumerate().map(|(index, &count)| {
        let left = index as f64 * width;
        (left + 0.05 * width, left + 0.95 * width, count as f64)
    });
    let mut layers = vec![Layer::Bars { bars: bars.collect(), ink: Ink::Series(0) }];
    let (mut end, mut legend) = ((counts.len() as f64 * width).max(1.0), Vec::new());
    let total = counts.iter().sum::<usize>();
    let share = percent(lengths.truncated as f64 / total.max(1) as f64);
    let mut note = format!("{share} of the training texts were cut at {} tokens.", lengths.max_length);
    if let Some(untruncated) = &lengths.untruncated {
        note = format!("{note} The longest has {}.", thousands(untruncated.longest));
        // A limit far above every text would squeeze the bars to the left.
        let limit = lengths.max_length as f64;
        if limit < 2.0 * end {
            end = end.max(limit * 1.02);
            legend.push((Ink::Alert, format!("cut at {}", lengths.max_length)));
            layers.push(Layer::Marks { marks: vec![(limit, String::new())], ink: Ink::Alert });
        }
    }
    let rows = counts.iter().enumerate().map(|(index, &count)| {
        vec![format!("{} to {}", index * bin + 1, (index + 1) * bin), thousands(count)]
    });
    Figure {
        key: String::new(),
        title: "Lengths".to_owned(),
        value: Some(format!("{share} cut")),
        alt: format!("A histogram of the tokens of {}. {note}", counted(total, "training text")),
        plot: Plot {
            id: "lengths",
            x: 0.0..end,
            y: range(counts.iter().map(|&count| count as f64), true),
            x_title: x_title.into(),
            x_ticks: Ticks::Numbers,
            layers,
        },
        legend,
        note,
        table: Table::new(["tokens", "training texts"], rows.collect()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_is_marked_where_the_lengths_before_it_are_known() {
        let facts = |uncut: &str| -> Facts {
            serde_json::from_str(&format!(
                r#"{{"model": "m", "dataset": "d", "labels": ["a", "b"], "positive": null, "parameters": {{"total": 9, "trainable": 9}},
                    "splits": {{"train": {{"examples": 10, "labels": [5, 5], "duplicates": 0}}}},
                    "lengths": {{"max_length": 32, "truncated": 3, "bin_width": 16, "counts": [4, 6]{uncut}}}}}"#
            ))
            .unwrap()
        };
        let marks = |figure: &Figure| {
            figure.plot.layers.iter().filter(|layer| matches!(layer, Layer::Marks { .. })).count()
        };
        let before =
            lengths(&facts(r#", "uncut": {"bin_width": 64, "counts": [7, 2, 0, 1], "longest": 250}"#));
        assert_eq!((marks(&before), before.table.rows.len(), before.plot.x.end), (1, 4, 256.0));
        assert_eq!(before.note, "30.0 % of the training texts were cut at 32 tokens. The longest has 250.");
        let after = lengths(&facts(""));
        assert_eq!((marks(&after), after.table.rows.len(), after.plot.x.end), (0, 2, 32.0));
        assert!(
            after.plot.x_title.contains("after cutting") && before.plot.x_title.contains("before cutting")
        );
        // No text was near the limit.
        let far = lengths(&facts(r#", "uncut": {"bin_width": 1, "counts": [7, 2, 1], "longest": 3}"#));
        assert_eq!((marks(&far), far.plot.x.end), (0, 3.0));
    }
}
