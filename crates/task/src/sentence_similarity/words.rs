//! A rule without a model: how many words two texts share.

use std::collections::BTreeSet;

use embert_metrics::{Retrieval, SimilarityReport};

use super::example::TextPair;

/// The share of the words of two texts that both have (Jaccard), in lower case; 0 where neither has a word.
pub(super) fn shared_words(one: &str, other: &str) -> f64 {
    jaccard(&words(one), &words(other))
}

/// The scores of the rule for pairs without scores.
pub(super) fn by_shared_words(examples: &[TextPair]) -> SimilarityReport {
    let mut retrieval = Retrieval::default();
    for example in examples {
        retrieval.add(&example.text, &example.text_pair);
        example.negative.iter().for_each(|negative| retrieval.add_document(negative));
    }
    let all = |texts: &[String]| texts.iter().map(|text| words(text)).collect::<Vec<_>>();
    let (queries, documents) = (all(retrieval.queries()), all(retrieval.documents()));
    let report = retrieval.report(|query, document| jaccard(&queries[query], &documents[document]));
    SimilarityReport { examples: examples.len(), retrieval: Some(report), ..SimilarityReport::default() }
}

fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !character.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn jaccard(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let shared = one.intersection(other).count();
    let all = one.len() + other.len() - shared;
    if all == 0 { 0.0 } else { shared as f64 / all as f64 }
}
