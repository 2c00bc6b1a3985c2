//! The metrics for several labels agree with scikit-learn, on what `tests/reference/multi_label.py` computed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::assert_close;
use embert_metrics::{
    MultiLabelAccumulator, MultiLabelMetric, MultiLabelReport, NamedMetric as _, fit_thresholds,
    most_frequent_labels,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

/// Both sides divide the same whole numbers and differ in the order of at most 40 additions, of numbers up to
/// 1 and of losses up to 36, each off by at most 2^-53 of a sum below 1,500.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Case {
    name: String,
    truth: Vec<Vec<u8>>,
    counts: Vec<Vec<u8>>,
    thresholds: Vec<f64>,
    expected: Value,
    fitted: Vec<f64>,
}

fn cases() -> Vec<Case> {
    #[derive(Deserialize)]
    struct Fixture {
        cases: Vec<Case>,
    }
    serde_json::from_str::<Fixture>(include_str!("fixtures/multi_label.json")).unwrap().cases
}

type Row = (Vec<bool>, Vec<f64>);

impl Case {
    fn rows(&self) -> Vec<Row> {
        let truth = self.truth.iter().map(|row| row.iter().map(|&truth| truth == 1).collect());
        let probabilities =
            self.counts.iter().map(|row| row.iter().map(|&count| f64::from(count) / 64.0).collect());
        truth.zip(probabilities).collect()
    }
}

/// The mean over the labels of the cross-entropy, clipped as in scikit-learn.
fn loss((truth, probabilities): &Row) -> f64 {
    let of_label = |(&truth, &probability): (&bool, &f64)| {
        -(if truth { probability } else { 1.0 - probability }).max(f64::EPSILON).ln()
    };
    truth.iter().zip(probabilities).map(of_label).sum::<f64>() / truth.len() as f64
}

fn accumulate<'a>(thresholds: &[f64], rows: impl IntoIterator<Item = &'a Row>) -> MultiLabelAccumulator {
    let mut accumulator = MultiLabelAccumulator::new(thresholds.len(), Some(thresholds.to_vec())).unwrap();
    for row in rows {
        accumulator.add(&row.0, &row.1, loss(row)).unwrap();
    }
    accumulator
}

/// The report without the fields that say what it is about.
fn figures(report: &MultiLabelReport) -> Value {
    let mut figures = serde_json::to_value(report).unwrap();
    for name in ["examples", "thresholds", "undefined"] {
        figures.as_object_mut().unwrap().remove(name).unwrap();
    }
    figures
}

#[test]
fn reports_agree_with_scikit_learn() {
    for case in cases() {
        let rows = case.rows();
        let whole = accumulate(&case.thresholds, &rows);
        let mut merged = accumulate(&case.thresholds, rows.iter().skip(1).step_by(2));
        merged.merge(accumulate(&case.thresholds, rows.iter().step_by(2))).unwrap();
        for accumulator in [whole, merged] {
            let report = accumulator.report();
            assert_eq!((report.examples, &report.thresholds), (rows.len(), &case.thresholds));
            assert_close(&figures(&report), &case.expected, TOLERANCE, &case.name);
        }
    }
}

#[test]
fn the_cases_have_what_can_go_wrong() {
    let cases = cases();
    assert_eq!(cases.len(), 168);
    let count = |holds: &dyn Fn(&Case) -> bool| cases.iter().filter(|case| holds(case)).count();
    let labels = |case: &Case| case.expected["per_label"].as_array().unwrap().clone();
    for (what, found) in [
        ("an empty example", count(&|case| case.expected["empty_examples"].as_u64() > Some(0))),
        ("an undefined area", count(&|case| labels(case).iter().any(|label| label["roc_auc"].is_null()))),
        ("all areas", count(&|case| labels(case).iter().all(|label| label["roc_auc"].is_f64()))),
        ("no area", count(&|case| case.expected["roc_auc"].is_null())),
        ("a label that never occurs", count(&|case| labels(case).iter().any(|label| label["support"] == 0))),
        ("a fitted threshold", count(&|case| case.fitted.iter().any(|fitted| (fitted - 0.5).abs() > 1e-9))),
    ] {
        assert!(found >= 10, "{found} cases have {what}");
    }
}

