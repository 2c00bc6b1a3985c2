//! Curves, reliability and temperature agree with scikit-learn, on the cases that `tests/reference/curves.py`
//! computed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use embert_metrics::{at_temperature, precision_recall_curve, reliability, roc_curve, temperature};
use serde::Deserialize;

/// Rates are one division of the same whole numbers on both sides. Areas and means are sums of at most 60
/// rates, added in another order: each addition is off by at most 2^-53.
const TOLERANCE: f64 = 1e-12;

/// scikit-learn finds the minimum by comparing values of the loss, and the loss is flat near its minimum: a
/// difference of 1.5e-8, the square root of 2^-52, in the logarithm of the temperature changes no digit of
/// the loss. Where the loss hardly depends on the temperature (one case has its minimum at 2,009), a
/// difference of 1e-6 changes none.
const TEMPERATURE_TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Case {
    name: String,
    targets: Vec<usize>,
    of: u32,
    counts: Vec<Vec<u32>>,
    roc: Vec<Option<Roc>>,
    precision_recall: Vec<Option<PrecisionRecall>>,
    calibration: Calibration,
    temperature: Option<Temperature>,
}

#[derive(Deserialize)]
struct Roc {
    thresholds: Vec<f64>,
    r#false: Vec<f64>,
    r#true: Vec<f64>,
    area: f64,
}

#[derive(Deserialize)]
struct PrecisionRecall {
    precision: Vec<f64>,
    recall: Vec<f64>,
    average: f64,
}

/// The counts of all bins, and the means of the bins that aren't empty.
#[derive(Deserialize)]
struct Calibration {
    counts: Vec<usize>,
    accuracy: Vec<f64>,
    confidence: Vec<f64>,
    error: f64,
}

#[derive(Deserialize)]
struct Temperature {
    beta: f64,
    loss: f64,
}

impl Case {
    fn probabilities(&self) -> Vec<Vec<f64>> {
        let share = |&count| f64::from(count) / f64::from(self.of);
        self.counts.iter().map(|counts| counts.iter().map(share).collect()).collect()
    }

    /// Each example's probability of `label`, and whether `label` is the example's label.
    fn against_the_rest(&self, label: usize) -> Vec<(f64, bool)> {
        let scores = self.probabilities().into_iter().map(|probabilities| probabilities[label]);
        scores.zip(&self.targets).map(|(score, &target)| (score, target == label)).collect()
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("fixtures/curves.json")).unwrap()
}

fn assert_close(found: &[f64], expected: &[f64], place: &str) {
    assert_eq!(found.len(), expected.len(), "{place}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= TOLERANCE, "{place}: {found} against {expected}");
    }
}

/// Agreement says little unless ties, missing labels and missing minima occur among the cases.
#[test]
fn the_cases_have_what_can_go_wrong() {
    let cases = cases();
    assert_eq!(cases.len(), 40);
    let count = |holds: &dyn Fn(&Case) -> bool| cases.iter().filter(|case| holds(case)).count();
    let has_ties = |case: &Case| {
        let curve = case.roc[0].as_ref();
        curve.is_some_and(|curve| curve.thresholds.len() < case.targets.len())
    };
    for (what, count) in [
        ("tied scores", count(&has_ties)),
        ("more than two labels", count(&|case| case.counts[0].len() > 2)),
        ("a temperature", count(&|case| case.temperature.is_some())),
        ("no temperature", count(&|case| case.temperature.is_none())),
        ("a label without a curve", count(&|case| case.roc.iter().any(Option::is_none))),
        ("a temperature below 1", count(&|case| case.temperature.as_ref().is_some_and(|t| t.beta > 1.0))),
    ] {
        assert!(count >= 3, "{count} cases have {what}");
    }
}

#[test]
fn roc_curves_agree() {
    for case in cases() {
        for (label, expected) in case.roc.iter().enumerate() {
            let place = format!("{}, label {label}", case.name);
            let (found, expected) = match (roc_curve(&case.against_the_rest(label)), expected) {
                (Some(found), Some(expected)) => (found, expected),
                (found, expected) => {
                    assert!(found.is_none() && expected.is_none(), "{place}: {found:?}");
                    continue;
                }
            };
            let of = |get: fn(&embert_metrics::RocPoint) -> f64| -> Vec<f64> {
                found.points.iter().map(get).collect()
            };
            assert_close(&of(|point| point.threshold)[1..], &expected.thresholds, &place);
            assert_close(&of(|point| point.false_positive_rate), &expected.r#false, &place);
            assert_close(&of(|point| point.true_positive_rate), &expected.r#true, &place);
            assert_close(&[found.area], &[expected.area], &place);
        }
    }
}

#[test]
fn precision_recall_curves_agree() {
    for case in cases() {
        for (label, expected) in case.precision_recall.iter().enumerate() {
            let place = format!("{}, label {label}", case.name);
            let (found, expected) = match (precision_recall_curve(&case.against_the_rest(label)), expected) {
                (Some(found), Some(expected)) => (found, expected),
                (found, expected) => {
                    assert!(found.is_none() && expected.is_none(), "{place}: {found:?}");
                    continue;
                }
            };
            let precisions: Vec<f64> = found.points.iter().map(|point| point.precision).collect();
            let recalls: Vec<f64> = found.points.iter().map(|point| point.recall).collect();
            assert_close(&precisions, &expected.precision, &place);
            assert_close(&recalls, &expected.recall, &place);
            assert_close(&[found.average_precision], &[expected.average], &place);
        }
    }
}

#[test]
fn reliability_agrees() {
    for case in cases() {
        let first_maximum = |row: &[f64]| {
            (1..row.len()).fold(0, |best, label| if row[label] > row[best] { label } else { best })
        };
        let predictions = case.probabilities().into_iter().zip(&case.targets).map(|(row, &target)| {
            let predicted = first_maximum(&row);
            (row[predicted], predicted == target)
        });
        let found = reliability(predictions, 15);
        let counts: Vec<usize> = found.bins.iter().map(|bin| bin.count).collect();
        assert_eq!(counts, case.calibration.counts, "{}", case.name);
        let filled = found.bins.iter().filter(|bin| bin.count > 0);
        let (accuracy, confidence): (Vec<f64>, Vec<f64>) =
            filled.map(|bin| (bin.accuracy, bin.confidence)).unzip();
        assert_close(&accuracy, &case.calibration.accuracy, &case.name);
        assert_close(&confidence, &case.calibration.confidence, &case.name);
        assert_close(&[found.expected_error], &[case.calibration.error], &case.name);
    }
}

#[test]
fn temperatures_agree() {
    for case in cases() {
        let probabilities = case.probabilities();
        let examples = || case.targets.iter().copied().zip(probabilities.iter().map(Vec::as_slice));
        let (found, expected) = match (temperature(examples()), &case.temperature) {
            (Some(found), Some(expected)) => (found, expected),
            (found, expected) => {
                assert!(found.is_none() && expected.is_none(), "{}: {found:?}", case.name);
                continue;
            }
        };
        let relative = (found * expected.beta - 1.0).abs();
        assert!(relative <= TEMPERATURE_TOLERANCE, "{}: {found} against 1 / {}", case.name, expected.beta);
        let losses = examples().map(|(target, row)| -at_temperature(row, found)[target].ln());
        let loss = losses.sum::<f64>() / case.targets.len() as f64;
        assert_close(&[loss], &[expected.loss], &case.name);
    }
}
