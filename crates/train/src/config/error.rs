//! [`ConfigError`].

use std::path::PathBuf;

/// Why settings were refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read the config {}", path.display())]
    Read {
        /// The config file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file isn't TOML, or a value has the wrong type.
    #[error("{} is not a config that can be used", path.display())]
    Syntax {
        /// The config file.
        path: PathBuf,
        /// The cause, with line and column.
        source: Box<toml::de::Error>,
    },
    /// A key that doesn't exist.
    #[error("{}, line {line}: there is no key \"{key}\"; did you mean \"{nearest}\"?", path.display())]
    UnknownKey {
        /// The config file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, dotted.
        key: String,
        /// The known key with the nearest name.
        nearest: &'static str,
    },
    /// A file has a key under its old and under its current name.
    #[error(
        "{}, line {line}: \"{old}\" is the old name of \"{new}\", which the file has too: leave one of them out",
        path.display()
    )]
    BothNames {
        /// The config file.
        path: PathBuf,
        /// The line of the old name, from 1.
        line: usize,
        /// The old name.
        old: String,
        /// The current name.
        new: &'static str,
    },
    /// The file describes many runs.
    #[error("{} describes a sweep, not a run: give it to `bert-train sweep --config`", path.display())]
    IsSweep {
        /// The config file.
        path: PathBuf,
    },
    /// A key that doesn't exist, not from a file.
    #[error("there is no setting \"{key}\"; did you mean \"{nearest}\"?")]
    UnknownSetting {
        /// The key, dotted.
        key: String,
        /// The known key with the nearest name.
        nearest: &'static str,
    },
    /// A text that is not `key=value`.
    #[error("\"{found}\" is no setting: expected key=value, as in optimizer.learning_rate=3e-5")]
    Assignment {
        /// The text as it was given.
        found: String,
    },
    /// A value of the wrong type, not from a file.
    #[error("a setting has a value that it can't have")]
    Value {
        /// The cause, with the key.
        source: Box<toml::de::Error>,
    },
    /// A value that the key can't have, not from a file.
    #[error("{key} = {found}: {problem}")]
    Setting {
        /// The key, dotted.
        key: &'static str,
        /// The value, as it was given.
        found: String,
        /// Why the key can't have the value.
        problem: String,
    },
    /// A value out of its range.
    #[error("{key} = {found}: expected {expected}")]
    Invalid {
        /// The key, dotted.
        key: &'static str,
        /// The value.
        found: String,
        /// The values that the key can have.
        expected: &'static str,
    },
    /// The device's name is unknown.
    #[error("the value of device can't be used")]
    Device {
        /// The cause.
        source: embert_model::DeviceError,
    },
    /// A pattern in `freeze_patterns` can't be used.
    #[error("the value of freeze_patterns can't be used")]
    Freeze {
        /// The cause.
        source: embert_model::ModelError,
    },
    /// The settings can't be written as TOML.
    #[error("the settings can't be written as TOML")]
    Write {
        /// The cause.
        source: toml::ser::Error,
    },
}
