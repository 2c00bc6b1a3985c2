//! The input of commands that read rows: its formats, and `-` for the standard input and output.

use std::path::Path;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use embert_data::Format;

/// The help of `--input`.
pub(crate) fn input_help() -> String {
    let endings = Format::usual_endings();
    format!("Read the texts from this file ({endings}; also .gz, .zst); - is the standard input")
}

/// The names of the formats.
pub(crate) fn format_names() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.iter().map(|format| format.name()))
        .try_map(|name| name.parse::<Format>())
}

/// Whether a path is `-`, which stands for the standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}
