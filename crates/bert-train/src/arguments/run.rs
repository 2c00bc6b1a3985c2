//! [`RunArgs`]: the arguments that `train` and `sweep` share.

use std::path::PathBuf;

use clap::Args;
use embert_train::{ConfigBuilder, Existing, Setting, renamed};

use super::json::JsonArgs;
use super::options::{TrainOptions, option_as_typed};
use crate::error::Error;

/// The settings of a run, from a file, from `--set` and from options, and its output folder.
#[derive(Debug, Default, Args)]
#[command(args_override_self = true)]
pub(crate) struct RunArgs {
    /// Read settings from this TOML file; for a sweep also what to sweep, from its sweep table
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Set a key of the config, as in class_weights=balanced (may be repeated, but not with an option that
    /// says otherwise)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Replace what is already in the output folder
    #[arg(long)]
    pub(crate) overwrite: bool,
    #[command(flatten)]
    pub(crate) options: TrainOptions,
    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

impl RunArgs {
    /// Overrides the settings of `builder` with those of `--set` and the options.
    pub(crate) fn lay(&self, mut builder: ConfigBuilder) -> Result<ConfigBuilder, Error> {
        for (setting, _) in self.said()? {
            builder = builder.set_value(setting.key, setting.value)?;
        }
        Ok(builder)
    }

    /// The settings of the command line, each checked by itself, with their spelling. Two settings with
    /// different values of one key are refused: one of them would be ignored.
    fn said(&self) -> Result<Vec<(Setting, String)>, Error> {
        let mut said: Vec<(Setting, String)> = Vec::new();
        for typed in &self.settings {
            said.push((Setting::parse(typed)?, format!("--set {typed}")));
        }
        for (key, value) in self.options.settings() {
            let typed = option_as_typed(key, &value);
            said.push((Setting::new(key, value)?, typed));
        }
        for (index, (setting, typed)) in said.iter().enumerate() {
            let other = said[..index].iter().find(|(other, _)| other.contradicts(setting));
            if let Some((_, other)) = other {
                return Err(Error::Contradiction {
                    one: other.clone(),
                    other: typed.clone(),
                    key: setting.key,
                });
            }
        }
        Ok(said)
    }

    /// Whether `--set` or an option sets the key.
    pub(crate) fn sets(&self, key: &str) -> bool {
        names(&self.settings, key) || self.options.settings().iter().any(|(set, _)| today(set) == key)
    }

    /// Whether an existing result in the output folder is kept or overwritten.
    pub(crate) fn existing(&self) -> Existing {
        if self.overwrite { Existing::Overwrite } else { Existing::Keep }
    }
}

/// Whether one of these `key=value` settings sets the key.
pub(crate) fn names(settings: &[String], key: &str) -> bool {
    settings.iter().any(|setting| setting.split('=').next().is_some_and(|found| today(found.trim()) == key))
}

/// The current name of a key, which may be typed by an older name.
fn today(key: &str) -> &str {
    renamed(key).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use embert_train::{KEYS, TrainConfig};

    use super::*;
    use crate::arguments::options::KEYS_OF_OPTIONS;
    use crate::arguments::parsed;

    fn config(args: &RunArgs) -> Result<TrainConfig, Error> {
        Ok(args.lay(ConfigBuilder::new())?.build()?)
    }

    #[test]
    fn each_option_sets_its_key_to_what_was_typed() {
        let words = [
            ("dataset", "reviews.csv"),
            ("task", "text-classification"),
            ("problem_type", "regression"),
            ("train_samples", "64"),
            ("eval_samples", "32"),
            ("split_ratios", "0.8/0.1/0.1"),
            ("max_length", "99"),
            ("truncation", "only_second"),
            ("stride", "33"),
            ("train_stride", "34"),
            ("padding", "max_length"),
            ("delimiter", ";"),
            ("quoting", "none"),
            ("encoding", "windows-1252"),
            ("header", "false"),
            ("model", "owner/name"),
            ("freeze", "encoder_below:6"),
            ("cache_frozen", "true"),
            ("unfreeze_every", "20"),
            ("reinit_layers", "2"),
            ("dropout", "0.2"),
            ("classifier_dropout", "0.3"),
            ("epochs", "9"),
            ("batch_size", "5"),
            ("gradient_accumulation_steps", "1"),
            ("effective_batch_size", "10"),
            ("eval_batch_size", "6"),
            ("label_smoothing", "0.15"),
            ("seed", "11"),
            ("device", "cpu"),
            ("learning_rate", "3e-5"),
            ("head_learning_rate", "4e-4"),
            ("layerwise_lr_decay", "0.9"),
            ("schedule", "cosine"),
            ("warmup_ratio", "0.25"),
            ("weight_decay", "0.02"),
            ("decay", "all"),
            ("max_grad_norm", "0.5"),
            ("output", "runs/x"),
            ("metric", "macro_f1"),
            ("patience", "3"),
            ("keep", "last"),
            ("save_dtype", "bf16"),
            ("log", "tensorboard"),
            ("save_every", "10"),
            ("keep_checkpoints", "7"),
        ];
        let arguments: Vec<String> = words
            .iter()
            .flat_map(|(option, word)| [format!("--{}", option.replace('_', "-")), (*word).to_owned()])
            .chain(["--no-shuffle".to_owned()])
            .collect();
        let args: RunArgs = parsed(&arguments.iter().map(String::as_str).collect::<Vec<_>>());

        let set: BTreeSet<&str> = args.options.settings().into_iter().map(|(key, _)| key).collect();
        let known: BTreeSet<&str> = KEYS_OF_OPTIONS.iter().map(|(_, key)| *key).collect();
        assert_eq!(set, known);
        assert!(known.iter().all(|key| KEYS.contains(key)), "{known:?}");
        assert_eq!(
            words.len() + 1,
            KEYS_OF_OPTIONS.iter().map(|(option, _)| option).collect::<BTreeSet<_>>().len()
        );

        // The config as it would be written: the words again, but for lists and the flag.
        let table: toml::Table = toml::from_str(&config(&args).unwrap().to_toml().unwrap()).unwrap();
        for (option, key) in KEYS_OF_OPTIONS {
            let value =
                key.split('.').fold(toml::Value::Table(table.clone()), |value, key| value[key].clone());
            let word = words.iter().find(|(typed, _)| typed == option).map(|(_, word)| *word);
            let same = match (value, word) {
                (toml::Value::String(text), Some(word)) => text == word,
                (toml::Value::Integer(number), Some(word)) => number.to_string() == word,
                (toml::Value::Float(number), Some(word)) => word.parse() == Ok(number),
                (toml::Value::Array(shares), Some("0.8/0.1/0.1")) => {
                    shares == [0.8, 0.1, 0.1].map(toml::Value::Float)
                }
                (toml::Value::Boolean(flag), Some(word)) => word.parse() == Ok(flag),
                (toml::Value::Array(logs), Some("tensorboard")) => logs == ["tensorboard".into()],
                (toml::Value::String(order), None) => order == "sequential",
                _ => false,
            };
            assert!(same, "--{option} does not set {key}");
        }
    }

    #[test]
    fn the_old_name_of_an_option_and_of_a_key_is_still_read() {
        for arguments in [["--accumulate", "4"], ["--set", "accumulate=4"]] {
            let args = parsed::<RunArgs>(&arguments);
            assert_eq!(config(&args).unwrap().gradient_accumulation_steps, 4);
            assert!(args.sets("gradient_accumulation_steps"));
        }
        let both = ["--set", "accumulate=4", "--gradient-accumulation-steps", "2"];
        let error = config(&parsed::<RunArgs>(&both)).unwrap_err().to_string();
        assert!(error.contains("set gradient_accumulation_steps to different values"), "{error}");
    }

    #[test]
    fn an_option_given_again_counts() {
        assert_eq!(config(&parsed::<RunArgs>(&["--epochs", "2", "--epochs", "4"])).unwrap().epochs, 4);
    }

    /// One of the two would be ignored.
    #[test]
    fn two_that_say_different_things_of_a_key_are_refused_by_name() {
        for (arguments, one, other) in [
            (&["--set", "epochs=3", "--epochs", "1"][..], "--set epochs=3", "--epochs 1"),
            (&["--set", "epochs=3", "--set", "epochs = 4"], "--set epochs=3", "--set epochs = 4"),
            (
                &["--dropout", "0.2", "--set", "dropout.attention=0.1"],
                "--set dropout.attention=0.1",
                "--dropout 0.2",
            ),
            (&["--no-shuffle", "--set", "data.order=shuffled"], "--set data.order=shuffled", "--no-shuffle"),
            (&["--output", "a", "--set", "output=b"], "--set output=b", "--output a"),
            (
                &["--split-ratios", "0.8/0.1/0.1", "--set", "data.split_ratios=[0.6,0.2,0.2]"],
                "--set data.split_ratios=[0.6,0.2,0.2]",
                "--split-ratios [0.8, 0.1, 0.1]",
            ),
        ] {
            let error = config(&parsed::<RunArgs>(arguments)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{one} and {other} set ")), "{error}");
        }
        // A wrong `--set` is refused even if an option sets the key.
        for set in ["epochs=nan", "epochs=0.5", "epochs=-1", "epoch=1", "epochs"] {
            assert!(config(&parsed::<RunArgs>(&["--set", set, "--epochs", "1"])).is_err(), "{set}");
        }
        let same = [
            "--set",
            "epochs=2",
            "--epochs",
            "2",
            "--set",
            "optimizer.learning_rate=1",
            "--learning-rate",
            "1.0",
        ];
        assert_eq!(config(&parsed::<RunArgs>(&same)).unwrap().epochs, 2);
    }
}
