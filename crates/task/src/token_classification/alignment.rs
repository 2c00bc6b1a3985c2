//! [`TokenAlignment`]: where the tokens of a feature stand in their text.

use std::ops::Range;
use std::sync::Arc;

use embert_data::tokenize::{Encoding, Tokenizer};

use super::example::TokenExample;

/// The tokens of a feature, the special ones left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAlignment {
    /// The tokens in the order of the feature.
    pub(super) tokens: Arc<[AlignedToken]>,
    /// Whether tokens of the text are not in the feature.
    pub(super) is_part: bool,
}

/// A token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AlignedToken {
    /// The token's index in the feature, from 0, special tokens counted.
    pub(super) index: usize,
    /// The token's word: a given word, or a word of the tokenizer's own split.
    pub(super) word: u32,
    /// The token's number within its word, from 0.
    pub(super) number: u32,
    /// The range of the text's characters, in Unicode code points.
    pub(super) characters: Range<usize>,
    /// The token as the vocabulary has it: `##ing`. For an unknown token, the characters themselves.
    pub(super) piece: Box<str>,
    /// Whether the token goes on with the word of the token before it, as `transformers`' pipeline decides
    /// it: the piece is longer or shorter than its characters, and the token is known.
    pub(super) is_subword: bool,
}

impl TokenAlignment {
    /// The tokens of one encoding of `example`.
    pub(super) fn new(example: &TokenExample, encoding: &Encoding, tokenizer: &Tokenizer) -> Self {
        let words = example.word_characters();
        // The byte of each character, for slices by characters.
        let mut bytes: Vec<usize> = example.text.char_indices().map(|(byte, _)| byte).collect();
        bytes.push(example.text.len());
        let unknown = tokenizer.unk_id();
        let mut tokens = Vec::with_capacity(encoding.len());
        for (index, &id) in encoding.ids.iter().enumerate() {
            let Some(word) = encoding.word_ids[index] else { continue };
            let (start, end) = encoding.offsets[index];
            let first =
                words.as_ref().and_then(|words| words.get(word as usize)).map_or(0, |word| word.start);
            let characters = first + start..first + end;
            let text = match (bytes.get(characters.start), bytes.get(characters.end)) {
                (Some(&start), Some(&end)) if start <= end => &example.text[start..end],
                _ => "",
            };
            let is_unknown = unknown == Some(id);
            let piece: Box<str> =
                if is_unknown { text.into() } else { tokenizer.token(id).unwrap_or_default().into() };
            let is_subword = !is_unknown && piece.chars().count() != characters.len();
            tokens.push(AlignedToken {
                index,
                word,
                number: encoding.pieces[index],
                characters,
                piece,
                is_subword,
            });
        }
        Self { tokens: tokens.into(), is_part: encoding.truncated() }
    }
}
