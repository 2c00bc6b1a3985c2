//! [`TaskData`]: a data set as a task's examples.

use std::path::PathBuf;

use embert_data::{SplitKind, Splits};

use crate::{Task, Unlabelled};

/// A data set in memory whose rows are a task's examples, from [`load`](crate::load).
#[derive(Clone, Debug)]
pub struct TaskData<T: Task> {
    /// The data set's name.
    pub name: String,
    /// The labels, in the data set's order.
    pub labels: T::Labels,
    /// The examples of each split, with the data set's label numbers.
    pub splits: Splits<T::Example>,
    /// Counts of rows that were skipped, repeated or shared between splits.
    pub facts: DataFacts,
    /// The splits that are left out of [`splits`](Self::splits) because none of their rows has a label.
    pub unlabelled: Vec<Unlabelled>,
    /// The files that were read, and the folders of which all files were read.
    pub files: Vec<PathBuf>,
    /// Sentences to show the user: decisions that the files left open, and rows and files that were skipped.
    pub notes: Vec<String>,
}

impl<T: Task> TaskData<T> {
    /// A data set that does not come from files.
    pub fn new(name: impl Into<String>, labels: T::Labels, splits: Splits<T::Example>) -> Self {
        let facts = DataFacts::default();
        let (unlabelled, files, notes) = (Vec::new(), Vec::new(), Vec::new());
        Self { name: name.into(), labels, splits, facts, unlabelled, files, notes }
    }

    /// Why the split is left out; `None` if one of its rows has a label.
    pub fn unlabelled(&self, split: SplitKind) -> Option<&Unlabelled> {
        self.unlabelled.iter().find(|unlabelled| unlabelled.split == split)
    }
}

/// Counts of a data set's duplicates and skipped rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataFacts {
    /// Training examples with the text of an earlier training example.
    pub train_duplicates: usize,
    /// Validation and test examples whose text the training split has too: these texts make an evaluation
    /// look too good. 0 for splits that are cut from the training files, more only where the user's files
    /// share texts.
    pub shared: usize,
    /// Rows that can't be used and were skipped.
    pub skipped: usize,
    /// Skipped rows of the training, validation and test files; 0 for files that are not used. A skipped
    /// row of the training files counts as a training row, also where splits are cut from the training files.
    pub skipped_by_split: [usize; 3],
}
