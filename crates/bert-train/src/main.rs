//! `bert-train`: fine-tune BERT without Python.
//!
//! Argument parsing, wiring and terminal output; the work is done in the `embert-*` crates.

mod arguments;
mod cli;
mod commands;
mod data_set;
mod error;
mod output;
mod paths;
mod reads;
mod rows;
mod signals;
mod sources;
mod tasks;
mod terminal;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::debug_fn;

use crate::cli::{Cli, Command};
use crate::commands::train::TrainArgs;
use crate::error::Error;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    log_to_stderr(cli.verbose);
    show_panics_plainly();
    match run(cli) {
        Ok(code) => code,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Prints help, the version, or an error of the arguments: through clap, unless a control character among the
/// arguments has to be escaped.
fn refuse(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if output::escaped_lines(&text) == text {
        // An error can't be reported if the standard error is closed.
        let _ = error.print();
    } else {
        output::say_block(text.trim_end());
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(u8::MAX))
}

/// Sends log lines to the standard error: warnings, with `-v` more.
fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info,embert_train=debug,bert_train=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    // The fields are escaped one by one, since the finished line contains the subscriber's own colour codes.
    let fields = debug_fn(|out, field, value| {
        let text = format!("{value:?}");
        let text = output::message(&text);
        let text = output::escaped(&text);
        if field.name() == "message" { write!(out, "{text}") } else { write!(out, "{field}={text}") }
    });
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time();
    // Colours are on unless NO_COLOR is set; in a file they would be noise.
    let builder = if std::io::stderr().is_terminal() { builder } else { builder.with_ansi(false) };
    builder.fmt_fields(fields.delimited(" ")).init();
}

/// Escapes panics, which may quote a text from outside. A device that is out of memory panics with a page of
/// causes; one line is enough, since the trainer's error says what to do.
fn show_panics_plainly() {
    std::panic::set_hook(Box::new(|panic| {
        if let Some(line) = embert_train::out_of_memory(panic.payload()) {
            return output::say_line(line);
        }
        let thread = std::thread::current();
        output::say_block(&format!("thread '{}' {}", thread.name().unwrap_or("?"), output::message(panic)));
        let trace = Backtrace::capture();
        match trace.status() {
            BacktraceStatus::Captured => output::say_block(&trace.to_string()),
            _ => output::say_line("set RUST_BACKTRACE=1 to see where it was called from"),
        }
    }));
}

fn run(cli: Cli) -> Result<ExitCode, Error> {
    match cli.command.unwrap_or_else(|| Command::Train(Box::<TrainArgs>::default())) {
        Command::Train(args) => return commands::train::run(&args),
        Command::Sweep(args) => return commands::sweep::run(&args),
        Command::Eval(args) => commands::eval::run(&args)?,
        Command::Predict(args) => commands::predict::run(&args)?,
        Command::Embed(args) => commands::embed::run(&args)?,
        Command::Report(args) => commands::report::run(&args)?,
        Command::Inspect(args) => commands::inspect::run(&args)?,
        Command::Tokenize(args) => commands::tokenize::run(&args)?,
        Command::Vocabulary(args) => commands::vocabulary::run(&args)?,
        Command::Devices(args) => commands::devices::run(&args)?,
        Command::Completions { shell } => {
            // Not straight to the standard output: clap_complete panics if a pipe is closed early.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "bert-train", &mut script);
            output::bytes(&script)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
