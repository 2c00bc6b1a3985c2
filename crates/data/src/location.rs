//! [`Location`]: the file and line of a row.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The place of a row, as a person looks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file; `-` is the standard input.
    pub path: Arc<Path>,
    /// The line of a text file in which the row begins, or the row of a table, from 1.
    pub number: u64,
    /// The unit of `number`: `line` or `row`.
    pub unit: &'static str,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} {}", self.path.display(), self.unit, self.number)
    }
}
