//! The `[sweep]` table of a file, and which keys can be swept.

use embert_train::{KEYS, known_key};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::SweepError;

/// Keys that can't be swept, with the reason.
const RESERVED: [(&str, &str); 2] = [
    ("output", "each run has its own folder inside the sweep's"),
    ("seed", "say how many seeds each point is trained with: --seeds N, or seeds = N in [sweep]"),
];

/// The `[sweep]` table of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Section {
    pub(crate) seeds: Option<usize>,
    pub(crate) samples: Option<usize>,
    pub(crate) keep_checkpoints: Option<bool>,
    pub(crate) grid: Table,
    pub(crate) random: Table,
    pub(crate) points: Vec<Table>,
}

/// Refuses a key that does not exist or can't be swept; returns its current name.
pub(crate) fn check_key(key: &str) -> Result<&'static str, SweepError> {
    if let Some((_, hint)) = RESERVED.iter().find(|(reserved, _)| *reserved == key) {
        return Err(SweepError::Reserved { key: key.to_owned(), hint });
    }
    Ok(known_key(key)?)
}

/// The settings of a table by their dotted keys, whether a key is written `"data.order" = ..` or
/// `data.order = ..`.
pub(crate) fn flatten(table: Table) -> Result<Vec<(String, Value)>, SweepError> {
    let mut settings = Vec::new();
    for (key, value) in table {
        let inner = format!("{key}.");
        match value {
            Value::Table(table) if KEYS.iter().any(|known| known.starts_with(&inner)) => {
                settings.extend(table.into_iter().map(|(key, value)| (format!("{inner}{key}"), value)));
            }
            value => settings.push((key, value)),
        }
    }
    settings.into_iter().map(|(key, value)| Ok((check_key(&key)?.to_owned(), value))).collect()
}
