//! The readers against files as people have them: whole, odd and broken ones.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::type_complexity,
    clippy::too_many_lines,
    clippy::format_collect,
    clippy::result_large_err,
    reason = "tables of cases, and small files"
)]

mod bytes;
mod conll;
mod dialects;
mod json;
mod nested;
mod parquet;
mod questions;
mod rules;
mod text;

use std::error::Error;
use std::path::{Path, PathBuf};

use embert_data::{Columns, DataError, Format, ReadOptions, Row, RowReader, Value};
use tempfile::TempDir;

/// `text` and `label`.
fn columns() -> Columns {
    Columns::new().with_text("text").with_label("label")
}

fn file(dir: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn as_format(format: Format) -> ReadOptions {
    ReadOptions { format: Some(format), ..ReadOptions::default() }
}

fn read(path: &Path) -> Result<Vec<Row>, DataError> {
    RowReader::open(path, &ReadOptions::default(), &columns())?.collect()
}

/// An error and its causes, as a person sees them.
fn chain(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", chain(cause)),
        None => error.to_string(),
    }
}

fn row(text: &str, label: &str) -> Row {
    labelled(text, Value::from(label))
}

fn labelled(text: &str, label: Value) -> Row {
    Row::from_iter([("text", Value::from(text)), ("label", label)])
}

fn text_of(row: &Row) -> String {
    row.text("text").unwrap().to_owned()
}

/// The rows of a file, and the reader's notes.
fn read_with(path: &Path, options: &ReadOptions) -> Result<(Vec<Row>, String), DataError> {
    let mut reader = RowReader::open(path, options, &columns())?;
    let rows = reader.by_ref().collect::<Result<_, _>>()?;
    Ok((rows, reader.notes().join("\n")))
}

/// Options as a card's `[reading]` has them.
fn options(toml: &str) -> ReadOptions {
    toml::from_str(toml).unwrap()
}

/// The error, with its causes, of a file that can't be read whole.
fn refusal(path: &Path, options: &ReadOptions) -> String {
    match read_with(path, options) {
        Err(error) => chain(&error),
        Ok((rows, notes)) => panic!("{}: {rows:?} {notes}", path.display()),
    }
}
