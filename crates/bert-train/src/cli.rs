//! The command line: what can be typed, and which setting each option stands for.
#![allow(
    clippy::doc_markdown,
    reason = "the docs of options are their help, which a terminal shows as it is"
)]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use embert_data::tokenize::Truncation;
use embert_train::{ConfigBuilder, ConfigError, Existing};

/// Fine-tune BERT without Python.
///
/// Without a command, fine-tunes the small BERT that ships with the repository on the sample that ships with it.
#[derive(Debug, Parser)]
#[command(name = "bert-train", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Print more of what happens, -vv still more; RUST_LOG says what exactly
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 100)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fine-tune a checkpoint on a data set
    Train(Box<TrainArgs>),
    /// Fine-tune with several settings and seeds, one run after another, and compare them
    Sweep(Box<SweepArgs>),
    /// Evaluate a fine-tuned checkpoint on a split of a data set
    Eval(EvalArgs),
    /// Label texts with a fine-tuned checkpoint
    Predict(PredictArgs),
    /// Make a page with plots of a run or a sweep, or one that compares several runs
    Report(ReportArgs),
    /// Show a checkpoint: its modules, shapes and parameters, and its tokenizer
    Inspect(InspectArgs),
    /// Show what the tokenizer makes of a text
    Tokenize(TokenizeArgs),
    /// Show which devices this build can use, and which one `auto` picks
    Devices(JsonArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Default, Args)]
pub(crate) struct JsonArgs {
    /// Print JSON for machines instead of a table for people
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `train`. Each is a key of the config too; options win over `--set`, which wins over `--config`.
#[derive(Debug, Default, Args)]
#[command(args_override_self = true)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Go on with the run in this folder, from its newest whole checkpoint
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "settings", "output", "overwrite", "model", "dataset"])]
    pub(crate) resume: Option<PathBuf>,
}

/// What `train` and `sweep` share: where settings come from, and where results go.
#[derive(Debug, Default, Args)]
pub(crate) struct RunArgs {
    /// Read settings from this TOML file; for a sweep also what to sweep, from its sweep table
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Set a key of the config, as in class_weights=balanced (may be repeated)
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
    /// Lays `--set` and then the options over what is there.
    pub(crate) fn lay(&self, mut builder: ConfigBuilder) -> Result<ConfigBuilder, ConfigError> {
        for setting in &self.settings {
            builder = builder.set(setting)?;
        }
        for (key, value) in self.options.settings() {
            builder = builder.set_value(key, value)?;
        }
        Ok(builder)
    }

    /// Whether `--set` or an option is about the key.
    pub(crate) fn sets(&self, key: &str) -> bool {
        names(&self.settings, key) || self.options.settings().iter().any(|(set, _)| *set == key)
    }

    /// What becomes of a result that is in the output folder.
    pub(crate) fn existing(&self) -> Existing {
        if self.overwrite { Existing::Overwrite } else { Existing::Keep }
    }
}

/// Whether one of these `key=value` is about the key.
pub(crate) fn names(settings: &[String], key: &str) -> bool {
    settings.iter().any(|setting| setting.split('=').next().is_some_and(|found| found.trim() == key))
}

