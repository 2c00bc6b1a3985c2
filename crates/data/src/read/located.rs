//! [`Located`] and [`Notes`]: the items of all formats' readers, and the readers' notes for the user.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::error::DataError;
use crate::location::Location;
use crate::row::Row;
use crate::row_problem::RowProblem;
use crate::shown::shown;

/// A row's location with the row or the row's problem; or the error that ends the file.
pub(super) type Located = Result<(Location, Result<Row, RowProblem>), DataError>;

/// The columns of a file that nobody asked for by name and of which a value can't be read: such a value is left
/// out, and the first of each column is a note for the user.
#[derive(Default)]
pub(super) struct LeftOut {
    columns: BTreeSet<String>,
    said: Notes,
}

impl LeftOut {
    pub(super) fn new(said: &Notes) -> Self {
        Self { columns: BTreeSet::new(), said: said.clone() }
    }

    /// Leaves out the value of `column` in the row at `location`.
    pub(super) fn add(&mut self, column: &str, location: &Location, problem: &RowProblem) {
        if self.columns.contains(column) {
            return;
        }
        self.columns.insert(column.to_owned());
        let why = match problem {
            RowProblem::Utf8 { .. } => "it has bytes that are no text".to_owned(),
            problem => problem.to_string(),
        };
        let column = shown(column);
        self.said
            .add(format!("{location}: \"{column}\" is left out, here and wherever it can't be read: {why}"));
    }
}

/// Sentences to show the user, added while a file is read.
#[derive(Clone, Default)]
pub(super) struct Notes(Rc<RefCell<Vec<String>>>);

impl Notes {
    pub(super) fn add(&self, note: String) {
        self.0.borrow_mut().push(note);
    }

    /// The sentences that were added since the last call.
    pub(super) fn take(&self) -> Vec<String> {
        self.0.take()
    }
}
