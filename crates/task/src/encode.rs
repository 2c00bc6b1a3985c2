//! [`encode`]: examples to features.

use embert_data::tokenize::{EncodeOptions, Encoding, Tokenizer, TruncationCount};
use embert_data::{EncodedDataset, EncodedFeature, LeftOutWindows, WindowOptions};

use crate::{Corrupted, Draw, Task, TaskError};

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
    embert_data::encode(examples, tokenizer, options, |example, windows| task.targets(example, windows))
}

/// The features of `examples` as [`encode`] makes them with a stride, but at most `most` of each example, chosen
/// by the rule of [`embert_data::encode_some_windows`]; and how many were left out.
///
/// # Errors
/// As [`encode`].
pub fn encode_some_windows<T: Task>(
    task: &T,
    examples: &[T::Example],
    tokenizer: &Tokenizer,
    options: &EncodeOptions,
    stride: usize,
    most: usize,
) -> Result<(EncodedDataset<T::Target>, LeftOutWindows), TaskError> {
    let targets = |example: &T::Example, windows: &[Encoding]| task.targets(example, windows);
    embert_data::encode_some_windows(examples, tokenizer, options, stride, most, targets)
}

/// The features of `examples` as [`encode`] makes them and an evaluation reads them ([`Task::corrupt`]), each with
/// the [`Alignment`](Task::Alignment) that decoding its outputs needs.
///
/// # Errors
/// As [`encode`].
#[allow(clippy::type_complexity, reason = "encode's result, and the alignments")]
pub fn encode_aligned<T: Task>(
    task: &T,
    examples: &[T::Example],
    tokenizer: &Tokenizer,
    options: &WindowOptions,
) -> Result<(EncodedDataset<T::Target>, Vec<T::Alignment>), TaskError> {
    let both = |example: &T::Example, windows: &[Encoding]| {
        let aligned = windows.iter().map(|window| task.alignment(example, window, tokenizer));
        Ok::<_, TaskError>(task.targets(example, windows)?.into_iter().zip(aligned).collect())
    };
    let (encoded, _) = embert_data::encode(examples, tokenizer, options, both)?;
    let mut alignments = Vec::with_capacity(encoded.features().len());
    let encoded = encoded.map_features(|feature| {
        let EncodedFeature { id, ids, type_ids, target: (target, alignment), untruncated_length } = feature;
        let mut feature = EncodedFeature { id, ids, type_ids, target, untruncated_length };
        alignments.push(match task.corrupt(&feature, Draw::Evaluation) {
            Some(Corrupted { ids, target, alignment }) => {
                (feature.ids, feature.target) = (ids, target);
                alignment
            }
            None => alignment,
        });
        feature
    });
    Ok((encoded, alignments))
}
