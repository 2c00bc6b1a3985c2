//! [`ConfusionMatrix`]: how often each true label was predicted as each label.

use serde::Serialize;

/// Counts of (true label, predicted label). Serialises as nested arrays, one row for each true label, like
/// scikit-learn's `confusion_matrix`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ConfusionMatrix {
    rows: Vec<Vec<usize>>,
}

impl ConfusionMatrix {
    pub(crate) fn new(num_labels: usize) -> Self {
        Self { rows: vec![vec![0; num_labels]; num_labels] }
    }

    /// The number of examples with the label `target` and the prediction `predicted`.
    ///
    /// # Panics
    /// If `target` or `predicted` is not below [`num_labels`](Self::num_labels).
    pub fn count(&self, target: usize, predicted: usize) -> usize {
        self.rows[target][predicted]
    }

    /// The counts: a row for each true label, a column for each predicted one.
    pub fn rows(&self) -> &[Vec<usize>] {
        &self.rows
    }

    /// The number of rows and of columns.
    pub fn num_labels(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn add(&mut self, target: usize, predicted: usize) {
        self.rows[target][predicted] += 1;
    }

    /// Adds the counts of a matrix of the same size.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (row, other) in self.rows.iter_mut().zip(&other.rows) {
            for (count, other) in row.iter_mut().zip(other) {
                *count += other;
            }
        }
    }

    /// The number of all examples.
    pub(crate) fn total(&self) -> usize {
        self.rows.iter().flatten().sum()
    }

    /// The number of examples predicted right.
    pub(crate) fn correct(&self) -> usize {
        (0..self.num_labels()).map(|label| self.count(label, label)).sum()
    }

    /// The number of examples with the label `label`.
    pub(crate) fn support(&self, label: usize) -> usize {
        self.rows[label].iter().sum()
    }

    /// The number of examples with the prediction `label`.
    pub(crate) fn predicted(&self, label: usize) -> usize {
        self.rows.iter().map(|row| row[label]).sum()
    }
}
