//! The section about the data: splits, labels, lengths.

use embert_run::{Facts, Lengths, Split};
use maud::{Markup, html};

use super::figure::{Figure, Table, figures};
use crate::ReportError;
use crate::examples::Kind;
use crate::number::{counted, percent, thousands};
use crate::plot::{Ink, Layer, Plot, Ticks, range};

pub(super) fn data(facts: &Facts, kind: Kind) -> Result<Markup, ReportError> {
    let splits = &facts.splits;
    let all = [
        ("train", Some(&splits.train)),
        ("validation", splits.validation.as_ref()),
        ("test", splits.test.as_ref()),
    ];
    // Only with one label an example do the labels' counts add up to the examples, and stand beside them.
    let are_columns = matches!(kind, Kind::SingleLabel | Kind::Unknown);
    let row = |name: &str, split: &Split| {
        let labels = split.labels.iter().filter(|_| are_columns);
        let labels = labels.map(|&count| {
            format!("{} ({})", thousands(count), percent(count as f64 / split.examples.max(1) as f64))
        });
        let sizes = [name.to_owned(), thousands(split.examples)];
        sizes.into_iter().chain(labels).chain([thousands(split.duplicates)]).collect()
    };
    let rows = all.iter().filter_map(|(name, split)| Some(row(name, (*split)?))).collect();
    let headings = ["split".to_owned(), "examples".to_owned()];
    let labels = facts.labels.iter().filter(|_| are_columns).cloned();
    let headings = headings.into_iter().chain(labels).chain(["duplicates".to_owned()]);
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
        @if let Some(table) = by_label(facts).filter(|_| !are_columns) {
            @let (open, others) = table.split(OPEN_ROWS);
            h3 class="after" { (if kind == Kind::Entities { "By tag" } else { "By label" }) }
            (open.render("Labels"))
            p class="note" {
                @if kind == Kind::Entities { "The number of words with each tag." }
                @else { "The number of examples with each label; an example counts for each of its labels." }
            }
            @if let Some(others) = others {
                details { summary { "The other " (counted(others.rows.len(), "label")) } (others.render("Other labels")) }
            }
        }
    })
}

/// The rows of the table of labels that are open.
const OPEN_ROWS: usize = 20;

/// How often each label occurs in each split, in the order of the model's outputs. `None` if the run has not
/// counted them.
fn by_label(facts: &Facts) -> Option<Table> {
    let splits = &facts.splits;
    let all = [
        ("train", Some(&splits.train)),
        ("validation", splits.validation.as_ref()),
        ("test", splits.test.as_ref()),
    ];
    let counted = |split: &&Split| split.labels.len() == facts.labels.len() && !split.labels.is_empty();
    let all: Vec<(&str, &Split)> =
        all.into_iter().filter_map(|(name, split)| Some((name, split.filter(counted)?))).collect();
    let rows = facts.labels.iter().enumerate().map(|(label, name)| {
        std::iter::once(name.clone())
            .chain(all.iter().map(|(_, split)| thousands(split.labels[label])))
            .collect()
    });
    let headings = std::iter::once("label").chain(all.iter().map(|(name, _)| *name));
    (!all.is_empty()).then(|| Table::new(headings, rows.collect()))
}

/// A sentence on texts that were trained on in windows.
fn in_windows(lengths: &Lengths, windows: usize) -> String {
    let (length, windows) = (lengths.max_length, counted(windows, "window"));
    match lengths.truncated {
        0 => format!("Longer texts were trained on whole, in windows of {length} tokens: {windows} in all."),
        texts => format!(
            "Longer texts were trained on in windows of {length} tokens: {windows} in all. Of {} some windows were left out.",
            counted(texts, "text")
        ),
    }
}

/// The histogram of lengths: before truncation if the run has counted those, else after.
fn lengths(facts: &Facts) -> Figure {
    let lengths = &facts.lengths;
    let (bin, counts, x_title) = match &lengths.untruncated {
        Some(untruncated) => (untruncated.bin_width, &untruncated.counts, "tokens, before cutting"),
        None => (lengths.bin_width, &lengths.counts, "tokens, after cutting"),
    };
    let x_title = if lengths.windows.is_some() { "tokens" } else { x_title };
    let width = bin as f64;
    let bars = counts.iter().enumerate().map(|(index, &count)| {
        let left = index as f64 * width;
        (left + 0.05 * width, left + 0.95 * width, count as f64)
    });
    let mut layers = vec![Layer::Bars { bars: bars.collect(), ink: Ink::Series(0) }];
    let (mut end, mut legend) = ((counts.len() as f64 * width).max(1.0), Vec::new());
    let total = counts.iter().sum::<usize>();
    let share = percent(lengths.truncated as f64 / total.max(1) as f64);
    let (value, mut note, limited) = match lengths.windows {
        Some(windows) => (
            counted(windows, "window"),
            in_windows(lengths, windows),
            format!("windows of {}", lengths.max_length),
        ),
        None => (
            format!("{share} cut"),
            format!("{share} of the training texts were cut at {} tokens.", lengths.max_length),
            format!("cut at {}", lengths.max_length),
        ),
    };
    if let Some(untruncated) = &lengths.untruncated {
        note = format!("{note} The longest has {}.", thousands(untruncated.longest));
        // A limit far above every text would squeeze the bars to the left.
        let limit = lengths.max_length as f64;
        if limit < 2.0 * end {
            end = end.max(limit * 1.02);
            legend.push((Ink::Alert, limited));
            layers.push(Layer::Marks { marks: vec![(limit, String::new())], ink: Ink::Alert });
        }
    }
    let rows = counts.iter().enumerate().map(|(index, &count)| {
        vec![format!("{} to {}", index * bin + 1, (index + 1) * bin), thousands(count)]
    });
    Figure {
        key: String::new(),
        title: "Lengths".to_owned(),
        value: Some(value),
        alt: format!("A histogram of the tokens of {}. {note}", counted(total, "training text")),
        plot: Plot {
            id: "lengths",
            x: 0.0..end,
            y: range(counts.iter().map(|&count| count as f64), true),
            x_title: x_title.into(),
            x_ticks: Ticks::Numbers,
            y_ticks: Ticks::Numbers,
            layers,
        },
        legend,
        note,
        table: Table::new(["tokens", "training texts"], rows.collect()),
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
        // Windows cut nothing.
        let mut windows =
            facts(r#", "windows": 14, "uncut": {"bin_width": 8, "counts": [2, 7, 0, 0, 1], "longest": 40}"#);
        let some = lengths(&windows);
        assert_eq!(
            some.note,
            "Longer texts were trained on in windows of 32 tokens: 14 windows in all. Of 3 texts some windows were left \
             out. The longest has 40."
        );
        windows.lengths.truncated = 0;
        let whole = lengths(&windows);
        assert_eq!(
            whole.note,
            "Longer texts were trained on whole, in windows of 32 tokens: 14 windows in all. The longest has 40."
        );
        assert_eq!(
            (whole.value.as_deref(), whole.legend[0].1.as_str()),
            (Some("14 windows"), "windows of 32")
        );
        // No text was near the limit.
        let far = lengths(&facts(r#", "uncut": {"bin_width": 1, "counts": [7, 2, 1], "longest": 3}"#));
        assert_eq!((marks(&far), far.plot.x.end), (0, 3.0));
    }
}
