//! What a `config.json` says of a classification head: its labels and the function on its outputs.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;

use serde_json::{Map, Value};

use super::{BertConfig, Origin};
use crate::ModelError;

pub(super) const SINGLE_LABEL: &str = "single_label_classification";
const MULTI_LABEL: &str = "multi_label_classification";
const REGRESSION: &str = "regression";

/// More labels than any classifier has: a larger number is a mistake, and would be as many made-up names.
const MAX_LABELS: usize = 1_000_000;

/// What makes scores of a head's outputs, as `transformers`' `text-classification` pipeline chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeadFunction {
    /// Probabilities that sum to 1: a text has one of the labels.
    Softmax,
    /// A probability for each label by itself.
    Sigmoid,
    /// The outputs as they are.
    Identity,
}

impl fmt::Display for HeadFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Softmax => "softmax",
            Self::Sigmoid => "sigmoid",
            Self::Identity => "raw number",
        })
    }
}

impl BertConfig {
    /// The function on the head's outputs: none for `problem_type` `regression`, a sigmoid for
    /// `multi_label_classification` and for a single output, else a softmax.
    pub fn head_function(&self) -> HeadFunction {
        match self.problem_type.as_deref() {
            Some(REGRESSION) => HeadFunction::Identity,
            Some(MULTI_LABEL) => HeadFunction::Sigmoid,
            _ if self.num_labels() == 1 => HeadFunction::Sigmoid,
            _ => HeadFunction::Softmax,
        }
    }

    /// Whether the head chooses one of several classes, which is what data with these labels need.
    ///
    /// # Errors
    /// It does not, in the checkpoint in `dir`.
    pub fn check_classes(&self, dir: &Path, labels: &[String]) -> Result<(), ModelError> {
        match self.head_function() {
            HeadFunction::Softmax => Ok(()),
            function => Err(ModelError::NoClasses {
                dir: dir.to_owned(),
                outputs: self.num_labels(),
                function,
                wanted: labels.to_vec(),
            }),
        }
    }
}

/// A head's labels and its kind.
pub(super) struct Head {
    pub(super) labels: Vec<String>,
    pub(super) problem_type: Option<String>,
}

impl Default for Head {
    /// `transformers`' default: two labels without names.
    fn default() -> Self {
        Self { labels: generic_labels(2), problem_type: None }
    }
}

/// The keys that describe a head, as they stand in the file. Null counts as missing.
pub(super) struct HeadKeys {
    pub(super) id2label: Value,
    pub(super) label2id: Value,
    pub(super) num_labels: Value,
    pub(super) problem_type: Value,
}

impl HeadKeys {
    /// `id2label`, else `label2id`, else as many generic names as `num_labels` says, else two.
    ///
    /// Without `id2label`, `transformers` ignores `label2id` and makes up names; the names that are there say more.
    pub(super) fn read(&self, origin: &Origin<'_>) -> Result<Head, ModelError> {
        let problem_type = match &self.problem_type {
            Value::Null => None,
            Value::String(kind) if [SINGLE_LABEL, MULTI_LABEL, REGRESSION].contains(&kind.as_str()) => {
                Some(kind.clone())
            }
            other => {
                let expected = format!("\"{SINGLE_LABEL}\", \"{MULTI_LABEL}\" or \"{REGRESSION}\"");
                return Err(origin.bad("problem_type", other, &expected));
            }
        };
        let count = self.count(origin)?;
        let (key, labels) = match (&self.id2label, &self.label2id) {
            (Value::Null, Value::Object(by_name)) if !by_name.is_empty() => {
                ("label2id", labels_by_name(by_name, origin)?)
            }
            (Value::Null, _) => ("num_labels", generic_labels(count.unwrap_or(2))),
            (by_id, _) => ("id2label", labels_by_id(by_id, origin)?),
        };
        if let Some(count) = count.filter(|count| *count != labels.len()) {
            let expected = format!("{}, the labels in \"{key}\"", labels.len());
            return Err(origin.bad("num_labels", count, &expected));
        }
        self.check_agreement(&labels, origin)?;
        let head = Head { labels, problem_type };
        head.check(origin)?;
        Ok(head)
    }

    fn count(&self, origin: &Origin<'_>) -> Result<Option<usize>, ModelError> {
        if self.num_labels.is_null() {
            return Ok(None);
        }
        let count = self.num_labels.as_u64().and_then(|count| usize::try_from(count).ok());
        match count.filter(|count| (1..=MAX_LABELS).contains(count)) {
            Some(count) => Ok(Some(count)),
            None => Err(origin.bad(
                "num_labels",
                &self.num_labels,
                "a number of at least 1 and at most 1,000,000",
            )),
        }
    }

    /// `label2id` may have other names than `id2label`, which is what decides, but not the same ones with other numbers.
    fn check_agreement(&self, labels: &[String], origin: &Origin<'_>) -> Result<(), ModelError> {
        let Value::Object(by_name) = &self.label2id else { return Ok(()) };
        let indices: HashMap<&String, usize> = labels.iter().zip(0..).collect();
        for (name, id) in by_name {
            let Some(&index) = indices.get(name) else { continue };
            if number(id).is_some_and(|id| id != index) {
                let expected = format!("{index}, as in \"id2label\": one of the two is wrong");
                return Err(origin.bad(&format!("label2id.{name}"), id, &expected));
            }
        }
        Ok(())
    }
}

