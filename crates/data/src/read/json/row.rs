//! [`Found`]: a row from a JSON object.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;

use super::super::bytes::Source;
use super::super::shared_names::SharedNames;
use crate::columns::{Columns, Kind};
use crate::row::{Row, Value};
use crate::row_problem::RowProblem;
use crate::shown::shown;

/// Number of an object's keys that are kept for a message.
const KEYS: usize = 100;

/// The values of a JSON object that are read.
pub(super) struct Found {
    /// The value of each column that is asked for by name; `None` where the object has no such key.
    pub(super) cells: Vec<Option<Json>>,
    /// The other keys and their values, where all columns are read.
    others: Vec<(String, Json)>,
    /// The object's first keys, for a message.
    pub(super) keys: Vec<String>,
}

impl Found {
    pub(super) fn parse(raw: Vec<u8>, source: &Source, columns: &Columns) -> Result<Self, RowProblem> {
        let text = source.text(raw)?;
        let mut parser = serde_json::Deserializer::from_str(&text);
        let mut twice = None;
        let wanted = Wanted { columns, twice: &mut twice };
        let found = wanted.deserialize(&mut parser).and_then(|found| parser.end().map(|()| found));
        match (found, twice) {
            (Ok(_), Some(column)) => Err(RowProblem::DuplicateColumn { column }),
            (Ok(found), None) => Ok(found),
            // The row's location has the line; serde_json sees one line only.
            (Err(error), _) => Err(RowProblem::Json {
                problem: shown(&error.to_string().replace("line 1 column", "column")),
            }),
        }
    }

    /// Whether the object is a text with its annotations, which may be a list of objects.
    pub(super) fn is_annotated(&self) -> bool {
        self.others.iter().any(|(name, value)| match name.as_str() {
            "text" => value.is_string(),
            "data" => value.is_string() || value.is_object(),
            _ => false,
        })
    }

    /// The row. A value of a column that nobody asked for by name is left out where it has an integer that
    /// [`Value`] can't hold: `leave_out` gets the column with the problem.
    pub(super) fn into_row(
        self,
        columns: &Columns,
        names: &mut SharedNames,
        mut leave_out: impl FnMut(&str, RowProblem),
    ) -> Result<Row, RowProblem> {
        let Self { cells, others, keys } = self;
        let mut values = Vec::with_capacity(cells.len() + others.len());
        for (wanted, cell) in columns.wanted().iter().zip(cells) {
            let column = || wanted.name.clone();
            values.push(match (wanted.kind, cell) {
                (Kind::Text, Some(Json::String(text))) => Value::Text(text),
                (Kind::Text, Some(Json::Null)) => {
                    return Err(RowProblem::Null { column: column(), expected: "a text" });
                }
                (Kind::Text, Some(other)) => {
                    let found = shown(&other.to_string());
                    return Err(RowProblem::Type { column: column(), found, expected: "a text" });
                }
                (Kind::Text, None) => {
                    return Err(RowProblem::MissingColumn { column: column(), found: keys });
                }
                (Kind::Label | Kind::Any, None) => Value::Null,
                (Kind::Label, Some(found)) => label(&found).ok_or_else(|| RowProblem::Type {
                    column: column(),
                    found: shown(&found.to_string()),
                    expected: "a text, or a number of at most 64 bits",
                })?,
                (Kind::Any, Some(found)) => value(found, names),
            });
        }
        let all = columns.names().chain(others.iter().map(|(name, _)| name)).map(String::as_str);
        let row_names = names.shared(all);
        for (name, found) in others {
            values.push(match large(&found) {
                None => value(found, names),
                Some(number) => {
                    let expected = "an integer of at most 64 bits with its sign";
                    leave_out(&name, RowProblem::Type { column: name.clone(), found: number, expected });
                    Value::Null
                }
            });
        }
        Ok(Row::new(row_names, values))
    }
}

/// An integer in the value, nested ones too, that is beyond [`Value::Integer`]: as a float it would be another
/// number. `serde_json` tells integers from floats up to 2^64; what is larger it reads as a float.
fn large(json: &Json) -> Option<String> {
    match json {
        Json::Number(number) => (number.is_u64() && !number.is_i64()).then(|| number.to_string()),
        Json::Array(values) => values.iter().find_map(large),
        Json::Object(object) => object.values().find_map(large),
        _ => None,
    }
}

/// Converts a JSON value.
fn value(json: Json, names: &mut SharedNames) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Boolean(truth),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(values) => Value::List(values.into_iter().map(|json| value(json, names)).collect()),
        Json::Object(object) => {
            let shared = names.shared(object.keys().map(String::as_str));
            let values = object.into_iter().map(|(_, json)| value(json, names)).collect();
            Value::from(Row::new(shared, values))
        }
    }
}

/// A value as a label's cell; `None` for an object or a number beyond 64 bits.
fn label(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            // An integer beyond 64 bits is parsed as the nearest float.
            None => Value::Float(number.as_f64().filter(|number| number.abs() < 9e18)?),
        },
        Json::String(text) => Value::of_label(text.clone()),
        Json::Array(values) => Value::List(values.iter().map(label).collect::<Option<_>>()?),
        Json::Object(_) => return None,
    })
}

/// Reads the wanted keys of an object, and passes over the others unless all are read.
struct Wanted<'a> {
    columns: &'a Columns,
    /// A key that is read and occurs twice in the object.
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
        let wanted = self.columns.wanted();
        // Values under a column's own name, and values found by following the dots in a column's name.
        let (mut exact, mut nested) = (vec![None; wanted.len()], vec![None; wanted.len()]);
        let (mut others, mut keys) = (Vec::new(), Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            let way = |name: &str| {
                let rest = name.strip_prefix(key.as_str())?;
                (rest.is_empty() || rest.starts_with('.')).then_some(rest.len())
            };
            if wanted.iter().any(|column| way(&column.name).is_some()) {
                let value: Json = map.next_value()?;
                let mut is_exact = false;
                for (index, column) in wanted.iter().enumerate() {
                    match way(&column.name) {
                        None => {}
                        Some(0) => {
                            is_exact = true;
                            if exact[index].replace(value.clone()).is_some() {
                                *self.twice = Some(key.clone());
                            }
                        }
                        Some(rest) => {
                            let path = &column.name[column.name.len() - rest + 1..];
                            let found = path.split('.').try_fold(&value, |value, key| value.get(key));
                            nested[index] = found.cloned().or(nested[index].take());
                        }
                    }
                }
                if self.columns.all() && !is_exact {
                    others.push((key.clone(), value));
                }
            } else if self.columns.all() {
                others.push((key.clone(), map.next_value()?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if keys.len() < KEYS {
                keys.push(key);
            }
        }
        if let Some(name) = duplicate(&others) {
            *self.twice = Some(name.to_owned());
        }
        let cells = exact.into_iter().zip(nested).map(|(exact, nested)| exact.or(nested)).collect();
        Ok(Found { cells, others, keys })
    }
}

/// A name that occurs twice.
fn duplicate(columns: &[(String, Json)]) -> Option<&str> {
    let mut names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}
