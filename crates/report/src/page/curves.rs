//! The curves of training: loss, metrics, learning rate, gradient norm.

use embert_metrics::names;
use std::collections::BTreeSet;

use embert_run::{Better, LOSS, MetricInfo, TrainStep};

use super::figure::{Figure, Table};
use crate::Run;
use crate::examples::Kind;
use crate::number::{counted, figure, fine_percent, or_dash, short, thousands};
use crate::plot::{Ink, Layer, Plot, Ticks, range};

/// The window of the moving mean in steps: a twentieth of the curve, from 1 to 100.
pub(crate) fn window(steps: usize) -> usize {
    (steps / 20).clamp(1, 100)
}

/// The moving mean: each value's mean with up to `window - 1` values before it.
pub(crate) fn moving_mean(points: &[(f64, f64)], window: usize) -> Vec<(f64, f64)> {
    let mean = |index: usize| {
        let part = &points[(index + 1).saturating_sub(window)..=index];
        // A step with a NaN loss is left out of the mean.
        let (sum, count) = part
            .iter()
            .filter(|point| point.1.is_finite())
            .fold((0.0, 0), |(sum, count), point| (sum + point.1, count + 1));
        if count == 0 { f64::NAN } else { sum / f64::from(count) }
    };
    (0..points.len()).map(|index| (points[index].0, mean(index))).collect()
}

/// All curves that have numbers.
pub(super) fn of_training(run: &Run) -> Vec<Figure> {
    let [shares, errors] = [Better::Higher, Better::Lower].map(|better| metrics(run, better));
    [loss(run), shares, errors, learning_rate(run), grad_norm(run)].into_iter().flatten().collect()
}

/// The range of steps, with a little room at the right end so that a dot in the last step is not cut.
fn steps(run: &Run) -> std::ops::Range<f64> {
    let last = run.log.steps.last().map_or(0, |step| step.step);
    let last = run.log.evals.iter().map(|eval| eval.step).fold(last, usize::max).max(1) as f64;
    0.0..last * 1.02
}

/// How many stages are named at their mark; more stages are only numbered.
const SPELLED: usize = 4;

/// The beginnings of stages, as vertical lines in the plots of training.
fn stages(run: &Run) -> Option<Layer> {
    let stages = &run.log.stages;
    let word = |number: usize| {
        if stages.len() <= SPELLED { format!("stage {number}") } else { number.to_string() }
    };
    let marks: Vec<(f64, String)> =
        stages.iter().map(|stage| (stage.step as f64, word(stage.stage))).collect();
    (!marks.is_empty()).then_some(Layer::Marks { marks, ink: Ink::Reference })
}

/// A table of the stages: the first step and the trained parameters.
pub(super) fn stages_table(run: &Run) -> Option<Table> {
    let all = run.facts.as_ref().map(|facts| facts.parameters.total);
    let rows: Vec<Vec<String>> = run
        .log
        .stages
        .iter()
        .map(|stage| {
            let trained = thousands(stage.trainable);
            let trained = match all {
                Some(all) if all > 0 => {
                    format!("{trained} ({})", fine_percent(stage.trainable as f64 / all as f64))
                }
                _ => trained,
            };
            vec![stage.stage.to_string(), thousands(stage.step + 1), stage.freeze.clone(), trained]
        })
        .collect();
    (!rows.is_empty()).then(|| Table::new(["stage", "from step", "frozen", "trained parameters"], rows))
}

