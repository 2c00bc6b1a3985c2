//! [`TaskData`]: a data set as a task understands it.

use std::fmt;
use std::path::PathBuf;

use embert_data::{SplitKind, Splits};

use crate::Task;

/// A data set in memory whose rows are a task's examples, from [`load`](crate::load).
#[derive(Clone, Debug)]
pub struct TaskData<T: Task> {
    /// The data set's name.
    pub name: String,
    /// The labels, numbered as the data set does.
    pub labels: T::Labels,
    /// The examples of each split.
    pub splits: Splits<T::Example>,
    /// Counts of rows that were skipped, repeated or shared between splits.
    pub facts: DataFacts,
    /// The splits that are left out of [`splits`](Self::splits) because none of their rows has a label.
    pub unlabelled: Vec<Unlabelled>,
    /// The files that were read, and folders all of whose files were.
    pub files: Vec<PathBuf>,
    /// What was decided where the files leave it open, and what was passed over: sentences to show the user.
    pub notes: Vec<String>,
}

impl<T: Task> TaskData<T> {
    /// A data set that does not come from files.
    pub fn new(name: impl Into<String>, labels: T::Labels, splits: Splits<T::Example>) -> Self {
        let facts = DataFacts::default();
        let (unlabelled, files, notes) = (Vec::new(), Vec::new(), Vec::new());
        Self { name: name.into(), labels, splits, facts, unlabelled, files, notes }
    }

    /// The reason why this split is left out, if none of its rows has a label.
    pub fn unlabelled(&self, split: SplitKind) -> Option<&Unlabelled> {
        self.unlabelled.iter().find(|unlabelled| unlabelled.split == split)
    }
}

/// Counts of a data set's duplicates and skipped rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataFacts {
    /// Training examples with the text of an earlier training example.
    pub train_duplicates: usize,
    /// Validation and test examples whose text the training split has too. 0 for parts that were cut from it; files may share
    /// texts, which makes an evaluation look better than it is.
    pub shared: usize,
    /// Rows that could not be used and were passed over.
    pub skipped: usize,
    /// Skipped rows of the training, validation and test files that are used. Skipped rows of parts that are cut from the
    /// training files count under the training files.
    pub skipped_by_split: [usize; 3],
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
