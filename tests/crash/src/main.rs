//! `embert-crash`: disturbs small runs in every way, in several processes. `cargo xtask crash` builds and
//! calls it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

#[cfg(unix)]
mod kills;
#[cfg(unix)]
mod pairs;
#[cfg(unix)]
mod program;
mod work;

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use embert_crash::{Disturbance, Scenario, Trial, fresh_folder};
use serde::{Deserialize, Serialize};

use self::work::{Counts, Failure, Work};

/// What becomes of a run when operations fail, processes are killed and the power goes
#[derive(Parser)]
#[command(disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    command: What,
}

#[derive(Subcommand)]
enum What {
    /// Try everything, or a sample, in as many processes as there are processors
    States(States),
    /// Try one disturbance again and leave what it leads to
    Again(Again),
    /// Show the operations of a scenario
    Operations {
        /// The scenario's name
        scenario: String,
    },
    /// Kill the real program at random moments, and let pairs of processes meet in one folder
    #[cfg(unix)]
    Real(Real),
    #[command(hide = true)]
    Part(Part),
}

#[derive(Args)]
struct States {
    /// Try a random sample within this many seconds, for all scenarios together
    #[arg(long)]
    sample: Option<u64>,
    /// Only this scenario; may be given several times
    #[arg(long)]
    scenario: Vec<String>,
    #[command(flatten)]
    how: How,
    /// Processes at a time
    #[arg(long)]
    processes: Option<usize>,
}

#[derive(Args)]
struct How {
    /// The most fates at one point that are tried; beyond, some are left out, and counted
    #[arg(long, default_value_t = 1024)]
    most: usize,
    /// Seed of all random choices
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Args)]
#[cfg(unix)]
struct Real {
    /// The program `bert-train`
    program: PathBuf,
    /// Number of processes to kill
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// Seed of the random moments
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Args)]
struct Part {
    scenario: String,
    number: usize,
    parts: usize,
    root: PathBuf,
    #[arg(long)]
    sample: Option<u64>,
    #[command(flatten)]
    how: How,
}

#[derive(Args)]
struct Again {
    /// The scenario, as in a failure's message; then the disturbance
    scenario: String,
    disturbance: String,
    /// Where to leave the folders
    #[arg(long, default_value = "target/crash")]
    folder: PathBuf,
}

/// The messages of a part on its standard output, a line each.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    Failure(Failure),
    Counts(Counts),
    Broken(String),
}

type Outcome = Result<ExitCode, Box<dyn Error>>;

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        What::States(arguments) => states(&arguments),
        What::Again(arguments) => again(&arguments),
        What::Operations { scenario } => operations(&scenario),
        #[cfg(unix)]
        What::Real(arguments) => real(&arguments),
        What::Part(arguments) => part(&arguments),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            eprintln!("  because: {error}");
            cause = error.source();
        }
        ExitCode::FAILURE
    })
}

fn scenario(name: &str) -> Result<Scenario, String> {
    let names = || Scenario::ALL.map(Scenario::name).join(", ");
    let found = Scenario::ALL.into_iter().find(|scenario| scenario.name() == name);
    found.ok_or_else(|| format!("there is no scenario `{name}`: they are {}", names()))
}

fn states(arguments: &States) -> Outcome {
    let scenarios = match arguments.scenario.as_slice() {
        [] => Scenario::ALL.to_vec(),
        names => names.iter().map(|name| scenario(name)).collect::<Result<_, _>>()?,
    };
    let processes = match arguments.processes {
        Some(processes) => processes,
        None => std::thread::available_parallelism()?.get(),
    };
    let place = fresh_folder()?;
    let begin = Instant::now();
    println!(
        "{:<24} {:>10} {:>7} {:>6} {:>7} {:>8} {:>12} {:>7} {:>8}",
        "scenario", "operations", "faults", "kills", "states", "equal", "left out", "failed", "seconds"
    );
    let mut all = Counts::default();
    for (number, scenario) in scenarios.iter().enumerate() {
        let began = Instant::now();
        let share = arguments.sample.map(|seconds| {
            let left = seconds.saturating_sub(begin.elapsed().as_secs());
            (left / (scenarios.len() - number) as u64).max(1)
        });
        let (counts, failures) = together(*scenario, arguments, processes, share, place.path())?;
        row(scenario.name(), &counts, began.elapsed());
        tell(&failures);
        all.add(&counts);
    }
    if scenarios.len() > 1 {
        // Operations of different scenarios don't add up.
        row("all", &Counts { operations: 0, ..all.clone() }, begin.elapsed());
    }
    if arguments.sample.is_some() {
        println!("a sample with seed {}", arguments.how.seed);
    }
    if all.failed == 0 {
        println!("all well");
        return Ok(ExitCode::SUCCESS);
    }
    let program = std::env::current_exe()?;
    println!("{} failed; to see one again: {} again SCENARIO DISTURBANCE", all.failed, program.display());
    Ok(ExitCode::FAILURE)
}

fn row(name: &str, counts: &Counts, took: Duration) {
    let Counts { operations, faults, kills, states, equal, left_out, failed } = counts;
    println!(
        "{name:<24} {operations:>10} {faults:>7} {kills:>6} {states:>7} {equal:>8} {left_out:>12} {failed:>7} {:>8.0}",
        took.as_secs_f64()
    );
}

