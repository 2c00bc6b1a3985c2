//! Reading values of `config.json`, with error messages that give the value found and the value expected.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::HiddenAct;

pub(super) fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| expected(&value, "a whole number of at least 0"))
}

/// A whole number, or null for `None`; a missing key has the default.
pub(super) fn whole_number_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<usize>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => whole_number(value).map(Some).map_err(D::Error::custom),
    }
}

pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    value.as_f64().ok_or_else(|| expected(&value, "a number"))
}

pub(super) fn number_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => number(value).map(Some).map_err(D::Error::custom),
    }
}

pub(super) fn hidden_act<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HiddenAct, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let act = value.as_str().and_then(|name| name.parse().ok());
    act.ok_or_else(|| expected(&value, &format!("one of {}", HiddenAct::names())))
}

pub(super) fn class_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() {
        return Ok(Vec::new());
    }
    Vec::deserialize(&value).map_err(|_| expected(&value, "an array of class names"))
}

fn expected<E: serde::de::Error>(found: &Value, expected: &str) -> E {
    E::custom(format!("{found}, expected {expected}"))
}
