//! [`Unlabelled`]: a split without labels.

use std::fmt;
use std::path::PathBuf;

use embert_data::SplitKind;

/// A split without a single label: its rows can be predicted, but a model can be neither trained nor
/// evaluated on the split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlabelled {
    /// The split.
    pub split: SplitKind,
    /// The number of rows in the split.
    pub rows: usize,
    /// The split's first file.
    pub path: PathBuf,
    /// Why the first row has no label, for messages.
    pub reason: String,
}

impl fmt::Display for Unlabelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} split has no labels ({} rows; {})", self.split, self.rows, self.reason)
    }
}
