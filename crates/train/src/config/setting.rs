//! [`Setting`]: a single `key=value`.

use toml::{Table, Value};

use super::error::ConfigError;
use super::keys::known_key;
use super::limits;
use super::train::TrainConfig;

/// A setting of one key, as `--set` gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The dotted key, one of [`KEYS`](crate::KEYS).
    pub key: &'static str,
    /// The key's value.
    pub value: Value,
}

impl Setting {
    /// Parses `key=value`, the value as in TOML; a bare word is a string.
    ///
    /// # Errors
    /// There is no `=`, the key doesn't exist, or it takes values of another type.
    pub fn parse(assignment: &str) -> Result<Self, ConfigError> {
        let Some((key, text)) = assignment.split_once('=') else {
            return Err(ConfigError::Assignment { found: assignment.to_owned() });
        };
        let text = text.trim();
        Self::checked(key.trim(), toml_value(text).unwrap_or_else(|| text.into()), text)
    }

    /// The setting of a key to a value.
    ///
    /// # Errors
    /// The key doesn't exist, or takes values of another type.
    pub fn new(key: &str, value: impl Into<Value>) -> Result<Self, ConfigError> {
        let value = value.into();
        let found = shown(&value);
        Self::checked(key, value, &found)
    }

    /// True if both set the same key, to different values.
    #[allow(clippy::float_cmp, reason = "the same setting, typed twice")]
    pub fn contradicts(&self, other: &Self) -> bool {
        let same = match (&self.value, &other.value) {
            (Value::Integer(whole), Value::Float(number)) | (Value::Float(number), Value::Integer(whole)) => {
                *whole as f64 == *number
            }
            (one, other) => one == other,
        };
        self.key == other.key && !same
    }

    /// Checks the key and the value's type; `found` is the value as messages show it.
    fn checked(key: &str, value: Value, found: &str) -> Result<Self, ConfigError> {
        let known = known_key(key)?;
        let setting = Self { key: known, value };
        // Checked alone, since a later layer with another value for the key would hide that this value is
        // impossible.
        match setting.layer().try_into::<TrainConfig>() {
            Ok(_) => Ok(setting),
            Err(source) => Err(match limits::expected(key) {
                Some((key, expected)) => ConfigError::Invalid { key, found: found.to_owned(), expected },
                None => ConfigError::Setting {
                    key: setting.key,
                    found: found.to_owned(),
                    problem: source.message().to_owned(),
                },
            }),
        }
    }

    /// A config's table with only this setting.
    pub(super) fn layer(&self) -> Table {
        let (table, key) = match self.key.split_once('.') {
            Some((table, key)) => (Some(table), key),
            None => (None, self.key),
        };
        let layer = Table::from_iter([(key.to_owned(), self.value.clone())]);
        match table {
            Some(table) => Table::from_iter([(table.to_owned(), Value::Table(layer))]),
            None => layer,
        }
    }
}

/// A value as a message shows it: a text without quotes.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Parses a TOML value; `None` for a text that is not TOML, such as a bare word.
pub fn toml_value(text: &str) -> Option<Value> {
    toml::from_str::<Table>(&format!("value = {text}")).ok()?.remove("value")
}
