//! [`SplitKind`], and a split without labels.

use std::fmt;
use std::path::PathBuf;

/// One of the three splits of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SplitKind {
    /// The split that a model is trained on.
    Train,
    /// The split by which a checkpoint is chosen.
    Validation,
    /// The split by which the chosen checkpoint is judged.
    Test,
}

impl fmt::Display for SplitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// A split in which no row has a label: its rows can be predicted, but a model can be neither trained nor evaluated on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlabelled {
    /// The split.
    pub split: SplitKind,
    /// The number of its rows.
    pub rows: usize,
    /// Its first file.
    pub path: PathBuf,
    /// How the first of its rows shows that it has no label.
    pub reason: String,
}

impl fmt::Display for Unlabelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} split has no labels ({} rows; {})", self.split, self.rows, self.reason)
    }
}
