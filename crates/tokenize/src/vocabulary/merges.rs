//! [`learn`]: pieces of words, by byte-pair encoding.

use tokenizers::AddedToken;
use tokenizers::models::bpe::{BPE, BpeTrainer};

use super::options::VocabularyOptions;
use crate::error::TokenizeError;
use crate::load::build::{PREFIX, UNWRITTEN};

/// The vocabulary that the library learns from words with their counts, in the order of the ids. `first` are its
/// first tokens: the special ones, and a token for each character of the words at each place where it stands.
///
/// The trainer is the one within the library's `WordPieceTrainer`, which has no way in for counts. Left alone it
/// gives other ids to the characters within words each time, in the order of a hash map, and breaks ties by
/// these ids. Here all of them are among the `first`, so that ties have one answer. Nothing else depends on an
/// order: a piece is made by one pair alone (were its letters joined in another way elsewhere, with the same
/// borders, they would have been so everywhere), so each pair is queued once, and the queue orders pairs by
/// their counts, then by their ids.
pub(super) fn learn<'a>(
    words: impl Iterator<Item = (&'a str, u64)>,
    first: Vec<String>,
    options: &VocabularyOptions,
) -> Result<Vec<String>, TokenizeError> {
    let trainer = BpeTrainer::builder()
        .show_progress(false)
        .continuing_subword_prefix(PREFIX.to_owned())
        .vocab_size(options.vocab_size)
        .min_frequency(options.min_frequency)
        .special_tokens(first.into_iter().map(|token| AddedToken::from(token, true)).collect())
        .build();
    let words = words.map(|(word, count)| (word.into(), count)).collect();
    let mut model = BPE::default();
    trainer
        .do_train(&words, &mut model)
        .map_err(|source| TokenizeError::Refused { path: UNWRITTEN.into(), source })?;
    let mut tokens: Vec<(u32, String)> =
        model.get_vocab().into_iter().map(|(token, id)| (id, token)).collect();
    tokens.sort_unstable();
    Ok(tokens.into_iter().map(|(_, token)| token).collect())
}
