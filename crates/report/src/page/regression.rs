//! The section of a split whose texts have a number each: predicted against true, residuals, the worst pairs.

use embert_metrics::{mean, standard_deviation};
use embert_run::ScoredExample;
use maud::{Markup, html};

use super::figure::{Figure, Table, figures};
use super::texts::text;
use crate::ReportError;
use crate::examples::Split;
use crate::number::{counted, figure, or_dash, percent, short, thousands};
use crate::plot::{Ink, Layer, Plot, Ticks, range, round_ticks};

/// The number of examples in each of the two lists.
const SHOWN: usize = 10;
/// The most dots of a plot: a page of more is large, and no eye tells them apart.
const MOST_DOTS: usize = 1000;
const RESIDUAL_BINS: usize = 24;
/// The most round numbers that divide the range of the true scores.
const MOST_ENDS: usize = 7;

/// The predicted less the true number, finite even where the difference overflows.
fn residual(example: &ScoredExample) -> f64 {
    (example.predicted - example.score).clamp(f64::MIN, f64::MAX)
}

/// The section about one split; nothing without examples.
pub(super) fn of_split(split: &Split<'_, ScoredExample>) -> Result<Option<Markup>, ReportError> {
    let examples = &split.examples;
    if examples.is_empty() {
        return Ok(None);
    }
    let key = format!("-{}", split.name);
    let drawn = [
        predicted(examples, &key),
        by_score(examples, &key),
        histogram(examples, &key),
        by_prediction(examples, &key),
    ];
    Ok(Some(html! {
        (figures(&drawn)?)
        (worst(examples))
    }))
}

/// Every n-th example, so that at most [`MOST_DOTS`] are left, and a sentence about it.
fn drawn<'a>(examples: &[&'a ScoredExample]) -> (Vec<&'a ScoredExample>, String) {
    let every = examples.len().div_ceil(MOST_DOTS).max(1);
    let shown: Vec<&ScoredExample> = examples.iter().step_by(every).copied().collect();
    let note = if every == 1 {
        String::new()
    } else {
        format!(
            "{} of {} examples are drawn, one in {every}.",
            thousands(shown.len()),
            thousands(examples.len())
        )
    };
    (shown, note)
}

fn table(examples: &[&ScoredExample]) -> Table {
    let rows = examples.iter().map(|example| {
        vec![
            example.id.to_string(),
            figure(example.score),
            figure(example.predicted),
            figure(residual(example)),
        ]
    });
    Table::new(["row", "true", "predicted", "residual"], rows.collect())
}

fn predicted(examples: &[&ScoredExample], key: &str) -> Figure {
    let (shown, note) = drawn(examples);
    let numbers = examples.iter().flat_map(|example| [example.score, example.predicted]);
    // Both axes have one range, so that the diagonal is a diagonal.
    let both = range(numbers, false);
    let diagonal = vec![(both.start, both.start), (both.end, both.end)];
    let truths = || examples.iter().map(|example| example.score);
    let told = |values: &mut dyn Iterator<Item = f64>| {
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        format!("{} to {}", short(low), short(high))
    };
    Figure {
        key: key.to_owned(),
        title: "Predicted against true".to_owned(),
        value: None,
        alt: format!(
            "A dot for each of {}: the true score from left to right, {}; the predicted one upwards, {}. On the diagonal the two are equal.",
            counted(shown.len(), "example"),
            told(&mut truths()),
            told(&mut examples.iter().map(|example| example.predicted))
        ),
        plot: Plot {
            id: "predicted",
            x: both.clone(),
            y: both,
            x_title: "true score".into(),
            x_ticks: Ticks::Numbers,
            y_ticks: Ticks::Numbers,
            layers: vec![
                Layer::Cloud {
                    points: shown.iter().map(|example| (example.score, example.predicted)).collect(),
                    ink: Ink::Series(0),
                },
                Layer::Line { points: diagonal, ink: Ink::Reference, faint: false },
            ],
        },
        legend: vec![(Ink::Series(0), "predicted score".to_owned()), (Ink::Reference, "the same".to_owned())],
        note,
        table: table(examples),
    }
}

