//! The options of `train`, each with the keys of the config that it sets.

use clap::{Args, ValueEnum};
use embert_data::{Delimiter, Header, Quoting, TextEncoding};
use embert_metrics::Metric;
use embert_train::TrainConfig;

/// Declares the options of `train` by the heading of their part of the help, each with the keys that it sets.
macro_rules! train_options {
    ($($heading:literal { $($(#[$attribute:meta])* $field:ident: $type:ty => $($key:literal)&+),* $(,)? })*) => {
        #[derive(Debug, Default, Args)]
        pub(crate) struct TrainOptions {
            $($($(#[$attribute])* #[arg(long, help_heading = $heading)] pub(crate) $field: Option<$type>,)*)*
            /// Take the training examples in the order in which they stand (data.order = "sequential")
            #[arg(long, help_heading = "Data")]
            pub(crate) no_shuffle: bool,
        }

        /// Each option of `train` that sets a key, with the key.
        const KEYS_OF_OPTIONS: &[(&str, &str)] =
            &[$($($((stringify!($field), $key),)+)*)* ("no_shuffle", "data.order")];

        impl TrainOptions {
            /// The settings that were given, by key.
            pub(crate) fn settings(&self) -> Vec<(&'static str, toml::Value)> {
                let mut settings = Vec::new();
                $($(if let Some(value) = &self.$field {
                    settings.extend([$(($key, value.to_setting())),+]);
                })*)*
                if self.no_shuffle {
                    settings.push(("data.order", "sequential".into()));
                }
                settings
            }
        }
    };
}

train_options! {
    "Data" {
        /// The data set: a card's name or file, a hub repository, a folder or a file
        #[arg(value_name = "DATASET")]
        dataset: String => "dataset",
        /// Train on a stratified part of this size [default: all]
        #[arg(value_name = "N")]
        train_samples: u32 => "data.train_samples",
        /// Evaluate on a stratified part of this size [default: all]
        #[arg(value_name = "N")]
        eval_samples: u32 => "data.eval_samples",
        /// Cut train/validation/test from the training split in these shares, as in 0.8/0.1/0.1
        #[arg(value_name = "A/B/C", value_parser = split_ratios)]
        split_ratios: SplitRatios => "data.split_ratios",
        /// Tokens in a sequence; longer texts are cut [default: 256]
        #[arg(value_name = "N")]
        max_length: u32 => "data.max_length",
        /// What stays of a longer text: longest_first or head, tail, head_tail:N, only_first or only_second [default: longest_first]
        #[arg(value_name = "WHAT")]
        truncation: String => "data.truncation",
        /// Evaluate longer texts whole, as the mean over windows that overlap by so many tokens [default: they are cut]
        #[arg(value_name = "N")]
        stride: u32 => "data.stride",
        /// Pad batches to their longest text, or to the maximum length [default: longest]
        #[arg(value_name = "TO")]
        padding: PaddingArg => "data.padding",
    }
    "Reading" {
        /// What separates the fields of CSV: one character, or tab [default: as the file's name or heading says]
        #[arg(value_name = "CHAR")]
        delimiter: Delimiter => "data.delimiter",
        /// csv where quotes hold fields of CSV together, none where they are text [default: csv]
        #[arg(value_name = "HOW")]
        quoting: Quoting => "data.quoting",
        /// The encoding of text files: windows-1252, utf-16le, ... [default: utf-8, or what a byte order mark says]
        #[arg(value_name = "NAME")]
        encoding: TextEncoding => "data.encoding",
        /// The names of CSV's columns where it has no heading, as in text,label [default: it has one]
        #[arg(value_name = "NAMES")]
        header: Header => "data.header",
    }
    "Model" {
        /// The checkpoint to start from: a folder, name, owner/name or owner/name@revision
        #[arg(value_name = "MODEL")]
        model: String => "model",
        /// What stays as it is: none, encoder_below:N, embeddings+encoder_below:N or all_but_head [default: none]
        #[arg(value_name = "WHAT")]
        freeze: String => "freeze",
        /// Compute what is frozen below once for each example, without dropout, and train on that [default: false]
        #[arg(value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
        cache_frozen: bool => "cache_frozen",
        /// Unfreeze from the top, the next layer every so many steps [default: never]
        #[arg(value_name = "STEPS")]
        unfreeze_every: u32 => "unfreeze_every",
        /// Start the last so many encoder layers from new weights [default: 0]
        #[arg(value_name = "N")]
        reinit_layers: u32 => "reinit_layers",
        /// Dropout after the embeddings, in each layer and on the attention [default: the checkpoint's]
        #[arg(value_name = "P")]
        dropout: f64 => "dropout.hidden" & "dropout.attention",
        /// Dropout before the classifier [default: the checkpoint's]
        #[arg(value_name = "P")]
        classifier_dropout: f64 => "dropout.classifier",
    }
    "Training" {
        /// Passes over the training split [default: 3]
        #[arg(value_name = "N")]
        epochs: u32 => "epochs",
        /// Examples in a micro-batch [default: 16]
        #[arg(value_name = "N")]
        batch_size: u32 => "batch_size",
        /// Micro-batches in one optimizer step [default: 1]
        #[arg(value_name = "N")]
        accumulate: u32 => "accumulate",
        /// Examples in one optimizer step, a multiple of the micro-batch [default: one micro-batch]
        #[arg(value_name = "N")]
        effective_batch_size: u32 => "effective_batch_size",
        /// Examples in a batch of evaluation [default: 32]
        #[arg(value_name = "N")]
        eval_batch_size: u32 => "eval_batch_size",
        /// Share of probability that the target gives to all labels alike [default: 0]
        #[arg(value_name = "SHARE")]
        label_smoothing: f64 => "label_smoothing",
        /// Seeds the new weights, the splits, the order and dropout [default: 0]
        #[arg(value_name = "SEED")]
        seed: u64 => "seed",
        /// auto, cpu, flex, ndarray, cuda, cuda:1, rocm, metal, vulkan or wgpu [default: auto]
        #[arg(value_name = "DEVICE")]
        device: String => "device",
    }
    "Optimizer" {
        /// The highest learning rate of the schedule [default: 2e-5]
        #[arg(value_name = "RATE")]
        learning_rate: f64 => "optimizer.learning_rate",
        /// The classifier's learning rate [default: the learning rate]
        #[arg(value_name = "RATE")]
        head_learning_rate: f64 => "optimizer.head_learning_rate",
        /// Each layer learns at this share of the rate of the layer above it [default: 1]
        #[arg(value_name = "FACTOR")]
        layerwise_lr_decay: f64 => "optimizer.layerwise_lr_decay",
        /// The learning rate after the warm-up [default: linear]
        #[arg(value_name = "SHAPE")]
        schedule: ScheduleArg => "optimizer.schedule",
        /// Share of the steps in which the learning rate rises [default: 0.1]
        #[arg(value_name = "SHARE")]
        warmup_ratio: f64 => "optimizer.warmup_ratio",
        /// Decoupled weight decay [default: 0.01]
        #[arg(value_name = "DECAY")]
        weight_decay: f64 => "optimizer.weight_decay",
        /// Decay all parameters, or all but biases and LayerNorm weights [default: standard]
        #[arg(value_name = "WHICH")]
        decay: DecayArg => "optimizer.decay",
        /// Scale gradients down to this global norm; 0 for never [default: 1]
        #[arg(value_name = "NORM")]
        max_grad_norm: f64 => "max_grad_norm",
    }
    "Result" {
        /// The run folder [default: the next of runs/NAME-001, runs/NAME-002, ...]
        #[arg(value_name = "DIR")]
        output: String => "output",
        #[arg(value_name = "METRIC", help = metric_help())]
        metric: String => "metric",
        /// Stop after so many evaluations without an improvement [default: never]
        #[arg(value_name = "N")]
        patience: u32 => "early_stopping.patience",
        /// Which weights the result holds [default: best]
        #[arg(value_name = "WHICH")]
        keep: KeepArg => "keep",
        /// How the result's weights are stored; f16 and bf16 take half the space [default: f32]
        #[arg(value_name = "DTYPE")]
        save_dtype: SaveDtypeArg => "save_dtype",
        /// Save a checkpoint every so many steps [default: each epoch]
        #[arg(value_name = "STEPS")]
        save_every: u32 => "save_every",
        /// Further logs besides metrics.jsonl: tensorboard [default: none]
        #[arg(value_name = "FORMAT")]
        log: LogArg => "log",
        /// How many of the newest checkpoints stay [default: 2]
        #[arg(value_name = "N")]
        keep_checkpoints: u32 => "keep_checkpoints",
    }
}

/// What `--metric` says of itself.
fn metric_help() -> String {
    let names: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    let default = TrainConfig::default().metric;
    format!("What the best checkpoint is best in: {} [default: {default}]", names.join(", "))
}

/// The option that sets a key, as it is typed.
pub(crate) fn option_of(key: &str) -> String {
    let option = KEYS_OF_OPTIONS.iter().find(|(_, set)| *set == key).map_or(key, |(option, _)| option);
    option.replace('_', "-")
}

/// A setting as the option says it that sets it: `--epochs 2`.
pub(super) fn option_as_typed(key: &str, value: &toml::Value) -> String {
    let option = option_of(key);
    match value {
        // A flag.
        _ if option == "no-shuffle" => format!("--{option}"),
        toml::Value::String(text) => format!("--{option} {text}"),
        value => format!("--{option} {value}"),
    }
}

/// What an option's value is as a setting.
pub(super) trait ToSetting {
    fn to_setting(&self) -> toml::Value;
}

impl ToSetting for String {
    fn to_setting(&self) -> toml::Value {
        self.as_str().into()
    }
}

impl ToSetting for bool {
    fn to_setting(&self) -> toml::Value {
        (*self).into()
    }
}

impl ToSetting for u32 {
    fn to_setting(&self) -> toml::Value {
        (*self).into()
    }
}

impl ToSetting for u64 {
    fn to_setting(&self) -> toml::Value {
        // Beyond what TOML holds, as text, which the setting's own check refuses.
        i64::try_from(*self).map_or_else(|_| self.to_string().into(), Into::into)
    }
}

impl ToSetting for f64 {
    fn to_setting(&self) -> toml::Value {
        (*self).into()
    }
}

/// Declares an option with a few words to choose from, the same words as in the config.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        #[derive(Clone, Copy, Debug, ValueEnum)]
        pub(crate) enum $name {
            $(#[value(name = $word)] $variant,)*
        }

        impl ToSetting for $name {
            fn to_setting(&self) -> toml::Value {
                match self {
                    $(Self::$variant => $word.into(),)*
                }
            }
        }
    };
}

words!(DecayArg { Standard = "standard", All = "all" });
words!(ScheduleArg { Constant = "constant", Linear = "linear", Cosine = "cosine", Polynomial = "polynomial" });
words!(PaddingArg { Longest = "longest", MaxLength = "max_length" });
words!(KeepArg { Best = "best", Last = "last" });
words!(SaveDtypeArg { F32 = "f32", F16 = "f16", Bf16 = "bf16" });

/// A log that other programs read.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogArg {
    Tensorboard,
}

impl ToSetting for LogArg {
    fn to_setting(&self) -> toml::Value {
        match self {
            Self::Tensorboard => vec!["tensorboard"].into(),
        }
    }
}

/// Three shares, as typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SplitRatios(pub(crate) [f64; 3]);

impl ToSetting for SplitRatios {
    fn to_setting(&self) -> toml::Value {
        self.0.to_vec().into()
    }
}

pub(super) fn split_ratios(text: &str) -> Result<SplitRatios, String> {
    let expected = || format!("\"{text}\" is not three shares: expected A/B/C, as in 0.8/0.1/0.1");
    let shares: Vec<f64> =
        text.split('/').map(str::parse).collect::<Result<_, _>>().map_err(|_| expected())?;
    Ok(SplitRatios(shares.try_into().map_err(|_| expected())?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{CommandFactory as _, Parser as _};
    use embert_train::{ConfigBuilder, KEYS, TrainConfig};

    use super::*;
    use crate::cli::{Cli, Command, TrainArgs};
    use crate::error::Error;

    fn train_args(arguments: &[&str]) -> TrainArgs {
        let cli = Cli::try_parse_from(["bert-train", "train"].iter().chain(arguments)).unwrap();
        let Some(Command::Train(args)) = cli.command else { panic!("{arguments:?}") };
        *args
    }

    fn config(args: &TrainArgs) -> Result<TrainConfig, Error> {
        Ok(args.run.lay(ConfigBuilder::new())?.build()?)
    }

    /// The text of an option's help.
    fn help_of(option: &str) -> String {
        let command = Cli::command();
        let mut options = command.find_subcommand("train").unwrap().get_arguments();
        options.find(|arg| arg.get_id() == option).unwrap().get_help().unwrap().to_string()
    }

    #[test]
    fn each_option_sets_its_key_to_what_was_typed() {
        let words = [
            ("dataset", "reviews.csv"),
            ("train_samples", "64"),
            ("eval_samples", "32"),
            ("split_ratios", "0.8/0.1/0.1"),
            ("max_length", "99"),
            ("truncation", "head_tail:31"),
            ("stride", "33"),
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
            ("accumulate", "1"),
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
        let args = train_args(&arguments.iter().map(String::as_str).collect::<Vec<_>>());

        let set: BTreeSet<&str> = args.run.options.settings().into_iter().map(|(key, _)| key).collect();
        let known: BTreeSet<&str> = KEYS_OF_OPTIONS.iter().map(|(_, key)| *key).collect();
        assert_eq!(set, known);
        assert!(known.iter().all(|key| KEYS.contains(key)), "{known:?}");
        assert_eq!(
            words.len() + 1,
            KEYS_OF_OPTIONS.iter().map(|(option, _)| option).collect::<BTreeSet<_>>().len()
        );

        // As the config would be written: the words again, but for lists and the flag.
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
    fn an_option_given_again_counts() {
        assert_eq!(config(&train_args(&["--epochs", "2", "--epochs", "4"])).unwrap().epochs, 4);
    }

    /// Whichever was meant, the other would be ignored.
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
            let error = config(&train_args(arguments)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{one} and {other} say different things of ")), "{error}");
        }
        // Also where an option would win.
        for set in ["epochs=nan", "epochs=0.5", "epochs=-1", "epoch=1", "epochs"] {
            assert!(config(&train_args(&["--set", set, "--epochs", "1"])).is_err(), "{set}");
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
        assert_eq!(config(&train_args(&same)).unwrap().epochs, 2);
    }

    #[test]
    fn shares_that_are_none_are_refused() {
        for text in ["0.8/0.2", "0.8,0.1,0.1", "a/b/c"] {
            let error = split_ratios(text).unwrap_err();
            assert!(error.contains("0.8/0.1/0.1"), "{error}");
        }
    }

    #[test]
    fn a_key_names_its_option() {
        let options =
            ["dropout.attention", "data.order", "early_stopping.patience", "optimizer.learning_rate"];
        assert_eq!(options.map(option_of), ["dropout", "no-shuffle", "patience", "learning-rate"]);
    }

    /// The help states defaults as text, since an option that wasn't given must stay out of the config file's way.
    #[test]
    fn the_defaults_in_the_help_are_those_of_the_config() {
        let defaults: toml::Table = toml::from_str(&TrainConfig::default().to_toml().unwrap()).unwrap();
        let mut checked = 0;
        // Without --model and --dataset it is the sample's config that counts; the flag's default is its absence.
        let stating = |option: &&(&str, &str)| !["model", "dataset", "no_shuffle"].contains(&option.0);
        for (option, key) in KEYS_OF_OPTIONS.iter().filter(stating) {
            let help = help_of(option);
            let stated = help.split_once("[default: ").map(|(_, stated)| stated.trim_end_matches(']'));
            let value = match key.split_once('.') {
                Some((table, key)) => defaults.get(table).and_then(|table| table.get(key)),
                None => defaults.get(*key),
            };
            let same = match value {
                Some(toml::Value::String(text)) => stated == Some(text),
                Some(toml::Value::Integer(number)) => stated == Some(&number.to_string()),
                Some(toml::Value::Boolean(flag)) => stated == Some(&flag.to_string()),
                Some(toml::Value::Float(number)) => {
                    stated.and_then(|stated| stated.parse().ok()) == Some(*number)
                }
                Some(other) => panic!("{key} is {other}"),
                // Unset: said in words, or not at all.
                None => stated.is_none_or(|stated| stated.parse::<f64>().is_err()),
            };
            assert!(same, "--{option}: the help says {stated:?}, the config {value:?}");
            checked += usize::from(value.is_some());
        }
        assert_eq!(checked, 24);
    }
}
