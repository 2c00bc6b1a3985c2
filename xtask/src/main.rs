//! The repository's scripts, in Rust: `cargo xtask <command>`. One file for each command.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod bench;
mod ci;
mod crash;
mod fetch;
mod fuzz;
mod reference;
mod sample_model;
mod structure;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use self::workspace::{TaskResult, root, target_folder};

/// Tasks of the embert repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fetch a model and a data set into the hub's cache, verified
    Fetch(fetch::Arguments),
    /// Time a training step, beside another program's if you name one
    Bench(bench::Arguments),
    /// Run every check that a change must pass
    Ci,
    /// Let operations fail, kill processes and cut the power at every point of small runs: each must end with
    /// the same bytes
    Crash(crash::Arguments),
    /// Give every reader millions of odd inputs: none may panic, fill the memory or take long
    Fuzz(fuzz::Arguments),
    /// Make the fixtures of the tests anew with transformers, PyTorch and scikit-learn, and compare
    Reference(reference::Arguments),
    /// Train the vocabulary of the sample's small BERT and write its folder
    SampleModel,
    /// Check which crate depends on which, how long files are, and that no files import each other in a
    /// circle
    Structure,
}

fn main() -> ExitCode {
    if let Some(code) = fuzz::as_compiler() {
        return code;
    }
    let result = match Arguments::parse().command {
        Command::Fetch(arguments) => fetch::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Ci => ci::run(),
        Command::Crash(arguments) => crash::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Reference(arguments) => reference::run(&arguments),
        Command::SampleModel => sample_model::run(),
        Command::Structure => structure::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}
