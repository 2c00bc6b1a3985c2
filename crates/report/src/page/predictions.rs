//! The section of a split: confusion matrix, curves, calibration, scores, and the examples worth reading.

use embert_metrics::{Reliability, at_temperature, reliability, temperature};
use embert_run::{ClassScores, Example, MetricInfo};
use maud::{Markup, html};

use super::figure::{Figure, Table, figures};
use super::matrix::Matrix;
use super::roc::{AgainstRest, precision_recall, roc, unit};
use super::texts::text;
use crate::class_figures::ClassFigures;
use crate::counts::Counts;
use crate::number::{counted, figure, or_dash, percent, short, thousands};
use crate::plot::{Ink, Layer, Plot, Ticks, range};
use crate::predictions::{Decision as _, Predictions};
use crate::{ReportError, measures};

/// The number of bins in Guo et al. (2017).
const RELIABILITY_BINS: usize = 15;
const SCORE_BINS: usize = 20;
/// The number of examples in each of the two lists.
const SHOWN: usize = 10;

/// The labels and metrics that the splits of a run share.
pub(super) struct Labels {
    pub(super) names: Vec<String>,
    pub(super) positive: usize,
    /// The run's metrics.
    pub(super) metrics: Vec<MetricInfo>,
    /// The temperature that was fitted on the validation split.
    pub(super) temperature: Option<f64>,
}

impl Labels {
    /// The labels that curves are drawn for: the positive label of two, or each label against the rest.
    fn with_curves(&self) -> Vec<usize> {
        if self.names.len() == 2 { vec![self.positive] } else { (0..self.names.len()).collect() }
    }

    fn name(&self, label: usize) -> &str {
        self.names.get(label).map_or("?", String::as_str)
    }
}

/// The temperature that minimizes the loss on a split (Guo et al. 2017).
pub(super) fn fitted_temperature(predictions: &Predictions<'_>) -> Option<f64> {
    temperature(predictions.examples.iter().map(|example| (example.label, example.probabilities.as_slice())))
}

/// The section about one split.
pub(super) fn of_split(predictions: &Predictions<'_>, labels: &Labels) -> Result<Markup, ReportError> {
    let tables = html! {
        div class="columns" {
            div { h3 { "Confusion matrix" } (confusion(predictions, labels)) }
            div { h3 { "By label" } (by_label(predictions, labels).render("Figures by label")) }
        }
    };
    if predictions.examples.is_empty() {
        return Ok(tables);
    }
    let key = format!("-{}", predictions.split);
    let against = |label| AgainstRest {
        name: labels.name(label).to_owned(),
        examples: predictions.against_the_rest(label),
    };
    let curves: Vec<AgainstRest> = labels.with_curves().into_iter().map(against).collect();
    let guessing = (labels.names.len() == 2).then(|| predictions.share_of(labels.positive));
    let drawn = [
        roc(&curves, &key),
        precision_recall(&curves, guessing, &key),
        Some(calibration(predictions, labels, &key)),
        Some(scores(predictions, labels, &key)),
    ];
    Ok(html! {
        (tables)
        (figures(&drawn.into_iter().flatten().collect::<Vec<_>>())?)
        (examples(predictions, labels))
    })
}

/// The confusion matrix: a row for each true label, shaded by the share of the row.
fn confusion(predictions: &Predictions<'_>, labels: &Labels) -> Markup {
    let matrix = &predictions.scores.detail;
    Matrix { label: "Confusion matrix", corner: "true ╲ predicted", names: &labels.names }
        .render(|target, predicted| matrix.count(target, predicted))
}

