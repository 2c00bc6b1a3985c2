//! `embert-fuzz`: the targets as a program, for `cargo xtask fuzz` and for a person who follows up a finding.
//!
//! With the feature `libfuzzer`, libFuzzer has the `main` function, and [`before`] runs the program's
//! commands.
#![cfg_attr(feature = "libfuzzer", no_main)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]
#![allow(clippy::exit, reason = "libFuzzer's `main` would go on")]

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cap::Cap;
use clap::{Parser, Subcommand};
use embert_fuzz::{Finding, Mutator, TARGETS, Target, Watch, minimize, target};

/// An allocation beyond 1 GiB in all is refused, as on a machine with no more memory: the process ends.
#[global_allocator]
static MEMORY: Cap<std::alloc::System> = Cap::new(std::alloc::System, 1 << 30);

/// Fuzz targets for everything that embert reads.
#[derive(Parser)]
#[command(name = "embert-fuzz", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the targets' names
    List,
    /// Write a target's seeds and its dictionary
    Seeds {
        /// The target
        target: String,
        /// The folder to write to
        folder: PathBuf,
    },
    /// Run inputs, and say what is wrong with them
    Run {
        /// The target
        target: String,
        /// The inputs' files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Make an input that is a finding shorter
    Minimize {
        /// The target
        target: String,
        /// The input's file, which is replaced
        file: PathBuf,
    },
    /// Change the seeds blindly, without libFuzzer
    Blind {
        /// The target
        target: String,
        /// Seconds to run
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// The folder for findings and for the input that runs now
        #[arg(long)]
        folder: PathBuf,
        /// Seed of the random changes
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
}

#[cfg(not(feature = "libfuzzer"))]
fn main() -> ExitCode {
    command()
}

/// Runs the command that the arguments name.
fn command() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::List => {
            for target in TARGETS {
                println!("{}", target.name);
            }
            Ok(true)
        }
        Command::Seeds { target, folder } => named(&target).and_then(|target| write_seeds(target, &folder)),
        Command::Run { target, files } => named(&target).and_then(|target| run(target, &files)),
        Command::Minimize { target, file } => named(&target).and_then(|target| shorten(target, &file)),
        Command::Blind { target, seconds, folder, seed } => named(&target).and_then(|target| {
            let mut session = Session::new(target, &folder)?;
            let mut mutator = Mutator::new(target, seed);
            let (began, mut inputs) = (Instant::now(), 0_u64);
            while began.elapsed() < Duration::from_secs(seconds) {
                session.input(&mutator.input());
                inputs += 1;
            }
            // In libFuzzer's words, so that `cargo xtask fuzz` reads one kind of log.
            eprintln!("stat::number_of_executed_units: {inputs}");
            Ok(true)
        }),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<bool, Box<dyn Error>>;

fn named(name: &str) -> Result<&'static Target, Box<dyn Error>> {
    target(name).ok_or_else(|| format!("there is no target `{name}`: `embert-fuzz list` has them").into())
}

fn write_seeds(target: &Target, folder: &Path) -> Outcome {
    let seeds = folder.join("seeds");
    fs::create_dir_all(&seeds)?;
    for (number, seed) in (target.seeds)().iter().enumerate() {
        fs::write(seeds.join(format!("seed-{number:04}")), seed)?;
    }
    let quoted = |word: &&str| -> String {
        let bytes = word.bytes().map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            b' '..=b'~' => char::from(byte).to_string(),
            byte => format!("\\x{byte:02x}"),
        });
        format!("\"{}\"\n", bytes.collect::<String>())
    };
    fs::write(folder.join("words"), target.words.iter().map(quoted).collect::<String>())?;
    Ok(true)
}

fn run(target: &'static Target, files: &[PathBuf]) -> Outcome {
    let watch = Watch::new(target)?;
    let mut all_well = true;
    for file in files {
        let input = fs::read(file).map_err(|error| format!("can't read {}: {error}", file.display()))?;
        match watch.check(&input) {
            Ok(()) => println!("{}: nothing found", file.display()),
            Err(finding) => {
                println!("{}: {finding}", file.display());
                all_well = false;
            }
        }
    }
    Ok(all_well)
}

fn shorten(target: &'static Target, file: &Path) -> Outcome {
    let watch = Watch::new(target)?;
    let input = fs::read(file).map_err(|error| format!("can't read {}: {error}", file.display()))?;
    let Err(Finding { place, .. }) = watch.check(&input) else { return Ok(true) };
    let still = |input: &[u8]| watch.check(input).is_err_and(|finding| finding.place == place);
    fs::write(file, minimize(&input, Duration::from_secs(10), still))?;
    Ok(true)
}

/// A run of many inputs, which goes on after findings that don't end the process.
struct Session {
    watch: Watch,
    folder: PathBuf,
    /// The file with the current input, after the input's length in eight bytes: it stays when the process
    /// ends.
    current: File,
    /// The places of the findings that were kept.
    known: BTreeSet<String>,
}

impl Session {
    fn new(target: &'static Target, folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder.join("findings"))?;
        let current = File::create(folder.join("current"))?;
        Ok(Self { watch: Watch::new(target)?, folder: folder.to_owned(), current, known: BTreeSet::new() })
    }

    fn input(&mut self, input: &[u8]) {
        // Written in one call. The end of an earlier, longer input stays in the file, so the length comes
        // first.
        let mut current = (input.len() as u64).to_le_bytes().to_vec();
        current.extend_from_slice(input);
        if let Err(error) = self.current.rewind().and_then(|()| self.current.write_all(&current)) {
            eprintln!("error: can't write the current input: {error}");
        }
        let Err(finding) = self.watch.check(input) else { return };
        if self.known.insert(finding.place.clone()) {
            let path = self.folder.join("findings").join(format!("finding-{}", self.known.len()));
            eprintln!("FINDING {} {finding}", path.display());
            if let Err(error) = fs::write(&path, input) {
                eprintln!("error: can't keep {}: {error}", path.display());
            }
        }
    }
}

#[cfg(feature = "libfuzzer")]
mod engine {
    //! The functions that libFuzzer calls.

    use std::cell::RefCell;

    use super::{Session, command, named};

    /// The environment variables with the target, and with the folder for findings and the current input.
    /// Without a target the program's commands run.
    const TARGET: &str = "EMBERT_FUZZ_TARGET";
    const FOLDER: &str = "EMBERT_FUZZ_FOLDER";

    thread_local! {
        static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
    }

    /// Runs before libFuzzer reads its arguments.
    fn before() {
        let Ok(name) = std::env::var(TARGET) else {
            let code = command();
            std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS));
        };
        let folder = std::env::var_os(FOLDER).unwrap_or_else(|| ".".into());
        let session = named(&name).and_then(|target| Ok(Session::new(target, folder.as_ref())?));
        match session {
            Ok(session) => SESSION.set(Some(session)),
            Err(error) => {
                eprintln!("error: {error}");
                std::process::exit(1);
            }
        }
    }

    libfuzzer_sys::fuzz_target!(init: before(), |input: &[u8]| {
        SESSION.with_borrow_mut(|session| session.as_mut().map(|session| session.input(input)));
    });
}
