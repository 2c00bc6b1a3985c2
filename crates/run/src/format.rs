//! [`FORMAT`]: the number of a file's format, and the reading of JSON files that state one.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::RunError;
use crate::error::At as _;

/// The format that this version writes, and the newest that it reads. A file of format 1 states no number;
/// `facts.json` had neither `task` nor `metrics` then, and there was no `scores.json`.
pub const FORMAT: u64 = 2;

/// The task of every run of format 1, by its name in the hub's list of tasks.
pub const TEXT_CLASSIFICATION: &str = "text-classification";

/// The task of tags for words, by its name in the hub's list of tasks.
pub const TOKEN_CLASSIFICATION: &str = "token-classification";

/// The task of answers in a context, by its name in the hub's list of tasks.
pub const QUESTION_ANSWERING: &str = "question-answering";

/// The task of runs that compare texts by their vectors, as `facts.json` names it.
pub const SENTENCE_SIMILARITY: &str = "sentence-similarity";

/// The format of files that state none.
pub(crate) fn first() -> u64 {
    1
}

pub(crate) fn first_task() -> String {
    TEXT_CLASSIFICATION.to_owned()
}

/// The one key that every JSON file with a format has.
#[derive(Deserialize)]
struct Header {
    #[serde(default = "first")]
    format: u64,
}

/// Reads a JSON file. A format newer than [`FORMAT`] is reported before any other error. `None` if there is
/// no file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, RunError> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.at(path)?,
    };
    // An error about the whole content has no line.
    let damaged = |source: serde_json::Error| {
        let line = source.line().max(1);
        RunError::Damaged { path: path.to_owned(), line, source }
    };
    let Header { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if format > FORMAT {
        return Err(RunError::Newer { path: path.to_owned(), found: format, known: FORMAT });
    }
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}
