//! What precision, recall and F1 of a report stand for.

/// How [`Report::precision`](crate::Report::precision), `recall` and `f1` come from the figures of the single labels.
///
/// The names and meanings are those of scikit-learn's `average`, with all labels of the model taken in, whether they
/// occur or not (`labels=range(num_labels)` there).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// The figures of one of two labels.
    Binary {
        /// The label, 0 or 1.
        positive: usize,
    },
    /// The mean over the labels: each counts the same, however rare.
    Macro,
    /// From the counts of all labels together. With one label an example, all three are the accuracy.
    Micro,
    /// The mean over the labels, each weighted with its number of examples.
    Weighted,
}
