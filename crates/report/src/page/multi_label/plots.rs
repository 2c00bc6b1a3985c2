//! The plots of a split whose texts have any number of labels.

use embert_metrics::names;
use embert_run::MultiLabelExample;

use super::super::figure::{Figure, Table};
use super::super::roc::{AgainstRest, precision_recall, roc, unit};
use super::rows::Rows;
use crate::counts::Counts;
use crate::label_sets::{HALF, Thresholds, against_the_rest};
use crate::number::{counted, or_dash, percent, short, thousands};
use crate::plot::{Ink, Layer, MOST_ROWS, Plot, Ticks, range};

/// The most labels of the plots of curves: more lines can't be told apart.
const MOST_CURVES: usize = 6;

/// A sentence on labels that a plot leaves out; the table has them all.
fn left_out(rows: &Rows, shown: usize) -> String {
    match rows.rows.len() - shown {
        0 => String::new(),
        1 => format!("The {shown} labels with the most examples; 1 is left out."),
        others => format!("The {shown} labels with the most examples; {} are left out.", thousands(others)),
    }
}

/// F1 of each label at 0.5 and at its fitted threshold, as dots in a row of their own.
pub(super) fn by_label(rows: &Rows, key: &str) -> Option<Figure> {
    let shown = rows.largest(MOST_ROWS);
    let half = |label: usize| rows.rows[label].figures.get(names::F1);
    let fitted = |label: usize| rows.rows[label].fitted.and_then(|(_, counts)| counts).and_then(Counts::f1);
    let dots = |get: &dyn Fn(usize) -> Option<f64>, up: f64| -> Vec<(f64, f64)> {
        let dot = |(row, &label): (usize, &usize)| Some((get(label)?, up - row as f64));
        shown.iter().enumerate().filter_map(dot).collect()
    };
    let (at_half, at_fitted) = (dots(&half, 0.12), dots(&fitted, -0.12));
    if at_half.is_empty() && at_fitted.is_empty() {
        return None;
    }
    let mut legend = vec![(Ink::Series(0), "at 0.5".to_owned())];
    if !at_fitted.is_empty() {
        legend.push((Ink::Series(1), "at the fitted threshold".to_owned()));
    }
    let better = shown.iter().filter(|&&label| fitted(label) > half(label) && half(label).is_some()).count();
    let told = if at_fitted.is_empty() {
        String::new()
    } else {
        format!(" The fitted threshold is better for {} of them.", thousands(better))
    };
    let (y, y_ticks) = Plot::rows(shown.iter().map(|&label| rows.rows[label].name.clone()));
    let table = shown.iter().map(|&label| {
        let row = &rows.rows[label];
        let threshold = row.fitted.map_or_else(|| "–".to_owned(), |(threshold, _)| short(threshold));
        vec![
            row.name.clone(),
            or_dash(half(label)),
            threshold,
            or_dash(fitted(label)),
            thousands(row.support),
        ]
    });
    Some(Figure {
        key: key.to_owned(),
        title: "F1 by label".to_owned(),
        value: None,
        alt: format!("F1 of {}.{told}", counted(shown.len(), "label")),
        plot: Plot {
            id: "labels",
            x: unit(),
            y,
            x_title: "F1".into(),
            x_ticks: Ticks::Numbers,
            y_ticks,
            layers: vec![
                Layer::Dots { points: at_half, ink: Ink::Series(0) },
                Layer::Dots { points: at_fitted, ink: Ink::Series(1) },
            ],
        },
        legend,
        note: left_out(rows, shown.len()),
        table: Table::new(
            ["label", "F1 at 0.5", "fitted threshold", "F1 at it", "examples"],
            table.collect(),
        ),
    })
}

/// The most labels of one example that have a place of their own; more are counted together.
const MOST_LABELS: usize = 8;

