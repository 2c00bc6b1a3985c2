//! [`Rows`]: the scores of each label.

use embert_metrics::{names, precision_recall_curve, roc_curve};
use embert_run::{MetricInfo, MultiLabelExample};
use maud::{Markup, html};

use super::super::figure::Table;
use crate::class_figures::ClassFigures;
use crate::counts::Counts;
use crate::examples::Split;
use crate::label_sets::{HALF, Thresholds, against_the_rest, counts};
use crate::measures;
use crate::number::{counted, or_dash, short, thousands};

/// The rows of the table that are open.
const OPEN_ROWS: usize = 20;
/// The areas under a label's curves, which are computed where the run has not recorded them.
const AVERAGE_PRECISION: &str = "average_precision";
const ROC_AUC: &str = names::ROC_AUC;

/// A label with its scores.
pub(super) struct Row {
    pub(super) name: String,
    /// The number of examples with the label.
    pub(super) support: usize,
    /// The figures at 0.5.
    pub(super) figures: ClassFigures,
    /// The fitted threshold, and the counts at it if there are examples to count.
    pub(super) fitted: Option<(f64, Option<Counts>)>,
}

/// The labels of a split, in the order of the model's outputs.
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
}

impl Rows {
    /// The figures that the run recorded; what it has not recorded is computed from the examples.
    pub(super) fn of(
        split: &Split<'_, MultiLabelExample>,
        names: &[String],
        thresholds: &Thresholds,
    ) -> Self {
        let classes = split.scores.map(|scores| &scores.detail.classes);
        let recorded = classes.filter(|classes| classes.len() == names.len());
        let has_examples = !split.examples.is_empty();
        let row = |(label, name): (usize, &String)| {
            let at = |threshold| counts(&split.examples, label, threshold);
            let recorded = recorded.map(|classes| &classes[label]);
            let mut figures = match recorded {
                Some(class) => ClassFigures::recorded(&class.metrics, has_examples.then(|| at(HALF))),
                None => ClassFigures::of(at(HALF)),
            };
            let has = |name: &str| recorded.is_some_and(|class| class.metrics.get(name).is_some());
            let against = against_the_rest(&split.examples, label);
            if !has(AVERAGE_PRECISION)
                && let Some(curve) = precision_recall_curve(&against)
            {
                figures.extend([(AVERAGE_PRECISION.to_owned(), Some(curve.average_precision))]);
            }
            if !has(ROC_AUC)
                && let Some(curve) = roc_curve(&against)
            {
                figures.extend([(ROC_AUC.to_owned(), Some(curve.area))]);
            }
            let threshold = thresholds.values.get(label).copied().filter(|_| thresholds.are_fitted);
            Row {
                name: name.clone(),
                support: recorded.map_or_else(|| at(HALF).truths, |class| class.examples),
                figures,
                fitted: threshold.map(|threshold| (threshold, has_examples.then(|| at(threshold)))),
            }
        };
        Self { rows: names.iter().enumerate().map(row).collect() }
    }

    /// At most `most` labels, those with the most examples first.
    pub(super) fn largest(&self, most: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by_key(|&label| std::cmp::Reverse(self.rows[label].support));
        order.truncate(most);
        order
    }

