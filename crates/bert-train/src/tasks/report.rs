//! The tables of an evaluation that several tasks print.

use embert_metrics::Metric;

use crate::error::Error;
use crate::output;

/// Prints a row for each label or type, with precision, recall, F1 and its number of `counted`.
pub(super) fn scores_table(
    rows: impl Iterator<Item = (String, [(Metric, f64); 3], usize)>,
    counted: &str,
) -> Result<(), Error> {
    let names = [Metric::Precision, Metric::Recall, Metric::F1].map(Metric::name);
    let headings: Vec<&str> = [""].into_iter().chain(names).chain([counted]).collect();
    let mut table = output::Table::new(&headings);
    for (name, scores, examples) in rows {
        let scores = scores.map(|(_, value)| format!("{value:.4}"));
        table.add_row([name].into_iter().chain(scores).chain([examples.to_string()]));
    }
    table.numbers_right();
    table.print()
}

/// Prints metrics in one line.
pub(super) fn metrics_line<'a>(metrics: impl Iterator<Item = (&'a str, Option<f64>)>) -> Result<(), Error> {
    let shown = metrics.map(|(name, value)| {
        let value = value.map_or_else(|| "undefined".to_owned(), |value| format!("{value:.4}"));
        format!("{} {value}", name.replace('_', " "))
    });
    output::line(&shown.collect::<Vec<_>>().join("  "))
}
