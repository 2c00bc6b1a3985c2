//! Reading a `vocab.txt`.

use std::collections::HashMap;
use std::path::Path;

use tokenizers::Model as _;
use tokenizers::models::wordpiece::WordPiece;

use super::files::read;
use crate::error::TokenizeError;

/// The largest id that is accepted: a larger embedding doesn't exist.
const MAX_ID: u32 = (1 << 24) - 1;

/// The number of repeated lines that get a note each.
const SAID: usize = 3;

/// A vocabulary from its file: one token a line, whose number from 0 is the token's id. White space at a
/// line's end, carriage returns included, is no part of the token. Of equal lines the last counts, as in
/// `transformers`.
///
/// # Errors
/// The file can't be read, isn't UTF-8 or begins with a byte-order mark.
pub(crate) fn read_vocab(path: &Path, notes: &mut Vec<String>) -> Result<WordPiece, TokenizeError> {
    let text = read(path)?;
    if text.starts_with('\u{feff}') {
        return Err(TokenizeError::ByteOrderMark { path: path.to_owned() });
    }
    let (mut lines, mut twice) = (HashMap::new(), 0);
    for (number, line) in (1..).zip(text.lines()) {
        let token = line.trim_end();
        if let Some(before) = lines.insert(token, number)
            && !token.is_empty()
        {
            twice += 1;
            // A damaged file may repeat thousands of lines.
            if twice <= SAID {
                notes.push(format!(
                    "vocab.txt has {token:?} in lines {before} and {number}: the last counts, as in transformers"
                ));
            }
        }
    }
    if twice > SAID {
        notes.push(format!("vocab.txt has {} more lines that are there twice", twice - SAID));
    }
    let refused = |source| TokenizeError::Refused { path: path.to_owned(), source };
    drop(lines);
    let tokens = WordPiece::read_bytes(text.as_bytes()).map_err(refused)?;
    WordPiece::builder().vocab(tokens).build().map_err(refused)
}

/// Checks that each token of a vocabulary has an id of its own, at most `MAX_ID`.
///
/// # Errors
/// Two tokens share an id, and saving would lose one of them; or an id is too large.
pub(crate) fn check_ids(path: &Path, model: &WordPiece) -> Result<(), TokenizeError> {
    let mut vocab: Vec<(u32, String)> =
        model.get_vocab().into_iter().map(|(token, id)| (id, token)).collect();
    vocab.sort_unstable();
    if let Some([(id, token), (_, other)]) = vocab.array_windows().find(|[one, other]| one.0 == other.0) {
        let (token, other) = (token.clone(), other.clone());
        return Err(TokenizeError::SharedId { path: path.to_owned(), token, id: *id, other });
    }
    match vocab.last() {
        Some((id, token)) if *id > MAX_ID => Err(TokenizeError::Setting {
            path: path.to_owned(),
            key: format!("model.vocab, {token:?}"),
            found: id.to_string(),
            expected: "an id below 16777216, as no embedding has more rows",
        }),
        _ => Ok(()),
    }
}
