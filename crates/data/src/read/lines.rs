//! Plain lines: each is a text.

use std::io::BufRead;
use std::path::PathBuf;

use super::numbered_lines;
use crate::error::{DataError, Location, RowProblem};
use crate::row::Row;

pub(super) fn rows(reader: impl BufRead, path: PathBuf) -> impl Iterator<Item = Result<Row, DataError>> {
    numbered_lines(reader, path.clone()).map(move |line| {
        let (number, line) = line?;
        match String::from_utf8(line) {
            Ok(text) => Ok(Row { text, text_pair: None, label: None }),
            Err(error) => Err(DataError::Row {
                location: Location { path: path.clone(), number, unit: "line" },
                problem: RowProblem::Utf8 { at: error.utf8_error().valid_up_to() },
            }),
        }
    })
}
