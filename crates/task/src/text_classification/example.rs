//! [`TextExample`].

use embert_data::Example;

/// A text, or a pair of texts, with the number of its label: the data set's number until
/// [`Task::align_label`](crate::Task::align_label), then the head's. `None` for an example to predict.
pub type TextExample = Example<Option<usize>>;