    /// The table of all labels, those with the most examples first.
    pub(super) fn table(&self, known: &[MetricInfo]) -> Markup {
        let mut at_half = ClassFigures::names(self.rows.iter().map(|row| &row.figures));
        at_half.retain(|name| ![AVERAGE_PRECISION, ROC_AUC].contains(name));
        let is_fitted = self.rows.iter().any(|row| row.fitted.is_some());
        let title = |name: &str| measures::of_label(name, known);
        let mut headings = vec!["label".to_owned(), "examples".to_owned()];
        headings.extend(at_half.iter().map(|name| format!("{} at 0.5", title(name))));
        if is_fitted {
            headings.extend(["threshold", "precision at it", "recall at it", "F1 at it"].map(str::to_owned));
        }
        headings.extend(["AP", "AUC"].map(str::to_owned));
        let rows = self.largest(usize::MAX).into_iter().map(|label| {
            let row = &self.rows[label];
            let mut cells = vec![row.name.clone(), thousands(row.support)];
            cells.extend(at_half.iter().map(|name| or_dash(row.figures.get(name))));
            if is_fitted {
                let (threshold, counts) = row.fitted.unzip();
                let counts = counts.flatten();
                let of = |get: fn(Counts) -> Option<f64>| or_dash(counts.and_then(get));
                cells.push(threshold.map_or_else(|| "–".to_owned(), short));
                cells.extend([of(Counts::precision), of(Counts::recall), of(Counts::f1)]);
            }
            cells.extend([AVERAGE_PRECISION, ROC_AUC].map(|name| or_dash(row.figures.get(name))));
            cells
        });
        let (open, others) = Table::new(headings, rows.collect()).split(OPEN_ROWS);
        html! {
            (open.render("Figures by label"))
            @if let Some(others) = others {
                details { summary { "The other " (counted(others.rows.len(), "label")) } (others.render("Other labels")) }
            }
            p class="note" {
                "The labels with the most examples first; a dash where a figure is undefined. AP is the average precision, AUC the area under the ROC curve. "
                @if is_fitted { "The threshold was fitted on the validation split, so figures at it flatter there." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use embert_run::{ClassScores, Detail, Metrics, SplitScores};

    use super::*;

    fn examples() -> Vec<MultiLabelExample> {
        let of = |id: u64, labels: &[usize], probabilities: [f64; 2]| MultiLabelExample {
            split: "test".to_owned(),
            id,
            text: String::new(),
            text_pair: None,
            labels: labels.to_vec(),
            probabilities: probabilities.to_vec(),
            tokens: 1,
        };
        vec![of(0, &[1], [0.1, 0.4]), of(1, &[0, 1], [0.9, 0.8]), of(2, &[], [0.6, 0.3])]
    }

    #[test]
    fn what_a_run_has_not_recorded_is_computed_from_its_examples() {
        let examples = examples();
        let examples: Vec<&MultiLabelExample> = examples.iter().collect();
        let names = ["a".to_owned(), "b".to_owned()];
        let class = |f1: f64, examples| ClassScores {
            name: None,
            metrics: [("f1", f1), ("roc_auc", 0.125)].into_iter().collect(),
            examples,
        };
        let scores = SplitScores {
            split: "test".to_owned(),
            examples: 3,
            metrics: Metrics::default(),
            detail: Detail {
                classes: vec![class(0.25, 1), class(0.75, 2)],
                thresholds: vec![0.7, 0.35],
                ..Detail::default()
            },
            baselines: Vec::new(),
        };
        let split = Split { name: "test", examples, scores: None };
        let alone = Rows::of(&split, &names, &Thresholds::of(None, 2));
        assert_eq!(alone.rows[0].figures.get("precision"), Some(0.5));
        assert_eq!(alone.rows[1].figures.get("roc_auc"), Some(1.0));
        assert!(alone.rows[0].fitted.is_none());
        let split = Split { scores: Some(&scores), ..split };
        let recorded = Rows::of(&split, &names, &Thresholds::of(Some(&scores), 2));
        assert_eq!((recorded.rows[0].figures.get("f1"), recorded.rows[1].support), (Some(0.25), 2));
        // A recorded area stays; the other is of the examples' curve.
        assert_eq!(recorded.rows[1].figures.get("roc_auc"), Some(0.125));
        assert_eq!(recorded.rows[1].figures.get("average_precision"), Some(1.0));
        let (threshold, counts) = recorded.rows[1].fitted.unwrap();
        assert_eq!((threshold, counts.unwrap().f1()), (0.35, Some(1.0)));
        assert_eq!(recorded.largest(1), [1]);
        let html = recorded.table(&[]).into_string();
        assert!(html.contains(">0.35</td>") && html.contains("F1 at 0.5"), "{html}");
    }

    #[test]
    fn a_label_that_is_never_predicted_has_no_precision() {
        let examples = examples();
        let class = |examples| ClassScores {
            name: None,
            metrics: [("precision", 0.0), ("recall", 0.0), ("f1", 0.0)].into_iter().collect(),
            examples,
        };
        // Label 0 is predicted and label 1 is not; another label has neither examples nor predictions.
        let examples: Vec<MultiLabelExample> = examples
            .into_iter()
            .map(|example| MultiLabelExample { probabilities: vec![0.9, 0.1, 0.2], ..example })
            .collect();
        let scores = SplitScores {
            split: "test".to_owned(),
            examples: 3,
            metrics: Metrics::default(),
            detail: Detail { classes: vec![class(1), class(2), class(0)], ..Detail::default() },
            baselines: Vec::new(),
        };
        let names = ["a", "b", "c"].map(str::to_owned);
        let thresholds = Thresholds::of(None, 3);
        let of = |examples: Vec<&MultiLabelExample>| {
            let split = Split { name: "test", examples, scores: Some(&scores) };
            let rows = Rows::of(&split, &names, &thresholds).rows;
            rows.iter()
                .map(|row| ["precision", "recall", "f1"].map(|name| row.figures.get(name)))
                .collect::<Vec<_>>()
        };
        let zero = Some(0.0);
        assert_eq!(of(examples.iter().collect()), [[zero; 3], [None, zero, zero], [None; 3]]);
        // Without the examples nobody knows how often a label was predicted.
        assert_eq!(of(Vec::new()), [[zero; 3]; 3]);
    }
}