/// Options of `sweep`: those of `train` for the config that is swept over, and what to sweep.
#[derive(Debug, Default, Args)]
#[command(args_override_self = true)]
pub(crate) struct SweepArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Train with each of these values, as in freeze=none,encoder_below:6 (may be repeated)
    #[arg(long, value_name = "KEY=V1,V2", help_heading = "Sweep")]
    pub(crate) grid: Vec<String>,
    /// Draw values from MIN..MAX, log-uniformly where both are above 0; MIN..MAX:uniform (may be repeated)
    #[arg(long, value_name = "KEY=MIN..MAX", help_heading = "Sweep")]
    pub(crate) random: Vec<String>,
    /// Draw so many points from the ranges
    #[arg(long, value_name = "N", help_heading = "Sweep")]
    pub(crate) samples: Option<usize>,
    /// Train each point with so many seeds, from the config's on [default: 1]
    #[arg(long, value_name = "N", help_heading = "Sweep")]
    pub(crate) seeds: Option<usize>,
    /// Go on with the sweep in this folder: complete runs stay, failed ones are tried again
    #[arg(long, value_name = "SWEEP", conflicts_with_all = ["config", "settings", "grid", "random", "samples", "seeds", "overwrite"])]
    pub(crate) resume: Option<PathBuf>,
}

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
        output: PathBuf => "output",
        /// What the best checkpoint is best in: loss, accuracy, f1, macro_f1, mcc, ... [default: accuracy]
        #[arg(value_name = "METRIC")]
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

/// The option that sets a key, as it is typed.
pub(crate) fn option_of(key: &str) -> String {
    let option = KEYS_OF_OPTIONS.iter().find(|(_, set)| *set == key).map_or(key, |(option, _)| option);
    option.replace('_', "-")
}

/// What an option's value is as a setting.
trait ToSetting {
    fn to_setting(&self) -> toml::Value;
}

impl ToSetting for String {
    fn to_setting(&self) -> toml::Value {
        self.as_str().into()
    }
}

