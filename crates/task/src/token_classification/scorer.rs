//! [`TokenScorer`]: metrics over whole entities.

use embert_metrics::{Scheme, TaggingAccumulator};

use super::example::{Tags, TokenExample};
use super::prediction::TokenPrediction;
use super::truth::{Judged, judged};
use crate::TaskError;

/// Metrics over whole entities and over words, of all examples.
#[derive(Clone, Debug)]
pub struct TokenScorer {
    pub(super) scores: TaggingAccumulator,
    outside: Option<usize>,
}

impl TokenScorer {
    pub(super) fn new(labels: &[String], scheme: Scheme, outside: Option<usize>) -> Result<Self, TaskError> {
        Ok(Self { scores: accumulator(labels, scheme)?, outside })
    }
}

pub(super) fn accumulator(labels: &[String], scheme: Scheme) -> Result<TaggingAccumulator, TaskError> {
    Ok(TaggingAccumulator::new(labels.to_vec(), scheme)?)
}

impl TokenScorer {
    /// Adds the example's words with the cross-entropy of their tags in nats, without class weights. A word
    /// that was cut off counts as outside of entities, and has no loss.
    pub(super) fn add_words(
        &mut self,
        example: &TokenExample,
        prediction: &TokenPrediction,
    ) -> Result<(), TaskError> {
        if example.tags == Tags::Unknown {
            return Err(TaskError::Unlabelled { id: example.id });
        }
        let words = judged(example, prediction);
        let truth: Vec<usize> = words.iter().map(|word| word.truth).collect();
        let tag = |word: &Judged<'_>| {
            word.predicted().or(self.outside).ok_or(TaskError::NoOutside { id: example.id })
        };
        let predicted = words.iter().map(tag).collect::<Result<Vec<_>, _>>()?;
        let read = words.iter().filter_map(|word| Some((word.truth, word.token?)));
        let loss = read.map(|(truth, token)| -token.probabilities[truth].max(f64::MIN_POSITIVE).ln());
        Ok(self.scores.add_with_losses(&truth, &predicted, &loss.collect::<Vec<_>>())?)
    }
}
