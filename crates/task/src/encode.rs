//! [`encode`]: examples to features.

use embert_data::tokenize::{Tokenizer, TruncationCount};
use embert_data::{EncodedDataset, WindowOptions};

use crate::{Task, TaskError};

/// The features of `examples` with their targets, in the order of the examples, and the number of truncated
/// examples. With a stride in `options`, a long example has several windows and is not truncated. The
/// examples have the head's label numbers, from [`Task::align_label`].
///
/// # Errors
/// The tokenizer refuses a text, the windows of all examples have more than
/// [`MOST_TOKENS`](embert_data::MOST_TOKENS) tokens, or an example has no target.
pub fn encode<T: Task>(
    task: &T,
    examples: &[T::Example],
    tokenizer: &Tokenizer,
    options: &WindowOptions,
) -> Result<(EncodedDataset<T::Target>, TruncationCount), TaskError> {
    embert_data::encode(examples, tokenizer, options, |example, encoding| task.target(example, encoding))
}
