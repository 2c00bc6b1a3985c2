//! JSON Lines: an object a line; empty lines are passed over.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Located, numbered_lines};
use crate::error::RowProblem;
use crate::row::{Columns, Row, Value};

pub(super) fn rows<R: BufRead>(
    reader: R,
    path: &Arc<Path>,
    columns: Columns,
) -> impl Iterator<Item = Located> + use<R> {
    numbered_lines(reader, Arc::clone(path)).filter_map(move |line| match line {
        Ok((_, line)) if line.trim_ascii().is_empty() => None,
        Ok((location, line)) => Some(Ok((location, row(&line, &columns)))),
        Err(error) => Some(Err(error)),
    })
}

fn row(line: &[u8], columns: &Columns) -> Result<Row, RowProblem> {
    let line = str::from_utf8(line).map_err(|error| RowProblem::Utf8 { at: error.valid_up_to() })?;
    // Which line it is stands in the row's location; to serde_json it is always the first.
    let object: Map<String, Json> = serde_json::from_str(line).map_err(|error| RowProblem::Json {
        problem: error.to_string().replace("line 1 column", "column"),
    })?;
    let value = |column: &str| {
        object.get(column).ok_or_else(|| RowProblem::MissingColumn {
            column: column.to_owned(),
            found: object.keys().cloned().collect(),
        })
    };
    let text = |column: &String| match value(column)? {
        Json::String(text) => Ok(text.clone()),
        Json::Null => Err(RowProblem::Null { column: column.clone(), expected: "a text" }),
        other => {
            Err(RowProblem::Type { column: column.clone(), found: shortened(other), expected: "a text" })
        }
    };
    let label = |column: &String| {
        let found = value(column)?;
        cell(found).ok_or_else(|| RowProblem::Type {
            column: column.clone(),
            found: shortened(found),
            expected: "a text or an integer",
        })
    };
    Ok(Row {
        text: text(&columns.text)?,
        text_pair: columns.text_pair.as_ref().map(text).transpose()?,
        label: columns.label.as_ref().map(label).transpose()?,
    })
}

/// What a value is as a cell; `None` for an object or a number beyond 64 bits.
fn cell(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Float(number.as_f64().filter(|_| number.is_f64())?),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(values) => Value::List(values.iter().map(cell).collect::<Option<_>>()?),
        Json::Object(_) => return None,
    })
}

/// A value as a message has room for it.
fn shortened(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