fn loss(run: &Run) -> Option<Figure> {
    let raw: Vec<(f64, f64)> = run.log.steps.iter().map(|step| (step.step as f64, step.loss)).collect();
    let (first, last) = (raw.first()?, raw.last()?);
    let window = window(raw.len());
    let smooth = moving_mean(&raw, window);
    let validation: Vec<(f64, f64)> = run
        .evals("validation")
        .filter_map(|eval| Some((eval.step as f64, eval.metrics.get(LOSS)?)))
        .collect();
    let lowest = validation.iter().min_by(|one, other| one.1.total_cmp(&other.1));
    let mut alt = format!(
        "Training loss goes from {} in step {} to {} in step {}.",
        figure(smooth[0].1),
        first.0,
        figure(smooth[smooth.len() - 1].1),
        last.0
    );
    if let Some((step, loss)) = lowest {
        alt = format!("{alt} Validation loss is lowest, {}, after step {step}.", figure(*loss));
    }
    let mut legend = vec![(Ink::Series(0), format!("training, mean of {}", counted(window, "step")))];
    let mut layers: Vec<Layer> = stages(run).into_iter().collect();
    if window > 1 {
        layers.push(Layer::Line { points: raw.clone(), ink: Ink::Series(0), faint: true });
    }
    layers.push(Layer::Line { points: smooth.clone(), ink: Ink::Series(0), faint: false });
    if !validation.is_empty() {
        legend.push((Ink::Series(1), "validation".to_owned()));
        layers.push(Layer::Line { points: validation.clone(), ink: Ink::Series(1), faint: false });
        layers.push(Layer::Dots { points: validation.clone(), ink: Ink::Series(1) });
    }
    let rows = run.log.steps.iter().zip(&smooth).map(|(step, smooth)| {
        let validation = run.evals("validation").find(|eval| eval.step == step.step);
        vec![
            step.step.to_string(),
            figure(step.loss),
            figure(smooth.1),
            or_dash(validation.and_then(|eval| eval.metrics.get(LOSS))),
        ]
    });
    Some(Figure {
        key: String::new(),
        title: "Loss".to_owned(),
        value: None,
        alt,
        plot: Plot {
            id: LOSS,
            x: steps(run),
            y: range(raw.iter().chain(&validation).map(|point| point.1), true),
            x_title: "step".into(),
            x_ticks: Ticks::Whole,
            y_ticks: Ticks::Numbers,
            layers,
        },
        legend,
        note: no_number(&raw, "a loss"),
        table: Table::new(["step", "training", "smoothed", "validation"], rows.collect()),
    })
}

/// The curves of the metrics of which greater is better, or of those of which smaller is: errors have a unit,
/// and the others are at most 1.
fn metrics(run: &Run, better: Better) -> Option<Figure> {
    let evals: Vec<_> = run.evals("validation").collect();
    let last = evals.last()?;
    // The loss has its own plot, which shows the mean squared error of a regression too.
    let has_own = |name: &str| name == LOSS || name == names::MSE && run.kind() == Kind::Score;
    let known: Vec<&MetricInfo> = run
        .metrics
        .iter()
        .filter(|metric| metric.better == better && !has_own(&metric.name))
        .filter(|metric| evals.iter().any(|eval| eval.metrics.get(&metric.name).is_some()))
        .collect();
    let is_shown =
        |metric: &&MetricInfo| metric.headline && metric.better == better && !has_own(&metric.name);
    let headlines = run.metrics.iter().filter(is_shown);
    let mut layers = Vec::new();
    let mut legend = Vec::new();
    let mut values = Vec::new();
    for (index, metric) in headlines.clone().enumerate() {
        let points: Vec<(f64, f64)> = evals
            .iter()
            .filter_map(|eval| Some((eval.step as f64, eval.metrics.get(&metric.name)?)))
            .collect();
        if points.is_empty() {
            continue;
        }
        values.extend(points.iter().map(|point| point.1));
        legend.push((Ink::Series(index), metric.in_sentence()));
        layers.push(Layer::Line { points: points.clone(), ink: Ink::Series(index), faint: false });
        layers.push(Layer::Dots { points, ink: Ink::Series(index) });
    }
    if layers.is_empty() && better == Better::Lower {
        return None;
    }
    let rows = evals.iter().map(|eval| {
        let figures = known.iter().map(|metric| or_dash(eval.metrics.get(&metric.name)));
        std::iter::once(eval.step.to_string()).chain(figures).collect()
    });
    let told: Vec<(String, String)> = headlines
        .filter_map(|metric| Some((metric.in_sentence(), figure(last.metrics.get(&metric.name)?))))
        .take(2)
        .collect();
    let told = match told.as_slice() {
        [] => String::new(),
        [(name, value)] => format!(", {name} is {value}"),
        [(name, value), (other, second), ..] => format!(", {name} is {value} and {other} {second}"),
    };
    Some(Figure {
        key: String::new(),
        title: if better == Better::Higher { "Validation metrics" } else { "Validation errors" }.to_owned(),
        value: None,
        alt: format!("{}; after the last, step {}{told}.", counted(evals.len(), "evaluation"), last.step),
        plot: Plot {
            id: if better == Better::Higher { "metrics" } else { "metrics-errors" },
            x: steps(run),
            y: range(values, false),
            x_title: "step".into(),
            x_ticks: Ticks::Whole,
            y_ticks: Ticks::Numbers,
            layers,
        },
        legend,
        note: String::new(),
        table: Table::new(
            std::iter::once("step".to_owned()).chain(known.iter().map(|metric| metric.in_sentence())),
            rows.collect(),
        ),
    })
}

