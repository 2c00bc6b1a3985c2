//! The arguments of `predict`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use embert_data::Format;
use embert_task::Aggregation;
use strum::VariantNames as _;

use crate::arguments::{InferenceArgs, JsonArgs, format_names, input_help};

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// A run's model folder, or any checkpoint with a head for texts, tags, questions, summaries or masked words
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: String,
    /// The texts; those of fill-mask with a [MASK] where a word is to be found
    #[arg(value_name = "TEXT", required_unless_present_any = ["input", "text"], conflicts_with_all = ["input", "text"])]
    pub(crate) texts: Vec<String>,
    /// A text, or the first text of a pair; a question
    #[arg(long, visible_alias = "question", value_name = "TEXT", conflicts_with = "input")]
    pub(crate) text: Option<String>,
    /// The second text of a pair; the context of a question
    #[arg(long, visible_alias = "context", value_name = "TEXT", requires = "text")]
    pub(crate) text_pair: Option<String>,
    #[arg(long, value_name = "FILE", help = input_help())]
    pub(crate) input: Option<PathBuf>,
    /// The input's format [default: by its extension; plain lines on the standard input]
    #[arg(long, value_name = "FORMAT", value_parser = format_names())]
    pub(crate) input_format: Option<Format>,
    /// The column with the text, or with the question [default: text, or question]; words of token
    /// classification are in the column tokens
    #[arg(long, visible_alias = "question-column", value_name = "NAME")]
    pub(crate) text_column: Option<String>,
    /// The column with the second text of a pair, or with the context [default: none, or context]
    #[arg(long, visible_alias = "context-column", value_name = "NAME")]
    pub(crate) text_pair_column: Option<String>,
    /// Write to this file, in the format of --format; - is the standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
    /// How tokens become entities, in token classification: none, simple, first, average or max [default:
    /// simple]
    #[arg(long, value_name = "HOW", value_parser = aggregations())]
    pub(crate) aggregation: Option<Aggregation>,
    /// Write this number of each question's best answers, in question answering, or of each mask's words, in
    /// fill-mask [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) n_best: Option<u32>,
    /// Choose this number of sentences at most, in summarization [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) sentences: Option<u32>,
    /// Also choose sentences that have three words in a row with a better one, in summarization
    #[arg(long)]
    pub(crate) no_trigram_blocking: bool,
    /// Write JSON Lines, or, in token classification, a word a line with its tag
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "jsonl")]
    pub(crate) format: OutputFormat,
    #[command(flatten)]
    pub(crate) inference: InferenceArgs,
    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

/// The format of predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// A JSON object a line
    Jsonl,
    /// A word a line with its tag, and a blank line after each text
    Conll,
}

/// The words of `--aggregation`.
fn aggregations() -> impl TypedValueParser<Value = Aggregation> {
    PossibleValuesParser::new(Aggregation::VARIANTS).try_map(|name| name.parse::<Aggregation>())
}
