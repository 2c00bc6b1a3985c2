//! Reading a `vocab.txt`.

use std::collections::BTreeMap;
use std::path::Path;

use tokenizers::models::wordpiece::WordPiece;

use crate::TokenizeError;
use crate::files::read;

/// A vocabulary from its file: one token a line, whose number from 0 is the token's id. White space at a line's end, a
/// carriage return among it, is no part of the token. Of equal lines the last counts, as in `transformers`.
///
/// # Errors
/// The file can't be read, isn't UTF-8 or begins with a byte-order mark.
pub(crate) fn read_vocab(path: &Path, notes: &mut Vec<String>) -> Result<WordPiece, TokenizeError> {
    let text = read(path)?;
    if text.starts_with('\u{feff}') {
        return Err(TokenizeError::ByteOrderMark { path: path.to_owned() });
    }
    let mut lines = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let token = line.trim_end();
        if let Some(before) = lines.insert(token, number)
            && !token.is_empty()
        {
            notes.push(format!(
                "vocab.txt has {token:?} in lines {before} and {number}: the last counts, as in transformers"
            ));
        }
    }
    // A damaged file may have thousands.
    if notes.len() > 3 {
        let more = notes.len() - 3;
        notes.truncate(3);
        notes.push(format!("vocab.txt has {more} more lines that are there twice"));
    }
    let refused = |source| TokenizeError::Refused { path: path.to_owned(), source };
    let tokens = WordPiece::read_bytes(text.as_bytes()).map_err(refused)?;
    WordPiece::builder().vocab(tokens).build().map_err(refused)
}
