//! [`AnsweredQuestion`]: a question with the model's answers, as `predict` writes it.

use serde::Serialize;

use super::aligned::QuestionPrediction;
use super::example::QuestionExample;
use super::prediction::Answer;

/// A question with its answers. Serialises to
/// `{"id":..,"answer":..,"score":..,"start":..,"end":..,"nbest":[..]}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnsweredQuestion {
    /// The question's id; without one the number of its row.
    pub id: String,
    /// The answer; empty where the model finds that the context has none.
    pub answer: String,
    /// The probability of the answer among the best ones, in [0, 1].
    pub score: f64,
    /// The answer's first character in the context, counted in Unicode code points from 0.
    pub start: usize,
    /// One past its last character.
    pub end: usize,
    /// The best answers, the greatest score first.
    pub nbest: Vec<Answer>,
    /// The question.
    #[serde(skip)]
    pub question: String,
    /// Whether the context was cut, so that the model has not read it whole.
    #[serde(skip)]
    pub is_cut: bool,
}

impl AnsweredQuestion {
    /// The answers to `example`, of which `shown` are in [`nbest`](Self::nbest).
    pub(super) fn new(example: QuestionExample, prediction: QuestionPrediction, shown: usize) -> Self {
        let QuestionPrediction { answers, is_cut, .. } = prediction;
        let Answer { text, probability, start, end, .. } = answers.answer().clone();
        let nbest = answers.n_best().iter().take(shown).cloned().collect();
        let (id, question) = (example.key(), example.question.question);
        Self { id, answer: text, score: probability, start, end, nbest, question, is_cut }
    }
}
