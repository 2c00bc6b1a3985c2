//! Curves and tables drawn with characters, for a terminal.

use embert_metrics::names;
use std::fmt::Write as _;

use comfy_table::presets::{NOTHING, UTF8_BORDERS_ONLY};
use comfy_table::{CellAlignment, ContentArrangement, Table};
use embert_run::{ClassScores, LOSS, Metrics, MultiLabelExample, SplitScores, Status};
use textplots::{Chart, LabelBuilder as _, LabelFormat, Plot as _, Shape};

use crate::class_figures::ClassFigures;
use crate::counts::Counts;
use crate::examples::{Kind, RunExamples};
use crate::label_sets::{HALF, counts};
use crate::measures;
use crate::number::{duration, figure, names_of_ticks, or_dash, thousands};
use crate::page::curves::{moving_mean, window};
use crate::page::{result_of, sweep_result};
use crate::plot::range;
use crate::text::{escaped_lines, excerpt, shortened, without_isolates};
use crate::{Run, Sweep};

/// The most characters of a cell, and of an error below the table.
const MOST_IN_CELL: usize = 120;
const MOST_IN_ERROR: usize = 2400;

/// The dots across and down; a character has two by four.
const DOTS: (u32, u32) = (120, 48);

/// The curves of a run for a terminal of 80 columns: training loss (smoothed), validation loss, the metric
/// that chooses the best weights, the learning rate. A curve of one point is its value in words; a curve
/// without points is left out.
pub fn terminal(run: &Run) -> String {
    let steps = &run.log.steps;
    let window = window(steps.len());
    let losses: Vec<(f64, f64)> = steps.iter().map(|step| (step.step as f64, step.loss)).collect();
    let of_evals = |name: &str| -> Vec<(f64, f64)> {
        run.evals("validation").filter_map(|eval| Some((eval.step as f64, eval.metrics.get(name)?))).collect()
    };
    let metric = run.metric();
    let mut curves = vec![
        (format!("training loss (mean of {window} steps)"), moving_mean(&losses, window)),
        ("validation loss".to_owned(), of_evals(LOSS)),
    ];
    let is_loss = metric.name == LOSS || metric.name == names::MSE && run.kind() == Kind::Score;
    if !is_loss {
        curves.push((format!("validation {}", metric.name), of_evals(&metric.name)));
    }
    let rates = steps.iter().map(|step| (step.step as f64, step.learning_rate));
    curves.push(("learning rate".to_owned(), rates.collect()));

    let mut out = format!("{}\n", run.name);
    if !matches!(run.kind(), Kind::SingleLabel | Kind::Unknown) {
        out += &of_task(run);
    }
    for (_, points) in &mut curves {
        points.retain(|point| point.1.is_finite());
    }
    for (title, points) in curves {
        // Writing to a string can't fail.
        let _ = match points.as_slice() {
            [] => Ok(()),
            [(step, value)] => writeln!(out, "\n{title}: {} after step {step}", figure(*value)),
            _ => {
                let ends = names_of_ticks(&[points[0].1, points[points.len() - 1].1]);
                writeln!(out, "\n{title}: {} to {}\n{}", ends[0], ends[1], drawn(&points))
            }
        };
    }
    for sentence in &run.damage {
        let _ = write!(out, "\n{sentence}");
    }
    printable(&out)
}

/// The columns of a terminal.
const COLUMNS: u16 = 80;

/// The result of a task in words, the run beside simple rules, and the scores of types or labels.
fn of_task(run: &Run) -> String {
    // Only the splits of texts with one label can be wrong here.
    let result = result_of(run).unwrap_or_default();
    let mut words = Table::new();
    words.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(COLUMNS);
    words.add_row([without_isolates(&result)]);
    let words: Vec<String> = words.to_string().lines().map(|line| line.trim().to_owned()).collect();
    let mut out = format!("\n{}\n", words.join("\n"));
    let split = |name| run.scores.as_ref().and_then(|scores| scores.split(name));
    let Some(scores) = split("test").or_else(|| split("validation")) else { return out };
    let fitted = &scores.detail.at_thresholds;
    let rules = scores.baselines.iter().map(|rule| &rule.metrics);
    let sets: Vec<&Metrics> = [&scores.metrics, fitted].into_iter().chain(rules).collect();
    let headlines = measures::with_values(run.metrics.iter().filter(|metric| metric.headline), &sets);
    let all = |metrics: &Metrics| ClassFigures::recorded(metrics, None);
    let mut rows = vec![("this run".to_owned(), all(&scores.metrics))];
    rows.extend(
        (!fitted.is_empty()).then(|| (format!("with {}", run.kind().fitted_threshold()), all(fitted))),
    );
    rows.extend(scores.baselines.iter().map(|rule| (rule.name.clone(), all(&rule.metrics))));
    let titles: Vec<(&str, String)> =
        headlines.iter().map(|metric| (metric.name.as_str(), metric.in_sentence())).collect();
    out += &figures_of(&scores.split, &titles, &rows);
    let classes = &scores.detail.classes;
    let figures = figures_of_classes(run, scores);
    let names = ClassFigures::names(&figures).into_iter();
    let names: Vec<(&str, String)> =
        names.map(|name| (name, measures::of_label(name, &run.metrics))).collect();
    let labels = run.labels();
    let name = |(label, class): (usize, &ClassScores)| {
        let name = class.name.clone().or_else(|| labels.get(label).cloned()).unwrap_or_default();
        format!("{name} ({})", thousands(class.examples))
    };
    let names_of_rows = classes.iter().enumerate().map(name);
    let rows = names_of_rows.zip(figures.iter().cloned());
    let rows: Vec<(String, ClassFigures)> = rows.take(MOST_LABELS).collect();
    if !rows.is_empty() {
        let what = if run.kind() == Kind::Entities { "type (entities)" } else { "label (examples)" };
        out += &figures_of(what, &names, &rows);
        if classes.len() > rows.len() {
            // Writing to a string can't fail.
            let _ = writeln!(out, "and {} more, which the page has", thousands(classes.len() - rows.len()));
        }
    }
    out
}

