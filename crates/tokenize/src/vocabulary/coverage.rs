//! [`Coverage`]: how a vocabulary splits words.

use std::collections::HashMap;

use rayon::prelude::*;
use tokenizers::Model as _;

use crate::error::TokenizeError;

/// How many words, each time that they occur, are one piece, or any pieces at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Coverage {
    /// Words that are one piece.
    pub(super) whole: u64,
    /// Words that are not unknown.
    pub(super) known: u64,
    /// The pieces of the words that are not unknown.
    pub(super) pieces: u64,
}

impl Coverage {
    /// The coverage of words with their counts.
    ///
    /// # Errors
    /// The library fails on a word.
    pub(super) fn of(
        tokenizer: &tokenizers::Tokenizer,
        words: &HashMap<String, u64>,
    ) -> Result<Self, TokenizeError> {
        let model = tokenizer.get_model();
        let unknown = model.token_to_id("[UNK]");
        let of_word = |(word, &count): (&String, &u64)| {
            let tokens =
                model.tokenize(word).map_err(|source| TokenizeError::Encode { bytes: word.len(), source })?;
            if tokens.iter().any(|token| Some(token.id) == unknown) {
                return Ok(Self::default());
            }
            let pieces = tokens.len() as u64;
            Ok(Self { whole: if pieces == 1 { count } else { 0 }, known: count, pieces: pieces * count })
        };
        let sum = |one: Self, other: Self| Self {
            whole: one.whole + other.whole,
            known: one.known + other.known,
            pieces: one.pieces + other.pieces,
        };
        words.par_iter().map(of_word).try_reduce(Self::default, |one, other| Ok(sum(one, other)))
    }
}
