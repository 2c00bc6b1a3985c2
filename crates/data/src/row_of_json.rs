//! [`row`]: rows for tests.

use crate::row::{Row, Value};

fn value(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Boolean(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Float(number.as_f64().unwrap()),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(values) => Value::List(values.iter().map(value).collect()),
        Json::Object(object) => {
            Value::from(object.iter().map(|(name, json)| (name.clone(), value(json))).collect::<Row>())
        }
    }
}

/// The row of a JSON object.
pub(crate) fn row(json: &str) -> Row {
    match value(&serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))) {
        Value::Struct(row) => *row,
        other => panic!("{other}"),
    }
}
