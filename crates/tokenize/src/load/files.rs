//! The files of a checkpoint's folder that describe its tokenizer, and reading them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::TokenizeError;

/// The path of each file that exists.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) tokenizer_json: Option<PathBuf>,
    pub(crate) vocab: Option<PathBuf>,
    pub(crate) tokenizer_config: Option<PathBuf>,
    pub(crate) special_tokens_map: Option<PathBuf>,
    pub(crate) added_tokens: Option<PathBuf>,
    pub(crate) config: Option<PathBuf>,
}

impl Files {
    /// Finds a folder's files.
    ///
    /// # Errors
    /// The folder has another family's vocabulary and no `tokenizer.json`: `transformers` would read that
    /// vocabulary before `vocab.txt`.
    pub(crate) fn of_folder(folder: &Path) -> Result<Self, TokenizeError> {
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        let files = Self {
            tokenizer_json: file("tokenizer.json"),
            vocab: file("vocab.txt"),
            tokenizer_config: file("tokenizer_config.json"),
            special_tokens_map: file("special_tokens_map.json"),
            added_tokens: file("added_tokens.json"),
            config: file("config.json"),
        };
        if files.tokenizer_json.is_none()
            && let Some(path) =
                ["tekken.json", "tokenizer.model", "tiktoken.model"].into_iter().find_map(file)
        {
            return Err(TokenizeError::ForeignVocabulary { path });
        }
        Ok(files)
    }
}

/// A file's text, which must be UTF-8.
pub(crate) fn read(path: &Path) -> Result<String, TokenizeError> {
    let bytes = fs::read(path).map_err(|source| TokenizeError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].split(|byte| *byte == b'\n').count();
        TokenizeError::NotUtf8 { path: path.to_owned(), line }
    })
}

/// A file's JSON object; an empty one where there is no file.
pub(crate) fn read_object(path: Option<&Path>) -> Result<Map<String, Value>, TokenizeError> {
    let Some(path) = path else { return Ok(Map::new()) };
    serde_json::from_str(&read(path)?).map_err(|source| TokenizeError::Json { path: path.to_owned(), source })
}
