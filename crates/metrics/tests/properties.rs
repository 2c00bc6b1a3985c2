//! Properties of the metrics that hold for any examples.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use embert_metrics::{Accumulator, Average, Metric, NamedMetric as _, Report};
use proptest::prelude::*;

/// Rounding of a few dozen additions and divisions of numbers around 1.
const TOLERANCE: f64 = 1e-12;

/// An example: its label and the scores of the labels. Scores are tenths, so that ties are common.
type Example = (usize, Vec<f64>);

/// Up to 40 examples of `num_labels` labels.
fn examples_of(num_labels: usize) -> impl Strategy<Value = Vec<Example>> {
    let scores = prop::collection::vec((0_u8..=10).prop_map(|tenths| f64::from(tenths) / 10.0), num_labels);
    prop::collection::vec((0..num_labels, scores), 0..40)
}

/// One to five labels and examples of them.
fn examples() -> impl Strategy<Value = (usize, Vec<Example>)> {
    (1_usize..=5).prop_flat_map(|num_labels| (Just(num_labels), examples_of(num_labels)))
}

/// Accumulates the examples. The loss is an arbitrary function of the target's score.
fn accumulate(num_labels: usize, average: Average, examples: &[Example]) -> Accumulator {
    let mut accumulator = Accumulator::new(num_labels, average).unwrap();
    for (target, scores) in examples {
        accumulator.add(*target, scores, 3.0 - 2.9 * scores[*target]).unwrap();
    }
    accumulator
}

fn report(num_labels: usize, average: Average, examples: &[Example]) -> Report {
    accumulate(num_labels, average, examples).report()
}

/// All metrics of the report but loss and MCC.
fn figures(report: &Report) -> Vec<f64> {
    let averages = [report.macro_average, report.micro_average, report.weighted_average];
    let of_averages = averages.iter().flat_map(|scores| [scores.precision, scores.recall, scores.f1]);
    let of_classes = report.per_class.iter().flat_map(|scores| [scores.precision, scores.recall, scores.f1]);
    let of_report = [report.accuracy, report.precision, report.recall, report.f1];
    of_report.into_iter().chain(of_averages).chain(of_classes).chain(report.roc_auc).collect()
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= TOLERANCE
}

/// The area under the ROC curve by its definition: of all pairs of a positive and a negative example, the
/// share in which the positive example has the higher score, a tie counting half.
fn area_by_pairs(examples: &[Example], label: usize) -> Option<f64> {
    let (positives, negatives): (Vec<_>, Vec<_>) = examples.iter().partition(|(target, _)| *target == label);
    let pairs = positives.iter().flat_map(|(_, one)| negatives.iter().map(move |(_, other)| (one, other)));
    let wins: f64 = pairs
        .map(|(positive, negative)| match positive[label].total_cmp(&negative[label]) {
            std::cmp::Ordering::Less => 0.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 1.0,
        })
        .sum();
    let count = positives.len() * negatives.len();
    (count > 0).then(|| wins / count as f64)
}

