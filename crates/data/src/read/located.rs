//! What the readers of all formats give.

use std::cell::RefCell;
use std::rc::Rc;

use crate::error::DataError;
use crate::location::Location;
use crate::row::Row;
use crate::row_problem::RowProblem;

/// A row with its place, or what is wrong with it; or why the file can't be read on.
pub(super) type Located = Result<(Location, Result<Row, RowProblem>), DataError>;

/// Sentences to show the user, which come while a file is read.
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
