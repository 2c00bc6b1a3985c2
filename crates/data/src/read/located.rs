//! [`Located`] and [`Notes`]: the items of all formats' readers, and the readers' notes for the user.

use std::cell::RefCell;
use std::rc::Rc;

use crate::error::DataError;
use crate::location::Location;
use crate::row::Row;
use crate::row_problem::RowProblem;

/// A row's location with the row or the row's problem; or the error that ends the file.
pub(super) type Located = Result<(Location, Result<Row, RowProblem>), DataError>;

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
