//! [`TaggedText`]: a text with the entities that a model finds.

use embert_metrics::argmax;
use serde::Serialize;

use super::aggregation::{Aggregation, FoundEntity};
use super::example::TokenExample;
use super::prediction::TokenPrediction;
use super::truth::judged;

/// A text with its entities. Serialises to
/// `{"text":..,"entities":[{"entity_group":..,"score":..,"word":..,"start":..,"end":..}]}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaggedText {
    /// The text.
    pub text: String,
    /// The entities in the order of the text.
    pub entities: Vec<FoundEntity>,
    /// The words of the text, each with its tag.
    #[serde(skip)]
    pub words: Vec<(String, String)>,
}

impl TaggedText {
    pub(super) fn new(
        example: TokenExample,
        prediction: &TokenPrediction,
        aggregation: Aggregation,
        labels: &[String],
        outside: usize,
    ) -> Self {
        let characters: Vec<char> = example.text.chars().collect();
        let words = judged(&example, prediction, outside).into_iter().map(|word| {
            let tag = word.token.map_or(outside, |token| argmax(&token.probabilities));
            let text = characters.get(word.characters).unwrap_or_default().iter().collect();
            (text, labels[tag].clone())
        });
        let words = words.collect();
        Self { entities: aggregation.entities(prediction, labels), words, text: example.text }
    }
}