/// How many labels examples have, and how many are predicted.
pub(super) fn numbers_of_labels(
    examples: &[&MultiLabelExample],
    thresholds: &Thresholds,
    key: &str,
) -> Option<Figure> {
    let histogram = |number: &dyn Fn(&MultiLabelExample) -> usize| {
        let mut counts = vec![0_usize; MOST_LABELS + 1];
        for example in examples {
            counts[number(example).min(MOST_LABELS)] += 1;
        }
        counts
    };
    let half = Thresholds { values: vec![HALF; thresholds.values.len()], are_fitted: false };
    let mut series = vec![
        ("true", histogram(&|example| example.labels.len())),
        ("predicted at 0.5", histogram(&|example| half.predicted(example).len())),
    ];
    if thresholds.are_fitted {
        series.push((
            "predicted at the fitted thresholds",
            histogram(&|example| thresholds.predicted(example).len()),
        ));
    }
    let last = series.iter().filter_map(|(_, counts)| counts.iter().rposition(|&count| count > 0)).max()?;
    let width = 0.84 / series.len() as f64;
    let bars = |(index, (_, counts)): (usize, &(&str, Vec<usize>))| {
        let bar = |(number, &count): (usize, &usize)| {
            let left = number as f64 - 0.42 + index as f64 * width;
            (left, left + width * 0.94, count as f64)
        };
        let bars = counts[..=last].iter().enumerate().map(bar).collect();
        Layer::Bars { bars, ink: Ink::Series(index) }
    };
    let name = |number: usize| {
        if number == MOST_LABELS { format!("{MOST_LABELS}+") } else { number.to_string() }
    };
    let mean = |number: &dyn Fn(&MultiLabelExample) -> usize| {
        examples.iter().map(|example| number(example)).sum::<usize>() as f64 / examples.len().max(1) as f64
    };
    let rows = (0..=last).map(|number| {
        let counts = series.iter().map(|(_, counts)| thousands(counts[number]));
        std::iter::once(name(number)).chain(counts).collect()
    });
    let (truth, found) =
        (mean(&|example| example.labels.len()), mean(&|example| thresholds.predicted(example).len()));
    let none = series[0].1[0] as f64 / examples.len().max(1) as f64;
    Some(Figure {
        key: key.to_owned(),
        title: "Labels of an example".to_owned(),
        value: None,
        alt: format!(
            "A histogram of the number of labels. In the mean an example has {}, and {} are predicted; {} have none.",
            short(truth),
            short(found),
            percent(none)
        ),
        plot: Plot {
            id: "label-numbers",
            x: -0.5..last as f64 + 0.5,
            y: range(series.iter().flat_map(|(_, counts)| counts.iter().map(|&count| count as f64)), true),
            x_title: "labels of an example".into(),
            x_ticks: Ticks::names((0..=last).map(name).collect::<Vec<_>>().into_iter()),
            y_ticks: Ticks::Numbers,
            layers: series.iter().enumerate().map(bars).collect(),
        },
        legend: series
            .iter()
            .enumerate()
            .map(|(index, (name, _))| (Ink::Series(index), (*name).to_owned()))
            .collect(),
        note: format!(
            "In the mean an example has {} labels, and {} are predicted.",
            short(truth),
            short(found)
        ),
        table: Table::new(
            std::iter::once("labels").chain(series.iter().map(|(name, _)| *name)),
            rows.collect(),
        ),
    })
}

/// ROC and precision-recall curves of the labels with the most examples.
pub(super) fn curves(examples: &[&MultiLabelExample], rows: &Rows, key: &str) -> Vec<Figure> {
    let shown = rows.largest(MOST_CURVES);
    let against: Vec<AgainstRest> = shown
        .iter()
        .map(|&label| AgainstRest {
            name: rows.rows[label].name.clone(),
            examples: against_the_rest(examples, label),
        })
        .collect();
    let guessing = match against.as_slice() {
        [one] => {
            let with = one.examples.iter().filter(|(_, has)| *has).count();
            Some(with as f64 / one.examples.len().max(1) as f64)
        }
        _ => None,
    };
    let drawn = [roc(&against, key), precision_recall(&against, guessing, key)];
    let of_several = |mut drawn: Figure| {
        if against.len() > 1 {
            drawn.value = drawn.value.map(|value| format!("mean {value}"));
            drawn.alt = format!("{} The figure is the mean of {} labels.", drawn.alt, shown.len());
        }
        drawn.note = left_out(rows, shown.len());
        drawn
    };
    drawn.into_iter().flatten().map(of_several).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::Split;

    fn examples(labels: usize) -> Vec<MultiLabelExample> {
        let example = |id: usize| MultiLabelExample {
            split: "test".to_owned(),
            id: id as u64,
            text: String::new(),
            text_pair: None,
            labels: (0..labels).filter(|label| id.is_multiple_of(label + 2)).collect(),
            probabilities: (0..labels).map(|label| ((id * 7 + label * 3) % 10) as f64 / 10.0).collect(),
            tokens: 1,
        };
        (1..=60).map(example).collect()
    }

    #[test]
    fn of_many_labels_the_largest_are_drawn_and_the_others_counted() {
        let examples = examples(60);
        let examples: Vec<&MultiLabelExample> = examples.iter().collect();
        let names: Vec<String> = (0..60).map(|label| format!("label {label}")).collect();
        let thresholds = Thresholds::of(None, 60);
        let split = Split { name: "test", examples: examples.clone(), scores: None };
        let rows = Rows::of(&split, &names, &thresholds);
        for drawn in curves(&examples, &rows, "") {
            assert_eq!(drawn.note, "The 6 labels with the most examples; 54 are left out.");
            assert!(drawn.legend[0].1.starts_with("label 0, "), "{}", drawn.legend[0].1);
        }
        let dots = by_label(&rows, "").unwrap();
        assert_eq!((dots.table.rows.len(), dots.legend.len()), (12, 1));
        assert!(dots.note.ends_with("48 are left out."));
        let numbers = numbers_of_labels(&examples, &thresholds, "").unwrap();
        assert_eq!(numbers.table.rows.last().unwrap()[0], "8+");
    }
}
