//! Retrieval against sentence-transformers' `InformationRetrievalEvaluator` (`tests/reference/retrieval.py`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use embert_metrics::{Retrieval, SimilarityAccumulator};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    pairs: Vec<[String; 2]>,
    documents: Vec<String>,
    similarities: Vec<Vec<f64>>,
    #[serde(rename = "mrr@10")]
    mrr_at_10: f64,
    #[serde(rename = "recall@1")]
    recall_at_1: f64,
    #[serde(rename = "recall@10")]
    recall_at_10: f64,
}

/// The two add up in another order.
const TOLERANCE: f64 = 1e-12;

#[test]
fn partners_are_found_as_the_reference_finds_them() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/retrieval.json");
    let expected: Expected = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(expected.cases.iter().any(|case| case.mrr_at_10 > 0.1 && case.mrr_at_10 < 0.9));
    for (number, case) in expected.cases.iter().enumerate() {
        let mut retrieval = Retrieval::default();
        case.pairs.iter().for_each(|[query, document]| retrieval.add(query, document));
        case.documents.iter().for_each(|document| retrieval.add_document(document));
        let report = retrieval.report(|query, document| case.similarities[query][document]);
        for (name, found, expected) in [
            ("mrr@10", report.mrr_at_10, case.mrr_at_10),
            ("recall@1", report.recall_at_1, case.recall_at_1),
            ("recall@10", report.recall_at_10, case.recall_at_10),
        ] {
            let found = found.unwrap();
            assert!(
                (found - expected).abs() <= TOLERANCE,
                "case {number}, {name}: {found} against {expected}"
            );
        }
    }
}

#[test]
fn scores_and_pairs_are_collected_in_any_parts() {
    let mut whole = SimilarityAccumulator::default();
    let mut parts = [SimilarityAccumulator::default(), SimilarityAccumulator::default()];
    for (number, (truth, cosine)) in
        [(0.0, 0.1), (0.5, 0.4), (1.0, 0.9), (0.75, 0.95)].into_iter().enumerate()
    {
        whole.add_score(truth, cosine).unwrap();
        parts[number % 2].add_score(truth, cosine).unwrap();
    }
    let [mut one, other] = parts;
    one.merge(other);
    assert_eq!((one.report().examples, whole.report().examples), (4, 4));
    let close = |a: Option<f64>, b: Option<f64>| (a.unwrap() - b.unwrap()).abs() < TOLERANCE;
    let [one, whole] = [one, whole].map(|all| all.report().scores.unwrap());
    assert!(close(one.spearman, whole.spearman) && close(one.pearson, whole.pearson));

    let mut pairs = SimilarityAccumulator::default();
    let error = pairs.add_pair(("a", &[f32::NAN]), ("b", &[1.0]), None).unwrap_err().to_string();
    assert!(error.contains("NaN"), "{error}");
    for (text, vector) in [("a", [1.0, 0.2]), ("b", [0.1, 1.0])] {
        pairs
            .add_pair((text, &vector), (&format!("of {text}"), &[vector[0] * 3.0, vector[1]]), None)
            .unwrap();
    }
    assert_eq!(pairs.report().retrieval.unwrap().recall_at_1, Some(1.0));
}
