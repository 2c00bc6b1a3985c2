//! How `eval` and `predict` read texts and run a checkpoint on them; `vocabulary` reads texts alike.

use clap::Args;
use embert_data::tokenize::Truncation;
use embert_data::{Delimiter, Header, Quoting, ReadOptions, TextEncoding};

/// The value of `--stride`: the tokens that two windows have in common, or `none`.
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
    /// What stays of a longer text: head, tail, head_tail:N, ... [default: the run's, else what the tokenizer
    /// says]
    #[arg(long, value_name = "WHAT")]
    pub(crate) truncation: Option<Truncation>,
    /// Read longer texts whole, in windows that overlap by so many tokens (the mean over them; for tags, the
    /// window with most context of each word; for questions, the best answer), or cut them: none [default: the
    /// run's; else a quarter of --max-length for token classification and summarization, a third for question
    /// answering, none for other tasks]
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

/// How files are read, for `eval`, `predict` and `vocabulary`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct ReadingArgs {
    /// What separates the fields of CSV: one character, or tab [default: as the file's name or heading says]
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<Delimiter>,
    /// csv where quotes hold fields of CSV together, none where they are text [default: csv]
    #[arg(long, value_name = "HOW")]
    quoting: Option<Quoting>,
    /// The encoding of text files: windows-1252, utf-16le, ... [default: utf-8, or what a byte order mark
    /// says]
    #[arg(long, value_name = "NAME")]
    encoding: Option<TextEncoding>,
    /// The names of CSV's columns where it has no heading, as in text,label [default: it has one]
    #[arg(long, value_name = "NAMES")]
    header: Option<Header>,
}

impl ReadingArgs {
    /// The reading options.
    pub(crate) fn options(&self) -> ReadOptions {
        ReadOptions {
            format: None,
            delimiter: self.delimiter,
            quoting: self.quoting,
            encoding: self.encoding,
            header: self.header.clone(),
        }
    }
}
