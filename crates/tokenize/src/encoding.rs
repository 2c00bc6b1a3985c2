//! [`Encoding`]: texts as BERT reads them.

use serde::Serialize;

use crate::truncation::Truncation;

/// A text, or a pair of texts, as BERT reads it: `[CLS] text [SEP]`, or `[CLS] text [SEP] text_pair [SEP]`; or
/// sentences, each between special tokens of its own.
/// The vectors have one entry a token and no padding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// Token ids.
    pub ids: Vec<u32>,
    /// Token types: 0 in the first text, 1 in the second; 0 and 1 in turn in given sentences.
    pub type_ids: Vec<u32>,
    /// 1 at every token; a batch adds padding.
    pub attention_mask: Vec<u32>,
    /// The range of characters (Unicode code points) of the text that each token stands for, as start and
    /// end; for given words, the range within the word. (0, 0) for special tokens.
    pub offsets: Vec<(usize, usize)>,
    /// The index of each token's word in its text, from 0; for given words, the given word's index. `None`
    /// for special tokens.
    pub word_ids: Vec<Option<u32>>,
    /// The number of each token within its word, from 0, counted before the text was cut: a window may begin
    /// within a word. 0 for special tokens.
    pub pieces: Vec<u32>,
    /// The text that each token belongs to: 0 for the first one, 1 for the second one of a pair; for given
    /// sentences, the index of the sentence. `None` for special tokens.
    pub sequence_ids: Vec<Option<usize>>,
    /// Where each of the given sentences begins, in their order; empty for texts and words.
    pub sentences: Vec<PackedSentence>,
    /// The number of tokens before truncation, the special ones included.
    pub untruncated_length: usize,
}

/// Where a given sentence begins in an [`Encoding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackedSentence {
    /// The index of the sentence among those that were given.
    pub index: usize,
    /// The number of the part, from 0: a sentence that is longer than a window is read in several.
    pub part: usize,
    /// The index of its first token, `[CLS]`.
    pub token: usize,
}

impl Encoding {
    /// The number of tokens, the special ones included.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// True if there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// True where tokens were cut off.
    pub fn truncated(&self) -> bool {
        self.untruncated_length > self.len()
    }
}

/// How a text becomes an [`Encoding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// The largest number of tokens, the special ones included.
    pub max_length: usize,
    /// Which tokens a longer text loses.
    pub truncation: Truncation,
}

/// How many texts of a data set were cut.
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
            truncated: encodings.iter().filter(|encoding| encoding.truncated()).count(),
            total: encodings.len(),
        }
    }

    /// The share of texts that were cut, in [0, 1]; 0 if there are no texts.
    pub fn share(self) -> f64 {
        if self.total == 0 { 0.0 } else { self.truncated as f64 / self.total as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_nothing_is_zero() {
        let share = |truncated, total| TruncationCount { truncated, total }.share();
        assert_eq!(
            [share(0, 0), share(1, 4), share(3, 3)].map(f64::to_bits),
            [0.0, 0.25, 1.0].map(f64::to_bits)
        );
    }
}
