//! [`LabelledTexts`]: a text with the labels that it has.

use std::sync::Arc;

use embert_metrics::{DEFAULT_THRESHOLD, is_predicted};
use serde::ser::{Serialize, SerializeMap as _, SerializeStruct as _, Serializer};

/// A text, or a pair of texts, with the labels that it has and the probability of each label.
///
/// Serialises to `{"text":..,"labels":[..],"probabilities":{..}}`, with `text_pair` after `text` for pairs.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledTexts {
    text: String,
    text_pair: Option<String>,
    names: Arc<[String]>,
    thresholds: Option<Arc<[f64]>>,
    probabilities: Vec<f64>,
}

impl LabelledTexts {
    pub(super) fn new(
        text: String,
        text_pair: Option<String>,
        names: Arc<[String]>,
        thresholds: Option<Arc<[f64]>>,
        probabilities: Vec<f64>,
    ) -> Self {
        Self { text, text_pair, names, thresholds, probabilities }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The labels whose probability is at least their threshold, with their probabilities, in the order of
    /// the head's outputs.
    pub fn labels(&self) -> impl Iterator<Item = (&str, f64)> {
        let threshold =
            |label: usize| self.thresholds.as_ref().map_or(DEFAULT_THRESHOLD, |fitted| fitted[label]);
        let all = self.names.iter().map(String::as_str).zip(self.probabilities.iter().copied());
        all.enumerate()
            .filter(move |(label, (_, probability))| is_predicted(*probability, threshold(*label)))
            .map(|(_, named)| named)
    }
}

impl Serialize for LabelledTexts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = 3 + usize::from(self.text_pair.is_some());
        let mut out = serializer.serialize_struct("LabelledTexts", fields)?;
        out.serialize_field("text", &self.text)?;
        if let Some(text_pair) = &self.text_pair {
            out.serialize_field("text_pair", text_pair)?;
        }
        out.serialize_field("labels", &self.labels().map(|(name, _)| name).collect::<Vec<_>>())?;
        out.serialize_field("probabilities", &Probabilities(self))?;
        out.end()
    }
}

/// The probability of each label by its name.
struct Probabilities<'a>(&'a LabelledTexts);

impl Serialize for Probabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let LabelledTexts { names, probabilities, .. } = self.0;
        let mut map = serializer.serialize_map(Some(names.len()))?;
        for (name, probability) in names.iter().zip(probabilities) {
            map.serialize_entry(name, probability)?;
        }
        map.end()
    }
}