/// A sentence on how many steps are gaps in a curve, if there are any.
fn no_number(points: &[(f64, f64)], what: &str) -> String {
    match points.iter().filter(|point| !point.1.is_finite()).count() {
        0 => String::new(),
        1 => format!("1 step has {what} that is no number."),
        count => format!("{} steps have {what} that is no number.", thousands(count)),
    }
}

/// Orders groups from the embeddings up to the head; unknown groups come last.
fn depth(group: &str) -> (usize, usize) {
    match group {
        "embeddings" => (0, 0),
        "pooler" => (2, 0),
        "head" => (3, 0),
        group => match group.strip_prefix("layer ").and_then(|number| number.parse().ok()) {
            Some(number) => (1, number),
            None => (4, 0),
        },
    }
}

/// The learning rate of each group at each step, from the embeddings up to the head. If the log has no
/// groups, these are the rates of base and head.
fn rates(run: &Run) -> Vec<(String, Vec<(f64, f64)>)> {
    let steps = &run.log.steps;
    let of = |get: &dyn Fn(&TrainStep) -> Option<f64>| -> Vec<(f64, f64)> {
        steps.iter().filter_map(|step| Some((step.step as f64, get(step)?))).collect()
    };
    let names: BTreeSet<&String> = steps.iter().flat_map(|step| step.learning_rates.keys()).collect();
    if names.is_empty() {
        let base = ("base".to_owned(), of(&|step| Some(step.learning_rate)));
        let head = ("head".to_owned(), of(&|step| step.head_learning_rate));
        return [base, head].into_iter().filter(|(_, points)| !points.is_empty()).collect();
    }
    let mut names: Vec<&String> = names.into_iter().collect();
    names.sort_by_key(|name| depth(name));
    // If only the head is trained, the log has no groups, but the head's rate.
    let rate = |step: &TrainStep, name: &str| match step.learning_rates.get(name) {
        None if step.learning_rates.is_empty() && name == "head" => {
            Some(step.head_learning_rate.unwrap_or(step.learning_rate))
        }
        rate => rate.copied(),
    };
    names.into_iter().map(|name| (name.clone(), of(&|step| rate(step, name)))).collect()
}

/// Shades of one hue for embeddings and layers, other colours for the pooler and the head.
fn ink_of_group(name: &str, index: usize, stacked: usize) -> Ink {
    match name {
        "base" => Ink::Series(0),
        "head" => Ink::Series(1),
        "pooler" => Ink::Series(2),
        _ => Ink::Shade(index as f64 / stacked.saturating_sub(1).max(1) as f64),
    }
}

fn learning_rate(run: &Run) -> Option<Figure> {
    let groups = rates(run);
    let all: Vec<(f64, f64)> = groups.iter().flat_map(|group| group.1.iter().copied()).collect();
    let peak = all.iter().max_by(|one, other| one.1.total_cmp(&other.1))?;
    let base = &run.log.steps;
    let mut alt = format!(
        "The highest learning rate is {}, in step {}; that of the base ends at {}.",
        short(peak.1),
        peak.0,
        base.last().map_or_else(|| "–".to_owned(), |step| short(step.learning_rate))
    );
    let stacked = groups.iter().filter(|group| matches!(depth(&group.0).0, 0 | 1)).count();
    let mut layers: Vec<Layer> = stages(run).into_iter().collect();
    let mut legend = Vec::new();
    for (index, (name, points)) in groups.iter().enumerate() {
        let ink = ink_of_group(name, index, stacked);
        layers.push(Layer::Line { points: points.clone(), ink, faint: false });
        legend.push((ink, name.clone()));
    }
    if groups.len() == 1 {
        legend.clear();
    } else {
        let tops = groups.iter().filter_map(|(name, points)| {
            let top = points.iter().map(|point| point.1).max_by(f64::total_cmp)?;
            Some(format!("{name} {}", short(top)))
        });
        alt = format!("{alt} The highest of each group: {}.", tops.collect::<Vec<_>>().join(", "));
    }
    // Each group's points are in the order of the steps, so one pass is enough.
    let mut rest: Vec<_> = groups.iter().map(|group| group.1.iter().peekable()).collect();
    let rows = run.log.steps.iter().map(|step| {
        let of_group = rest.iter_mut().map(|points| {
            let here = points.next_if(|point| (point.0 - step.step as f64).abs() < 0.5);
            here.map_or_else(|| "–".to_owned(), |point| short(point.1))
        });
        std::iter::once(step.step.to_string()).chain(of_group).collect()
    });
    let rows = rows.collect();
    let headings = std::iter::once("step".to_owned()).chain(groups.iter().map(|group| group.0.clone()));
    Some(Figure {
        key: String::new(),
        title: "Learning rate".to_owned(),
        value: None,
        alt,
        plot: Plot {
            id: "learning-rate",
            x: steps(run),
            y: range(all.iter().map(|point| point.1), true),
            x_title: "step".into(),
            x_ticks: Ticks::Whole,
            y_ticks: Ticks::Numbers,
            layers,
        },
        legend,
        note: String::new(),
        table: Table::new(headings, rows),
    })
}

