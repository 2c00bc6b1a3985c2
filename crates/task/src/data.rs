//! [`TaskData`]: a data set as a task understands it.

use embert_data::{DataFacts, DataSet, SplitKind, Splits, Unlabelled};

use crate::{Task, TextClassification};

/// A data set in memory whose rows are a task's examples.
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
    /// The splits none of whose rows has a label.
    pub unlabelled: Vec<Unlabelled>,
}

impl<T: Task> TaskData<T> {
    /// What is known of this split if none of its rows has a label.
    pub fn unlabelled(&self, split: SplitKind) -> Option<&Unlabelled> {
        self.unlabelled.iter().find(|unlabelled| unlabelled.split == split)
    }
}

impl From<DataSet> for TaskData<TextClassification> {
    fn from(data: DataSet) -> Self {
        let DataSet { name, splits, labels, facts, unlabelled, .. } = data;
        Self { name, labels, splits, facts, unlabelled }
    }
}
