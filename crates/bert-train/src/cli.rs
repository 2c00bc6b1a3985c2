//! The command line: what can be typed, and which setting each option stands for.
#![allow(
    clippy::doc_markdown,
    reason = "the docs of options are their help, which a terminal shows as it is"
)]

mod options;
mod reading;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use embert_data::tokenize::Truncation;
use embert_train::{ConfigBuilder, Existing, Setting};

use self::options::option_as_typed;
use self::options::split_ratios;
pub(crate) use self::options::{SplitRatios, TrainOptions, option_of};
use self::reading::ReadingArgs;
use crate::error::Error;

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

/// Options of `train`. Each is a key of the config too; they and `--set` win over `--config`.
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
    /// Set a key of the config, as in class_weights=balanced (may be repeated, but not with an option that says otherwise)
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
    /// Lays what `--set` and the options say over what is there.
    pub(crate) fn lay(&self, mut builder: ConfigBuilder) -> Result<ConfigBuilder, Error> {
        for (setting, _) in self.said()? {
            builder = builder.set_value(setting.key, setting.value)?;
        }
        Ok(builder)
    }

    /// Each setting of the command line, checked by itself, with how it was typed. Two that say different things of a key are refused:
    /// whichever was meant, the other would be ignored.
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
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) batch_size: u32,
    /// auto, cpu, flex, ndarray, cuda, cuda:1, ...
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(crate) device: String,
    /// Count rows that can't be read instead of stopping at the first
    #[arg(long)]
    pub(crate) skip_bad_rows: bool,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
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
    /// Read the texts from this file (.jsonl, .json, .csv, .tsv, .parquet, or plain lines; also .gz, .zst); - is the standard input
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
    Json,
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
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
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
