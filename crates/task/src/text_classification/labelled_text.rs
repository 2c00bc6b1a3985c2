//! [`LabelledText`]: a text with the score of each label.

use std::sync::Arc;

use embert_model::HeadFunction;
use serde::ser::{Serialize, SerializeMap as _, SerializeStruct as _, Serializer};

use super::class_scores::ClassScores;

/// A text, or a pair of texts, with the score of each label.
///
/// Serialises to `{"text":..,"label":..,"score":..,"probabilities":{..}}`, with `text_pair` after `text` for
/// pairs and the probabilities in the order of the model's labels. Scores that are not from a softmax need
/// not sum to 1: their key is `scores` in place of `probabilities`, and with one output there is neither
/// key.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledText {
    text: String,
    text_pair: Option<String>,
    labels: Arc<[String]>,
    function: HeadFunction,
    scores: ClassScores,
}

impl LabelledText {
    pub(super) fn new(
        text: String,
        text_pair: Option<String>,
        labels: Arc<[String]>,
        function: HeadFunction,
        scores: ClassScores,
    ) -> Self {
        Self { text, text_pair, labels, function, scores }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The second text of a pair.
    pub fn text_pair(&self) -> Option<&str> {
        self.text_pair.as_deref()
    }

    /// The index of the label with the highest score; the first label of a tie.
    pub fn label_id(&self) -> usize {
        self.scores.label_id()
    }

    /// The name of the label with the highest score. A head with one output has one label, whatever the
    /// score.
    pub fn label(&self) -> &str {
        &self.labels[self.label_id()]
    }

    /// The score of [`label`](Self::label): a probability, or a raw number if [`function`](Self::function) is
    /// the identity.
    pub fn score(&self) -> f64 {
        self.scores.score()
    }

    /// The score of each label, in the order of the model's labels.
    pub fn scores(&self) -> &[f64] {
        self.scores.scores()
    }

    /// The function that turned the head's outputs into scores.
    pub fn function(&self) -> HeadFunction {
        self.function
    }

    /// The names of the model's labels, in the order of the head's outputs.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The key of the object with all scores; `None` if the object would only repeat the score.
    fn scores_key(&self) -> Option<&'static str> {
        match self.function {
            HeadFunction::Softmax => Some("probabilities"),
            HeadFunction::Sigmoid | HeadFunction::Identity => (self.labels.len() > 1).then_some("scores"),
        }
    }
}

impl Serialize for LabelledText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Scores<'a>(&'a LabelledText);

        impl Serialize for Scores<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(self.0.labels.len()))?;
                for (label, score) in self.0.labels.iter().zip(self.0.scores()) {
                    map.serialize_entry(label, score)?;
                }
                map.end()
            }
        }

        let scores_key = self.scores_key();
        let fields = 3 + usize::from(self.text_pair.is_some()) + usize::from(scores_key.is_some());
        let mut object = serializer.serialize_struct("LabelledText", fields)?;
        object.serialize_field("text", &self.text)?;
        if let Some(text_pair) = &self.text_pair {
            object.serialize_field("text_pair", text_pair)?;
        }
        object.serialize_field("label", self.label())?;
        object.serialize_field("score", &self.score())?;
        if let Some(key) = scores_key {
            object.serialize_field(key, &Scores(self))?;
        }
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(labels: &[&str], function: HeadFunction, scores: &[f64]) -> LabelledText {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        LabelledText::new("Dull.".into(), None, labels, function, ClassScores::new(scores.to_vec()))
    }

    #[test]
    fn json_has_the_labels_in_their_order() {
        let prediction = prediction(&["neg", "pos", "mixed"], HeadFunction::Softmax, &[0.75, 0.125, 0.125]);
        assert_eq!(
            serde_json::to_string(&prediction).unwrap(),
            r#"{"text":"Dull.","label":"neg","score":0.75,"probabilities":{"neg":0.75,"pos":0.125,"mixed":0.125}}"#
        );
    }

    #[test]
    fn only_a_softmax_has_probabilities_that_sum_to_one() {
        for (labels, function, scores, json) in [
            (&["LABEL_0"][..], HeadFunction::Sigmoid, &[0.5][..], r#""label":"LABEL_0","score":0.5}"#),
            (&["stars"], HeadFunction::Identity, &[-3.5], r#""label":"stars","score":-3.5}"#),
            (
                &["calm", "glad"],
                HeadFunction::Sigmoid,
                &[0.5, 0.75],
                r#""label":"glad","score":0.75,"scores":{"calm":0.5,"glad":0.75}}"#,
            ),
        ] {
            let prediction = prediction(labels, function, scores);
            assert_eq!(serde_json::to_string(&prediction).unwrap(), format!(r#"{{"text":"Dull.",{json}"#));
        }
    }

    #[test]
    fn a_tie_goes_to_the_first_label() {
        assert_eq!(prediction(&["a", "b"], HeadFunction::Softmax, &[0.5, 0.5]).label(), "a");
    }
}
