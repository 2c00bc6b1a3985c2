//! Curves and tables made of characters.

use std::fmt::Write as _;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use textplots::{Chart, LabelBuilder as _, LabelFormat, Plot as _, Shape};

use crate::number::{duration, figure, short};
use crate::page::curves::{moving_mean, spoken, window};
use crate::page::sweep_result;
use crate::plot::range;
use crate::sweep::Status;
use crate::{Run, Sweep};

/// Dots across and down; a character has two by four.
const DOTS: (u32, u32) = (120, 48);

/// The curves of a run for a terminal of 80 columns: training loss (smoothed), validation loss, the metric, the learning rate.
/// A curve of fewer than two points is left out.
pub fn terminal(run: &Run) -> String {
    let steps = &run.log.steps;
    let window = window(steps.len());
    let losses: Vec<(f64, f64)> = steps.iter().map(|step| (step.step as f64, step.loss)).collect();
    let of_evals = |name: &str| -> Vec<(f64, f64)> {
        run.evals("validation").filter_map(|eval| Some((eval.step as f64, eval.metric(name)?))).collect()
    };
    let metric = run.metric();
    let mut curves = vec![
        (format!("training loss (mean of {window} steps)"), moving_mean(&losses, window)),
        ("validation loss".to_owned(), of_evals("loss")),
    ];
    if metric != "loss" {
        curves.push((format!("validation {metric}"), of_evals(&metric)));
    }
    let rates = steps.iter().map(|step| (step.step as f64, step.learning_rate));
    curves.push(("learning rate".to_owned(), rates.collect()));

    let mut out = format!("{}\n", run.name);
    for (title, points) in curves {
        // A string takes all that is written to it.
        let _ = match points.as_slice() {
            [] => Ok(()),
            [(step, value)] => writeln!(out, "\n{title}: {} after step {step}", figure(*value)),
            _ => writeln!(
                out,
                "\n{title}: {} to {}\n{}",
                short(points[0].1),
                short(points[points.len() - 1].1),
                drawn(&points)
            ),
        };
    }
    out
}

/// A sweep for a terminal: its result in one line, its points as a table, the best first, and the errors of runs that failed.
pub fn sweep_terminal(sweep: &Sweep) -> String {
    let metric = format!("{} {}", sweep.split, spoken(&sweep.metric));
    let headings = sweep.keys.iter().cloned().chain([
        metric,
        "deviation".to_owned(),
        "runs".to_owned(),
        "time".to_owned(),
        "trained parameters".to_owned(),
    ]);
    let mut table = Table::new();
    table.load_preset(UTF8_BORDERS_ONLY).set_header(headings);
    let dash = || "–".to_owned();
    for point in &sweep.points {
        let complete = point.runs.iter().filter(|run| run.status == Status::Complete).count();
        table.add_row(sweep.keys.iter().map(|key| point.setting(key)).chain([
            point.mean.map_or_else(dash, figure),
            point.standard_deviation.map_or_else(dash, figure),
            format!("{complete} of {}", point.runs.len()),
            point.seconds.map_or_else(dash, duration),
            point.trained(),
        ]));
    }
    for column in table.column_iter_mut().skip(sweep.keys.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut out = format!("{}\n\n{table}\n\n{}\n", sweep.name, sweep_result(sweep));
    for (_, run) in sweep.runs() {
        if let Some(error) = run.error.as_ref().or(run.unreadable.as_ref()) {
            // A string takes all that is written to it.
            let _ = write!(out, "\n{}: {error}", run.run.display());
        }
    }
    out
}

/// A line through points, of which there are at least two.
fn drawn(points: &[(f64, f64)]) -> String {
    let values = || points.iter().map(|point| point.1);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    // A level line has no height of its own.
    let height = if low < high { low..high } else { range(values(), false) };
    let points: Vec<(f32, f32)> = points.iter().map(|&(x, y)| (x as f32, y as f32)).collect();
    let (first, last) = (points[0].0, points[points.len() - 1].0);
    let shape = Shape::Lines(&points);
    let mut chart =
        Chart::new_with_y_range(DOTS.0, DOTS.1, first, last, height.start as f32, height.end as f32);
    let chart = chart
        .lineplot(&shape)
        .x_label_format(LabelFormat::Custom(Box::new(|value| short(f64::from(value)))))
        .y_label_format(LabelFormat::Custom(Box::new(|value| short(f64::from(value)))));
    chart.borders();
    chart.axis();
    chart.figures();
    chart.to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::log::{Log, Step};

    #[test]
    fn a_falling_loss_falls_on_a_terminal() {
        let step = |step: usize| Step {
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
            examples: None,
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
    fn a_sweep_is_a_table_and_what_went_wrong() {
        let folder = crate::sweep::tests::folder(crate::sweep::tests::SWEEP);
        let text = sweep_terminal(&Sweep::read(folder.path()).unwrap());
        let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
        assert!(place("2e-5") < place("5e-5") && place("5e-5") < place("0 of 2"), "{text}");
        assert!(place("0.0140") < place("Best validation accuracy so far: 0.9000"), "{text}");
        place("point-03-seed-1: the loss is <not> a number");
    }
}
