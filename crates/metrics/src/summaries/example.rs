//! [`SummarizedExample`]: a line of a run folder's `examples.jsonl` for summaries.

use serde::{Deserialize, Serialize};

/// The hub's name of the task whose predictions these are.
pub const SUMMARIZATION: &str = "summarization";

/// A text with its true summaries, and the sentences that a model chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SummarizedExample {
    /// `validation` or `test`.
    pub split: String,
    /// The example's row number.
    pub id: u64,
    /// The text; given sentences are joined by one space.
    pub text: String,
    /// The sentences in the order of the text.
    pub sentences: Vec<ScoredSentence>,
    /// The true summaries, of which any is right; the oracle's sentences where the data set has no other.
    pub references: Vec<String>,
    /// The number of tokens that the model read; those that windows share count once.
    pub tokens: usize,
}

/// A sentence of a text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoredSentence {
    /// The first character in the text, counted in Unicode code points from 0.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
    /// The probability that the sentence is in the summary; absent for one that the model has not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Whether the model chose the sentence.
    pub is_chosen: bool,
    /// Whether the oracle, or the data set, has the sentence in the summary.
    pub is_oracle: bool,
}
