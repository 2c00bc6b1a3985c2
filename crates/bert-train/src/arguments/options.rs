//! The options of `train` and `sweep`, each with the keys of the config that it sets.

use clap::Args;
use embert_data::{Delimiter, Header, ProblemType, Quoting, TaskName, TextEncoding};
use embert_metrics::{Metric, MultiLabelMetric, NamedMetric, RegressionMetric, TaggingMetric};
use embert_model::SaveDtype;
use embert_train::optim::Decay;
use embert_train::{Keep, LogFormat, PaddingConfig, ScheduleKind};

use super::values::{OneOf, SplitRatios, ToSetting, one_of, split_ratios, words};

/// Declares the options of `train` by their heading in the help, each with the keys that it sets.
macro_rules! train_options {
    ($($heading:literal { $($(#[$attribute:meta])* $field:ident: $type:ty => $($key:literal)&+),* $(,)? })*) => {
        #[derive(Debug, Default, Args)]
        pub(crate) struct TrainOptions {
            $($($(#[$attribute])* #[arg(long, help_heading = $heading)] pub(crate) $field: Option<$type>,)*)*
            /// Take the training examples in the order in which they stand (data.order = "sequential")
            #[arg(long, help_heading = "Data")]
            pub(crate) no_shuffle: bool,
            /// The name of --gradient-accumulation-steps in older versions
            #[arg(long, hide = true, value_name = "N", conflicts_with = "gradient_accumulation_steps")]
            pub(crate) accumulate: Option<u32>,
        }

        /// Each option of `train` that sets a key, with the key.
        pub(super) const KEYS_OF_OPTIONS: &[(&str, &str)] =
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
                if let Some(steps) = self.accumulate {
                    settings.push(("accumulate", steps.into()));
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
        /// The task, where the data set and the model leave it open
        #[arg(value_name = "TASK", value_parser = words::<TaskName>())]
        task: String => "task",
        /// The kind of labels of text classification, where the data set and the model leave it open
        #[arg(value_name = "KIND", value_parser = words::<ProblemType>())]
        problem_type: String => "problem_type",
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
        /// What stays of a longer text: longest_first or head, tail, head_tail:N, only_first or only_second
        /// [default: longest_first]
        #[arg(value_name = "WHAT")]
        truncation: String => "data.truncation",
        /// Evaluate longer texts whole, in windows that overlap by so many tokens (the mean over them; for tags,
        /// the window with most context of each word, for questions the best answer; of both, training reads
        /// them too) [default: that of --train-stride; without it a quarter of the maximum length for token
        /// classification, a third for question answering, and for other tasks they are cut]
        #[arg(value_name = "N")]
        stride: u32 => "data.stride",
        /// Train on longer texts in windows that overlap by so many tokens, as one example a text: the windows'
        /// probabilities or numbers are averaged before the loss [default: training cuts longer texts]
        #[arg(value_name = "N")]
        train_stride: u32 => "data.train_stride",
        /// Pad batches to their longest text, or to the maximum length [default: longest]
        #[arg(value_name = "TO", value_parser = words::<PaddingConfig>())]
        padding: String => "data.padding",
    }
    "Reading" {
        /// What separates the fields of CSV: one character, or tab [default: as the file's name or heading
        /// says]
        #[arg(value_name = "CHAR")]
        delimiter: Delimiter => "data.delimiter",
        /// csv where quotes hold fields of CSV together, none where they are text [default: csv]
        #[arg(value_name = "HOW")]
        quoting: Quoting => "data.quoting",
        /// The encoding of text files: windows-1252, utf-16le, ... [default: utf-8, or what a byte order mark
        /// says]
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
        /// What stays as it is: none, embeddings, encoder_below:N, embeddings+encoder_below:N, pooler or
        /// all_but_head [default: none]
        #[arg(value_name = "WHAT")]
        freeze: String => "freeze",
        /// Compute what is frozen below once for each example, without dropout, and train on that [default:
        /// false]
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
        /// Dropout before the head [default: the checkpoint's]
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
        gradient_accumulation_steps: u32 => "gradient_accumulation_steps",
        /// Examples in one optimizer step, a multiple of the micro-batch [default: one micro-batch]
        #[arg(value_name = "N")]
        effective_batch_size: u32 => "effective_batch_size",
        /// Examples in a batch of evaluation [default: 32]
        #[arg(value_name = "N")]
        eval_batch_size: u32 => "eval_batch_size",
        /// Share of probability that the target gives to all labels alike, with one label a text or a word
        /// [default: 0]
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
        /// The head's learning rate [default: the learning rate]
        #[arg(value_name = "RATE")]
        head_learning_rate: f64 => "optimizer.head_learning_rate",
        /// Each layer learns at this share of the rate of the layer above it [default: 1]
        #[arg(value_name = "FACTOR")]
        layerwise_lr_decay: f64 => "optimizer.layerwise_lr_decay",
        /// The learning rate after the warm-up [default: linear]
        #[arg(value_name = "SHAPE", value_parser = words::<ScheduleKind>())]
        schedule: String => "optimizer.schedule",
        /// Share of the steps in which the learning rate rises [default: 0.1]
        #[arg(value_name = "SHARE")]
        warmup_ratio: f64 => "optimizer.warmup_ratio",
        /// Decoupled weight decay [default: 0.01]
        #[arg(value_name = "DECAY")]
        weight_decay: f64 => "optimizer.weight_decay",
        /// Decay all parameters, or all but biases and LayerNorm weights [default: standard]
        #[arg(value_name = "WHICH", value_parser = words::<Decay>())]
        decay: String => "optimizer.decay",
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
        #[arg(value_name = "WHICH", value_parser = words::<Keep>())]
        keep: String => "keep",
        /// How the result's weights are stored; f16 and bf16 take half the space [default: f32]
        #[arg(value_name = "DTYPE", value_parser = words::<SaveDtype>())]
        save_dtype: String => "save_dtype",
        /// Save a checkpoint every so many steps [default: each epoch]
        #[arg(value_name = "STEPS")]
        save_every: u32 => "save_every",
        /// Further logs besides metrics.jsonl: tensorboard [default: none]
        #[arg(value_name = "FORMAT", value_parser = one_of::<LogFormat>())]
        log: OneOf => "log",
        /// How many of the newest checkpoints stay [default: 2]
        #[arg(value_name = "N")]
        keep_checkpoints: u32 => "keep_checkpoints",
    }
}

/// The help of `--metric`.
fn metric_help() -> String {
    fn names<M: NamedMetric>() -> String {
        M::ALL.iter().map(|metric| metric.name()).collect::<Vec<_>>().join(", ")
    }
    format!(
        "What the best checkpoint is best in. One label a text: {}; several labels: {}; a number: {}; tags: {} \
         [default: the card's, else {}, {}, {}, {}]",
        names::<Metric>(),
        names::<MultiLabelMetric>(),
        names::<RegressionMetric>(),
        names::<TaggingMetric>(),
        Metric::DEFAULT,
        MultiLabelMetric::DEFAULT,
        RegressionMetric::DEFAULT,
        TaggingMetric::DEFAULT
    )
}

/// The option that sets a key, as it is typed.
pub(crate) fn option_of(key: &str) -> String {
    let option = KEYS_OF_OPTIONS.iter().find(|(_, set)| *set == key).map_or(key, |(option, _)| option);
    option.replace('_', "-")
}

/// A setting as it is typed as an option: `--epochs 2`.
pub(super) fn option_as_typed(key: &str, value: &toml::Value) -> String {
    let option = option_of(key);
    match value {
        // A flag.
        _ if option == "no-shuffle" => format!("--{option}"),
        toml::Value::String(text) => format!("--{option} {text}"),
        value => format!("--{option} {value}"),
    }
}

#[cfg(test)]
mod tests {
    use embert_task::{Task as _, TextClassification};
    use embert_train::{ConfigBuilder, TrainConfig};

    use super::*;

    /// The text of an option's help.
    fn help_of(option: &str) -> String {
        let command = TrainOptions::augment_args(clap::Command::new("train"));
        let mut options = command.get_arguments();
        options.find(|arg| arg.get_id() == option).unwrap().get_help().unwrap().to_string()
    }

    #[test]
    fn a_key_names_its_option() {
        let options =
            ["dropout.attention", "data.order", "early_stopping.patience", "optimizer.learning_rate"];
        assert_eq!(options.map(option_of), ["dropout", "no-shuffle", "patience", "learning-rate"]);
    }

    /// A word that the config does not know would be refused after it was offered.
    #[test]
    fn every_word_to_choose_from_is_one_of_the_config() {
        let command = TrainOptions::augment_args(clap::Command::new("train"));
        let mut words = 0;
        for (option, key) in KEYS_OF_OPTIONS {
            let Some(argument) = command.get_arguments().find(|argument| argument.get_id() == option) else {
                panic!("there is no --{option}")
            };
            if !argument.get_action().takes_values()
                || argument.get_num_args().is_some_and(|n| n.min_values() == 0)
            {
                continue;
            }
            for word in argument.get_possible_values() {
                let word = word.get_name();
                let value = if *key == "log" { format!("[\"{word}\"]") } else { format!("\"{word}\"") };
                ConfigBuilder::new().set(&format!("{key}={value}")).unwrap().build().unwrap();
                words += 1;
            }
        }
        assert_eq!(words, 20);
    }

    /// The help states defaults as text, since an option that wasn't given must stay out of the config file's
    /// way.
    #[test]
    fn the_defaults_in_the_help_are_those_of_the_config() {
        let defaults = TrainConfig::default().with_default_metric(Some(TextClassification::METRIC));
        let defaults: toml::Table = toml::from_str(&defaults.to_toml().unwrap()).unwrap();
        let mut checked = 0;
        // Without --model and --dataset it is the sample's config that counts; the flag's default is its
        // absence.
        // Each task has a metric of its own.
        let stating =
            |option: &&(&str, &str)| !["model", "dataset", "no_shuffle", "metric"].contains(&option.0);
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
                // The default of an unset key is stated in words, or not at all.
                None => stated.is_none_or(|stated| stated.parse::<f64>().is_err()),
            };
            assert!(same, "--{option}: the help says {stated:?}, the config {value:?}");
            checked += usize::from(value.is_some());
        }
        assert_eq!(checked, 23);
    }
}
