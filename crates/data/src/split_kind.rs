//! [`SplitKind`]: train, validation or test.

use std::fmt;

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
