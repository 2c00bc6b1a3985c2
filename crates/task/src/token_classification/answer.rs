//! [`TaggedText`]: a text with the entities that a model finds.

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
    /// The words of the text, each with its tag; `None` for a word that the model has not read.
    #[serde(skip)]
    pub words: Vec<(String, Option<String>)>,
    /// Whether the text was cut, so that the model has not read it whole.
    #[serde(skip)]
    pub is_cut: bool,
}

impl TaggedText {
    pub(super) fn new(
        example: TokenExample,
        prediction: &TokenPrediction,
        aggregation: Aggregation,
        labels: &[String],
        outside: Option<usize>,
    ) -> Self {
        let characters: Vec<char> = example.text.chars().collect();
        // A word that is nothing to the tokenizer is in no entity.
        let unread = if prediction.is_cut { None } else { outside };
        let words = judged(&example, prediction).into_iter().map(|word| {
            let tag = word.predicted().or(unread);
            let text = characters.get(word.characters).unwrap_or_default().iter().collect();
            (text, tag.map(|tag| labels[tag].clone()))
        });
        let words = words.collect();
        Self {
            entities: aggregation.entities(prediction, labels),
            words,
            is_cut: prediction.is_cut,
            text: example.text,
        }
    }
}
