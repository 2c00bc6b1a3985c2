//! [`ScoredText`]: a text with its predicted number.

use serde::Serialize;

/// A text, or a pair of texts, with its predicted number on the scale of the data. Serialises to
/// `{"text":..,"score":..}`, with `text_pair` after `text` for pairs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoredText {
    /// The text, or the first text of a pair.
    pub text: String,
    /// The second text of a pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_pair: Option<String>,
    /// The number.
    pub score: f64,
}
