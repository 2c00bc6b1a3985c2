//! [`encode`]: examples to features.

use embert_data::tokenize::{Tokenizer, TruncationCount};
use embert_data::{EncodedDataset, WindowOptions};

use crate::{Task, TaskError};

/// The features of `examples` with their targets, in the order of the examples, and how many examples were truncated. With a
/// stride in `options`, long examples have several windows in place of being truncated.
///
/// # Errors
/// The tokenizer refuses a text, the windows of all examples have more than [`MOST_TOKENS`](embert_data::MOST_TOKENS) tokens, or
/// an example has no target.
pub fn encode<T: Task>(
    task: &T,
    examples: &[T::Example],
    tokenizer: &Tokenizer,
    options: &WindowOptions,
) -> Result<(EncodedDataset<T::Target>, TruncationCount), TaskError> {
    embert_data::encode(examples, tokenizer, options, |example, encoding| task.target(example, encoding))
}
