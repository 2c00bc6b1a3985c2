//! The lines of a text, with their locations.

use std::io::{BufRead, Read as _};
use std::sync::Arc;

use super::bytes::Source;
use crate::error::DataError;
use crate::limits::MAX_ROW;
use crate::location::Location;

/// The lines of a reader as bytes, without their ends.
pub(super) fn numbered_lines(
    mut reader: impl BufRead,
    source: Source,
) -> impl Iterator<Item = Result<(Location, Vec<u8>), DataError>> {
    let mut number = 0;
    std::iter::from_fn(move || {
        let mut line = Vec::new();
        number += 1;
        let location = Location { path: Arc::clone(&source.path), number, unit: "line" };
        match reader.by_ref().take(MAX_ROW as u64 + 1).read_until(source.line_end, &mut line) {
            Ok(0) => None,
            Ok(_) if line.len() > MAX_ROW => Some(Err(DataError::TooLong { location })),
            Ok(_) => {
                if line.last() == Some(&source.line_end) {
                    line.pop();
                    if source.line_end == b'\n' && line.ends_with(b"\r") {
                        line.pop();
                    }
                }
                Some(Ok((location, line)))
            }
            Err(error) => Some(Err(DataError::Read { path: source.path.to_path_buf(), source: error })),
        }
    })
}
