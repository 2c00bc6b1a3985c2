//! The tables of an evaluation that several tasks print.

use embert_metrics::{Metric, NamedMetric as _};

use crate::error::Error;
use crate::output;
use crate::output::say;

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

/// The metrics that are not defined on the examples of an evaluation.
#[derive(Debug, Default, PartialEq)]
pub(super) struct UndefinedMetrics<'a> {
    /// 0 divided by 0, shown as 0: the metric's name, and the label or type, unless it is of all.
    pub(super) as_zero: Vec<(&'a str, Option<&'a str>)>,
    /// Without a value.
    pub(super) absent: Vec<(&'a str, Option<&'a str>)>,
}

impl UndefinedMetrics<'_> {
    /// Says which metrics are undefined: what a table shows as 0 may be nothing.
    pub(super) fn say(&self) {
        for line in self.lines() {
            say!("{line}");
        }
    }

    fn lines(&self) -> Vec<String> {
        let kinds = [
            ("undefined (0 divided by 0), shown as 0", &self.as_zero),
            ("undefined, without a value (averages leave it out)", &self.absent),
        ];
        let kinds = kinds.into_iter().filter(|(_, metrics)| !metrics.is_empty());
        kinds.map(|(kind, metrics)| format!("{kind}: {}", by_metric(metrics))).collect()
    }
}

/// `precision of a, b; recall of a; micro f1`, in the order in which the metrics come first.
fn by_metric(metrics: &[(&str, Option<&str>)]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in metrics {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let of = |name: &str| {
        let labels: Vec<&str> =
            metrics.iter().filter(|(other, _)| *other == name).filter_map(|(_, label)| *label).collect();
        let is_of_all = metrics.contains(&(name, None));
        let shown = name.replace('_', " ");
        match (labels.is_empty(), is_of_all) {
            (true, _) => shown,
            (false, false) => format!("{shown} of {}", output::names(&labels)),
            (false, true) => format!("{shown}, also of {}", output::names(&labels)),
        }
    };
    names.into_iter().map(of).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_undefined_is_listed_by_metric() {
        assert!(UndefinedMetrics::default().lines().is_empty());
        let undefined = UndefinedMetrics {
            as_zero: vec![
                ("precision", Some("a")),
                ("recall", Some("b")),
                ("precision", Some("c\u{1b}")),
                ("micro_f1", None),
            ],
            absent: vec![("roc_auc", Some("b")), ("roc_auc", None)],
        };
        assert_eq!(
            undefined.lines(),
            [
                "undefined (0 divided by 0), shown as 0: precision of a, c\\u{1b}; recall of b; micro f1",
                "undefined, without a value (averages leave it out): roc auc, also of b",
            ]
        );
    }
}
