//! [`Retrieval`]: how well each text finds its partners among all of a split's.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use serde::Serialize;

/// The rank up to which a text is found.
const FOUND: usize = 10;

/// Texts, each with the documents that are its partners: an information retrieval task whose corpus is all
/// documents of a split. Equal texts are one text.
///
/// ```
/// use embert_metrics::Retrieval;
///
/// let mut retrieval = Retrieval::default();
/// retrieval.add("cats?", "a text on cats");
/// retrieval.add("dogs?", "a text on dogs");
/// let report = retrieval.report(|query, document| if query == document { 0.9 } else { 0.1 });
/// assert_eq!((report.queries, report.recall_at_1), (2, Some(1.0)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Retrieval {
    queries: Texts,
    documents: Texts,
    /// The partners of each query.
    relevant: Vec<BTreeSet<usize>>,
}

/// Distinct texts in the order in which they came.
#[derive(Clone, Debug, Default)]
struct Texts {
    texts: Vec<String>,
    places: HashMap<String, usize>,
}

impl Texts {
    fn place(&mut self, text: &str) -> usize {
        if let Some(&place) = self.places.get(text) {
            return place;
        }
        let place = self.texts.len();
        self.texts.push(text.to_owned());
        self.places.insert(text.to_owned(), place);
        place
    }
}

/// How well queries found their partners.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RetrievalReport {
    /// The number of distinct queries.
    pub queries: usize,
    /// The number of distinct documents.
    pub documents: usize,
    /// The mean of 1 / the best rank of a partner, with 0 beyond rank 10. `None` without queries.
    pub mrr_at_10: Option<f64>,
    /// The mean share of partners at rank 1. `None` without queries.
    pub recall_at_1: Option<f64>,
    /// The mean share of partners up to rank 10. `None` without queries.
    pub recall_at_10: Option<f64>,
}

impl Retrieval {
    /// Adds a query with a partner.
    pub fn add(&mut self, query: &str, partner: &str) {
        let document = self.documents.place(partner);
        let query = self.queries.place(query);
        self.relevant.resize_with(self.queries.texts.len(), BTreeSet::new);
        self.relevant[query].insert(document);
    }

    /// Adds a document that is nobody's partner.
    pub fn add_document(&mut self, document: &str) {
        self.documents.place(document);
    }

    /// Adds all of another one.
    pub fn merge(&mut self, other: Self) {
        for (query, partners) in other.queries.texts.iter().zip(other.relevant) {
            partners.into_iter().for_each(|document| self.add(query, &other.documents.texts[document]));
        }
        other.documents.texts.iter().for_each(|document| self.add_document(document));
    }

    /// The queries, in the order in which they came.
    pub fn queries(&self) -> &[String] {
        &self.queries.texts
    }

    /// The documents, in the order in which they came.
    pub fn documents(&self) -> &[String] {
        &self.documents.texts
    }

    /// The scores where `similarity` compares the query and the document with these places. A document ranks
    /// behind all others that are more similar, and behind those that are as similar and no partners: a tie is
    /// no success. Takes time for `queries * documents` comparisons.
    pub fn report(&self, similarity: impl Fn(usize, usize) -> f64 + Sync) -> RetrievalReport {
        let documents = self.documents.texts.len();
        let of_query = |(query, partners): (usize, &BTreeSet<usize>)| {
            let similarities: Vec<f64> = (0..documents).map(|document| similarity(query, document)).collect();
            let ranks: BTreeMap<usize, usize> = partners
                .iter()
                .map(|&own| {
                    let is_before = |document: &usize| {
                        let (other, own_one) = (similarities[*document], similarities[own]);
                        other > own_one
                            || (*document != own
                                && other >= own_one
                                && (!partners.contains(document) || *document < own))
                    };
                    (own, 1 + (0..documents).filter(is_before).count())
                })
                .collect();
            let best = ranks.values().min().copied().unwrap_or(usize::MAX);
            let share = |most: usize| {
                ranks.values().filter(|rank| **rank <= most).count() as f64 / partners.len() as f64
            };
            [if best <= FOUND { 1.0 / best as f64 } else { 0.0 }, share(1), share(FOUND)]
        };
        let all: Vec<[f64; 3]> = self.relevant.par_iter().enumerate().map(of_query).collect();
        let mean = |index: usize| {
            let sum: f64 = all.iter().map(|scores| scores[index]).sum();
            (!all.is_empty()).then(|| sum / all.len() as f64)
        };
        RetrievalReport {
            queries: all.len(),
            documents,
            mrr_at_10: mean(0),
            recall_at_1: mean(1),
            recall_at_10: mean(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retrieval(pairs: &[(&str, &str)]) -> Retrieval {
        let mut retrieval = Retrieval::default();
        pairs.iter().for_each(|(query, partner)| retrieval.add(query, partner));
        retrieval
    }

    #[test]
    fn equal_texts_are_one_and_a_query_may_have_several_partners() {
        let mut all = retrieval(&[("a", "x"), ("b", "y"), ("a", "z"), ("c", "x")]);
        all.add_document("w");
        assert_eq!((all.queries().len(), all.documents()), (3, &["x", "y", "z", "w"].map(String::from)[..]));
        // a: z, w, x, y; b: y; c: w, y, z, x.
        let similarities = [[2.0, 1.0, 4.0, 3.0], [1.0, 4.0, 2.0, 3.0], [1.0, 3.0, 2.0, 4.0]];
        let report = all.report(|query, document| similarities[query][document]);
        assert_eq!((report.queries, report.documents), (3, 4));
        let close = |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-15);
        close(report.mrr_at_10, (1.0 + 1.0 + 0.25) / 3.0);
        close(report.recall_at_1, (0.5 + 1.0 + 0.0) / 3.0);
        close(report.recall_at_10, 1.0);
    }

    #[test]
    fn a_tie_is_no_success_and_nothing_is_undefined() {
        let pairs: Vec<(String, String)> = (0..20).map(|n| (format!("q{n}"), format!("d{n}"))).collect();
        let mut all = Retrieval::default();
        pairs.iter().for_each(|(query, document)| all.add(query, document));
        let report = all.report(|_, _| 0.5);
        assert_eq!(
            (report.mrr_at_10, report.recall_at_1, report.recall_at_10),
            (Some(0.0), Some(0.0), Some(0.0))
        );
        assert_eq!(Retrieval::default().report(|_, _| 0.0).mrr_at_10, None);
    }

    #[test]
    fn parts_that_are_put_together_are_the_whole() {
        let pairs = [("a", "x"), ("b", "y"), ("a", "z"), ("c", "x")];
        let mut parts = retrieval(&pairs[..2]);
        parts.merge(retrieval(&pairs[2..]));
        let whole = retrieval(&pairs);
        assert_eq!((parts.queries(), parts.documents()), (whole.queries(), whole.documents()));
        assert_eq!(parts.relevant, whole.relevant);
    }
}
