//! Agreement with scikit-learn, on the cases that `tests/reference/metrics.py` computed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::assert_close;
use embert_metrics::{Accumulator, Average, Report, softmax};
use serde::Deserialize;
use serde_json::Value;

/// Both sides compute in f64 and differ in the order of additions only: at most 200 terms up to 36
/// (scikit-learn's loss for a probability of 0), each addition off by at most 2^-53 of a sum below 7,300, and
/// then divided by the number of terms. The difference stays below 1e-12; one example in 200 over seven
/// labels changes a metric by more than 1e-4.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
    softmax: Vec<Softmax>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    targets: Vec<usize>,
    of: u32,
    counts: Vec<Vec<u32>>,
    /// A report without the metrics that depend on the requested average.
    expected: Value,
    /// The metrics that depend on the average, with label 0 and with label 1 as the positive label.
    binary: Option<[Value; 2]>,
}

#[derive(Deserialize)]
struct Softmax {
    logits: Vec<f32>,
    probabilities: Vec<f64>,
}

impl Case {
    fn num_labels(&self) -> usize {
        self.counts[0].len()
    }

    /// Every average that the number of labels allows, and the whole report expected for it.
    fn reports(&self) -> Vec<(Average, Value)> {
        let merged = |figures: &Value| {
            let mut report = self.expected.clone();
            for (name, figure) in figures.as_object().unwrap() {
                report[name] = figure.clone();
            }
            report
        };
        let mut reports = vec![
            (Average::Macro, merged(&self.expected["macro_average"])),
            (Average::Micro, merged(&self.expected["micro_average"])),
            (Average::Weighted, merged(&self.expected["weighted_average"])),
        ];
        for (positive, figures) in self.binary.iter().flatten().enumerate() {
            reports.push((Average::Binary { positive }, merged(figures)));
        }
        reports
    }

    /// Adds the example at index `example`, with its cross-entropy clipped as in scikit-learn.
    fn add(&self, example: usize, accumulator: &mut Accumulator) {
        let (target, counts) = (self.targets[example], &self.counts[example]);
        let probabilities: Vec<f64> =
            counts.iter().map(|&count| f64::from(count) / f64::from(self.of)).collect();
        let loss = -probabilities[target].max(f64::EPSILON).ln();
        accumulator.add(target, &probabilities, loss).unwrap();
    }

    /// An accumulator of the examples at the given indices.
    fn accumulate(&self, average: Average, examples: impl Iterator<Item = usize>) -> Accumulator {
        let mut accumulator = Accumulator::new(self.num_labels(), average).unwrap();
        examples.for_each(|example| self.add(example, &mut accumulator));
        accumulator
    }
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("fixtures/expected.json")).unwrap()
}

/// Asserts that the reports of `accumulate` agree with scikit-learn's for each case and average.
fn assert_all_agree(accumulate: impl Fn(&Case, Average) -> Accumulator) {
    for case in fixture().cases {
        for (average, expected) in case.reports() {
            let report: Report = accumulate(&case, average).report();
            let place = format!("{}, {average:?}", case.name);
            assert_close(&serde_json::to_value(report).unwrap(), &expected, TOLERANCE, &place);
        }
    }
}

/// Agreement says little unless ties, undefined metrics and impossible labels occur among the cases.
#[test]
fn the_cases_have_what_can_go_wrong() {
    let cases = fixture().cases;
    assert_eq!(cases.iter().filter(|case| case.name.contains("balanced")).count(), 200, "random cases");
    assert_eq!(cases.len(), 248);
    let labels: BTreeSet<usize> = cases.iter().map(Case::num_labels).collect();
    assert_eq!(labels, (2..=7).collect());
    let examples: BTreeSet<usize> = cases.iter().map(|case| case.targets.len()).collect();
    assert!(examples.contains(&1) && examples.contains(&200) && examples.len() > 60);

    let share = |holds: &dyn Fn(&Case) -> bool| {
        cases.iter().filter(|case| holds(case)).count() as f64 / cases.len() as f64
    };
    let has_undefined = |case: &Case| !case.expected["undefined"].as_array().unwrap().is_empty();
    let has_ties = |case: &Case| {
        case.counts.iter().any(|counts| {
            let most = counts.iter().max();
            counts.iter().filter(|&count| Some(count) == most).count() > 1
        })
    };
    let has_impossible =
        |case: &Case| case.targets.iter().zip(&case.counts).any(|(&target, counts)| counts[target] == 0);
    for (what, share) in [
        ("an undefined figure", share(&has_undefined)),
        ("all figures defined", share(&|case| !has_undefined(case))),
        ("no ROC AUC", share(&|case| case.expected["roc_auc"].is_null())),
        ("a ROC AUC", share(&|case| case.expected["roc_auc"].is_f64())),
        ("a prediction by a tie", share(&has_ties)),
        ("a true label of probability 0", share(&has_impossible)),
    ] {
        assert!(share > 0.2, "{share:.2} of the cases have {what}");
    }
}

#[test]
fn reports_agree_with_scikit_learn() {
    assert_all_agree(|case, average| case.accumulate(average, 0..case.targets.len()));
}

#[test]
fn so_do_reports_of_merged_parts() {
    assert_all_agree(|case, average| {
        let part = |start| case.accumulate(average, (start..case.targets.len()).step_by(3));
        let mut merged = part(2);
        merged.merge(case.accumulate(average, 0..0)).unwrap();
        merged.merge(part(0)).unwrap();
        merged.merge(part(1)).unwrap();
        merged
    });
}

#[test]
fn so_do_reports_of_a_stream_that_was_asked_on_the_way() {
    assert_all_agree(|case, average| {
        let mut stream = case.accumulate(average, 0..0);
        for example in 0..case.targets.len() {
            case.add(example, &mut stream);
            assert_eq!(stream.report().examples, example + 1);
        }
        stream
    });
}

#[test]
fn probabilities_are_those_of_scipy() {
    let rows = fixture().softmax;
    assert_eq!(rows.len(), 28);
    for Softmax { logits, probabilities } in rows {
        let found = softmax(&logits);
        assert_eq!(found.len(), probabilities.len());
        for (found, expected) in found.iter().zip(&probabilities) {
            assert!((found - expected).abs() <= TOLERANCE, "{logits:?}: {found} against {expected}");
        }
    }
}
