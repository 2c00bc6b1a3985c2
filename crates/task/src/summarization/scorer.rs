//! [`SummaryScorer`]: ROUGE, and hits of the oracle.

use embert_metrics::SummaryAccumulator;

use super::example::SummaryExample;
use super::prediction::SummaryPrediction;
use crate::TaskError;

/// The metrics of all texts' summaries.
#[derive(Clone, Debug, Default)]
pub struct SummaryScorer(pub(super) SummaryAccumulator);

impl SummaryScorer {
    /// Adds the sentences that were chosen of a text, with the loss of those that were read.
    pub(super) fn add_summary(
        &mut self,
        example: &SummaryExample,
        prediction: &SummaryPrediction,
    ) -> Result<(), TaskError> {
        let unlabelled = TaskError::Unlabelled { id: example.id };
        let loss = prediction.loss(example.summarized.labels.as_ref().ok_or(unlabelled)?);
        self.add_chosen(example, &prediction.chosen, loss)
    }

    /// Adds the sentences of these indexes, with a loss and the number of sentences that it is of.
    pub(super) fn add_chosen(
        &mut self,
        example: &SummaryExample,
        chosen: &[usize],
        (loss, sentences): (f64, usize),
    ) -> Result<(), TaskError> {
        let oracle = example.oracle().ok_or(TaskError::Unlabelled { id: example.id })?;
        let summary = example.lines(chosen);
        Ok(self.0.add(&example.references(), &summary, chosen, &oracle, loss, sentences)?)
    }
}
