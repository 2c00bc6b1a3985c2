//! [`HeadKeys`]: the keys of a `config.json` that describe a head, and the head's labels.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::origin::Origin;
use super::problem_type::ProblemType;
use crate::ModelError;

/// The largest number of labels accepted: a larger number is a mistake, and would make as many generic names.
const MAX_LABELS: usize = 1_000_000;

/// The labels of a head, and its problem type.
pub(super) struct HeadLabels {
    pub(super) labels: Vec<String>,
    pub(super) problem_type: Option<ProblemType>,
}

impl Default for HeadLabels {
    /// `transformers`' default: two labels without names.
    fn default() -> Self {
        Self { labels: generic_labels(2), problem_type: None }
    }
}

/// The keys that describe a head, with their values in the file. Null counts as missing.
pub(super) struct HeadKeys {
    pub(super) id2label: Value,
    pub(super) label2id: Value,
    pub(super) num_labels: Value,
    pub(super) problem_type: Value,
}

impl HeadKeys {
    /// The labels are those of `id2label`, else of `label2id`, else `num_labels` generic names, else two
    /// generic names.
    ///
    /// Without `id2label`, `transformers` ignores `label2id` and makes up names; the names in `label2id` are
    /// more useful.
    pub(super) fn read(&self, origin: &Origin<'_>) -> Result<HeadLabels, ModelError> {
        let problem_type = self.problem_type(origin)?;
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
        let head = HeadLabels { labels, problem_type };
        head.check(origin)?;
        Ok(head)
    }

    fn problem_type(&self, origin: &Origin<'_>) -> Result<Option<ProblemType>, ModelError> {
        if self.problem_type.is_null() {
            return Ok(None);
        }
        let kind = self.problem_type.as_str().and_then(|kind| kind.parse().ok());
        kind.map(Some).ok_or_else(|| {
            let [single, multi, regression] = [
                ProblemType::SingleLabelClassification,
                ProblemType::MultiLabelClassification,
                ProblemType::Regression,
            ];
            let expected = format!("\"{single}\", \"{multi}\" or \"{regression}\"");
            origin.bad("problem_type", &self.problem_type, &expected)
        })
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

    /// Checks `label2id` against the labels. `id2label` decides: `label2id` may have other names, but not a
    /// name of `id2label` with another number.
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

impl HeadLabels {
    /// Checks the labels and the problem type of any head, also of a head made in code.
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
        let single = ProblemType::SingleLabelClassification;
        if self.labels.len() == 1 && self.problem_type == Some(single) {
            let (multi, regression) = (ProblemType::MultiLabelClassification, ProblemType::Regression);
            let expected = format!("\"{multi}\" (a sigmoid) or \"{regression}\" for a head with one output");
            return Err(origin.bad("problem_type", format!("\"{single}\""), &expected));
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
            // `transformers` accepts a number as a name, and shows its digits.
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

/// A number, which some checkpoints write as a string.
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
