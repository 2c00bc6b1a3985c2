//! Plain text files: each line is a text.

use super::bytes::Text;
use super::located::Located;
use super::numbered::numbered_lines;
use crate::columns::{Columns, Kind};
use crate::row::{Row, Value};

/// The rows of a file of lines. They have one column, the first that is asked for as a text: a line has no
/// other.
pub(super) fn rows(text: Text, columns: &Columns) -> impl Iterator<Item = Located> + use<> {
    let source = text.source.clone();
    let names = [columns.of_kind(Kind::Text).next().map_or("text", String::as_str).to_owned()].into();
    numbered_lines(text.into_reader(), source.clone()).map(move |line| {
        let (location, line) = line?;
        let row =
            source.text(line).map(|text| Row::new(std::sync::Arc::clone(&names), vec![Value::Text(text)]));
        Ok((location, row))
    })
}