/// Prints the failures; those with the same problems are printed together.
fn tell(failures: &[Failure]) {
    let mut told: Vec<(&[String], Vec<&Failure>)> = Vec::new();
    for failure in failures {
        match told.iter_mut().find(|(wrong, _)| *wrong == failure.wrong) {
            Some((_, like)) => like.push(failure),
            None => told.push((&failure.wrong, vec![failure])),
        }
    }
    for (wrong, failures) in told {
        let Some(first) = failures.first() else { continue };
        println!("  {} {}  ({})", first.scenario, first.disturbance, first.operation);
        for problem in wrong {
            println!("    {problem}");
        }
        if failures.len() > 1 {
            let others: Vec<&str> =
                failures[1..].iter().take(5).map(|failure| failure.disturbance.as_str()).collect();
            println!("    likewise {} others: {} ...", failures.len() - 1, others.join(" "));
        }
    }
}

/// Tries one scenario in several processes. Burn's random numbers belong to a process, so each process does
/// one run at a time.
fn together(
    scenario: Scenario,
    arguments: &States,
    processes: usize,
    share: Option<u64>,
    place: &Path,
) -> Result<(Counts, Vec<Failure>), Box<dyn Error>> {
    let mut children = Vec::new();
    for part in 0..processes {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["part", scenario.name(), &part.to_string(), &processes.to_string()]);
        command.arg(place.join(format!("{}-{part}", scenario.name())));
        command.args(["--most", &arguments.how.most.to_string(), "--seed", &arguments.how.seed.to_string()]);
        if let Some(seconds) = share {
            command.args(["--sample", &seconds.to_string()]);
        }
        // For tiny tensors threads cost more than they bring.
        command.env("RAYON_NUM_THREADS", "1").env("RUST_LOG", "off");
        children.push(Running(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?));
    }
    let readers: Vec<_> = children
        .iter_mut()
        .filter_map(|child| child.0.stdout.take())
        .map(|out| std::thread::spawn(move || BufReader::new(out).lines().collect::<Result<Vec<_>, _>>()))
        .collect();
    let (mut counts, mut failures) = (Counts::default(), Vec::new());
    for (reader, mut child) in readers.into_iter().zip(children) {
        let lines = reader.join().map_err(|_| "a reader panicked")??;
        let status = child.0.wait()?;
        let mut is_whole = false;
        for line in lines {
            match serde_json::from_str(&line)? {
                Said::Failure(failure) => failures.push(failure),
                Said::Counts(part) => {
                    is_whole = true;
                    counts.add(&part);
                }
                Said::Broken(problem) => return Err(problem.into()),
            }
        }
        if !is_whole {
            return Err(format!("a part of {} ended early: {status}", scenario.name()).into());
        }
    }
    Ok((counts, failures))
}

/// A process that does not outlive this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
fn real(arguments: &Real) -> Outcome {
    let place = fresh_folder()?;
    let program = std::path::absolute(&arguments.program)?;
    let began = Instant::now();
    let kills = kills::all(&program, &place.path().join("kills"), arguments.kills, arguments.seed)?;
    println!(
        "{} processes killed at random moments, {} of them just after their end; {} failed; {:.0} s",
        kills.count,
        kills.too_late,
        kills.failures.len(),
        began.elapsed().as_secs_f64()
    );
    let began = Instant::now();
    let pairs = pairs::all(&program, &place.path().join("pairs"))?;
    println!(
        "{} pairs of processes in one folder; {} failed; {:.0} s",
        pairs.count,
        pairs.failures.len(),
        began.elapsed().as_secs_f64()
    );
    let failures: Vec<&String> = kills.failures.iter().chain(&pairs.failures).collect();
    for failure in &failures {
        println!("  {failure}");
    }
    if !kills.failures.is_empty() {
        println!("the moments are those of seed {}", arguments.seed);
    }
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn part(arguments: &Part) -> Outcome {
    let work = Work {
        scenario: scenario(&arguments.scenario)?,
        part: arguments.number,
        parts: arguments.parts,
        most: arguments.how.most,
        seed: arguments.how.seed,
        sample_until: arguments.sample.map(|seconds| Instant::now() + Duration::from_secs(seconds)),
    };
    let say = |said: &Said| {
        if let Ok(line) = serde_json::to_string(said) {
            println!("{line}");
        }
    };
    match work::run(&work, &arguments.root, |failure| say(&Said::Failure(failure.clone()))) {
        Ok(counts) => say(&Said::Counts(counts)),
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            say(&Said::Broken(text));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn again(arguments: &Again) -> Outcome {
    let scenario = scenario(&arguments.scenario)?;
    let disturbance: Disturbance = arguments.disturbance.parse()?;
    if arguments.folder.is_dir() {
        std::fs::remove_dir_all(&arguments.folder)?;
    }
    let folder = std::path::absolute(&arguments.folder)?;
    let trial = Trial::new(scenario, &folder)?;
    let state = trial.state(&disturbance)?;
    if let Some(state) = &state {
        state.write(&folder.join("state"))?;
        println!("the state is in {}", folder.join("state").display());
    }
    let wrong = trial.disturb(&disturbance)?;
    for problem in &wrong {
        println!("{problem}");
    }
    println!("what came of it is in {}", folder.join("work").display());
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn operations(name: &str) -> Outcome {
    let place = fresh_folder()?;
    let trial = Trial::new(scenario(name)?, place.path())?;
    for number in 0..trial.operations() {
        println!("{number:>5} {}", trial.operation(number));
    }
    Ok(ExitCode::SUCCESS)
}
