//! [`PairScorer`]: metrics of pairs of texts.

use embert_metrics::{SimilarityAccumulator, SimilarityReport};

use super::SentenceSimilarity;
use super::example::TextPair;
use super::labels::ScoreScale;
use super::prediction::PairPrediction;
use crate::{Scorer, TaskError};

/// Metrics of all pairs.
#[derive(Clone, Debug)]
pub struct PairScorer {
    pub(super) scale: Option<ScoreScale>,
    pub(super) accumulator: SimilarityAccumulator,
}

impl Scorer<SentenceSimilarity> for PairScorer {
    fn add(&mut self, example: &TextPair, prediction: &PairPrediction) -> Result<(), TaskError> {
        if let Some(scale) = &self.scale {
            let score = example.score.ok_or(TaskError::Unlabelled { id: example.id })?;
            return Ok(self.accumulator.add_score(scale.scaled(score), prediction.cosine)?);
        }
        let mut vectors = prediction.vectors.iter().map(Vec::as_slice);
        let (Some(first), Some(second)) = (vectors.next(), vectors.next()) else {
            return Err(TaskError::Unlabelled { id: example.id });
        };
        let other = example.negative.as_deref().zip(vectors.next());
        Ok(self.accumulator.add_pair((&example.text, first), (&example.text_pair, second), other)?)
    }

    fn merge(&mut self, other: Self) -> Result<(), TaskError> {
        self.accumulator.merge(other.accumulator);
        Ok(())
    }

    fn finish(&self) -> SimilarityReport {
        self.accumulator.report()
    }
}
