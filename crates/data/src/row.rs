//! Rows of files, before labels become numbers.

use std::fmt;

/// One row: a text or a pair of texts, and what the file says of its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The text.
    pub text: String,
    /// The second text of a pair.
    pub text_pair: Option<String>,
    /// The label, where the file has that column.
    pub label: Option<RawLabel>,
}

/// A label as a file has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RawLabel {
    /// A number.
    Integer(i64),
    /// A name, or a number in a format that has only text.
    Text(String),
}

impl fmt::Display for RawLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

/// Which columns to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The text's.
    pub text: String,
    /// The second text's, for pairs.
    pub text_pair: Option<String>,
    /// The label's; `None` where it isn't needed.
    pub label: Option<String>,
}

impl Default for Columns {
    /// `text`, and no label.
    fn default() -> Self {
        Self { text: "text".into(), text_pair: None, label: None }
    }
}

/// One of our examples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Its row number within the whole data set, which stays the same however the data set is split and shuffled.
    pub id: u64,
    /// The text.
    pub text: String,
    /// The second text of a pair.
    pub text_pair: Option<String>,
    /// The label's index.
    pub label: Option<usize>,
}
