//! The fixture's files and tokenizer.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use embert_tokenize::{EncodeOptions, Tokenizer, Truncation};
use tempfile::TempDir;

/// A file that `tests/reference/tokenizer.py` wrote.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer").join(name)
}

/// A folder with the fixture's vocabulary and this `tokenizer_config.json`.
pub(crate) fn vocab_folder(config: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(fixture("vocab.txt"), dir.path().join("vocab.txt")).unwrap();
    fs::write(dir.path().join("tokenizer_config.json"), config).unwrap();
    dir
}

/// The fixture's tokenizer, uncased.
pub(crate) fn tokenizer() -> Tokenizer {
    Tokenizer::from_vocab(&fixture("vocab.txt"), None).unwrap()
}

pub(crate) fn options(max_length: usize, truncation: Truncation) -> EncodeOptions {
    EncodeOptions { max_length, truncation }
}

/// Tokens of a text without the special ones around it.
pub(crate) fn tokens(tokenizer: &Tokenizer, text: &str) -> Vec<String> {
    let encoding = tokenizer.encode(text, None, &options(512, Truncation::LongestFirst)).unwrap();
    let inner = &encoding.ids[1..encoding.ids.len() - 1];
    inner.iter().map(|id| tokenizer.token(*id).unwrap()).collect()
}

/// The text that a user sees: the error and its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", chain(cause)),
        None => error.to_string(),
    }
}
