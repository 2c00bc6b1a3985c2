//! [`SpanAlignment`]: where the tokens of a feature stand in the context.

use std::ops::Range;
use std::sync::Arc;

use embert_data::tokenize::Encoding;

/// The index of `[CLS]` in a feature, the first of BERT's tokens. A window without the answer points here
/// with both ends, and the logits here are those of the null answer.
pub const CLS: usize = 0;

/// Where the tokens of a feature stand in the context. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanAlignment {
    tokens: Arc<[Option<Range<usize>>]>,
}

impl SpanAlignment {
    /// The tokens of a window of a question, the first text, and its context, the second.
    pub fn new(encoding: &Encoding) -> Self {
        let tokens = encoding.sequence_ids.iter().zip(&encoding.offsets);
        let of_context = |(sequence, &(start, end)): (&Option<usize>, &(usize, usize))| {
            (*sequence == Some(1)).then_some(start..end)
        };
        Self { tokens: tokens.map(of_context).collect() }
    }

    /// For each token of the feature, special ones included, its characters in the context: Unicode code
    /// points of the raw text. `None` for a token that is not of the context.
    pub fn tokens(&self) -> &[Option<Range<usize>>] {
        &self.tokens
    }
}