impl ToSetting for PathBuf {
    fn to_setting(&self) -> toml::Value {
        self.to_string_lossy().as_ref().into()
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
        // Beyond what TOML holds, as text: the config's own check then refuses it.
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

fn split_ratios(text: &str) -> Result<SplitRatios, String> {
    let expected = || format!("\"{text}\" is not three shares: expected A/B/C, as in 0.8/0.1/0.1");
    let shares: Vec<f64> =
        text.split('/').map(str::parse).collect::<Result<_, _>>().map_err(|_| expected())?;
    Ok(SplitRatios(shares.try_into().map_err(|_| expected())?))
}

/// A number of tokens, or `none`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stride(pub(crate) Option<usize>);

fn stride(text: &str) -> Result<Stride, String> {
    match text {
        "none" => Ok(Stride(None)),
        _ => text.parse().map(|tokens| Stride(Some(tokens))).map_err(|_| {
            format!(
                "\"{text}\" is no stride: expected the tokens that windows have in common, as in 64, or none"
            )
        }),
    }
}

/// How a fine-tuned checkpoint is run, for `eval` and `predict`.
#[derive(Debug, Args)]
pub(crate) struct InferenceArgs {
    /// Tokens in a sequence [default: the run's, else what the tokenizer says]
    #[arg(long, value_name = "N")]
    pub(crate) max_length: Option<usize>,
    /// What stays of a longer text: head, tail, head_tail:N, ... [default: the run's, else what the tokenizer says]
    #[arg(long, value_name = "WHAT")]
    pub(crate) truncation: Option<Truncation>,
    /// Read longer texts whole, as the mean over windows that overlap by so many tokens, or cut them: none [default: the run's,
    /// else none]
    #[arg(long, value_name = "N", value_parser = stride)]
    pub(crate) stride: Option<Stride>,
    /// Examples in a batch
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch_size: u32,
    /// auto, cpu, flex, ndarray, cuda, cuda:1, ...
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(crate) device: String,
    /// Count rows that can't be read instead of stopping at the first
    #[arg(long)]
    pub(crate) skip_bad_rows: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// A run's model folder, or any classification checkpoint
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: String,
    /// The data set [default: the one that the run trained on]
    #[arg(long, value_name = "DATASET")]
    pub(crate) dataset: Option<String>,
    /// The split
    #[arg(long, value_enum, default_value = "validation")]
    pub(crate) split: SplitArg,
    /// Evaluate on a stratified part of this size [default: the run's]
    #[arg(long, value_name = "N")]
    pub(crate) eval_samples: Option<usize>,
    /// Cut the splits from the training split in these shares [default: the run's]
    #[arg(long, value_name = "A/B/C", value_parser = split_ratios)]
    pub(crate) split_ratios: Option<SplitRatios>,
    /// The seed of the splits [default: the run's]
    #[arg(long, value_name = "SEED")]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) inference: InferenceArgs,
    /// Write what the model says of each example to this file, as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub(crate) predictions: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SplitArg {
    Train,
    Validation,
    Test,
}

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// A run's model folder, or any classification checkpoint
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: String,
    /// The texts
    #[arg(value_name = "TEXT", required_unless_present = "input", conflicts_with = "input")]
    pub(crate) texts: Vec<String>,
    /// Read the texts from this file (.jsonl, .csv, .tsv, .parquet, or plain lines); - is the standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// The input's format [default: by its extension; plain lines on the standard input]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) input_format: Option<FormatArg>,
    /// The column with the text
    #[arg(long, value_name = "NAME", default_value = "text")]
    pub(crate) text_column: String,
    /// The column with the second text of a pair
    #[arg(long, value_name = "NAME")]
    pub(crate) text_pair_column: Option<String>,
    /// Write to this file, as JSON Lines; - is the standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) inference: InferenceArgs,
    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

/// A file format that texts are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    Jsonl,
    Csv,
    Tsv,
    Parquet,
    Lines,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Run folders, or the folder of one sweep; they may still go on
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// Write the page to this file [default: report.html in the run or sweep, or beside the first of several]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Draw the curves, or a sweep's table, with characters instead of writing a page
    #[arg(long, conflicts_with_all = ["output", "watch"])]
    pub(crate) terminal: bool,
    /// Serve the page at localhost, for this machine alone, always as new as the run, until Ctrl-C
    #[arg(long, conflicts_with = "output")]
    pub(crate) watch: bool,
    /// The port to serve on; 0 for one that is free
    #[arg(long, value_name = "PORT", default_value_t = 0, requires = "watch")]
    pub(crate) port: u16,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A folder, name, owner/name or owner/name@revision
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
    /// Show what this would leave trainable: none, encoder_below:N, embeddings+encoder_below:N or all_but_head
    #[arg(long, value_name = "WHAT", default_value = "none")]
    pub(crate) freeze: String,
    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TokenizeArgs {
    /// A folder, name, owner/name or owner/name@revision
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: String,
    /// Tokens in a sequence; a longer text is cut
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub(crate) max_length: usize,
    /// What stays of a longer text: longest_first or head, tail, head_tail:N, only_first or only_second
    #[arg(long, value_name = "WHAT", default_value_t)]
    pub(crate) truncation: Truncation,
    /// The text
    pub(crate) text: String,
    /// The second text of a pair
    pub(crate) text_pair: Option<String>,
    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;
    use embert_train::{KEYS, TrainConfig};

    use super::*;

    fn train_args(arguments: &[&str]) -> TrainArgs {
        let cli = Cli::try_parse_from(["bert-train", "train"].iter().chain(arguments)).unwrap();
        let Some(Command::Train(args)) = cli.command else { panic!("{arguments:?}") };
        *args
    }

    fn config(args: &TrainArgs) -> Result<TrainConfig, ConfigError> {
        args.run.lay(ConfigBuilder::new())?.build()
    }

    /// The text of an option's help.
    fn help_of(option: &str) -> String {
        let command = Cli::command();
        let mut options = command.find_subcommand("train").unwrap().get_arguments();
        options.find(|arg| arg.get_id() == option).unwrap().get_help().unwrap().to_string()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
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

    /// A terminal of 100 columns, wide enough for the longest word.
    #[test]
    fn the_help_fits_a_terminal() {
        let mut command = Cli::command().term_width(100);
        command.build();
        for command in std::iter::once(&command).chain(command.get_subcommands()) {
            for line in command.clone().render_help().to_string().lines() {
                assert!(line.chars().count() <= 100, "{line}");
            }
        }
    }
}
