//! The metrics of regressions agree with scipy, scikit-learn and numpy, on what
//! `tests/reference/regression.py` computed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::assert_close;
use embert_metrics::{NamedMetric as _, RegressionAccumulator, RegressionMetric, RegressionReport};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

/// Beside 1e9, numpy's mean is off by up to 1.2e-7, which
/// enters the sums of squares squared: 1e-14 of a deviation around 1. A step of the cases (2^-8) in one of 60
/// examples changes a figure by more than 1e-6.
const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
struct Case {
    name: String,
    truth: Vec<f64>,
    predicted: Vec<f64>,
    expected: Value,
}

fn cases() -> Vec<Case> {
    #[derive(Deserialize)]
    struct Fixture {
        cases: Vec<Case>,
    }
    serde_json::from_str::<Fixture>(include_str!("fixtures/regression.json")).unwrap().cases
}

fn accumulate(pairs: impl IntoIterator<Item = (f64, f64)>) -> RegressionAccumulator {
    let mut accumulator = RegressionAccumulator::default();
    for (truth, predicted) in pairs {
        accumulator.add(truth, predicted).unwrap();
    }
    accumulator
}

/// Figures that have the unit of the numbers, or its square, are compared as multiples of the expected ones.
fn in_units(mut figures: Value, expected: &Value) -> Value {
    for name in [
        "mse",
        "mae",
        "r2",
        "truth_mean",
        "truth_standard_deviation",
        "predicted_mean",
        "predicted_standard_deviation",
    ] {
        if let (Some(value), Some(expected)) = (figures[name].as_f64(), expected[name].as_f64())
            && expected.abs() > f64::MIN_POSITIVE
        {
            figures[name] = (value / expected).into();
        }
    }
    figures
}

#[test]
fn reports_agree_with_scipy_and_scikit_learn() {
    for case in cases() {
        let pairs: Vec<_> = case.truth.iter().copied().zip(case.predicted.iter().copied()).collect();
        let whole = accumulate(pairs.iter().copied());
        let mut merged = accumulate(pairs.iter().copied().skip(1).step_by(2));
        merged.merge(accumulate(pairs.iter().copied().step_by(2)));
        for accumulator in [whole, merged] {
            let found = in_units(serde_json::to_value(accumulator.report()).unwrap(), &case.expected);
            assert_close(&found, &in_units(case.expected.clone(), &case.expected), TOLERANCE, &case.name);
        }
    }
}

#[test]
fn the_cases_have_what_can_go_wrong() {
    let cases = cases();
    assert_eq!(cases.len(), 133);
    let count = |part: &str| cases.iter().filter(|case| case.name.contains(part)).count();
    assert!(count("plus 1e+09") >= 15 && count("times 1e-09") >= 15 && count("ties") >= 40);
    for name in ["pearson", "spearman", "r2", "mse"] {
        assert!(cases.iter().any(|case| case.expected[name].is_null()), "{name} is always defined");
    }
    // A constant prediction has an R², a constant truth has none.
    let defined = |name: &str| !cases.iter().find(|case| case.name == name).unwrap().expected["r2"].is_null();
    assert!(defined("constant prediction") && !defined("constant truth"));
}

/// A sum in one `f64` would lose the 1 beside 1e16.
#[test]
fn numbers_that_cancel_leave_the_small_one_in_the_mean() {
    let report = accumulate([(1e16, 0.0), (1.0, 0.0), (-1e16, 0.0)]).report();
    assert!((report.truth_mean.unwrap() - 1.0 / 3.0).abs() < 1e-15);
}

/// Up to 20 pairs; halves, so that ties are common and shifting by a whole number is exact.
fn pairs() -> impl Strategy<Value = Vec<(f64, f64)>> {
    let number = || (-8_i8..=8).prop_map(|halves| f64::from(halves) / 2.0);
    prop::collection::vec((number(), number()), 0..20)
}

fn assert_same(found: &RegressionReport, expected: &RegressionReport) {
    assert_close(&serde_json::to_value(found).unwrap(), &serde_json::to_value(expected).unwrap(), 1e-12, "");
}

proptest! {
    #[test]
    fn merged_parts_are_one_pass_in_any_order(pairs in pairs(), cut in 0_usize..20) {
        let (left, right) = pairs.split_at(cut.min(pairs.len()));
        let whole = accumulate(pairs.iter().copied()).report();
        for (first, second) in [(left, right), (right, left)] {
            let mut merged = accumulate(first.iter().copied());
            merged.merge(accumulate(second.iter().copied()));
            assert_same(&merged.report(), &whole);
        }
        assert_same(&accumulate(pairs.iter().rev().copied()).report(), &whole);
    }

    #[test]
    fn an_offset_and_a_scale_change_no_correlation(pairs in pairs(), offset in -1_000_000_000_i32..=1_000_000_000) {
        let plain = accumulate(pairs.iter().copied()).report();
        // Up to 1e15, where a mean is rounded to eighths; halves and the sums with them are exact.
        let offset = f64::from(offset) * 1_048_576.0;
        let moved = accumulate(pairs.iter().map(|(truth, predicted)| (truth + offset, predicted * 4.0 - offset))).report();
        let close = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => (one - other).abs() < 1e-12,
            (one, other) => one == other,
        };
        prop_assert!(close(plain.pearson, moved.pearson), "{:?} {:?}", plain, moved);
        prop_assert!(close(plain.spearman, moved.spearman), "{:?} {:?}", plain, moved);
        prop_assert!(close(plain.truth_standard_deviation, moved.truth_standard_deviation));
    }

    #[test]
    fn the_mean_of_the_truth_has_an_r2_of_0_and_its_own_numbers_one_of_1(pairs in pairs()) {
        let mean = embert_metrics::mean(&pairs.iter().map(|pair| pair.0).collect::<Vec<_>>());
        let r2 = |predict: &dyn Fn(f64) -> f64| {
            accumulate(pairs.iter().map(|(truth, _)| (*truth, predict(*truth)))).report().r2
        };
        prop_assert!(r2(&|_| mean.unwrap_or_default()).is_none_or(|r2| r2.abs() < 1e-12));
        prop_assert!(r2(&|truth| truth).is_none_or(|r2| (r2 - 1.0).abs() < 1e-12));
    }

    #[test]
    fn every_figure_is_finite_and_in_its_range(pairs in prop::collection::vec((any::<f64>(), any::<f64>()), 0..20)) {
        let usable = pairs.iter().copied().filter(|(truth, predicted)| truth.is_finite() && predicted.is_finite());
        let report = accumulate(usable).report();
        for &metric in RegressionMetric::ALL {
            prop_assert!(metric.value(&report).is_none_or(f64::is_finite), "{} {:?}", metric, report);
        }
        for correlation in [report.pearson, report.spearman].into_iter().flatten() {
            prop_assert!(correlation.abs() <= 1.0);
        }
    }
}
