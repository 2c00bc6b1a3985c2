//! [`ConfigBuilder`]: files and single settings over the defaults.

use std::borrow::Cow;
use std::path::Path;

use serde::Deserialize as _;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::error::ConfigError;
use super::keys::{KEYS, nearest, renamed};
use super::setting::Setting;
use super::train::TrainConfig;

/// Lays settings over each other, the later over the earlier, and checks the result.
#[derive(Clone, Debug, Default)]
pub struct ConfigBuilder {
    table: Table,
    /// True if a run or a sweep has recorded the files.
    is_recorded: bool,
}

impl ConfigBuilder {
    /// The name of the top-level table that makes a file a sweep's; [`text`](Self::text) refuses the table.
    pub const SWEEP: &'static str = "sweep";

    /// Starts from the defaults of [`TrainConfig`].
    pub fn new() -> Self {
        Self::default()
    }

    /// For files that a run or a sweep has recorded: keys under names of older versions are read without a
    /// warning.
    pub fn recorded() -> Self {
        Self { is_recorded: true, ..Self::default() }
    }

    /// Lays a TOML file over the earlier settings.
    ///
    /// # Errors
    /// The file can't be read, isn't TOML, has a key that doesn't exist, or a value of the wrong type; with
    /// the line.
    pub fn file(self, path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        self.text(&text, path)
    }

    /// Lays the text of a TOML file over the earlier settings; `path` names the file in messages.
    ///
    /// # Errors
    /// As [`file`](Self::file), but no file is read.
    pub fn text(self, text: &str, path: &Path) -> Result<Self, ConfigError> {
        match self.text_beside(Self::SWEEP, text, path)? {
            (_, true) => Err(ConfigError::IsSweep { path: path.to_owned() }),
            (builder, false) => Ok(builder),
        }
    }

    /// Lays the text of a TOML file over the earlier settings, without the top-level table `other`, which is
    /// not a config's and which [`text`](Self::text) refuses. Returns true if the text has the table.
    ///
    /// # Errors
    /// As [`text`](Self::text), but the table `other` is not refused.
    pub fn text_beside(mut self, other: &str, text: &str, path: &Path) -> Result<(Self, bool), ConfigError> {
        let syntax = |mut source: toml::de::Error| {
            source.set_input(Some(text));
            ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) }
        };
        let mut parsed = DeTable::parse(text).map_err(syntax)?;
        let found = parsed.get_mut().remove(other).is_some();
        check_keys(parsed.get_ref(), "", text, path)?;
        let renamed = rename(parsed.get_mut(), text, path)?;
        if !self.is_recorded {
            for Renamed { line, old, new } in &renamed {
                tracing::warn!("{}, line {line}: \"{old}\" has a new name: \"{new}\"", path.display());
            }
        }
        // Deserialized for the error message alone: it points to the line, which the merged table has lost.
        TrainConfig::deserialize(toml::Deserializer::from(parsed)).map_err(syntax)?;
        let mut table: Table = toml::from_str(text).map_err(syntax)?;
        table.remove(other);
        for Renamed { old, new, .. } in renamed {
            if let Some(value) = table.remove(&old) {
                table.insert(new.to_owned(), value);
            }
        }
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
    /// The key doesn't exist, or takes values of another type.
    pub fn set_value(mut self, key: &str, value: impl Into<Value>) -> Result<Self, ConfigError> {
        merge(&mut self.table, Setting::new(key, value)?.layer());
        Ok(self)
    }

    /// True if the key exists and takes values of this type.
    pub fn takes(&self, key: &str, value: impl Into<Value>) -> bool {
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
        } else if !KEYS.contains(&dotted.as_str()) && renamed(&dotted).is_none() {
            return Err(ConfigError::UnknownKey {
                path: path.to_owned(),
                line: line_of(text, key.span().start),
                nearest: nearest(&dotted),
                key: dotted,
            });
        }
    }
    Ok(())
}

/// The line, from 1, of a byte of a text.
fn line_of(text: &str, byte: usize) -> usize {
    text[..byte].matches('\n').count() + 1
}

/// A key that a file has under its old name.
struct Renamed {
    /// The line, from 1.
    line: usize,
    old: String,
    new: &'static str,
}

/// Renames the top-level keys of a file that have old names.
fn rename(table: &mut DeTable<'_>, text: &str, path: &Path) -> Result<Vec<Renamed>, ConfigError> {
    let mut found = Vec::new();
    for key in table.keys() {
        if let Some(new) = renamed(key.get_ref()) {
            let line = line_of(text, key.span().start);
            found.push(Renamed { line, old: key.get_ref().to_string(), new });
        }
    }
    for Renamed { line, old, new } in &found {
        if table.contains_key(*new) {
            let (path, line, old) = (path.to_owned(), *line, old.clone());
            return Err(ConfigError::BothNames { path, line, old, new });
        }
        if let Some((key, value)) = table.remove_entry(old.as_str()) {
            table.insert(Spanned::new(key.span(), Cow::Borrowed(*new)), value);
        }
    }
    Ok(found)
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
    fn a_key_is_read_under_its_old_name_too_but_not_under_both() {
        let config = file("accumulate = 3\nepochs = 2\n").unwrap();
        assert_eq!((config.gradient_accumulation_steps, config.epochs), (3, 2));
        assert!(config.to_toml().unwrap().contains("\ngradient_accumulation_steps = 3\n"));
        let set = ConfigBuilder::new().set("accumulate=4").unwrap().build().unwrap();
        assert_eq!(set.gradient_accumulation_steps, 4);
        let error = file("epochs = 2\naccumulate = 3\ngradient_accumulation_steps = 3\n").unwrap_err();
        assert!(error.to_string().contains("line 2: \"accumulate\" is the old name of"), "{error}");
        let ConfigError::Syntax { source, .. } = file("epochs = 2\naccumulate = \"many\"\n").unwrap_err()
        else {
            panic!("no syntax error")
        };
        assert!(source.to_string().contains("line 2"), "{source}");
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
            ("class_weights=[1, many]", "class_weights = [1, many]: expected \"none\", \"balanced\""),
        ] {
            let error = ConfigBuilder::new().set(setting).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{setting}: {error}");
        }
        // Digits are a string if the key takes strings.
        let named = ConfigBuilder::new().set("dataset=18446744073709551615").unwrap().build().unwrap();
        assert_eq!(named.dataset, "18446744073709551615");
    }
}
