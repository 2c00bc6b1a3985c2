//! [`ClassScores`]: the score of each label.

/// The score of each label, in the order of the head's outputs: with a softmax, probabilities that sum to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassScores(Vec<f64>);

impl ClassScores {
    pub(super) fn new(scores: Vec<f64>) -> Self {
        Self(scores)
    }

    /// The score of each label, `[labels]`, in the order of the head's outputs.
    pub fn scores(&self) -> &[f64] {
        &self.0
    }

    /// The head's number of the label with the highest score; the first label of a tie.
    pub fn label_id(&self) -> usize {
        embert_metrics::argmax(&self.0)
    }

    /// The score of [`label_id`](Self::label_id).
    pub fn score(&self) -> f64 {
        self.0[self.label_id()]
    }
}