fn by_prediction(examples: &[&ScoredExample], key: &str) -> Figure {
    let (shown, note) = drawn(examples);
    let x = range(examples.iter().map(|example| example.predicted), false);
    let above = examples.iter().filter(|example| residual(example) > 0.0).count();
    let zero = vec![(x.start, 0.0), (x.end, 0.0)];
    Figure {
        key: key.to_owned(),
        title: "Residuals by prediction".to_owned(),
        value: None,
        alt: format!(
            "A dot for each of {}: the predicted score from left to right, and by how much it is too high upwards. {} are too high.",
            counted(shown.len(), "example"),
            percent(above as f64 / examples.len() as f64)
        ),
        plot: Plot {
            id: "residuals-by-prediction",
            x,
            y: range(examples.iter().map(|example| residual(example)).chain([0.0]), false),
            x_title: "predicted score".into(),
            x_ticks: Ticks::Numbers,
            y_ticks: Ticks::Numbers,
            layers: vec![
                Layer::Cloud {
                    points: shown.iter().map(|example| (example.predicted, residual(example))).collect(),
                    ink: Ink::Series(0),
                },
                Layer::Line { points: zero, ink: Ink::Reference, faint: false },
            ],
        },
        legend: vec![
            (Ink::Series(0), "predicted less true".to_owned()),
            (Ink::Reference, "no error".to_owned()),
        ],
        note,
        table: table(examples),
    }
}

/// The bins of equal width that cover these numbers; one if all are equal.
fn bins(values: impl Iterator<Item = f64> + Clone, count: usize) -> Vec<(f64, f64)> {
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.fold(f64::NEG_INFINITY, f64::max);
    // Halves first: the difference of two numbers may overflow.
    let width = (high / 2.0 - low / 2.0) / count as f64 * 2.0;
    if !(width > 0.0 && width.is_finite()) || low + width <= low {
        return vec![(low, high)];
    }
    (0..count).map(|bin| (low + width * bin as f64, low + width * (bin + 1) as f64)).collect()
}

