//! [`Vocabulary`]: the tokens that masking draws from, and those that it leaves alone.

use embert_data::tokenize::Tokenizer;

use crate::TaskError;

/// What masking has to know of a checkpoint's tokenizer.
#[derive(Clone, Debug)]
pub(super) struct Vocabulary {
    pub(super) tokenizer: Tokenizer,
    /// The token that stands for a masked word.
    pub(super) mask_id: u32,
    /// The number of tokens that a random word is one of.
    pub(super) size: u32,
    /// The ids of the special tokens, ascending.
    special: Vec<u32>,
}

impl Vocabulary {
    /// The vocabulary of a model with `rows` word embeddings.
    ///
    /// # Errors
    /// The tokenizer has no token for a masked word.
    pub(super) fn new(tokenizer: &Tokenizer, rows: usize) -> Result<Self, TaskError> {
        let source = tokenizer.facts().source;
        let Some(mask_id) = tokenizer.mask_id() else { return Err(TaskError::NoMaskToken { path: source }) };
        Ok(Self {
            mask_id,
            size: u32::try_from(tokenizer.vocab_size().min(rows)).unwrap_or(u32::MAX),
            special: tokenizer.special_ids(),
            tokenizer: tokenizer.clone(),
        })
    }

    pub(super) fn is_special(&self, id: u32) -> bool {
        self.special.binary_search(&id).is_ok()
    }

    /// The token with this id, as the vocabulary has it.
    pub(super) fn token(&self, id: u32) -> String {
        self.tokenizer.token(id).unwrap_or_default()
    }
}
