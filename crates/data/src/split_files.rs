//! [`SplitFiles`]: the files of each split.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The files of each split, read one after the other: names, or patterns as `train-*.csv`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitFiles {
    /// Of the training split.
    pub train: Vec<PathBuf>,
    /// Of the validation split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation: Vec<PathBuf>,
    /// Of the test split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<PathBuf>,
}

impl SplitFiles {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.train.iter().chain(&self.validation).chain(&self.test)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }
}
