//! [`Metrics`]: named values; [`MetricInfo`]: a name's title and direction.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The name of the mean loss, the one metric that every task has, at each training step too.
pub const LOSS: &str = "loss";

/// A metric's names and direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricInfo {
    /// The name in settings, logs and tables: `macro_f1`.
    pub name: String,
    /// The name in headings: `Macro F1`.
    pub title: String,
    /// Whether a greater or a smaller value is better.
    pub better: Better,
    /// Whether the metric sums up an evaluation and is shown as a curve and a tile; other metrics are shown
    /// in tables.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub headline: bool,
}

/// The people that metrics are named after.
const PEOPLE: [&str; 4] = ["Pearson", "Spearman", "Jaccard", "Matthews"];

/// Whether a greater or a smaller value of a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Greater is better, as for the accuracy.
    Higher,
    /// Smaller is better, as for the loss.
    Lower,
}

impl Better {
    /// Whether `value` is strictly better than `than`. False if either value is NaN.
    pub fn is_better(self, value: f64, than: f64) -> bool {
        match self {
            Self::Higher => value > than,
            Self::Lower => value < than,
        }
    }
}

impl MetricInfo {
    /// The title within a sentence: the first letter is small unless an abbreviation or a person's name begins
    /// there (`macro F1`, `MCC`, `HasAns F1`, `Pearson correlation`).
    pub fn in_sentence(&self) -> String {
        if PEOPLE.iter().any(|name| self.title.starts_with(name)) {
            return self.title.clone();
        }
        let first = self.title.split(' ').next().unwrap_or_default();
        if first.chars().skip(1).any(char::is_uppercase) {
            return self.title.clone();
        }
        let mut letters = self.title.chars();
        match (letters.next(), letters.clone().next()) {
            (Some(first), Some(second)) if second.is_lowercase() => {
                first.to_lowercase().chain(letters).collect()
            }
            _ => self.title.clone(),
        }
    }
}

/// Values by name, in the order of evaluation or of the file.
///
/// NaN and infinity are written as null. A null loss is read as NaN; any other metric with null is undefined
/// and left out, as are values that are no numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(Vec<(String, f64)>);

impl Metrics {
    /// The value of the metric `name`.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// The names with their values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, f64)> + Clone {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>> FromIterator<(N, f64)> for Metrics {
    fn from_iter<I: IntoIterator<Item = (N, f64)>>(values: I) -> Self {
        Self(values.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Values;
        impl<'de> Visitor<'de> for Values {
            type Value = Metrics;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("values by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metrics, A::Error> {
                let mut values = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    match value {
                        Value::Null if name == LOSS => values.push((name, f64::NAN)),
                        value => values.extend(value.as_f64().map(|value| (name, value))),
                    }
                }
                Ok(Metrics(values))
            }
        }
        from.deserialize_map(Values)
    }
}

/// Reads a number; null is read as NaN, which JSON can't state.
pub(crate) fn read_number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_order_and_what_is_no_number_is_null() {
        let metrics: Metrics = [("z", 0.1), ("a", f64::NAN)].into_iter().collect();
        let json = serde_json::to_string(&metrics).unwrap();
        assert_eq!(json, r#"{"z":0.1,"a":null}"#);
        let read: Metrics = serde_json::from_str(r#"{"z":0.1,"words":"x","a":null,"loss":null}"#).unwrap();
        assert_eq!(read.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["z", LOSS]);
        assert!(
            read.get("z") == Some(0.1) && read.get(LOSS).unwrap().is_nan() && read.get("words").is_none()
        );
    }

    #[test]
    fn an_abbreviation_keeps_its_capitals() {
        let of = |title: &str| {
            let title = title.to_owned();
            MetricInfo { name: String::new(), title, better: Better::Higher, headline: false }.in_sentence()
        };
        assert_eq!(
            ["Accuracy", "F1", "Macro F1", "MCC", "ROC AUC", "HasAns F1", "Pearson correlation", ""].map(of),
            ["accuracy", "F1", "macro F1", "MCC", "ROC AUC", "HasAns F1", "Pearson correlation", ""]
        );
    }
}
