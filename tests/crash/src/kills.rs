//! Runs of the real program that are killed with SIGKILL at random moments and go on.

use std::path::Path;
use std::time::{Duration, Instant};

use embert_crash::{Data, Outcome, Tree};
use nix::sys::signal::Signal;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::program::{Ended, Program, Result, Running, run, succeed};

/// The command that is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Train,
    Overwrite,
    Sweep,
}

/// The results of the kills.
#[derive(Debug, Default)]
pub(crate) struct Kills {
    pub(crate) count: usize,
    /// Kills that came after the process had ended.
    pub(crate) too_late: usize,
    pub(crate) failures: Vec<String>,
}

/// What is killed: each command, and the tasks that a run has to find again when it goes on.
const KILLED: [(Kind, Data); 6] = [
    (Kind::Train, Data::Classes),
    (Kind::Overwrite, Data::Classes),
    (Kind::Sweep, Data::Classes),
    (Kind::Train, Data::Labels),
    (Kind::Train, Data::Tags),
    (Kind::Sweep, Data::Tags),
];

/// Kills new runs, runs that replace another one, and sweeps, `kills` in all.
pub(crate) fn all(path: &Path, root: &Path, kills: usize, seed: u64) -> Result<Kills> {
    let parts: Vec<Result<Kills>> = std::thread::scope(|scope| {
        let start = |(number, (kind, labels)): (usize, (Kind, Data))| {
            let share = kills / KILLED.len() + usize::from(number < kills % KILLED.len());
            let root = root.join(format!("{kind:?}-{labels:?}"));
            scope.spawn(move || {
                let program = Program::new(path, &root, labels).map_err(|error| error.to_string())?;
                kill(&program, kind, share, seed).map_err(|error| error.to_string())
            })
        };
        let threads: Vec<_> = KILLED.into_iter().enumerate().map(start).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, std::result::Result<Kills, String>>| {
            Ok(thread.join().map_err(|_| "a thread panicked")??)
        };
        threads.into_iter().map(join).collect()
    });
    let mut all = Kills::default();
    for part in parts {
        let part = part?;
        all.count += part.count;
        all.too_late += part.too_late;
        all.failures.extend(part.failures);
    }
    Ok(all)
}

fn kill(program: &Program, kind: Kind, kills: usize, seed: u64) -> Result<Kills> {
    let command = || match kind {
        Kind::Train => program.train("short", &[]),
        Kind::Overwrite => program.train("short", &["--overwrite"]),
        Kind::Sweep => program.sweep("short", &[]),
    };
    let mut before = Tree::default();
    if kind == Kind::Overwrite {
        succeed(&mut program.train("short", &["--seed", "1"]))?;
        std::fs::write(program.place.run().join("notes.txt"), "mine\n")?;
        before = program.tree()?;
    }
    // The shortest of four runs: the first one is slower, and a kill after the end tests nothing.
    let mut length = Duration::MAX;
    for _ in 0..4 {
        program.reset(&before)?;
        let began = Instant::now();
        succeed(&mut command())?;
        length = length.min(began.elapsed());
    }
    let expected = Outcome::of(&program.tree()?);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut done = Kills { count: kills, ..Kills::default() };
    for number in 0..kills {
        program.reset(&before)?;
        // One kill in each of `kills` equal parts of the run's length.
        let moment = (number as f64 + random.random::<f64>()) / kills as f64;
        let process = Running::start(&mut command())?;
        std::thread::sleep(Duration::from_secs_f64(length.as_secs_f64() * moment));
        process.signal(Signal::SIGKILL)?;
        if process.end()?.code.is_some() {
            done.too_late += 1;
        }
        let left = program.tree()?;
        let mut wrong = go_on(program, kind, &mut command())?;
        wrong.extend(program.compare(&expected)?);
        if !wrong.is_empty() {
            let names: Vec<String> = left.iter().map(|(path, _)| path.display().to_string()).collect();
            done.failures.push(format!(
                "{kind:?} of {:?} killed {:.3} s after its start, which left {}: {}",
                program.place.labels(),
                length.as_secs_f64() * moment,
                names.join(" "),
                wrong.join("; ")
            ));
        }
    }
    Ok(done)
}

/// Does what a user does after the kill. Returns what stands in the way.
fn go_on(program: &Program, kind: Kind, again: &mut std::process::Command) -> Result<Vec<String>> {
    let mut resume = match kind {
        Kind::Sweep => program.command(["sweep", "--resume", "sweep"]),
        _ => program.command(["train", "--resume", "run"]),
    };
    let Ended { code, said } = run(&mut resume)?;
    let has_nothing =
        said.contains("there is no run to go on with") || said.contains("is not the folder of a sweep");
    let is_complete = said.contains("is complete: there is nothing to resume");
    if code == Some(0) || is_complete && !(kind == Kind::Overwrite && is_old(program)?) {
        return Ok(Vec::new());
    }
    if !(has_nothing || is_complete) {
        return Ok(vec![format!("it does not go on: {said}")]);
    }
    let Ended { code, said } = run(again)?;
    Ok(if code == Some(0) { Vec::new() } else { vec![format!("the same command fails: {said}")] })
}

/// True where the folder still has the run that was to be replaced.
fn is_old(program: &Program) -> Result<bool> {
    let text = std::fs::read_to_string(program.place.run().join("config.toml"))?;
    let config: toml::Table = text.parse()?;
    Ok(config.get("seed").and_then(toml::Value::as_integer) == Some(1))
}
