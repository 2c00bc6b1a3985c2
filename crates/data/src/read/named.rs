//! Columns by their names.

use std::path::Path;

use crate::error::DataError;

/// True for two names that differ in case and outer white space at most.
pub(super) fn alike(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// The error for a column that a file lacks; `otherwise` gives the hint where no column of the file has
/// nearly that name.
pub(super) fn missing(
    path: &Path,
    column: &str,
    found: Vec<String>,
    otherwise: impl FnOnce() -> Option<String>,
) -> DataError {
    let hint = match found.iter().find(|name| alike(name, column)) {
        Some(name) => {
            Some(format!("did you mean \"{}\"? name it in a card's [columns]", crate::shown::shown(name)))
        }
        None => otherwise(),
    };
    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    DataError::MissingColumn { path: path.to_owned(), column: column.to_owned(), found, hint }
}

/// The index of the column called `column`, which must occur once.
pub(super) fn index(
    path: &Path,
    column: &str,
    names: &[String],
    otherwise: impl FnOnce() -> Option<String>,
) -> Result<usize, DataError> {
    let mut found = (0..names.len()).filter(|index| names[*index] == column);
    match (found.next(), found.next()) {
        (Some(index), None) => Ok(index),
        (Some(_), Some(_)) => {
            Err(DataError::DuplicateColumn { path: path.to_owned(), column: column.to_owned() })
        }
        (None, _) => Err(missing(path, column, names.to_vec(), otherwise)),
    }
}