fn by_label(predictions: &Predictions<'_>, labels: &Labels) -> Table {
    let detail = &predictions.scores.detail;
    let of_class = |(label, class): (usize, &ClassScores)| {
        ClassFigures::recorded(&class.metrics, Counts::of_class(&detail.confusion_matrix, label))
    };
    let classes: Vec<ClassFigures> = detail.classes.iter().enumerate().map(of_class).collect();
    let named = ClassFigures::names(&classes);
    let row = |name: String, figures: &ClassFigures, examples: usize| {
        let figures = named.iter().map(|name| or_dash(figures.get(name)));
        std::iter::once(name).chain(figures).chain([thousands(examples)]).collect()
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (label, (class, figures)) in detail.classes.iter().zip(&classes).enumerate() {
        rows.push(row(labels.name(label).to_owned(), figures, class.examples));
    }
    for average in detail.averages.iter().take(1) {
        let name = format!("{} average", average.name);
        // An average has the zeros of undefined labels; it is undefined itself only without examples.
        let nothing = (predictions.scores.examples == 0).then(Counts::default);
        let figures = ClassFigures::recorded(&average.metrics, nothing);
        rows.push(row(name, &figures, predictions.scores.examples));
    }
    let titles = named.iter().map(|name| measures::named(name, &labels.metrics).in_sentence());
    let headings = ["label".to_owned()].into_iter().chain(titles).chain(["examples".to_owned()]);
    Table::new(headings, rows)
}

/// The reliability diagram of the predictions with logits divided by `temperature`, which changes no
/// prediction.
fn reliability_at(predictions: &Predictions<'_>, temperature: f64) -> Reliability {
    let confidence = |example: &&Example| {
        let scaled = at_temperature(&example.probabilities, temperature);
        (scaled[example.predicted()].min(1.0), example.is_right())
    };
    reliability(predictions.examples.iter().map(confidence), RELIABILITY_BINS)
}

fn calibration(predictions: &Predictions<'_>, labels: &Labels, key: &str) -> Figure {
    let found = reliability(
        predictions.examples.iter().map(|example| (example.confidence().min(1.0), example.is_right())),
        RELIABILITY_BINS,
    );
    let dots = |reliability: &Reliability| -> Vec<(f64, f64)> {
        let filled = reliability.bins.iter().filter(|bin| bin.count > 0);
        filled.map(|bin| (bin.confidence, bin.accuracy)).collect()
    };
    let gap = 0.1 / RELIABILITY_BINS as f64;
    let mut layers = vec![
        Layer::Bars {
            bars: found.bins.iter().map(|bin| (bin.lower + gap, bin.upper - gap, bin.accuracy)).collect(),
            ink: Ink::Series(0),
        },
        Layer::Line { points: vec![(0.0, 0.0), (1.0, 1.0)], ink: Ink::Reference, faint: false },
    ];
    let mut legend = vec![
        (Ink::Series(0), "share that is right".to_owned()),
        (Ink::Reference, "as sure as right".to_owned()),
    ];
    let error = figure(found.expected_error);
    let note = if let Some(temperature) = labels.temperature {
        let scaled = reliability_at(predictions, temperature);
        layers.push(Layer::Dots { points: dots(&scaled), ink: Ink::Series(1) });
        legend.push((Ink::Series(1), format!("at temperature {}", short(temperature))));
        let verdict = if temperature > 1.0 { "too sure of itself" } else { "not sure enough of itself" };
        format!(
            "Temperature {}, fitted on validation: the model is {verdict}. With logits divided by it the error is {}.",
            short(temperature),
            figure(scaled.expected_error)
        )
    } else {
        "No temperature lowers the loss to a minimum: there are no validation examples, or all are right."
            .to_owned()
    };
    let rows = found.bins.iter().filter(|bin| bin.count > 0).map(|bin| {
        vec![
            format!("{:.3} to {:.3}", bin.lower, bin.upper),
            thousands(bin.count),
            figure(bin.confidence),
            figure(bin.accuracy),
        ]
    });
    Figure {
        key: key.to_owned(),
        title: "Reliability".to_owned(),
        value: Some(format!("ECE {error}")),
        alt: format!(
            "How often predictions of about the same confidence are right, in {RELIABILITY_BINS} bins. The expected calibration error is {error}. {note}"
        ),
        plot: Plot {
            id: "reliability",
            x: unit(),
            y: 0.0..1.02,
            x_title: "confidence".into(),
            x_ticks: Ticks::Numbers,
            y_ticks: Ticks::Numbers,
            layers,
        },
        legend,
        note,
        table: Table::new(["confidence", "examples", "mean confidence", "share right"], rows.collect()),
    }
}

/// The bin of the histogram that a score falls into.
fn score_bin(score: f64) -> usize {
    ((score * SCORE_BINS as f64) as usize).min(SCORE_BINS - 1)
}

/// A histogram of scores: with two labels the probability of the positive label, by the true label; with more
/// labels the confidence, by right and wrong.
fn scores(predictions: &Predictions<'_>, labels: &Labels, key: &str) -> Figure {
    let is_binary = labels.names.len() == 2;
    let mut counts = [[0_usize; SCORE_BINS]; 2];
    for example in &predictions.examples {
        let (kind, score) = if is_binary {
            (example.label, example.probabilities[labels.positive])
        } else {
            (usize::from(!example.is_right()), example.confidence())
        };
        counts[kind][score_bin(score)] += 1;
    }
    let names = if is_binary {
        [labels.name(0).to_owned(), labels.name(1).to_owned()]
    } else {
        ["right".to_owned(), "wrong".to_owned()]
    };
    let width = 1.0 / SCORE_BINS as f64;
    // The bars of a bin are side by side.
    let bars = |kind: usize| -> Vec<(f64, f64, f64)> {
        let half = width * 0.46;
        let bar = |(bin, &count): (usize, &usize)| {
            let left = bin as f64 * width + width * 0.04 + half * kind as f64;
            (left, left + half, count as f64)
        };
        counts[kind].iter().enumerate().map(bar).collect()
    };
    let rows = (0..SCORE_BINS).map(|bin| {
        let (from, to) = (bin as f64 * width, (bin + 1) as f64 * width);
        vec![format!("{from:.2} to {to:.2}"), thousands(counts[0][bin]), thousands(counts[1][bin])]
    });
    let (what, x_title) = if is_binary {
        (format!("the probability of {}", labels.name(labels.positive)), "probability of the positive label")
    } else {
        ("the confidence".to_owned(), "confidence")
    };
    let extreme = counts.iter().map(|counts| counts[0] + counts[SCORE_BINS - 1]).sum::<usize>();
    Figure {
        key: key.to_owned(),
        title: "Scores".to_owned(),
        value: None,
        alt: format!(
            "A histogram of {what}. {} of the examples are in the outermost two of {SCORE_BINS} bins.",
            percent(extreme as f64 / predictions.examples.len() as f64)
        ),
        plot: Plot {
            id: "scores",
            x: 0.0..1.0,
            y: range(counts.iter().flatten().map(|&count| count as f64), true),
            x_title: x_title.into(),
            x_ticks: Ticks::Numbers,
            y_ticks: Ticks::Numbers,
            layers: vec![
                Layer::Bars { bars: bars(0), ink: Ink::Series(0) },
                Layer::Bars { bars: bars(1), ink: Ink::Series(1) },
            ],
        },
        legend: vec![(Ink::Series(0), names[0].clone()), (Ink::Series(1), names[1].clone())],
        note: String::new(),
        table: Table::new(["score".to_owned(), names[0].clone(), names[1].clone()], rows.collect()),
    }
}

fn examples(predictions: &Predictions<'_>, labels: &Labels) -> Markup {
    let wrong = predictions.most_wrong(SHOWN);
    let total = predictions.examples.iter().filter(|example| !example.is_right()).count();
    html! {
        div class="columns wide" {
            div {
                h3 { "Most confidently wrong" }
                @if wrong.is_empty() { p class="note" { "None is wrong." } }
                @else { p class="note" { (counted(wrong.len(), "example")) " of " (thousands(total)) " that are wrong." } }
                (list(&wrong, labels))
            }
            div {
                h3 { "Least sure" }
                p class="note" { "Right or wrong, those between two labels." }
                (list(&predictions.least_sure(SHOWN), labels))
            }
        }
    }
}

fn list(examples: &[&Example], labels: &Labels) -> Markup {
    html! {
        ol class="examples" {
            @for example in examples {
                li {
                    p class="verdict" {
                        @if example.is_right() {
                            span class="tag right" { "right" } " " b { (labels.name(example.label)) } ", predicted with "
                        } @else {
                            span class="tag wrong" { "wrong" } " " b { (labels.name(example.label)) } " taken for "
                            b { (labels.name(example.predicted())) } " with "
                        }
                        (percent(example.confidence()))
                        small { " · row " (example.id) " · " (counted(example.tokens, "token")) }
                    }
                    (text(&example.text))
                    @if let Some(pair) = &example.text_pair { (text(pair)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use embert_run::{Average, Detail, Metrics, SplitScores};

    use super::*;

    #[test]
    fn a_label_that_is_never_predicted_has_no_precision() {
        let class = |examples| ClassScores {
            name: None,
            metrics: [("precision", 0.0), ("recall", 0.0), ("f1", 0.0)].into_iter().collect(),
            examples,
        };
        let scores = SplitScores {
            split: "test".to_owned(),
            examples: 3,
            metrics: Metrics::default(),
            detail: Detail {
                classes: vec![class(2), class(1), class(0), class(0)],
                averages: vec![Average { name: "macro".to_owned(), metrics: class(0).metrics }],
                confusion_matrix: vec![vec![0, 2, 0, 0], vec![0, 0, 1, 0], vec![0; 4], vec![0; 4]],
                ..Detail::default()
            },
            baselines: Vec::new(),
        };
        let labels = Labels {
            names: ["a", "b", "c", "d"].map(str::to_owned).into(),
            positive: 1,
            metrics: Vec::new(),
            temperature: None,
        };
        let table = by_label(&Predictions { split: "test", examples: Vec::new(), scores }, &labels);
        assert_eq!(table.headings, ["label", "precision", "recall", "f1", "examples"]);
        let rows: Vec<String> = table.rows.iter().map(|row| row.join(" ")).collect();
        assert_eq!(
            rows,
            [
                "a – 0.0000 0.0000 2",
                "b 0.0000 0.0000 0.0000 1",
                "c 0.0000 – 0.0000 0",
                "d – – – 0",
                "macro average 0.0000 0.0000 0.0000 3"
            ]
        );
    }

    #[test]
    fn a_score_of_1_is_in_the_last_bin() {
        assert_eq!([0.0, 0.049, 0.05, 0.999, 1.0].map(score_bin), [0, 0, 1, 19, 19]);
    }
}
