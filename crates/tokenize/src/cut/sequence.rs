//! [`Untruncated`]: the tokens of a text or a pair before it is cut, and how each text is cut.

use std::ops::Range;

use tokenizers::Encoding;
use tokenizers::utils::truncation::TruncationDirection;

use super::truncation::direction;
use crate::truncation::Truncation;

/// The tokens of a text or a pair before it is cut, without special tokens.
pub(crate) struct Untruncated {
    pub(crate) first: SequenceTokens,
    pub(crate) second: Option<SequenceTokens>,
    pub(crate) size: Size,
}

/// The size of a text or a pair before it is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// The number of tokens, the special ones included.
    pub(crate) tokens: usize,
    pub(crate) bytes: usize,
}

/// The tokens of one text.
pub(crate) struct SequenceTokens {
    pub(crate) tokens: Tokens,
    /// The number of tokens that may be kept.
    pub(crate) share: usize,
    /// How many tokens of this text and of the other text of the pair may be kept together.
    pub(crate) room: usize,
}

/// The part of the tokenizers library's encoding that a text without special tokens needs: 28 bytes a token.
/// The library's sequence ranges would be stale after a cut.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    ids: Vec<u32>,
    offsets: Vec<(usize, usize)>,
    word_ids: Vec<Option<u32>>,
}

impl From<Encoding> for Tokens {
    fn from(encoding: Encoding) -> Self {
        Self {
            ids: encoding.get_ids().to_vec(),
            offsets: encoding.get_offsets().to_vec(),
            word_ids: encoding.get_word_ids().to_vec(),
        }
    }
}

impl Tokens {
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// A part of the tokens, for the library to put special tokens around.
    pub(crate) fn slice(&self, range: Range<usize>) -> Part {
        let tokens = range.len();
        let word = |token: usize| self.word_ids[token];
        let before = (0..range.start).rev().take_while(|token| word(*token) == word(range.start));
        let mut piece = if range.is_empty() { 0 } else { before.count() };
        let pieces = range.clone().map(|token| {
            piece = if token > range.start && word(token) != word(token - 1) { 0 } else { piece };
            piece += 1;
            piece as u32 - 1
        });
        let pieces = pieces.collect();
        let encoding = Encoding::new(
            self.ids[range.clone()].to_vec(),
            vec![0; tokens],
            // The tokens' texts are not read.
            vec![String::new(); tokens],
            self.word_ids[range.clone()].to_vec(),
            self.offsets[range].to_vec(),
            vec![0; tokens],
            vec![1; tokens],
            Vec::new(),
            std::iter::empty().collect(),
        );
        Part { encoding, pieces }
    }
}

/// The tokens of one text that are kept.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) encoding: Encoding,
    /// The number of each token within its word.
    pub(crate) pieces: Vec<u32>,
}

impl SequenceTokens {
    /// The tokens that are kept.
    pub(crate) fn cut(&self, truncation: Truncation) -> Part {
        let Self { tokens, share, room } = self;
        let (length, share) = (tokens.len(), (*share).min(tokens.len()));
        match truncation {
            Truncation::HeadTail(head) if share < length => {
                let head = head * share / room;
                let mut kept = tokens.slice(0..head);
                let tail = tokens.slice(length - (share - head)..length);
                kept.encoding.merge_with(tail.encoding, false);
                kept.pieces.extend(tail.pieces);
                kept
            }
            _ => match direction(truncation) {
                TruncationDirection::Left => tokens.slice(length - share..length),
                TruncationDirection::Right => tokens.slice(0..share),
            },
        }
    }

    /// The number of windows with `stride` tokens in common.
    pub(crate) fn window_count(&self, stride: usize) -> usize {
        let beyond = self.tokens.len().saturating_sub(self.share);
        1 + beyond.div_ceil(self.share.saturating_sub(stride).max(1))
    }
}