proptest! {
    #[test]
    fn merged_parts_are_one_pass((num_labels, examples) in examples(), cuts in (0_usize..40, 0_usize..40)) {
        let first = cuts.0.min(cuts.1).min(examples.len());
        let second = cuts.0.max(cuts.1).min(examples.len());
        let part = |range| accumulate(num_labels, Average::Macro, &examples[range]);
        let whole = report(num_labels, Average::Macro, &examples);

        let mut in_order = part(0..first);
        in_order.merge(part(first..second)).unwrap();
        in_order.merge(part(second..examples.len())).unwrap();
        let mut shuffled = part(second..examples.len());
        shuffled.merge(part(0..first)).unwrap();
        shuffled.merge(part(first..second)).unwrap();

        for merged in [in_order.report(), shuffled.report()] {
            prop_assert!(close(merged.loss, whole.loss));
            // All other metrics come from counts and from sorted scores: not even rounding may differ.
            prop_assert_eq!(Report { loss: whole.loss, ..merged }, whole.clone());
        }
    }

    #[test]
    fn every_figure_is_in_its_range((num_labels, examples) in examples()) {
        for average in [Average::Macro, Average::Micro, Average::Weighted] {
            let report = report(num_labels, average, &examples);
            let all = figures(&report);
            prop_assert!(all.iter().all(|figure| (0.0..=1.0 + TOLERANCE).contains(figure)), "{:?}", all);
            prop_assert!(report.mcc.abs() <= 1.0 + TOLERANCE && report.loss.is_finite());
            prop_assert_eq!(report.per_class.iter().map(|class| class.support).sum::<usize>(), examples.len());
            for metric in Metric::ALL {
                let undefined = examples.is_empty() || (*metric == Metric::RocAuc && report.roc_auc.is_none());
                prop_assert_eq!(metric.value(&report).is_none(), undefined, "{}", metric);
            }
        }
    }

    #[test]
    fn with_one_label_an_example_micro_figures_and_weighted_recall_are_the_accuracy(
        (num_labels, examples) in examples(),
    ) {
        let report = report(num_labels, Average::Micro, &examples);
        // By the definition of micro averaging, from the counts of all labels.
        let matrix = &report.confusion_matrix;
        let labels = 0..num_labels;
        let right: usize = labels.clone().map(|label| matrix.count(label, label)).sum();
        let wrong: usize = labels
            .clone()
            .flat_map(|target| labels.clone().map(move |predicted| (target, predicted)))
            .filter(|(target, predicted)| target != predicted)
            .map(|(target, predicted)| matrix.count(target, predicted))
            .sum();
        let f1 = if examples.is_empty() { 0.0 } else { 2.0 * right as f64 / (2 * right + wrong + wrong) as f64 };
        prop_assert!(close(report.micro_average.f1, f1));
        prop_assert!(close(report.accuracy, report.micro_average.f1));
        prop_assert!(close(report.accuracy, report.weighted_average.recall));
        prop_assert!(close(report.f1, report.accuracy));
    }

    #[test]
    fn roc_auc_is_the_share_of_ordered_pairs((num_labels, examples) in examples()) {
        let found = report(num_labels, Average::Macro, &examples).roc_auc;
        let expected = match num_labels {
            1 => None,
            2 => area_by_pairs(&examples, 1),
            _ => {
                let areas: Option<Vec<f64>> = (0..num_labels).map(|label| area_by_pairs(&examples, label)).collect();
                areas.map(|areas| areas.iter().sum::<f64>() / num_labels as f64)
            }
        };
        prop_assert_eq!(found.is_some(), expected.is_some());
        prop_assert!(found.zip(expected).is_none_or(|(found, expected)| close(found, expected)));
    }

    #[test]
    fn roc_auc_depends_on_the_order_of_scores_only((num_labels, examples) in examples()) {
        let mapped = |map: fn(f64) -> f64| -> Vec<Example> {
            examples.iter().map(|(target, scores)| (*target, scores.iter().copied().map(map).collect())).collect()
        };
        let area = |examples: &[Example]| report(num_labels, Average::Macro, examples).roc_auc;
        let whole = area(&examples);
        prop_assert_eq!(area(&mapped(|score| 8.0 * score.powi(3) - 5.0)), whole);
        prop_assert_eq!(area(&mapped(f64::exp)), whole);
        let reversed = area(&mapped(|score| -score));
        prop_assert!(reversed.zip(whole).is_none_or(|(reversed, whole)| close(reversed, 1.0 - whole)));
    }

    #[test]
    fn the_names_of_two_labels_do_not_matter(examples in examples_of(2)) {
        // Ties go to the first label, and the swap changes which label is the first.
        let differ = |scores: &[f64]| !scores[0].total_cmp(&scores[1]).is_eq();
        let examples: Vec<Example> = examples.into_iter().filter(|(_, scores)| differ(scores)).collect();
        let swapped: Vec<Example> =
            examples.iter().map(|(target, scores)| (1 - target, vec![scores[1], scores[0]])).collect();
        let one = report(2, Average::Binary { positive: 1 }, &examples);
        let other = report(2, Average::Binary { positive: 0 }, &swapped);
        prop_assert_eq!((one.precision, one.recall, one.f1), (other.precision, other.recall, other.f1));
        prop_assert_eq!((one.roc_auc, one.mcc, one.accuracy), (other.roc_auc, other.mcc, other.accuracy));
    }

    #[test]
    fn examples_twice_over_change_no_figure((num_labels, examples) in examples()) {
        let once = report(num_labels, Average::Weighted, &examples);
        let twice = report(num_labels, Average::Weighted, &[examples.clone(), examples].concat());
        prop_assert!(figures(&once).iter().zip(figures(&twice)).all(|(once, twice)| close(*once, twice)));
        prop_assert!(close(once.loss, twice.loss) && close(once.mcc, twice.mcc));
        prop_assert_eq!(once.undefined, twice.undefined);
    }
}
