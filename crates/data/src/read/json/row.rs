//! A row from an object of JSON.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;

use super::super::bytes::Source;
use crate::error::RowProblem;
use crate::row::{Columns, Row, Value};
use crate::shown::shown;

/// Keys that are kept for a message.
const KEYS: usize = 100;

/// What an object has for the columns.
pub(super) struct Found {
    /// Of the text, its pair and the label; `None` where the object has no such key.
    pub(super) cells: [Option<Json>; 3],
    /// Its keys.
    pub(super) keys: Vec<String>,
}

impl Found {
    /// Which of the three columns nobody asked for.
    pub(super) fn unwanted(columns: &Columns) -> [bool; 3] {
        names(columns).map(|name| name.is_none())
    }

    pub(super) fn parse(raw: Vec<u8>, source: &Source, columns: &Columns) -> Result<Self, RowProblem> {
        let text = source.text(raw)?;
        let mut parser = serde_json::Deserializer::from_str(&text);
        let mut twice = None;
        let wanted = Wanted { names: names(columns), twice: &mut twice };
        let found = wanted.deserialize(&mut parser).and_then(|found| parser.end().map(|()| found));
        match (found, twice) {
            (Ok(_), Some(column)) => Err(RowProblem::DuplicateColumn { column }),
            (Ok(found), None) => Ok(found),
            // Which line it is stands in the row's location; to serde_json it is always the first.
            (Err(error), _) => Err(RowProblem::Json {
                problem: shown(&error.to_string().replace("line 1 column", "column")),
            }),
        }
    }

    pub(super) fn into_row(self, columns: &Columns) -> Result<Row, RowProblem> {
        let [text, pair, label] = self.cells;
        let keys = self.keys;
        let as_text = |cell: Option<Json>, column: &String| match cell {
            Some(Json::String(text)) => Ok(text),
            Some(Json::Null) => Err(RowProblem::Null { column: column.clone(), expected: "a text" }),
            Some(other) => {
                let found = shown(&other.to_string());
                Err(RowProblem::Type { column: column.clone(), found, expected: "a text" })
            }
            None => Err(RowProblem::MissingColumn { column: column.clone(), found: keys.clone() }),
        };
        let as_label = |found: Option<Json>, column: &String| match found {
            None => Ok(Value::Null),
            Some(found) => cell(&found).ok_or_else(|| RowProblem::Type {
                column: column.clone(),
                found: shown(&found.to_string()),
                expected: "a text, or a number of at most 64 bits",
            }),
        };
        Ok(Row {
            text: as_text(text, &columns.text)?,
            text_pair: columns.text_pair.as_ref().map(|column| as_text(pair, column)).transpose()?,
            label: columns.label.as_ref().map(|column| as_label(label, column)).transpose()?,
        })
    }
}

fn names(columns: &Columns) -> [Option<&str>; 3] {
    [Some(&columns.text), columns.text_pair.as_ref(), columns.label.as_ref()]
        .map(|name| name.map(String::as_str))
}

/// What a value is as a cell; `None` for an object or a number beyond 64 bits.
fn cell(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            // An integer of more digits is parsed as the nearest of these.
            None => Value::Float(number.as_f64().filter(|number| number.abs() < 9e18)?),
        },
        Json::String(text) => Value::of_text(text.clone()),
        Json::Array(values) => Value::List(values.iter().map(cell).collect::<Option<_>>()?),
        Json::Object(_) => return None,
    })
}

/// Reads the wanted keys of an object, and passes over the others. A name with dots is also that of a value in an object.
struct Wanted<'a> {
    names: [Option<&'a str>; 3],
    /// A wanted key that the object has twice.
    twice: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = Found;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let (mut cells, mut nested) = ([None, None, None], [None, None, None]);
        let mut keys = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let exact = self.names.map(|name| name == Some(&*key));
            let inner = self.names.map(|name| name?.strip_prefix(&*key)?.strip_prefix('.'));
            if exact.contains(&true) || inner.iter().any(Option::is_some) {
                let value: Json = map.next_value()?;
                for index in 0..3 {
                    if exact[index] && cells[index].replace(value.clone()).is_some() {
                        *self.twice = Some(key.clone());
                    }
                    if let Some(path) = inner[index] {
                        let found = path.split('.').try_fold(&value, |value, key| value.get(key));
                        nested[index] = found.cloned().or(nested[index].take());
                    }
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if keys.len() < KEYS {
                keys.push(key);
            }
        }
        let cells = std::array::from_fn(|index| cells[index].take().or_else(|| nested[index].take()));
        Ok(Found { cells, keys })
    }
}
