//! `bert-train`: fine-tune BERT without Python.
//!
//! Argument parsing, wiring and terminal output; what it does is in the `embert-*` crates.
#![allow(clippy::print_stderr, reason = "talking on the standard error is this program's job")]

mod cli;
mod commands;
mod error;
mod output;
mod paths;
mod sources;
mod terminal;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, TrainArgs};
use crate::error::Error;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let level = match cli.verbose {
        0 => "warn",
        1 => "info,embert_train=debug,bert_train=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
    shorten_panics_of_memory();
    match run(cli) {
        Ok(code) => code,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            error::report(&error);
            ExitCode::FAILURE
        }
    }
}

/// A device that is out of memory panics with a page of causes; the line that matters is enough, as the error that the trainer
/// makes of it says what to do.
fn shorten_panics_of_memory() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match embert_train::out_of_memory(panic.payload()) {
        Some(line) => eprintln!("{line}"),
        None => others(panic),
    }));
}

fn run(cli: Cli) -> Result<ExitCode, Error> {
    match cli.command.unwrap_or_else(|| Command::Train(Box::<TrainArgs>::default())) {
        Command::Train(args) => return commands::train::run(&args),
        Command::Sweep(args) => return commands::sweep::run(&args),
        Command::Eval(args) => commands::eval::run(&args)?,
        Command::Predict(args) => commands::predict::run(&args)?,
        Command::Report(args) => commands::report::run(&args)?,
        Command::Inspect(args) => commands::inspect::run(&args)?,
        Command::Tokenize(args) => commands::tokenize::run(&args)?,
        Command::Devices(args) => commands::devices::run(&args)?,
        Command::Completions { shell } => {
            // Not straight to the standard output: a pipe that closes early would make it panic.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "bert-train", &mut script);
            output::bytes(&script)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
