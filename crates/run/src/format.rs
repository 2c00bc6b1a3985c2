//! The number that a file states of its own format, and the reading of JSON files that do.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::RunError;
use crate::error::At as _;

/// The format that this version writes, and the newest that it reads. Format 1, which states no number, had neither `task` nor
/// `metrics` in `facts.json`, and no `scores.json`.
pub const FORMAT: u64 = 2;

/// The task of every run of format 1, and its name in the hub's list of tasks.
pub const TEXT_CLASSIFICATION: &str = "text-classification";

/// The format of files that state none.
pub(crate) fn first() -> u64 {
    1
}

pub(crate) fn first_task() -> String {
    TEXT_CLASSIFICATION.to_owned()
}

/// What every JSON file with a format has, whatever else.
#[derive(Deserialize)]
struct Header {
    #[serde(default = "first")]
    format: u64,
}

/// Reads a JSON file whose format may be newer than [`FORMAT`], which is said before anything else that is wrong with it. `None`
/// where there is no file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, RunError> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.at(path)?,
    };
    let damaged =
        |source: serde_json::Error| RunError::Damaged { path: path.to_owned(), line: source.line(), source };
    let Header { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if format > FORMAT {
        return Err(RunError::Newer { path: path.to_owned(), found: format, known: FORMAT });
    }
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}