fn grad_norm(run: &Run) -> Option<Figure> {
    let norms: Vec<(f64, f64)> =
        run.log.steps.iter().map(|step| (step.step as f64, step.grad_norm)).collect();
    let finite = norms.iter().filter(|point| point.1.is_finite());
    let highest = finite.max_by(|one, other| one.1.total_cmp(&other.1))?;
    // 0 turns clipping off.
    let limit =
        run.setting("max_grad_norm").and_then(|text| text.parse().ok()).filter(|limit: &f64| *limit > 0.0);
    let clipped: Vec<(f64, f64)> =
        norms.iter().copied().filter(|point| limit.is_some_and(|limit| point.1 > limit)).collect();
    let x = steps(run);
    let mut alt = format!("The gradient's norm is highest, {}, in step {}.", short(highest.1), highest.0);
    let mut layers = vec![Layer::Line { points: norms.clone(), ink: Ink::Series(0), faint: false }];
    let mut legend = vec![(Ink::Series(0), "before clipping".to_owned())];
    let mut note = "Gradients are not clipped.".to_owned();
    if let Some(limit) = limit {
        note = format!(
            "{} of {} steps were clipped to {}.",
            thousands(clipped.len()),
            thousands(norms.len()),
            short(limit)
        );
        alt = format!("{alt} {note}");
        legend.push((Ink::Alert, "clipped steps".to_owned()));
        legend.push((Ink::Reference, format!("limit {}", short(limit))));
        layers.push(Layer::Line {
            points: vec![(x.start, limit), (x.end, limit)],
            ink: Ink::Reference,
            faint: false,
        });
        layers.push(Layer::Ticks { at: clipped.iter().map(|point| point.0).collect(), ink: Ink::Alert });
    }
    let note = format!("{note} {}", no_number(&norms, "a gradient norm")).trim_end().to_owned();
    let rows = norms.iter().map(|&(step, norm)| {
        let is_clipped = limit.is_some_and(|limit| norm > limit);
        vec![thousands(step as usize), figure(norm), if is_clipped { "clipped" } else { "" }.to_owned()]
    });
    Some(Figure {
        key: String::new(),
        title: "Gradient norm".to_owned(),
        value: None,
        alt,
        plot: Plot {
            id: "grad-norm",
            y: range(norms.iter().map(|point| point.1).chain(limit), true),
            x,
            x_title: "step".into(),
            x_ticks: Ticks::Whole,
            y_ticks: Ticks::Numbers,
            layers,
        },
        legend,
        note,
        table: Table::new(["step", "norm", ""], rows.collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_takes_what_is_there() {
        let points = [(1.0, 4.0), (2.0, 2.0), (3.0, 0.0), (4.0, 4.0)];
        let means: Vec<f64> = moving_mean(&points, 2).into_iter().map(|point| point.1).collect();
        assert_eq!(means, [4.0, 3.0, 1.0, 2.0]);
        assert_eq!([0, 39, 40, 5000].map(window), [1, 1, 2, 100]);
    }

    fn run(lines: &str) -> Run {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), "").unwrap();
        std::fs::write(folder.path().join("metrics.jsonl"), lines).unwrap();
        Run::read(folder.path()).unwrap()
    }

    /// A step whose groups have these rates.
    fn step(step: usize, rates: &[(&str, f64)]) -> String {
        let rates: Vec<String> = rates.iter().map(|(name, rate)| format!("\"{name}\":{rate:e}")).collect();
        format!(
            "{{\"event\":\"train_step\",\"step\":{step},\"epoch\":1,\"loss\":0.5,\"grad_norm\":1.0,\"learning_rate\":1e-5,\"learning_rates\":{{{}}},\"examples\":1,\"tokens\":1,\"seconds\":1.0}}\n",
            rates.join(",")
        )
    }

    #[test]
    fn a_loss_that_is_no_number_is_a_gap_and_said() {
        let damaged =
            step(2, &[]).replace("\"loss\":0.5,\"grad_norm\":1.0", "\"loss\":null,\"grad_norm\":null");
        let run =
            run(&(step(1, &[]) + &damaged + &step(3, &[]) + &damaged.replace("\"step\":2", "\"step\":4")));
        let loss = loss(&run).unwrap();
        assert_eq!(loss.note, "2 steps have a loss that is no number.");
        assert_eq!(loss.table.rows[1], ["2", "NaN", "NaN", "–"]);
        let svg = loss.plot.svg("", "", "").unwrap().into_string();
        assert!(!svg.contains("NaN") && svg.matches("<circle").count() == 2, "{svg}");
        let norm = grad_norm(&run).unwrap();
        assert!(norm.note.ends_with("2 steps have a gradient norm that is no number."), "{}", norm.note);
        assert!(norm.alt.starts_with("The gradient's norm is highest, 1, in step 3."), "{}", norm.alt);
    }

    #[test]
    fn groups_stand_from_the_embeddings_to_the_head() {
        let all = ["head", "layer 10", "layer 2", "pooler", "embeddings"].map(|name| (name, 1e-5));
        let figure = learning_rate(&run(&(step(1, &all[..4]) + &step(2, &all)))).unwrap();
        assert_eq!(figure.table.headings, ["step", "embeddings", "layer 2", "layer 10", "pooler", "head"]);
        assert_eq!(figure.table.rows[0], ["1", "–", "1e-5", "1e-5", "1e-5", "1e-5"]);
        assert_eq!(figure.table.rows[1], ["2", "1e-5", "1e-5", "1e-5", "1e-5", "1e-5"]);
        let inks: Vec<Ink> = figure.legend.iter().map(|entry| entry.0).collect();
        assert_eq!(inks[..3], [Ink::Shade(0.0), Ink::Shade(0.5), Ink::Shade(1.0)]);
        assert_eq!(inks[3..], [Ink::Series(2), Ink::Series(1)]);
    }

    #[test]
    fn the_head_has_a_rate_where_it_is_trained_alone() {
        let figure =
            learning_rate(&run(&(step(1, &[]) + &step(2, &[("layer 0", 1e-6), ("head", 2e-5)])))).unwrap();
        assert_eq!(figure.table.headings, ["step", "layer 0", "head"]);
        assert_eq!(figure.table.rows, [["1", "–", "1e-5"], ["2", "1e-6", "2e-5"]]);
    }

    #[test]
    fn stages_are_marked_and_listed() {
        let stage = |step: usize, stage: usize, freeze: &str| {
            format!(
                "{{\"event\":\"stage\",\"step\":{step},\"stage\":{stage},\"freeze\":\"{freeze}\",\"trainable\":1234}}\n"
            )
        };
        let log =
            stage(0, 1, "all_but_head") + &step(1, &[("head", 1e-3)]) + &stage(1, 2, "none") + &step(2, &[]);
        let run = run(&log);
        for figure in [loss(&run).unwrap(), learning_rate(&run).unwrap()] {
            let marks = figure.plot.layers.iter().find_map(|layer| match layer {
                Layer::Marks { marks, .. } => Some(marks.clone()),
                _ => None,
            });
            assert_eq!(marks.unwrap(), [(0.0, "stage 1".to_owned()), (1.0, "stage 2".to_owned())]);
        }
        let table = stages_table(&run).unwrap();
        assert_eq!(table.rows, [["1", "1", "all_but_head", "1,234"], ["2", "2", "none", "1,234"]]);
    }
}
