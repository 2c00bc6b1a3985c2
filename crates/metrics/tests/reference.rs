//! Agreement with scikit-learn, on the cases that `tests/reference/metrics.py` computed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use embert_metrics::{Accumulator, Average};
use serde::Deserialize;
use serde_json::Value;

/// Both sides compute in f64 and differ in the order of additions only: at most 120 terms below 8, each addition off by at
/// most 2^-53 of a sum below 1000, and then divided by the number of terms. That stays below 1e-12; the figures' own
/// granularity (one example in 120, over five labels) is above 1e-3.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Case {
    name: String,
    average: String,
    positive: usize,
    targets: Vec<usize>,
    probabilities: Vec<Vec<f64>>,
    expected: Value,
}

impl Case {
    fn average(&self) -> Average {
        match self.average.as_str() {
            "binary" => Average::Binary { positive: self.positive },
            "macro" => Average::Macro,
            "micro" => Average::Micro,
            "weighted" => Average::Weighted,
            other => panic!("{other}"),
        }
    }

    /// The figures of every `stride`-th example from `start`.
    fn accumulate(&self, start: usize, stride: usize) -> Accumulator {
        let mut accumulator = Accumulator::new(self.probabilities[0].len(), self.average()).unwrap();
        let examples = self.targets.iter().zip(&self.probabilities);
        for (&target, probabilities) in examples.skip(start).step_by(stride) {
            accumulator.add(target, probabilities, -probabilities[target].ln()).unwrap();
        }
        accumulator
    }
}

fn cases() -> Vec<Case> {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/expected.json")).unwrap();
    assert_eq!(cases.len(), 17);
    cases
}

/// Every key, count, name and null is the same; floating-point numbers are close.
fn assert_close(found: &Value, expected: &Value, place: &str) {
    match (found, expected) {
        (Value::Object(found_fields), Value::Object(expected_fields)) => {
            let sorted = |fields: &serde_json::Map<String, Value>| {
                let mut names: Vec<_> = fields.keys().cloned().collect();
                names.sort();
                names
            };
            assert_eq!(sorted(found_fields), sorted(expected_fields), "{place}");
            for (name, value) in found_fields {
                assert_close(value, &expected_fields[name], &format!("{place}: {name}"));
            }
        }
        (Value::Array(found_items), Value::Array(expected_items)) => {
            assert_eq!(found_items.len(), expected_items.len(), "{place}: {found} against {expected}");
            for (index, (found, expected)) in found_items.iter().zip(expected_items).enumerate() {
                assert_close(found, expected, &format!("{place}: {index}"));
            }
        }
        (Value::Number(found), Value::Number(expected)) if found.is_f64() => {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            assert!((found - expected).abs() <= TOLERANCE, "{place}: {found} against {expected}");
        }
        _ => assert_eq!(found, expected, "{place}"),
    }
}

#[test]
fn reports_agree_with_scikit_learn() {
    for case in cases() {
        let report = case.accumulate(0, 1).report();
        assert_close(&serde_json::to_value(report).unwrap(), &case.expected, &case.name);
    }
}

#[test]
fn so_do_reports_of_merged_parts() {
    for case in cases() {
        let mut merged = case.accumulate(2, 3);
        merged.merge(case.accumulate(0, 3)).unwrap();
        merged.merge(case.accumulate(1, 3)).unwrap();
        assert_close(&serde_json::to_value(merged.report()).unwrap(), &case.expected, &case.name);
    }
}
