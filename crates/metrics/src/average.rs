//! [`Average`]: how precision, recall and F1 are averaged over the labels.

/// How [`Report::precision`](crate::Report::precision), `recall` and `f1` are computed from the precision,
/// recall and F1 of each label.
///
/// The names and meanings are those of scikit-learn's `average`. All labels of the model count, whether or
/// not they occur (`labels=range(num_labels)` in scikit-learn).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// The metrics of one of two labels.
    Binary {
        /// The label, 0 or 1.
        positive: usize,
    },
    /// The mean over the labels: each label counts the same, however rare.
    Macro,
    /// The metrics of the counts summed over the labels. With one label an example, all three are the
    /// accuracy.
    Micro,
    /// The mean over the labels, each weighted with its number of examples.
    Weighted,
}
