//! [`ConfigBuilder`]: files and single settings over the defaults.

use std::path::Path;

use serde::Deserialize as _;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::{ConfigError, KEYS, TrainConfig, nearest};

/// Lays settings over each other, the later over the earlier, and checks the result.
#[derive(Clone, Debug, Default)]
pub struct ConfigBuilder {
    table: Table,
}

impl ConfigBuilder {
    /// Starts from the defaults of [`TrainConfig`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Lays a TOML file over what is there.
    ///
    /// # Errors
    /// The file can't be read, isn't TOML, has a key that doesn't exist, or a value of the wrong type; with the line.
    pub fn file(self, path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        self.text(&text, path)
    }

    /// Lays the text of a TOML file over what is there; `path` names it in messages.
    ///
    /// # Errors
    /// As [`file`](Self::file), but for the reading.
    pub fn text(self, text: &str, path: &Path) -> Result<Self, ConfigError> {
        match self.text_beside(SWEEP, text, path)? {
            (_, true) => Err(ConfigError::IsSweep { path: path.to_owned() }),
            (builder, false) => Ok(builder),
        }
    }

    /// As [`text`](Self::text), but for a top-level table that is somebody else's; and whether it is there.
    pub(crate) fn text_beside(
        mut self,
        other: &str,
        text: &str,
        path: &Path,
    ) -> Result<(Self, bool), ConfigError> {
        let syntax = |mut source: toml::de::Error| {
            source.set_input(Some(text));
            ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) }
        };
        let mut parsed = DeTable::parse(text).map_err(syntax)?;
        let found = parsed.get_mut().remove(other).is_some();
        check_keys(parsed.get_ref(), "", text, path)?;
        // Read as a whole config only for the message: it points to the line, which the merged table can't.
        TrainConfig::deserialize(toml::Deserializer::from(parsed)).map_err(syntax)?;
        let mut table: Table = toml::from_str(text).map_err(syntax)?;
        table.remove(other);
        merge(&mut self.table, table);
        Ok((self, found))
    }

    /// Sets one key from `key=value`, the value as in TOML; a bare word is a string.
    ///
    /// # Errors
    /// There is no `=`, or the key doesn't exist.
    pub fn set(self, assignment: &str) -> Result<Self, ConfigError> {
        let Some((key, value)) = assignment.split_once('=') else {
            return Err(ConfigError::Assignment { found: assignment.to_owned() });
        };
        let value = value.trim();
        self.set_value(key.trim(), toml_value(value).unwrap_or_else(|| value.into()))
    }

    /// Sets one dotted key to a value.
    ///
    /// # Errors
    /// The key doesn't exist.
    pub fn set_value(mut self, key: &str, value: impl Into<Value>) -> Result<Self, ConfigError> {
        if !KEYS.contains(&key) {
            return Err(ConfigError::UnknownSetting { key: key.to_owned(), nearest: nearest(key) });
        }
        let mut layer = Table::new();
        match key.split_once('.') {
            Some((table, key)) => {
                layer.insert(table.into(), Value::Table(Table::from_iter([(key.to_owned(), value.into())])));
            }
            None => {
                layer.insert(key.into(), value.into());
            }
        }
        merge(&mut self.table, layer);
        Ok(self)
    }

    /// Whether the key can have the value, as far as types go.
    pub(crate) fn takes(&self, key: &str, value: impl Into<Value>) -> bool {
        self.clone()
            .set_value(key, value)
            .is_ok_and(|builder| builder.table.try_into::<TrainConfig>().is_ok())
    }

    /// The config, checked.
    ///
    /// # Errors
    /// A value of the wrong type, or out of its range.
    pub fn build(self) -> Result<TrainConfig, ConfigError> {
        let config: TrainConfig =
            self.table.try_into().map_err(|source| ConfigError::Value { source: Box::new(source) })?;
        config.validate()?;
        Ok(config)
    }
}

/// A value as TOML writes it; `None` for anything else, such as a bare word.
pub(crate) fn toml_value(text: &str) -> Option<Value> {
    toml::from_str::<Table>(&format!("value = {text}")).ok()?.remove("value")
}

/// The table that makes a run's config a sweep's.
pub(crate) const SWEEP: &str = "sweep";

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn check_keys(table: &DeTable<'_>, prefix: &str, text: &str, path: &Path) -> Result<(), ConfigError> {
    for (key, value) in table {
        let dotted = format!("{prefix}{}", key.get_ref());
        let inner = format!("{dotted}.");
        if let (DeValue::Table(table), true) =
            (value.get_ref(), KEYS.iter().any(|key| key.starts_with(&inner)))
        {
            check_keys(table, &inner, text, path)?;
        } else if !KEYS.contains(&dotted.as_str()) {
            let line = text[..Spanned::span(key).start].lines().count().max(1);
            let line = if text[..key.span().start].ends_with('\n') { line + 1 } else { line };
            return Err(ConfigError::UnknownKey {
                path: path.to_owned(),
                line,
                nearest: nearest(&dotted),
                key: dotted,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use embert_model::{Freeze, Layers};

    use super::*;

    fn file(text: &str) -> Result<TrainConfig, ConfigError> {
        ConfigBuilder::new().text(text, Path::new("run.toml"))?.build()
    }

    #[test]
    fn a_sweeps_file_is_no_run() {
        let error = file("epochs = 2\n[sweep]\nseeds = 3\n").unwrap_err();
        assert!(matches!(error, ConfigError::IsSweep { .. }), "{error}");
    }

    #[test]
    fn later_layers_win_and_leave_the_rest() {
        let config = ConfigBuilder::new()
            .text("epochs = 5\n[optimizer]\nlearning_rate = 1e-4\nweight_decay = 0.1\n", Path::new("a.toml"))
            .unwrap()
            .set("optimizer.learning_rate=3e-5")
            .unwrap()
            .set("freeze=encoder_below:6")
            .unwrap()
            .build()
            .unwrap();
        assert_eq!(config.epochs, 5);
        assert_eq!((config.optimizer.learning_rate, config.optimizer.weight_decay), (3e-5, 0.1));
        assert_eq!(config.freeze, Freeze::EncoderBelow(Layers::Count(6)));
    }

    #[test]
    fn a_misspelt_key_names_its_line_and_the_nearest() {
        let error = file("epochs = 2\n\n[optimizer]\nlearning_rat = 1e-5\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "run.toml, line 4: there is no key \"optimizer.learning_rat\"; did you mean \"optimizer.learning_rate\"?"
        );
        let error = file("batchsize = 2\n").unwrap_err();
        assert!(
            error.to_string().contains("line 1") && error.to_string().contains("\"batch_size\""),
            "{error}"
        );
        let error = ConfigBuilder::new().set("learning_rate=1").unwrap_err();
        assert!(error.to_string().contains("optimizer.learning_rate"), "{error}");
    }

    #[test]
    fn a_value_of_the_wrong_type_names_its_line() {
        let error = file("epochs = 2\nbatch_size = \"many\"\n").unwrap_err();
        let ConfigError::Syntax { source, .. } = &error else { panic!("{error:?}") };
        assert!(source.to_string().contains("line 2"), "{source}");
    }
}
