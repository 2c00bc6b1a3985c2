//! [`RowProblem`]: what is wrong with one row.

use crate::limits::MAX_ROW;
use crate::shown::{shown, shown_names};

/// A fault of one row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// A column that the row lacks.
    #[error("there is no \"{}\"; found {}", shown(column), shown_names(found))]
    MissingColumn {
        /// The column.
        column: String,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// A key that an object has twice.
    #[error("it has \"{}\" twice", shown(column))]
    DuplicateColumn {
        /// The key.
        column: String,
    },
    /// A column without a value.
    #[error("\"{column}\" is null, expected {expected}")]
    Null {
        /// The column.
        column: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A value of another type.
    #[error("\"{column}\" is {found}, expected {expected}")]
    Type {
        /// The column.
        column: String,
        /// What it is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// More or fewer fields than the heading has.
    #[error(
        "it has {found} field(s), but the heading has {expected}; is a quote missing, or one too many, or is the delimiter another one?"
    )]
    Fields {
        /// Fields of the row.
        found: u64,
        /// Fields of the heading.
        expected: u64,
    },
    /// A row of CSV that is the heading again.
    #[error("it repeats the heading; were files joined? take the line out")]
    RepeatedHeading,
    /// A field of CSV that begins with a quote and goes on to the end of the file.
    #[error(
        "it has a quote that is never closed; within quotes, a quote is written as two; quoting = \"none\" reads quotes as text"
    )]
    OpenQuote,
    /// A field of CSV that goes on after its closing quote.
    #[error(
        "it has text after a closing quote; within quotes, a quote is written as two; is the delimiter another one? quoting = \"none\" reads quotes as text"
    )]
    StrayQuote,
    /// A quoted field of a tab-separated file that holds a tab or a line end.
    #[error(
        "it has a tab or a line end within quotes; quoting = \"none\" reads quotes as text, as most files with tabs have them, quoting = \"csv\" as what holds a field together"
    )]
    QuotedBreak,
    /// Bytes that aren't UTF-8.
    #[error(
        "it is not valid UTF-8 from byte {at} on; set the file's encoding, as in encoding = \"windows-1252\", or convert the file, as with iconv"
    )]
    Utf8 {
        /// Bytes of the line or field that are valid.
        at: usize,
    },
    /// Bytes that mean nothing in the file's encoding.
    #[error("it has bytes that are not {encoding}; is that the file's encoding?")]
    Encoding {
        /// The encoding that was set or detected.
        encoding: &'static str,
    },
    /// A row that is larger than a reader holds in memory.
    #[error("it is larger than {} MiB", MAX_ROW >> 20)]
    TooLarge,
    /// A line that isn't a JSON object.
    #[error("it is not a JSON object: {problem}")]
    Json {
        /// What is wrong, with the column.
        problem: String,
    },
}
