//! [`SimilarityAccumulator`]: collects pairs of texts and computes a [`SimilarityReport`].

use std::collections::HashMap;

use super::report::SimilarityReport;
use super::retrieval::Retrieval;
use crate::{MetricsError, RegressionAccumulator};

/// Collects pairs of texts with a score and their cosine, or pairs without a score and their vectors, and gives a
/// [`SimilarityReport`] over all of them at any time.
///
/// Memory: two numbers a pair with a score; else the texts and vectors.
#[derive(Clone, Debug, Default)]
pub struct SimilarityAccumulator {
    examples: usize,
    scores: Option<RegressionAccumulator>,
    retrieval: Option<Found>,
}

/// Texts with their vectors, of length 1.
#[derive(Clone, Debug, Default)]
struct Found {
    retrieval: Retrieval,
    vectors: HashMap<String, Vec<f32>>,
}

impl Found {
    fn add(&mut self, text: &str, vector: &[f32]) -> Result<(), MetricsError> {
        if let Some(value) = vector.iter().find(|value| !value.is_finite()) {
            return Err(MetricsError::PredictionNotFinite { value: f64::from(*value) });
        }
        if !self.vectors.contains_key(text) {
            self.vectors.insert(text.to_owned(), normalized(vector));
        }
        Ok(())
    }
}

impl SimilarityAccumulator {
    /// Adds a pair with the score `truth` and the cosine of its vectors.
    ///
    /// # Errors
    /// A number that is NaN or infinite. The accumulator is unchanged then.
    pub fn add_score(&mut self, truth: f64, cosine: f64) -> Result<(), MetricsError> {
        self.scores.get_or_insert_default().add(truth, cosine)?;
        self.examples += 1;
        Ok(())
    }

    /// Adds a pair without a score: two texts, and perhaps a third that is no partner of the first, each with its
    /// vector.
    ///
    /// # Errors
    /// A vector with a number that is NaN or infinite.
    pub fn add_pair(
        &mut self,
        query: (&str, &[f32]),
        partner: (&str, &[f32]),
        other: Option<(&str, &[f32])>,
    ) -> Result<(), MetricsError> {
        let found = self.retrieval.get_or_insert_default();
        for (text, vector) in [query, partner].into_iter().chain(other) {
            found.add(text, vector)?;
        }
        found.retrieval.add(query.0, partner.0);
        if let Some((text, _)) = other {
            found.retrieval.add_document(text);
        }
        self.examples += 1;
        Ok(())
    }

    /// Adds all pairs of `other`.
    pub fn merge(&mut self, other: Self) {
        self.examples += other.examples;
        if let Some(scores) = other.scores {
            self.scores.get_or_insert_default().merge(scores);
        }
        if let Some(Found { retrieval, vectors }) = other.retrieval {
            let found = self.retrieval.get_or_insert_default();
            found.retrieval.merge(retrieval);
            for (text, vector) in vectors {
                found.vectors.entry(text).or_insert(vector);
            }
        }
    }

    /// The metrics over all pairs so far.
    pub fn report(&self) -> SimilarityReport {
        let retrieval = self.retrieval.as_ref().map(|Found { retrieval, vectors }| {
            let of = |texts: &[String]| texts.iter().map(|text| vectors[text].as_slice()).collect::<Vec<_>>();
            let (queries, documents) = (of(retrieval.queries()), of(retrieval.documents()));
            retrieval.report(|query, document| dot(queries[query], documents[document]))
        });
        SimilarityReport {
            examples: self.examples,
            scores: self.scores.as_ref().map(RegressionAccumulator::report),
            retrieval,
        }
    }
}

/// The cosine of the angle between two vectors; 0 where one of them is 0.
pub fn cosine(one: &[f32], other: &[f32]) -> f64 {
    dot(&normalized(one), &normalized(other))
}

fn dot(one: &[f32], other: &[f32]) -> f64 {
    one.iter().zip(other).map(|(one, other)| f64::from(*one) * f64::from(*other)).sum()
}

/// The vector scaled to length 1; one of length 0 stays.
fn normalized(vector: &[f32]) -> Vec<f32> {
    let length = dot(vector, vector).sqrt();
    if length == 0.0 {
        return vector.to_vec();
    }
    vector.iter().map(|value| (f64::from(*value) / length) as f32).collect()
}
