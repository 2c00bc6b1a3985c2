//! The section of a split whose texts have any number of labels: each label's scores and threshold, labels
//! that come together, curves, and the examples worth reading.

mod examples;
mod plots;
mod rows;

use embert_run::{MetricInfo, MultiLabelExample};
use maud::{Markup, html};

use self::examples::examples;
use self::plots::{by_label, curves, numbers_of_labels};
use self::rows::Rows;
use super::figure::{Figure, figures};
use super::matrix::Matrix;
use crate::ReportError;
use crate::examples::Split;
use crate::label_sets::Thresholds;
use crate::number::{counted, thousands};

/// The most labels of the matrix: its cells grow with the square.
const MOST_IN_MATRIX: usize = 12;

/// The section about one split; `names` are the labels'.
pub(super) fn of_split(
    split: &Split<'_, MultiLabelExample>,
    names: &[String],
    known: &[MetricInfo],
) -> Result<Markup, ReportError> {
    let thresholds = Thresholds::of(split.scores, names.len());
    let rows = Rows::of(split, names, &thresholds);
    let key = format!("-{}", split.name);
    let mut drawn: Vec<Figure> = by_label(&rows, &key).into_iter().collect();
    if !split.examples.is_empty() {
        drawn.extend(numbers_of_labels(&split.examples, &thresholds, &key));
        drawn.extend(curves(&split.examples, &rows, &key));
    }
    Ok(html! {
        h3 class="after" { "By label" }
        div class="by-label" { (rows.table(known)) }
        @if !split.examples.is_empty() {
            h3 class="after" { "Labels that come together" }
            (together(&split.examples, &rows))
        }
        @if !drawn.is_empty() { (figures(&drawn)?) }
        @if !split.examples.is_empty() { (examples(&split.examples, names, &thresholds)) }
    })
}

/// How many examples have two labels, for the labels with the most examples.
fn together(examples: &[&MultiLabelExample], rows: &Rows) -> Markup {
    let shown = rows.largest(MOST_IN_MATRIX);
    let names: Vec<String> = shown.iter().map(|&label| rows.rows[label].name.clone()).collect();
    let mut counts = vec![vec![0_usize; shown.len()]; shown.len()];
    let mut without = 0;
    for example in examples {
        let has: Vec<bool> = shown.iter().map(|label| example.labels.binary_search(label).is_ok()).collect();
        for (row, _) in has.iter().enumerate().filter(|(_, has)| **has) {
            for (column, _) in has.iter().enumerate().filter(|(_, has)| **has) {
                counts[row][column] += 1;
            }
        }
        without += usize::from(example.labels.is_empty());
    }
    let left_out = rows.rows.len() - shown.len();
    html! {
        (Matrix { label: "Labels that come together", corner: "of those with ╲ also have", names: &names }
            .together(|row, column| counts[row][column]))
        p class="note" {
            "True labels of " (counted(examples.len(), "example")) ", of which " (thousands(without)) " have none. "
            @if left_out > 0 {
                (counted(left_out, "label")) " with fewer examples " (if left_out == 1 { "is" } else { "are" }) " left out."
            }
        }
    }
}
