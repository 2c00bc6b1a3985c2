//! The command line: the list of commands. The arguments of each command are in its file in
//! [`commands`](crate::commands).
#![allow(
    clippy::doc_markdown,
    reason = "the docs of options are their help, which a terminal shows as it is"
)]

use clap::{Parser, Subcommand};

use crate::arguments::JsonArgs;
use crate::commands::embed::EmbedArgs;
use crate::commands::eval::EvalArgs;
use crate::commands::inspect::InspectArgs;
use crate::commands::predict::PredictArgs;
use crate::commands::report::ReportArgs;
use crate::commands::sweep::SweepArgs;
use crate::commands::tokenize::TokenizeArgs;
use crate::commands::train::TrainArgs;
use crate::commands::vocabulary::VocabularyArgs;

/// Fine-tune BERT without Python.
///
/// Without a command, fine-tunes the small BERT that ships with the repository on the sample that ships with
/// it.
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
    /// Predict with a fine-tuned checkpoint: labels, numbers or entities of texts, answers to questions
    Predict(PredictArgs),
    /// Give texts their vectors with a folder of sentence-transformers, or with any BERT
    Embed(EmbedArgs),
    /// Make a page with plots of a run or a sweep, or one that compares several runs
    Report(ReportArgs),
    /// Show a checkpoint: its modules, shapes and parameters, and its tokenizer
    Inspect(InspectArgs),
    /// Show what the tokenizer makes of a text
    Tokenize(TokenizeArgs),
    /// Train a WordPiece vocabulary on texts, for a model from random weights
    Vocabulary(VocabularyArgs),
    /// Show which devices this build can use, and which one `auto` picks
    Devices(JsonArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use embert_model::Freeze;

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

    #[test]
    fn the_help_of_freeze_has_each_spelling() {
        let cli = Cli::command();
        for name in ["train", "sweep", "inspect"] {
            let mut options = cli.find_subcommand(name).unwrap().get_arguments();
            let freeze = options.find(|option| option.get_id() == "freeze").unwrap();
            let help = freeze.get_help().unwrap().to_string();
            let words: Vec<&str> = help.split([' ', ',']).collect();
            for spelling in Freeze::SPELLINGS {
                assert!(words.contains(spelling), "the help of {name} --freeze lacks {spelling}: {help}");
            }
        }
    }
}
