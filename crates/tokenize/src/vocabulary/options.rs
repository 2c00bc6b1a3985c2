//! [`VocabularyOptions`].

use serde::Serialize;

use crate::error::TokenizeError;

/// The most tokens of a vocabulary: no embedding has more rows.
const MOST_TOKENS: usize = 1 << 24;

/// How a vocabulary is trained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VocabularyOptions {
    /// The most tokens of the vocabulary, special tokens and characters included, at most 2^24. By default
    /// 30,522, as BERT's English vocabulary has; the embedding of a model has a row for each.
    pub vocab_size: usize,
    /// How often two pieces must follow each other in the texts' words to become one piece, at least 1. By
    /// default 2: what occurs once says nothing of other texts.
    pub min_frequency: u64,
    /// The most different characters, at least 1; the rarest are left out. By default 1000, which is plenty for
    /// an alphabet; Chinese and Japanese texts have more characters.
    pub limit_alphabet: usize,
    /// Whether texts are lowercased and lose their accents, as BERT's uncased models have it; true by default.
    pub lowercase: bool,
}

impl Default for VocabularyOptions {
    fn default() -> Self {
        Self { vocab_size: 30_522, min_frequency: 2, limit_alphabet: 1000, lowercase: true }
    }
}

impl VocabularyOptions {
    /// Checks the ranges of the options.
    ///
    /// # Errors
    /// An option is out of its range.
    pub(super) fn check(&self) -> Result<(), TokenizeError> {
        let refuse =
            |key, found: String, expected| Err(TokenizeError::VocabularyOption { key, found, expected });
        if !(1..=MOST_TOKENS).contains(&self.vocab_size) {
            let expected = "a number of tokens from 1 to 16777216, as no embedding has more rows";
            return refuse("vocab_size", self.vocab_size.to_string(), expected);
        }
        if self.min_frequency == 0 {
            return refuse(
                "min_frequency",
                "0".to_owned(),
                "at least 1: a piece that never occurs can't be found",
            );
        }
        if self.limit_alphabet == 0 {
            return refuse("limit_alphabet", "0".to_owned(), "at least 1 character");
        }
        Ok(())
    }
}
