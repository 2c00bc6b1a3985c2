//! [`Encoding`], how texts are cut to a length, and how batches are padded to one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text, or a pair of texts, as BERT reads it: `[CLS] text [SEP]`, or `[CLS] text [SEP] text_pair [SEP]`. The four
/// vectors have one entry a token and no padding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// Token ids.
    pub ids: Vec<u32>,
    /// 0 in the first text, 1 in the second.
    pub type_ids: Vec<u32>,
    /// 1 at every token: padding is added to batches.
    pub attention_mask: Vec<u32>,
    /// Bytes of the text that each token stands for, from and to; (0, 0) for special tokens.
    pub offsets: Vec<(usize, usize)>,
    /// Whether something was cut off.
    pub truncated: bool,
}

impl Encoding {
    /// Tokens, the special ones included.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// How a text becomes an [`Encoding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// The most tokens, the special ones included.
    pub max_length: usize,
    /// Which text of a pair is cut.
    pub truncation: Truncation,
}

/// Which text of a pair is cut where both together are too long, as in `transformers`. A single text is always cut,
/// but with [`Truncation::OnlySecond`], which is for pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// The longer one, until both are of a length; then both.
    #[default]
    LongestFirst,
    /// The first.
    OnlyFirst,
    /// The second.
    OnlySecond,
}

impl Truncation {
    /// The name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::LongestFirst => "longest_first",
            Self::OnlyFirst => "only_first",
            Self::OnlySecond => "only_second",
        }
    }
}

impl fmt::Display for Truncation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// To which length the texts of a batch are padded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// To the longest of the batch.
    #[default]
    Longest,
    /// To the next multiple of this number (at least 1) from the longest on.
    MultipleOf(usize),
    /// To this length, or to the longest if that is more.
    MaxLength(usize),
}

impl Padding {
    /// The length of a batch whose longest text has `longest` tokens.
    pub fn length(self, longest: usize) -> usize {
        match self {
            Self::Longest => longest,
            Self::MultipleOf(step) => longest.next_multiple_of(step.max(1)),
            Self::MaxLength(length) => length.max(longest),
        }
    }
}

/// How many texts were cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TruncationCount {
    /// Texts that lost tokens.
    pub truncated: usize,
    /// Texts in all.
    pub total: usize,
}

impl TruncationCount {
    /// Counts the encodings of a batch.
    pub fn of(encodings: &[Encoding]) -> Self {
        Self {
            truncated: encodings.iter().filter(|encoding| encoding.truncated).count(),
            total: encodings.len(),
        }
    }

    /// The share that was cut, in [0, 1]; 0 where there is none.
    pub fn share(self) -> f64 {
        if self.total == 0 { 0.0 } else { self.truncated as f64 / self.total as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_never_cuts() {
        assert_eq!(Padding::Longest.length(7), 7);
        assert_eq!([Padding::MultipleOf(8).length(7), Padding::MultipleOf(8).length(8)], [8, 8]);
        assert_eq!([Padding::MaxLength(16).length(7), Padding::MaxLength(4).length(7)], [16, 7]);
    }

    #[test]
    fn the_share_of_nothing_is_zero() {
        let share = |truncated, total| TruncationCount { truncated, total }.share();
        assert_eq!(
            [share(0, 0), share(1, 4), share(3, 3)].map(f64::to_bits),
            [0.0, 0.25, 1.0].map(f64::to_bits)
        );
    }
}
