//! [`AnswerPrediction`]: the best answers to a question.

use serde::Serialize;

/// An answer with its probability. Written as an entry of `nbest_predictions.json`, to which `start` and
/// `end` are added.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The text, cut from the context; empty for the null answer. `empty`, as `utils_qa.py` has it, where the
    /// model gives no answer at all.
    pub text: String,
    /// The softmax of the scores of the n-best answers.
    pub probability: f64,
    /// The start logit of the first token; a number of f32.
    pub start_logit: f64,
    /// The end logit of the last token; a number of f32.
    pub end_logit: f64,
    /// The first character in the context, counted in Unicode code points from 0. 0 if the text is not cut
    /// from the context.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

/// The best answers to a question, from all windows of its context.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerPrediction {
    /// Never empty.
    pub(super) n_best: Vec<Answer>,
    pub(super) null_odds: Option<f64>,
    /// The index of the best answer that is not null.
    pub(super) best: usize,
    /// The index of the null answer.
    pub(super) null: Option<usize>,
    pub(super) is_null: bool,
}

impl AnswerPrediction {
    /// The answer: the null answer if its odds are above the threshold, else the best other one.
    pub fn answer(&self) -> &Answer {
        match self.null {
            Some(null) if self.is_null => &self.n_best[null],
            _ => self.best(),
        }
    }

    /// The best answers, the greatest score first. If questions may have no answer, one of them is the null
    /// answer: the last one, and one more than the options' `n_best`, where its score is too low for a place
    /// among them.
    pub fn n_best(&self) -> &[Answer] {
        &self.n_best
    }

    /// The null score less the score of the best answer that is not null, in logits, as in `null_odds.json`:
    /// a number of f32. `None` unless questions may have no answer.
    pub fn null_odds(&self) -> Option<f64> {
        self.null_odds
    }

    /// The best answer that is not null.
    pub fn best(&self) -> &Answer {
        &self.n_best[self.best]
    }

    /// True if the answer is the null answer.
    pub fn is_null(&self) -> bool {
        self.is_null
    }

    /// The prediction with another threshold of [`null_odds`](Self::null_odds), above which the answer is
    /// null. Without null answers it changes nothing.
    #[must_use]
    pub fn with_null_threshold(self, threshold: f64) -> Self {
        let is_null = self.null_odds.is_some_and(|odds| odds > threshold);
        Self { is_null, ..self }
    }
}
