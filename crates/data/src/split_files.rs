//! [`SplitFiles`]: the files of each split.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The files of each split, in the order of reading: names, or patterns like `train-*.csv`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitFiles {
    /// The files of the training split. A card for question answering may have none: it is for evaluation alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub train: Vec<PathBuf>,
    /// The files of the validation split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation: Vec<PathBuf>,
    /// The files of the test split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<PathBuf>,
}

impl SplitFiles {
    /// The files of all splits: train, then validation, then test.
    pub fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.train.iter().chain(&self.validation).chain(&self.test)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }
}
