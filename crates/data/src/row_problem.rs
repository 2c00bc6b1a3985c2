//! [`RowProblem`]: why a row can't be used.

use crate::limits::{MAX_ROW, MAX_SENTENCE};
use crate::shown::{shown, shown_names};

/// Why a row can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// A column that the row lacks.
    #[error("there is no \"{}\"; found {}", shown(column), shown_names(found))]
    MissingColumn {
        /// The column.
        column: String,
        /// The row's columns.
        found: Vec<String>,
    },
    /// A key that an object of JSON has twice.
    #[error("it has \"{}\" twice", shown(column))]
    DuplicateColumn {
        /// The key.
        column: String,
    },
    /// A null in a column that needs a value.
    #[error("\"{column}\" is null, expected {expected}")]
    Null {
        /// The column.
        column: String,
        /// The type that the value should have.
        expected: &'static str,
    },
    /// A value of the wrong type.
    #[error("\"{column}\" is {found}, expected {expected}")]
    Type {
        /// The column.
        column: String,
        /// The value or its type.
        found: String,
        /// The type that the value should have.
        expected: &'static str,
    },
    /// More or fewer fields than the heading has.
    #[error(
        "it has {found} field(s), but the heading has {expected}; is a quote missing, or one too many, or is the delimiter another one?"
    )]
    Fields {
        /// The number of fields in the row.
        found: u64,
        /// The number of fields in the heading.
        expected: u64,
    },
    /// A row of CSV that repeats the heading.
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
        "it has a tab or a line end within quotes; quoting = \"none\" treats quotes as text, as in most tab-separated files; quoting = \"csv\" treats them as the marks around a field"
    )]
    QuotedBreak,
    /// A line of CoNLL columns with more or fewer columns than the file has.
    #[error(
        "it has {found} column(s), but line {first} has {expected}; {between} separate them: is a tag missing, or is there a space in a token?"
    )]
    Columns {
        /// The number of columns in the line.
        found: usize,
        /// The number of columns in the file's first line.
        expected: usize,
        /// The number of that first line, from 1.
        first: u64,
        /// What separates the columns.
        between: &'static str,
    },
    /// A line of CoNLL columns without a token or a tag.
    #[error("its {} is empty", if *is_token { "token" } else { "tag" })]
    EmptyField {
        /// Whether the token is empty; otherwise the tag is.
        is_token: bool,
    },
    /// A word that is empty or has nothing but white space.
    #[error(
        "word {word} is \"{found}\", expected a character that is no white space: no tokenizer makes a token of it; take it out, \
         and its tag too"
    )]
    BlankWord {
        /// The number of the word, from 1.
        word: usize,
        /// The word.
        found: String,
    },
    /// A sentence of CoNLL columns that is larger than a reader holds in memory.
    #[error(
        "its sentence has more than {MAX_SENTENCE} tokens and tags; are the blank lines between sentences missing?"
    )]
    TooManyTokens,
    /// A span of characters that its text does not have.
    #[error("the span {span} {problem}; offsets count characters (Unicode code points) from 0")]
    Span {
        /// The span, as it stands in the row.
        span: String,
        /// Why the span can't be used.
        problem: String,
    },
    /// Bytes that aren't UTF-8.
    #[error(
        "it is not valid UTF-8 from byte {at} on; set the file's encoding, as in encoding = \"windows-1252\", or convert the file, as with iconv"
    )]
    Utf8 {
        /// The number of valid bytes before the fault, in the line or field.
        at: usize,
    },
    /// Bytes that are invalid in the file's encoding.
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
        /// The syntax error, with its column in the line.
        problem: String,
    },
}
