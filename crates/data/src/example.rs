//! [`Texts`], a row's texts, and [`Example`], a row that a task has understood.

use crate::row::{Row, Value};
use crate::row_problem::RowProblem;

/// The texts of a row, by which it is encoded.
pub trait Texts {
    /// The number of the row, from 0, among all rows of the data set's files.
    fn id(&self) -> u64;

    /// The text, or the first one of a pair.
    fn text(&self) -> &str;

    /// The second text of a pair.
    fn text_pair(&self) -> Option<&str>;
}

/// A text or a pair of texts, with a label of any type: what a label is, the task says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example<L> {
    /// The number of its row, from 0, among the rows of all files: those of train, then of validation, then of test. Rows that
    /// are skipped count too, so the number is the same however the data set is split, sampled and shuffled.
    pub id: u64,
    /// The text.
    pub text: String,
    /// The second text of a pair.
    pub text_pair: Option<String>,
    /// The label.
    pub label: L,
}

impl<L> Example<L> {
    /// The example of a row whose texts are in the columns `text` and, where the row has it, `text_pair`.
    ///
    /// # Errors
    /// The row lacks its text, or a value is no text.
    pub fn from_row(
        id: u64,
        mut row: Row,
        text: &str,
        text_pair: Option<&str>,
        label: L,
    ) -> Result<Self, RowProblem> {
        // A file of lines has no second text.
        let text_pair = text_pair.filter(|pair| row.get(pair).is_some());
        let text_pair = text_pair.map(|pair| row.text(pair).map(str::to_owned)).transpose()?;
        let text = match row.take(text) {
            Some(Value::Text(text)) => text,
            _ => row.text(text)?.to_owned(),
        };
        Ok(Self { id, text, text_pair, label })
    }
}

impl<L> Texts for Example<L> {
    fn id(&self) -> u64 {
        self.id
    }

    fn text(&self) -> &str {
        &self.text
    }

    fn text_pair(&self) -> Option<&str> {
        self.text_pair.as_deref()
    }
}
