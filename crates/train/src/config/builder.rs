//! [`ConfigBuilder`]: files and single settings over the defaults.

use std::path::Path;

use serde::Deserialize as _;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::{ConfigError, KEYS, TrainConfig, limits, nearest};

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
    /// As [`Setting::parse`].
    pub fn set(mut self, assignment: &str) -> Result<Self, ConfigError> {
        merge(&mut self.table, Setting::parse(assignment)?.layer());
        Ok(self)
    }

    /// Sets one dotted key to a value.
    ///
    /// # Errors
    /// The key doesn't exist, or its values are of another type.
    pub fn set_value(mut self, key: &str, value: impl Into<Value>) -> Result<Self, ConfigError> {
        merge(&mut self.table, Setting::new(key, value)?.layer());
        Ok(self)
    }

    /// Whether the key can have the value, as far as types go.
    pub(crate) fn takes(&self, key: &str, value: impl Into<Value>) -> bool {
        self.clone().set_value(key, value).is_ok()
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

/// One setting that stands by itself, as `--set` gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The dotted key, one of [`KEYS`].
    pub key: &'static str,
    /// Its value.
    pub value: Value,
}

impl Setting {
    /// From `key=value`, the value as in TOML; a bare word is a string.
    ///
    /// # Errors
    /// There is no `=`, the key doesn't exist, or its values are of another type.
    pub fn parse(assignment: &str) -> Result<Self, ConfigError> {
        let Some((key, text)) = assignment.split_once('=') else {
            return Err(ConfigError::Assignment { found: assignment.to_owned() });
        };
        let text = text.trim();
        Self::checked(key.trim(), toml_value(text).unwrap_or_else(|| text.into()), text)
    }

    /// The key with a value.
    ///
    /// # Errors
    /// The key doesn't exist, or its values are of another type.
    pub fn new(key: &str, value: impl Into<Value>) -> Result<Self, ConfigError> {
        let value = value.into();
        let found = shown(&value);
        Self::checked(key, value, &found)
    }

    /// Whether both are about the same key, but not with the same value.
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

    /// `found` is what messages call the value.
    fn checked(key: &str, value: Value, found: &str) -> Result<Self, ConfigError> {
        let Some(known) = KEYS.iter().find(|known| **known == key) else {
            return Err(ConfigError::UnknownSetting { key: key.to_owned(), nearest: nearest(key) });
        };
        let setting = Self { key: known, value };
        // By itself: what a later layer has for the key must not hide that this one has something impossible.
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

    /// The table of a config that has this setting alone.
    fn layer(&self) -> Table {
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
    #[test]
    fn a_single_setting_is_checked_by_itself() {
        for (setting, expected) in [
            ("epochs=nan", "epochs = nan: expected a whole number from 1 to 100000"),
            ("epochs=1e3", "epochs = 1e3: expected a whole number"),
            ("seed=18446744073709551615", "seed = 18446744073709551615: expected a whole number from 0 to"),
            ("optimizer.learning_rate=.5.", "optimizer.learning_rate = .5.: expected a number above 0"),
            ("evaluate_test=1", "evaluate_test = 1: invalid type"),
            ("keep=all", "keep = all: unknown variant `all`"),
            ("metric=goodness", "metric = goodness: "),
            ("class_weights=[1, many]", "class_weights = [1, many]: expected \"none\", \"balanced\""),
        ] {
            let error = ConfigBuilder::new().set(setting).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{setting}: {error}");
        }
        // A text of digits is a text where the key takes one.
        let named = ConfigBuilder::new().set("dataset=18446744073709551615").unwrap().build().unwrap();
        assert_eq!(named.dataset, "18446744073709551615");
    }
}