impl Head {
    /// What holds of every head, also of one that was made in code.
    pub(super) fn check(&self, origin: &Origin<'_>) -> Result<(), ModelError> {
        if self.labels.is_empty() {
            return Err(origin.bad("id2label", "empty", "at least one label"));
        }
        let mut sorted: Vec<&String> = self.labels.iter().collect();
        sorted.sort_unstable();
        if let Some([label, _]) = sorted.array_windows().find(|[one, other]| one == other) {
            let found = format!("\"{label}\" twice");
            return Err(origin.bad("id2label", found, "a name of its own for each label"));
        }
        if self.labels.len() == 1 && self.problem_type.as_deref() == Some(SINGLE_LABEL) {
            let expected =
                format!("\"{MULTI_LABEL}\" (a sigmoid) or \"{REGRESSION}\" for a head with one output");
            return Err(origin.bad("problem_type", format!("\"{SINGLE_LABEL}\""), &expected));
        }
        Ok(())
    }
}

pub(super) fn generic_labels(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("LABEL_{index}")).collect()
}

fn labels_by_id(by_id: &Value, origin: &Origin<'_>) -> Result<Vec<String>, ModelError> {
    const KEY: &str = "id2label";
    let Value::Object(by_id) = by_id else {
        return Err(origin.bad(
            KEY,
            by_id,
            "an object of names by number, as in {\"0\": \"no\", \"1\": \"yes\"}",
        ));
    };
    let mut names = BTreeMap::new();
    for (id, name) in by_id {
        let key = format!("{KEY}.{id}");
        let name = match name {
            Value::String(name) => name.clone(),
            // transformers takes a number for a name, and shows its digits.
            Value::Number(name) => name.to_string(),
            other => return Err(origin.bad(&key, other, "a name")),
        };
        let id =
            id.trim().parse().map_err(|_| origin.bad(KEY, format!("\"{id}\""), "a number as each key"))?;
        names.insert(id, name);
    }
    in_order(names, KEY, by_id, origin)
}

fn labels_by_name(by_name: &Map<String, Value>, origin: &Origin<'_>) -> Result<Vec<String>, ModelError> {
    const KEY: &str = "label2id";
    let mut names = BTreeMap::new();
    for (name, id) in by_name {
        let id =
            number(id).ok_or_else(|| origin.bad(&format!("{KEY}.{name}"), id, "a number of at least 0"))?;
        names.insert(id, name.clone());
    }
    in_order(names, KEY, by_name, origin)
}

/// A number, which some write as a string.
fn number(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => usize::try_from(other.as_u64()?).ok(),
    }
}

fn in_order(
    names: BTreeMap<usize, String>,
    key: &str,
    found: &Map<String, Value>,
    origin: &Origin<'_>,
) -> Result<Vec<String>, ModelError> {
    if names.len() != found.len() || names.keys().enumerate().any(|(index, id)| index != *id) {
        let found = Value::Object(found.clone());
        return Err(origin.bad(key, found, "a label for each number from 0 on, without gaps"));
    }
    Ok(names.into_values().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn labels(text: &str) -> Vec<String> {
        BertConfig::from_json(text).unwrap().id2label
    }

    #[test]
    fn labels_come_by_id_by_name_or_by_number() {
        assert_eq!(labels(r#"{"id2label": {"1": "pos", "0": "neg"}}"#), ["neg", "pos"]);
        assert_eq!(labels(r#"{"label2id": {"pos": 1, "neg": "0"}}"#), ["neg", "pos"]);
        assert_eq!(labels(r#"{"num_labels": 3}"#), ["LABEL_0", "LABEL_1", "LABEL_2"]);
        assert_eq!(labels(r#"{"id2label": null, "label2id": null}"#), ["LABEL_0", "LABEL_1"]);
        assert_eq!(labels(r#"{"label2id": {}, "num_labels": null}"#), ["LABEL_0", "LABEL_1"]);
        let eleven: Map<_, _> = (0..11).map(|id| (id.to_string(), json!(format!("label {id}")))).collect();
        assert_eq!(labels(&json!({ "id2label": eleven }).to_string())[10], "label 10");
    }

    #[test]
    fn numbers_are_names_and_keys_are_read_as_python_reads_integers() {
        assert_eq!(labels(r#"{"id2label": {"0": 0, "1": 1}, "label2id": {"0": 0, "1": 1}}"#), ["0", "1"]);
        assert_eq!(labels(r#"{"id2label": {" 0 ": 0.5, "+1": -3}}"#), ["0.5", "-3"]);
    }

    #[test]
    fn other_names_in_label2id_do_not_count_and_other_numbers_are_a_contradiction() {
        let text = r#"{"id2label": {"0": "neg", "1": "pos"}, "label2id": {"LABEL_1": 0, "pos": "1"}}"#;
        assert_eq!(labels(text), ["neg", "pos"]);
        let text = r#"{"id2label": {"0": "neg", "1": "pos"}, "label2id": {"neg": 1, "pos": 0}}"#;
        let error = BertConfig::from_json(text).unwrap_err().to_string();
        assert!(error.contains(r#""label2id.neg" is 1, expected 0, as in "id2label""#), "{error}");
    }

    #[test]
    fn the_function_is_the_one_that_the_pipeline_chooses() {
        for (labels, kind, function) in [
            (1, Value::Null, HeadFunction::Sigmoid),
            (1, json!("regression"), HeadFunction::Identity),
            (1, json!("multi_label_classification"), HeadFunction::Sigmoid),
            (3, Value::Null, HeadFunction::Softmax),
            (3, json!("single_label_classification"), HeadFunction::Softmax),
            (3, json!("multi_label_classification"), HeadFunction::Sigmoid),
            (3, json!("regression"), HeadFunction::Identity),
        ] {
            let text = json!({"num_labels": labels, "problem_type": kind}).to_string();
            assert_eq!(BertConfig::from_json(&text).unwrap().head_function(), function, "{text}");
        }
    }
}