/// The figures of each type or label of a split.
fn figures_of_classes(run: &Run, scores: &SplitScores) -> Vec<ClassFigures> {
    let classes = &scores.detail.classes;
    let examples: Vec<&MultiLabelExample> = match &run.examples {
        Some(RunExamples::MultiLabel(all)) => all.iter().filter(|one| one.split == scores.split).collect(),
        _ => Vec::new(),
    };
    let are_all = !examples.is_empty() && examples.len() == scores.examples;
    let are_all = are_all && examples.iter().all(|example| example.probabilities.len() == classes.len());
    let counts = |class| {
        let of_examples = || are_all.then(|| counts(&examples, class, HALF));
        Counts::of_class(&scores.detail.confusion_matrix, class).or_else(of_examples)
    };
    let figures =
        |(number, class): (usize, &ClassScores)| ClassFigures::recorded(&class.metrics, counts(number));
    classes.iter().enumerate().map(figures).collect()
}

/// The most types or labels of a table.
const MOST_LABELS: usize = 20;

/// A table of figures by name, in the columns of a terminal.
fn figures_of(corner: &str, titles: &[(&str, String)], rows: &[(String, ClassFigures)]) -> String {
    let mut table = Table::new();
    table
        .load_preset(UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(COLUMNS);
    table.set_header(std::iter::once(cell(corner)).chain(titles.iter().map(|(_, title)| cell(title))));
    for (name, figures) in rows {
        let figures = titles.iter().map(|(name, _)| or_dash(figures.get(name)));
        table.add_row(std::iter::once(cell(name)).chain(figures));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("\n{table}\n")
}

/// Removes the isolates that names have on a page; control characters are escaped already.
fn printable(text: &str) -> String {
    escaped_lines(&without_isolates(text)).into_owned()
}

/// A name or a setting for a cell of a table, on one line.
fn cell(text: &str) -> String {
    shortened(&without_isolates(text), MOST_IN_CELL).into_owned()
}

/// A sweep for a terminal: the result in one line, the points as a table, best first, and the errors of
/// failed runs.
pub fn sweep_terminal(sweep: &Sweep) -> String {
    let metric = format!("{} {}", sweep.split, sweep.metric.in_sentence());
    let headings = sweep.keys.iter().cloned().chain([
        metric,
        "deviation".to_owned(),
        "runs".to_owned(),
        "time".to_owned(),
        "trained parameters".to_owned(),
    ]);
    let mut table = Table::new();
    table.load_preset(UTF8_BORDERS_ONLY).set_header(headings.map(|heading| cell(&heading)));
    let dash = || "–".to_owned();
    for point in &sweep.points {
        let complete = point.runs.iter().filter(|run| run.row.status == Status::Complete).count();
        table.add_row(sweep.keys.iter().map(|key| cell(&point.setting(key))).chain([
            point.row.mean.map_or_else(dash, figure),
            point.row.standard_deviation.map_or_else(dash, figure),
            format!("{complete} of {}", point.runs.len()),
            point.row.seconds.map_or_else(dash, duration),
            point.trained(),
        ]));
    }
    for column in table.column_iter_mut().skip(sweep.keys.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut out = format!("{}\n\n{table}\n\n{}\n", sweep.name, sweep_result(sweep));
    // Writing to a string can't fail.
    for (_, run) in sweep.runs() {
        if let Some(error) = run.row.error.clone().or_else(|| run.damage()) {
            let _ = write!(out, "\n{}: {}", run.row.run, excerpt(&error, MOST_IN_ERROR));
        }
    }
    if let Some(damage) = &sweep.damage {
        let _ = write!(out, "\n{damage}");
    }
    printable(&out)
}

/// A curve through at least two points.
fn drawn(points: &[(f64, f64)]) -> String {
    let values = || points.iter().map(|point| point.1);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    // A constant line has no height, nor has a nearly constant one.
    let room = range(values(), false);
    let height = if high - low > (room.end - room.start) * 0.5 { low..high } else { room };
    let names = names_of_ticks(&[height.start, height.end]);
    // The chart computes in f32, which has too few digits for a narrow range, so it gets shares of the
    // height.
    let share = |value: f64| (value - height.start) / (height.end - height.start);
    let points: Vec<(f32, f32)> = points.iter().map(|&(x, y)| (x as f32, share(y) as f32)).collect();
    let (first, last) = (points[0].0, points[points.len() - 1].0);
    let shape = Shape::Lines(&points);
    let mut chart = Chart::new_with_y_range(DOTS.0, DOTS.1, first, last, 0.0, 1.0);
    let chart = chart
        .lineplot(&shape)
        .x_label_format(LabelFormat::Custom(Box::new(|step| thousands(step.round() as usize))))
        .y_label_format(LabelFormat::Custom(Box::new(move |share| names[usize::from(share > 0.5)].clone())));
    chart.borders();
    chart.figures();
    chart.to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use embert_run::{Log, TrainStep};

    #[test]
    fn a_falling_loss_falls_on_a_terminal() {
        let step = |step: usize| TrainStep {
            step,
            epoch: 1,
            loss: 1.0 - step as f64 / 10.0,
            grad_norm: 1.0,
            learning_rate: 1e-3,
            head_learning_rate: None,
            learning_rates: BTreeMap::default(),
            examples: 1,
            tokens: 1,
            seconds: 0.0,
        };
        let log = Log { steps: (1..=9).map(step).collect(), ..Log::default() };
        let run = Run {
            name: "mine".to_owned(),
            path: "mine".into(),
            config: toml::Table::new(),
            log,
            facts: None,
            metrics: crate::measures::of_format_1(),
            scores: None,
            examples: None,
            damage: Vec::new(),
        };
        let text = terminal(&run);
        assert!(text.starts_with("mine\n\ntraining loss (mean of 1 steps): 0.9 to 0.1\n"), "{text}");
        assert!(!text.contains("validation"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        // The curve's own dots: in the first rows on the left, in the last on the right.
        let rows: Vec<Vec<char>> = text.lines().skip(3).take(12).map(|line| line.chars().collect()).collect();
        let blank = |row: usize, columns: std::ops::Range<usize>| {
            rows[row][columns].iter().all(|dot| *dot == '\u{2800}')
        };
        assert!(!blank(2, 2..20) && blank(2, 40..58) && blank(9, 2..20) && !blank(9, 40..58), "{text}");
    }

    #[test]
    fn a_narrow_range_has_two_names() {
        let flat: Vec<(f64, f64)> =
            (1..=9).map(|n| (f64::from(n), 0.793_147 + f64::from(n) * 1e-6)).collect();
        let text = drawn(&flat);
        assert!(text.contains(" 0.793156") && text.contains(" 0.793148"), "{text}");
        let level = drawn(&[(1.0, 0.5), (100_000.0, 0.5)]);
        assert!(level.contains(" 0.25") && level.contains(" 0.75") && level.contains("100,000"), "{level}");
        let huge = drawn(&[(1.0, -1e308), (2.0, 1e308)]);
        assert!(huge.contains("e308") || huge.contains("e300"), "{huge}");
    }

    #[test]
    fn what_a_sweeps_names_do_to_a_terminal_is_nothing() {
        let hostile = SWEEP_NAME.replace('\n', "\\n").replace('\u{1b}', "\\u001b");
        let text = crate::sweep::tests::SWEEP
            .replace("\"rates\"", &format!("\"{hostile}\""))
            .replace("the loss is", &format!("{hostile} {}", "x".repeat(1 << 20)));
        let folder = crate::sweep::tests::folder(&text);
        let text = sweep_terminal(&Sweep::read(folder.path()).unwrap());
        assert!(!text.contains(|character| crate::is_hidden(character) && character != '\n'), "{text}");
        assert!(text.starts_with("a\\n\\u{1b}[2J\\u{202e} שלום\n") && text.len() < 20_000, "{text}");
    }

    const SWEEP_NAME: &str = "a\n\u{1b}[2J\u{202e} שלום";

    #[test]
    fn a_sweep_is_a_table_and_what_went_wrong() {
        let folder = crate::sweep::tests::folder(crate::sweep::tests::SWEEP);
        let text = sweep_terminal(&Sweep::read(folder.path()).unwrap());
        let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
        assert!(place("2e-5") < place("5e-5") && place("5e-5") < place("0 of 2"), "{text}");
        assert!(place("0.0140") < place("Best validation accuracy so far: 0.9000"), "{text}");
        place("point-03-seed-1: the loss is <not> a number");
    }
}
