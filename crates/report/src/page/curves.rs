//! The curves of training: loss, metrics, learning rate, gradient norm.

use super::{Figure, Table};
use crate::Run;
use crate::number::{counted, figure, or_dash, short};
use crate::plot::{Ink, Layer, Plot, Ticks, range};

/// Steps in the mean that smooths a curve of so many: a twentieth of it.
pub(crate) fn window(steps: usize) -> usize {
    (steps / 20).clamp(1, 100)
}

/// The mean of each value with the `window - 1` before it, as many of those as there are.
pub(crate) fn moving_mean(points: &[(f64, f64)], window: usize) -> Vec<(f64, f64)> {
    let mean = |index: usize| {
        let part = &points[(index + 1).saturating_sub(window)..=index];
        part.iter().map(|point| point.1).sum::<f64>() / part.len() as f64
    };
    (0..points.len()).map(|index| (points[index].0, mean(index))).collect()
}

/// All curves for which there are numbers.
pub(super) fn of_training(run: &Run) -> Vec<Figure> {
    [loss(run), metrics(run), learning_rate(run), grad_norm(run)].into_iter().flatten().collect()
}

/// Steps, with a little room at both ends so that a dot there is whole.
fn steps(run: &Run) -> std::ops::Range<f64> {
    let last = run.log.steps.last().map_or(0, |step| step.step);
    let last = run.log.evals.iter().map(|eval| eval.step).fold(last, usize::max).max(1) as f64;
    0.0..last * 1.02
}

fn loss(run: &Run) -> Option<Figure> {
    let raw: Vec<(f64, f64)> = run.log.steps.iter().map(|step| (step.step as f64, step.loss)).collect();
    let (first, last) = (raw.first()?, raw.last()?);
    let window = window(raw.len());
    let smooth = moving_mean(&raw, window);
    let validation: Vec<(f64, f64)> =
        run.evals("validation").map(|eval| (eval.step as f64, eval.loss)).collect();
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
    let mut layers = Vec::new();
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
            or_dash(validation.map(|eval| eval.loss)),
        ]
    });
    Some(Figure {
        key: String::new(),
        title: "Loss".to_owned(),
        value: None,
        alt,
        plot: Plot {
            id: "loss",
            x: steps(run),
            y: range(raw.iter().chain(&validation).map(|point| point.1), true),
            x_title: "step",
            x_ticks: Ticks::Whole,
            layers,
        },
        legend,
        note: String::new(),
        table: Table::new(["step", "training", "smoothed", "validation"], rows.collect()),
    })
}

fn metrics(run: &Run) -> Option<Figure> {
    let evals: Vec<_> = run.evals("validation").collect();
    let last = evals.last()?;
    let names = ["accuracy", "precision", "recall", "f1", "mcc", "roc_auc"];
    let shown = ["accuracy", "f1", "mcc", "roc_auc"];
    let mut layers = Vec::new();
    let mut legend = Vec::new();
    let mut values = Vec::new();
    for (index, name) in shown.into_iter().enumerate() {
        let points: Vec<(f64, f64)> =
            evals.iter().filter_map(|eval| Some((eval.step as f64, eval.metric(name)?))).collect();
        if points.is_empty() {
            continue;
        }
        values.extend(points.iter().map(|point| point.1));
        legend.push((Ink::Series(index), spoken(name).to_owned()));
        layers.push(Layer::Line { points: points.clone(), ink: Ink::Series(index), faint: false });
        layers.push(Layer::Dots { points, ink: Ink::Series(index) });
    }
    let rows = evals.iter().map(|eval| {
        let figures = names.iter().map(|name| or_dash(eval.metric(name)));
        std::iter::once(eval.step.to_string()).chain(figures).collect()
    });
    Some(Figure {
        key: String::new(),
        title: "Validation metrics".to_owned(),
        value: None,
        alt: format!(
            "{}; after the last, step {}, accuracy is {} and F1 {}.",
            counted(evals.len(), "evaluation"),
            last.step,
            figure(last.accuracy),
            figure(last.f1)
        ),
        plot: Plot {
            id: "metrics",
            x: steps(run),
            y: range(values, false),
            x_title: "step",
            x_ticks: Ticks::Whole,
            layers,
        },
        legend,
        note: String::new(),
        table: Table::new(std::iter::once("step").chain(names.map(spoken)), rows.collect()),
    })
}

/// A metric's name as people write it.
pub(super) fn spoken(metric: &str) -> &str {
    match metric {
        "f1" => "F1",
        "macro_f1" => "macro F1",
        "micro_f1" => "micro F1",
        "weighted_f1" => "weighted F1",
        "mcc" => "MCC",
        "roc_auc" => "ROC AUC",
        other => other,
    }
}

fn learning_rate(run: &Run) -> Option<Figure> {
    let base: Vec<(f64, f64)> =
        run.log.steps.iter().map(|step| (step.step as f64, step.learning_rate)).collect();
    let head: Vec<(f64, f64)> =
        run.log.steps.iter().filter_map(|step| Some((step.step as f64, step.head_learning_rate?))).collect();
    let peak = base.iter().max_by(|one, other| one.1.total_cmp(&other.1))?;
    let mut alt = format!(
        "The learning rate is highest, {}, in step {} and ends at {}.",
        short(peak.1),
        peak.0,
        short(base[base.len() - 1].1)
    );
    let mut layers = vec![Layer::Line { points: base.clone(), ink: Ink::Series(0), faint: false }];
    let mut legend = Vec::new();
    if let Some(top) = head.iter().map(|point| point.1).max_by(f64::total_cmp) {
        legend = vec![(Ink::Series(0), "base".to_owned()), (Ink::Series(1), "head".to_owned())];
        layers.push(Layer::Line { points: head.clone(), ink: Ink::Series(1), faint: false });
        alt = format!("{alt} The head's own rises to {}.", short(top));
    }
    let rows = run.log.steps.iter().map(|step| {
        let head = step.head_learning_rate.map_or_else(|| "–".to_owned(), short);
        vec![step.step.to_string(), short(step.learning_rate), head]
    });
    Some(Figure {
        key: String::new(),
        title: "Learning rate".to_owned(),
        value: None,
        alt,
        plot: Plot {
            id: "learning-rate",
            x: steps(run),
            y: range(base.iter().chain(&head).map(|point| point.1), true),
            x_title: "step",
            x_ticks: Ticks::Whole,
            layers,
        },
        legend,
        note: String::new(),
        table: Table::new(["step", "base", "head"], rows.collect()),
    })
}

fn grad_norm(run: &Run) -> Option<Figure> {
    let norms: Vec<(f64, f64)> =
        run.log.steps.iter().map(|step| (step.step as f64, step.grad_norm)).collect();
    let highest = norms.iter().max_by(|one, other| one.1.total_cmp(&other.1))?;
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
        note = format!("{} of {} steps were clipped to {}.", clipped.len(), norms.len(), short(limit));
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
    let rows = norms.iter().map(|&(step, norm)| {
        let is_clipped = limit.is_some_and(|limit| norm > limit);
        vec![short(step), figure(norm), if is_clipped { "clipped" } else { "" }.to_owned()]
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
            x_title: "step",
            x_ticks: Ticks::Whole,
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
}
