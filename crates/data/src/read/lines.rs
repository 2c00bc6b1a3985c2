//! Plain lines: each is a text.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use super::{Located, numbered_lines};
use crate::error::RowProblem;
use crate::row::Row;

pub(super) fn rows<R: BufRead>(reader: R, path: &Arc<Path>) -> impl Iterator<Item = Located> + use<R> {
    numbered_lines(reader, Arc::clone(path)).map(|line| {
        let (location, line) = line?;
        let row = match String::from_utf8(line) {
            Ok(text) => Ok(Row { text, text_pair: None, label: None }),
            Err(error) => Err(RowProblem::Utf8 { at: error.utf8_error().valid_up_to() }),
        };
        Ok((location, row))
    })
}
