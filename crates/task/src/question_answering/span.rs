//! [`Span`]: characters of a context with the logits of their ends.

use std::cmp::Ordering;
use std::ops::Range;

/// A span of the context's characters, with the logits of its first and of its last token.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) characters: Range<usize>,
    pub(super) start_logit: f32,
    pub(super) end_logit: f32,
}

impl Span {
    /// The null answer: no characters, and the logits of `[CLS]`.
    pub(super) fn null([start_logit, end_logit]: [f32; 2]) -> Self {
        Self { characters: 0..0, start_logit, end_logit }
    }

    /// The sum of the logits in f32, as numpy adds what a model gives: rounding makes spans equal.
    pub(super) fn score(&self) -> f32 {
        self.start_logit + self.end_logit
    }
}

/// Compares numbers, the greater one first. Zeros are equal whatever their sign, and NaN is the greatest, as
/// for numpy.
pub(super) fn descending(a: f32, b: f32) -> Ordering {
    b.partial_cmp(&a).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// Keeps the `n` spans with the greatest scores, the greatest first, and equal ones in their order.
pub(super) fn keep_best(spans: &mut Vec<Span>, n: usize) {
    spans.sort_by(|a, b| descending(a.score(), b.score()));
    spans.truncate(n);
}
