//! [`Origin`]: the file that error messages name.

use std::fmt;

use crate::ModelError;

/// The file of a config, or another source, for error messages.
pub(super) struct Origin<'a>(pub(super) &'a str);

impl Origin<'_> {
    /// The error for a key whose value can't be used.
    pub(super) fn bad(&self, key: &str, found: impl fmt::Display, expected: &str) -> ModelError {
        ModelError::Config {
            origin: self.0.to_owned(),
            key: key.to_owned(),
            found: found.to_string(),
            expected: expected.to_owned(),
        }
    }
}
