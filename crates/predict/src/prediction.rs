//! [`Prediction`].

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap as _, SerializeStruct as _, Serializer};

/// What the model says of one text.
///
/// Serialises to `{"text":..,"label":..,"score":..,"probabilities":{..}}`, with `text_pair` after `text` for pairs and the
/// probabilities in the order of the model's labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    text: String,
    text_pair: Option<String>,
    labels: Arc<[String]>,
    probabilities: Vec<f64>,
}

impl Prediction {
    pub(crate) fn new(
        text: String,
        text_pair: Option<String>,
        labels: Arc<[String]>,
        probabilities: Vec<f64>,
    ) -> Self {
        Self { text, text_pair, labels, probabilities }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The second text of a pair.
    pub fn text_pair(&self) -> Option<&str> {
        self.text_pair.as_deref()
    }

    /// The index of the most probable label; the first of those that are equally probable.
    pub fn label_id(&self) -> usize {
        let mut best = 0;
        for (index, probability) in self.probabilities.iter().enumerate() {
            if *probability > self.probabilities[best] {
                best = index;
            }
        }
        best
    }

    /// The name of the most probable label.
    pub fn label(&self) -> &str {
        &self.labels[self.label_id()]
    }

    /// The probability of the most probable label, in [0, 1].
    pub fn score(&self) -> f64 {
        self.probabilities[self.label_id()]
    }

    /// The softmax probability of each label, in the order of the model's labels.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// The names of the model's labels.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }
}

impl Serialize for Prediction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Probabilities<'a>(&'a Prediction);

        impl Serialize for Probabilities<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(self.0.labels.len()))?;
                for (label, probability) in self.0.labels.iter().zip(&self.0.probabilities) {
                    map.serialize_entry(label, probability)?;
                }
                map.end()
            }
        }

        let fields = 4 + usize::from(self.text_pair.is_some());
        let mut object = serializer.serialize_struct("Prediction", fields)?;
        object.serialize_field("text", &self.text)?;
        if let Some(text_pair) = &self.text_pair {
            object.serialize_field("text_pair", text_pair)?;
        }
        object.serialize_field("label", self.label())?;
        object.serialize_field("score", &self.score())?;
        object.serialize_field("probabilities", &Probabilities(self))?;
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_the_labels_in_their_order() {
        let labels: Arc<[String]> = ["neg".to_owned(), "pos".to_owned(), "mixed".to_owned()].into();
        let prediction = Prediction::new("Dull.".into(), None, labels, vec![0.75, 0.125, 0.125]);
        assert_eq!(
            serde_json::to_string(&prediction).unwrap(),
            r#"{"text":"Dull.","label":"neg","score":0.75,"probabilities":{"neg":0.75,"pos":0.125,"mixed":0.125}}"#
        );
    }

    #[test]
    fn a_tie_goes_to_the_first_label() {
        let labels: Arc<[String]> = ["a".to_owned(), "b".to_owned()].into();
        assert_eq!(Prediction::new(String::new(), None, labels, vec![0.5, 0.5]).label(), "a");
    }
}
