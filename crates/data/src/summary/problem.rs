//! [`SummaryProblem`]: why a row is no text with a summary.

use crate::row_problem::RowProblem;
use crate::shown::shown;

/// Why a row is no text with a summary that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SummaryProblem {
    /// A value is missing, or has another type.
    #[error(transparent)]
    Row(#[from] RowProblem),
    /// A text, all sentences, or a summary, without a character that can be seen.
    #[error(
        "\"{}\" is {found}, expected a character that is no white space: complete the row, or take it out",
        shown(column)
    )]
    Blank {
        /// The column.
        column: String,
        /// The value, as messages show it.
        found: String,
    },
    /// Another number of labels than of sentences.
    #[error(
        "\"{}\" has {labels} label(s), but there are {sentences} sentence(s): expected one for each",
        shown(column)
    )]
    Labels {
        /// The column of the labels.
        column: String,
        /// The number of labels.
        labels: usize,
        /// The number of sentences.
        sentences: usize,
    },
}
