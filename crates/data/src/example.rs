//! [`Texts`], an example's texts, and [`Example`], texts with a label.

use crate::row::{Row, Value};
use crate::row_problem::RowProblem;

/// An example's texts, which the tokenizer encodes, and its number.
pub trait Texts {
    /// The number of the example's row, from 0, among the rows of all files.
    fn id(&self) -> u64;

    /// What messages call the example, if the data set names it, as in `question "56be4db0"`. By default messages
    /// have its row's number.
    fn name(&self) -> Option<String> {
        None
    }

    /// The text, or the first text of a pair.
    fn text(&self) -> &str;

    /// The second text of a pair; `None` for a single text.
    fn text_pair(&self) -> Option<&str>;

    /// The words of the text, where the data set gives words: the tokenizer then encodes each word as a text
    /// of its own. `None` for a text that the tokenizer splits.
    fn words(&self) -> Option<Vec<&str>> {
        None
    }

    /// The texts that the model reads each on its own, in place of the text and its pair: each is encoded as a
    /// feature of the example. `None` for an example that is one input.
    fn separate(&self) -> Option<Vec<&str>> {
        None
    }
}

/// A text or a pair of texts, with a label of the type `L`, which the task chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example<L> {
    /// The number of the example's row, from 0, among the rows of all files: the training files, then the
    /// validation files, then the test files. Skipped rows count too, so the number doesn't depend on
    /// skipping, splitting, sampling or shuffling.
    pub id: u64,
    /// The text.
    pub text: String,
    /// The second text of a pair; `None` for a single text.
    pub text_pair: Option<String>,
    /// The label.
    pub label: L,
    /// The document that the text is from, where the data set says so.
    pub document: Option<String>,
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
        // A row of a file of lines has no column for a second text.
        let text_pair = text_pair.filter(|pair| row.get(pair).is_some());
        let text_pair = text_pair.map(|pair| row.text(pair).map(str::to_owned)).transpose()?;
        let text = match row.take(text) {
            Some(Value::Text(text)) => text,
            _ => row.text(text)?.to_owned(),
        };
        Ok(Self { id, text, text_pair, label, document: None })
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
