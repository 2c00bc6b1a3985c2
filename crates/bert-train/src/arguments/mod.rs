//! Arguments that several commands share. The arguments of a single command are in its file in
//! [`commands`](crate::commands).
#![allow(
    clippy::doc_markdown,
    reason = "the docs of options are their help, which a terminal shows as it is"
)]

mod inference;
mod input;
mod json;
mod options;
mod run;
mod values;

pub(crate) use self::inference::{InferenceArgs, ReadingArgs, Stride};
pub(crate) use self::input::{format_names, input_help, is_standard};
pub(crate) use self::json::JsonArgs;
pub(crate) use self::options::option_of;
pub(crate) use self::run::{RunArgs, names};
pub(crate) use self::values::{SplitRatios, split_ratios};

/// Parses arguments as from a command line.
#[cfg(test)]
pub(crate) fn parsed<A: clap::Args>(arguments: &[&str]) -> A {
    let command = A::augment_args(clap::Command::new("bert-train"));
    let matches = command.try_get_matches_from(["bert-train"].iter().chain(arguments)).unwrap();
    A::from_arg_matches(&matches).unwrap()
}