/// Ranges between round numbers that cover these numbers; one if all are equal.
fn ranges(values: impl Iterator<Item = f64> + Clone) -> Vec<(f64, f64)> {
    let whole = bins(values, 1);
    let Some(&(low, high)) = whole.first() else { return whole };
    let ends = round_ticks(&(low..high), MOST_ENDS)
        .into_iter()
        .filter(|end| (low..high).contains(end) && *end > low);
    let ends: Vec<f64> = [low].into_iter().chain(ends).chain([high]).collect();
    ends.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// The bin of a number; the last one has its upper end too.
fn bin_of(value: f64, bins: &[(f64, f64)]) -> usize {
    bins.iter().rposition(|bin| value >= bin.0).unwrap_or(0)
}

fn histogram(examples: &[&ScoredExample], key: &str) -> Figure {
    let residuals: Vec<f64> = examples.iter().map(|example| residual(example)).collect();
    let bins = bins(residuals.iter().copied(), RESIDUAL_BINS);
    let mut counts = vec![0_usize; bins.len()];
    for &residual in &residuals {
        counts[bin_of(residual, &bins)] += 1;
    }
    let x = range(residuals.iter().copied().chain([0.0]), false);
    // A single bin has no width of its own.
    let least = (x.end - x.start) / 100.0;
    let bars = bins.iter().zip(&counts).map(|(&(from, to), &count)| {
        let (from, to) = if to - from < least { (from - least, to + least) } else { (from, to) };
        let gap = (to - from) * 0.04;
        (from + gap, to - gap, count as f64)
    });
    let rows = bins
        .iter()
        .zip(&counts)
        .map(|((from, to), &count)| vec![format!("{} to {}", short(*from), short(*to)), thousands(count)]);
    let (middle, spread) = (mean(&residuals), standard_deviation(&residuals));
    Figure {
        key: key.to_owned(),
        title: "Residuals".to_owned(),
        value: middle.map(|mean| format!("mean {}", figure(mean))),
        alt: format!(
            "A histogram of the predicted less the true scores of {}. Their mean is {}, their standard deviation {}.",
            counted(examples.len(), "example"),
            or_dash(middle),
            or_dash(spread)
        ),
        plot: Plot {
            id: "residuals",
            x,
            y: range(counts.iter().map(|&count| count as f64), true),
            x_title: "predicted less true".into(),
            x_ticks: Ticks::Numbers,
            y_ticks: Ticks::Numbers,
            layers: vec![
                Layer::Bars { bars: bars.collect(), ink: Ink::Series(0) },
                Layer::Marks { marks: vec![(0.0, String::new())], ink: Ink::Reference },
            ],
        },
        legend: vec![(Ink::Series(0), "examples".to_owned()), (Ink::Reference, "no error".to_owned())],
        note: spread.map_or_else(String::new, |spread| format!("Standard deviation {}.", figure(spread))),
        table: Table::new(["predicted less true", "examples"], rows.collect()),
    }
}

/// The mean absolute error over ranges of the true score.
fn by_score(examples: &[&ScoredExample], key: &str) -> Figure {
    let bins = ranges(examples.iter().map(|example| example.score));
    let mut residuals: Vec<Vec<f64>> = vec![Vec::new(); bins.len()];
    for example in examples {
        residuals[bin_of(example.score, &bins)].push(residual(example));
    }
    let absolute = |bin: &Vec<f64>| mean(&bin.iter().map(|residual| residual.abs()).collect::<Vec<_>>());
    let name = |&(from, to): &(f64, f64)| {
        if from.total_cmp(&to).is_eq() { short(from) } else { format!("{} to {}", short(from), short(to)) }
    };
    let errors: Vec<Option<f64>> = residuals.iter().map(absolute).collect();
    let bars =
        errors.iter().enumerate().map(|(at, error)| (at as f64 - 0.4, at as f64 + 0.4, error.unwrap_or(0.0)));
    let rows = bins.iter().zip(&residuals).zip(&errors).map(|((bin, residuals), error)| {
        vec![name(bin), thousands(residuals.len()), or_dash(*error), or_dash(mean(residuals))]
    });
    let largest = errors
        .iter()
        .zip(&bins)
        .max_by(|one, other| one.0.unwrap_or(-1.0).total_cmp(&other.0.unwrap_or(-1.0)));
    let largest = largest.map_or_else(String::new, |(error, bin)| {
        format!(" It is largest, {}, for true scores of {}.", or_dash(*error), name(bin))
    });
    // The ends of the ranges stand between the bars: there is no room for both below each.
    let ends = bins.first().map(|bin| bin.0).into_iter().chain(bins.iter().map(|bin| bin.1));
    let ticks = if bins.len() == 1 {
        Ticks::names(bins.iter().map(name).collect::<Vec<_>>().into_iter())
    } else {
        Ticks::At(ends.enumerate().map(|(at, end)| (at as f64 - 0.5, short(end))).collect())
    };
    Figure {
        key: key.to_owned(),
        title: "Error by true score".to_owned(),
        value: None,
        alt: format!(
            "The mean absolute error in {} of the true score.{largest}",
            counted(bins.len(), "range")
        ),
        plot: Plot {
            id: "error-by-score",
            x: -0.5..bins.len() as f64 - 0.5,
            y: range(errors.iter().flatten().copied(), true),
            x_title: "true score".into(),
            x_ticks: ticks,
            y_ticks: Ticks::Numbers,
            layers: vec![Layer::Bars { bars: bars.collect(), ink: Ink::Series(0) }],
        },
        legend: vec![(Ink::Series(0), "mean absolute error".to_owned())],
        note: String::new(),
        table: Table::new(["true score", "examples", "mean absolute error", "mean residual"], rows.collect()),
    }
}

fn worst(examples: &[&ScoredExample]) -> Markup {
    let worst = |sign: f64| {
        let mut order: Vec<&ScoredExample> =
            examples.iter().copied().filter(|example| sign * residual(example) > 0.0).collect();
        let all = order.len();
        order.sort_by(|one, other| (sign * residual(other)).total_cmp(&(sign * residual(one))));
        order.truncate(SHOWN);
        (order, all)
    };
    html! {
        div class="columns wide" {
            @for (title, what, (shown, all)) in [("Furthest too high", "too high", worst(1.0)), ("Furthest too low", "too low", worst(-1.0))] {
                div {
                    h3 { (title) }
                    p class="note" {
                        @if all == 0 { "None is " (what) "." } @else { (counted(shown.len(), "example")) " of " (thousands(all)) " that are " (what) "." }
                    }
                    ol class="examples" {
                        @for example in shown {
                            li {
                                p class="verdict" {
                                    "true " b { (short(example.score)) } ", predicted " b { (short(example.predicted)) }
                                    ": " (short(residual(example).abs())) " " (what)
                                    small { " · row " (example.id) " · " (counted(example.tokens, "token")) }
                                }
                                (text(&example.text))
                                @if let Some(pair) = &example.text_pair { (text(pair)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(id: u64, score: f64, predicted: f64) -> ScoredExample {
        ScoredExample {
            split: "test".to_owned(),
            id,
            text: format!("text {id}"),
            text_pair: None,
            score,
            predicted,
            tokens: 3,
        }
    }

    #[test]
    fn bins_cover_all_numbers() {
        let five = bins([0.0, 5.0, 2.0].into_iter(), 5);
        assert_eq!((five.len(), five[0], five[4]), (5, (0.0, 1.0), (4.0, 5.0)));
        assert_eq!([0.0, 0.99, 1.0, 4.5, 5.0].map(|value| bin_of(value, &five)), [0, 0, 1, 4, 4]);
        assert_eq!(bins([2.0, 2.0].into_iter(), 5), [(2.0, 2.0)]);
        assert_eq!(
            ranges([0.0, 5.0].into_iter()),
            [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0), (4.0, 5.0)]
        );
        assert_eq!(ranges([0.5, 2.5].into_iter()), [(0.5, 1.0), (1.0, 1.5), (1.5, 2.0), (2.0, 2.5)]);
        assert_eq!(ranges([2.0, 2.0].into_iter()), [(2.0, 2.0)]);
        assert!(bins([-1.7e308, 1.7e308].into_iter(), 5).len() <= 5);
    }

    #[test]
    fn the_mean_error_is_that_of_each_range() {
        let examples =
            [example(0, 0.0, 1.0), example(1, 1.0, 0.5), example(2, 6.0, 3.0), example(3, 6.0, 7.0)];
        let examples: Vec<&ScoredExample> = examples.iter().collect();
        let figure = by_score(&examples, "");
        let rows: Vec<String> = figure.table.rows.iter().map(|row| row.join(" | ")).collect();
        assert_eq!(rows[0], "0 to 1 | 1 | 1.0000 | 1.0000");
        assert_eq!(rows[1], "1 to 2 | 1 | 0.5000 | -0.5000");
        assert_eq!(rows[2], "2 to 3 | 0 | – | –");
        assert_eq!(rows[5], "5 to 6 | 2 | 2.0000 | -1.0000");
        assert!(figure.alt.ends_with("It is largest, 2.0000, for true scores of 5 to 6."), "{}", figure.alt);
    }

    #[test]
    fn the_worst_come_first_on_each_side() {
        let examples =
            [example(0, 0.0, 1.0), example(1, 5.0, 0.5), example(2, 1.0, 3.0), example(3, 2.0, 2.0)];
        let html = worst(&examples.iter().collect::<Vec<_>>()).into_string();
        let places: Vec<usize> =
            ["2 too high", "1 too high", "4.5 too low"].iter().map(|part| html.find(part).unwrap()).collect();
        assert!(places.is_sorted() && html.contains("2 examples of 2 that are too high"), "{html}");
        assert!(!html.contains("row 3"), "{html}");
    }

    #[test]
    fn of_many_examples_some_are_drawn_and_that_is_said() {
        let examples: Vec<ScoredExample> =
            (0..5000_u32).map(|id| example(u64::from(id), f64::from(id), 1.0)).collect();
        let examples: Vec<&ScoredExample> = examples.iter().collect();
        let figure = predicted(&examples, "");
        let Layer::Cloud { points, .. } = &figure.plot.layers[0] else { panic!("no cloud") };
        assert_eq!(points.len(), 1000);
        assert_eq!(figure.note, "1,000 of 5,000 examples are drawn, one in 5.");
    }

    /// Nothing is drawn at infinity, whatever the numbers are.
    #[test]
    fn huge_numbers_have_a_section_too() {
        for scores in [[1.7e308, -1.7e308], [0.0, 0.0], [1e-300, -1e-300]] {
            let examples = [example(0, scores[0], scores[1]), example(1, scores[1], scores[0])];
            let split = Split { name: "test", examples: examples.iter().collect(), scores: None };
            let html = of_split(&split).unwrap().unwrap().into_string();
            assert!(html.contains("<svg") && !html.contains("inf"), "{html}");
        }
    }
}