#[test]
fn thresholds_are_the_best_by_scikit_learns_f1() {
    for case in cases() {
        let rows = case.rows();
        let (truths, probabilities): (Vec<_>, Vec<_>) = rows.iter().cloned().unzip();
        // Counts of 64 and halves of their sums are exact.
        assert_eq!(fit_thresholds(&truths, &probabilities).unwrap(), case.fitted, "{}", case.name);
        assert_eq!(accumulate(&case.thresholds, &rows).fit_thresholds(), case.fitted, "{}", case.name);
    }
}

/// One to four labels, and up to 20 examples. Probabilities are tenths, so that ties are common.
fn rows() -> impl Strategy<Value = (usize, Vec<Row>)> {
    (1_usize..=4).prop_flat_map(|labels| {
        let truth = prop::collection::vec(any::<bool>(), labels);
        let probabilities =
            prop::collection::vec((0_u8..=10).prop_map(|tenths| f64::from(tenths) / 10.0), labels);
        (Just(labels), prop::collection::vec((truth, probabilities), 0..20))
    })
}

fn assert_same(found: &MultiLabelReport, expected: &MultiLabelReport) {
    assert_close(
        &serde_json::to_value(found).unwrap(),
        &serde_json::to_value(expected).unwrap(),
        TOLERANCE,
        "",
    );
}

proptest! {
    #[test]
    fn merged_parts_are_one_pass_in_any_order((labels, rows) in rows(), cut in 0_usize..20) {
        let (left, right) = rows.split_at(cut.min(rows.len()));
        let thresholds = vec![0.4; labels];
        let whole = accumulate(&thresholds, &rows);
        for (first, second) in [(left, right), (right, left)] {
            let mut merged = accumulate(&thresholds, first);
            merged.merge(accumulate(&thresholds, second)).unwrap();
            assert_same(&merged.report(), &whole.report());
            prop_assert_eq!(merged.fit_thresholds(), whole.fit_thresholds());
        }
        let reversed = accumulate(&thresholds, rows.iter().rev());
        assert_same(&reversed.report(), &whole.report());
    }

    #[test]
    fn every_figure_is_in_its_range((labels, rows) in rows()) {
        let report = accumulate(&vec![0.5; labels], &rows).report();
        for &metric in MultiLabelMetric::ALL {
            let value = metric.value(&report);
            prop_assert_eq!(value.is_none(), rows.is_empty() || (metric == MultiLabelMetric::RocAuc && report.roc_auc.is_none()));
            let most = if metric == MultiLabelMetric::Loss { 37.0 } else { 1.0 + TOLERANCE };
            prop_assert!(value.is_none_or(|value| (0.0..=most).contains(&value)), "{} {:?}", metric, value);
        }
        prop_assert!(report.jaccard <= report.samples_f1 + TOLERANCE);
    }

    #[test]
    fn no_threshold_is_better_than_the_fitted_one((labels, rows) in rows(), other in 0.0..=1.0) {
        let accumulator = accumulate(&vec![0.5; labels], &rows);
        let f1 = |thresholds: Vec<f64>| -> Vec<f64> {
            let report = accumulator.clone().with_thresholds(thresholds).unwrap().report();
            report.per_label.iter().map(|label| label.f1).collect()
        };
        let fitted = f1(accumulator.fit_thresholds());
        for tried in [vec![0.5; labels], vec![other; labels]] {
            prop_assert!(fitted.iter().zip(f1(tried)).all(|(fitted, tried)| *fitted >= tried - TOLERANCE));
        }
    }

    #[test]
    fn as_many_labels_are_frequent_as_are_asked_for((labels, rows) in rows(), count in 0_usize..6) {
        let truths: Vec<_> = rows.iter().map(|(truth, _)| truth).collect();
        let answer = most_frequent_labels(&truths, count);
        let given = answer.iter().filter(|given| **given).count();
        prop_assert_eq!(given, if rows.is_empty() { 0 } else { count.min(labels) });
        let often = |label: usize| truths.iter().filter(|truth| truth[label]).count();
        let least = (0..answer.len()).filter(|&label| answer[label]).map(often).min();
        let most = (0..answer.len()).filter(|&label| !answer[label]).map(often).max();
        prop_assert!(least.zip(most).is_none_or(|(least, most)| least >= most));
    }
}
