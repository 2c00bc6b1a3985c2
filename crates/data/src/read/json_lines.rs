//! JSON Lines: an object a line; empty lines are passed over.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Located, numbered_lines};
use crate::error::RowProblem;
use crate::row::{Columns, RawLabel, Row};

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
    let object: Map<String, Value> = serde_json::from_str(line).map_err(|error| RowProblem::Json {
        problem: error.to_string().replace("line 1 column", "column"),
    })?;
    let value = |column: &str| {
        object.get(column).ok_or_else(|| RowProblem::MissingColumn {
            column: column.to_owned(),
            found: object.keys().cloned().collect(),
        })
    };
    let text = |column: &String| match value(column)? {
        Value::String(text) => Ok(text.clone()),
        Value::Null => Err(RowProblem::Null { column: column.clone(), expected: "a text" }),
        other => {
            Err(RowProblem::Type { column: column.clone(), found: shortened(other), expected: "a text" })
        }
    };
    let label = |column: &String| match value(column)? {
        Value::String(name) => Ok(RawLabel::Text(name.clone())),
        Value::Bool(yes) => Ok(RawLabel::Integer(i64::from(*yes))),
        Value::Null => Err(RowProblem::Null { column: column.clone(), expected: "a label" }),
        other => other.as_i64().map(RawLabel::Integer).ok_or_else(|| RowProblem::Type {
            column: column.clone(),
            found: shortened(other),
            expected: "a text or an integer",
        }),
    };
    Ok(Row {
        text: text(&columns.text)?,
        text_pair: columns.text_pair.as_ref().map(text).transpose()?,
        label: columns.label.as_ref().map(label).transpose()?,
    })
}

/// A value as a message has room for it.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
