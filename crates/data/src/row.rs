//! Rows of files, before labels become numbers.

use std::fmt;

/// One row: a text or a pair of texts, and what the file says of its label.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The text.
    pub text: String,
    /// The second text of a pair.
    pub text_pair: Option<String>,
    /// The label's cell as the file has it; `None` where that column was not asked for. What it means is decided for the
    /// whole column, by [`load`](crate::load).
    pub label: Option<Value>,
}

/// A cell of a file, before anything is made of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing: a null of JSON or Parquet, a key that is missing in JSON, and in each format an empty text or white space.
    Null,
    /// True or false, in a format that has truth values.
    Boolean(bool),
    /// An integer, in a format that has numbers.
    Integer(i64),
    /// A number with a fraction or an exponent, in a format that has numbers.
    Float(f64),
    /// A text, with any white space around it; in CSV every cell is one.
    Text(String),
    /// Several values.
    List(Vec<Value>),
}

impl Value {
    /// A text as a cell: one that is empty or has nothing but white space is none, as in CSV, where a cell can't be null.
    pub(crate) fn of_text(text: String) -> Self {
        if text.trim().is_empty() { Self::Null } else { Self::Text(text) }
    }
}

impl fmt::Display for Value {
    /// As JSON writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(number) => number.fmt(f),
            // With a fraction, so that 1.0 does not read like the integer.
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(values) => f.debug_list().entries(values.iter().map(DisplayAsDebug)).finish(),
        }
    }
}

struct DisplayAsDebug<'a>(&'a Value);

impl fmt::Debug for DisplayAsDebug<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0, f)
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
    /// The number of its row, from 0, among those of all files, of train, then validation, then test. Rows that are passed over count
    /// too, so it is the same however the data set is split, sampled and shuffled.
    pub id: u64,
    /// The text.
    pub text: String,
    /// The second text of a pair.
    pub text_pair: Option<String>,
    /// The label's index.
    pub label: Option<usize>,
}
