//! Pairs of real processes in one folder: the first works; the second names the first at once, and touches
//! nothing.

use std::path::Path;
use std::process::Command;

use embert_crash::{Data, Outcome, Tree};

use crate::program::{Ended, Program, Result, Running, refused, run, succeed};

/// A process that is paused in the middle of its work, and a second one that comes meanwhile.
struct Pair {
    name: &'static str,
    /// The state of the folder before.
    before: Before,
    first: fn(&Program) -> Command,
    /// The first process's file that has to exist, and not be empty, before the second process starts.
    until: &'static str,
    second: fn(&Program) -> Command,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// A run that was killed.
    Killed,
    /// A complete run.
    Complete,
}

const LOG: &str = "run/metrics.jsonl";
const LOG_IN_SWEEP: &str = "sweep/runs/point-01-seed-2/metrics.jsonl";

fn train(program: &Program) -> Command {
    program.train("long", &[])
}

fn overwrite(program: &Program) -> Command {
    program.train("long", &["--overwrite"])
}

fn resume(program: &Program) -> Command {
    program.command(["train", "--resume", "run"])
}

fn sweep(program: &Program) -> Command {
    program.sweep("long", &[])
}

fn overwrite_sweep(program: &Program) -> Command {
    program.sweep("long", &["--overwrite"])
}

fn resume_sweep(program: &Program) -> Command {
    program.command(["sweep", "--resume", "sweep"])
}

fn resume_in_sweep(program: &Program) -> Command {
    program.command(["train", "--resume", "sweep/runs/point-01-seed-2"])
}

const PAIRS: [Pair; 9] = [
    Pair { name: "train, train", before: Before::Nothing, first: train, until: LOG, second: train },
    Pair { name: "train, resume", before: Before::Nothing, first: train, until: LOG, second: resume },
    Pair { name: "train, overwrite", before: Before::Nothing, first: train, until: LOG, second: overwrite },
    Pair { name: "resume, resume", before: Before::Killed, first: resume, until: LOG, second: resume },
    Pair {
        name: "overwrite, overwrite",
        before: Before::Complete,
        first: overwrite,
        until: LOG,
        second: overwrite,
    },
    Pair {
        name: "overwrite, resume",
        before: Before::Complete,
        first: overwrite,
        until: LOG,
        second: resume,
    },
    Pair {
        name: "sweep, resume",
        before: Before::Nothing,
        first: sweep,
        until: LOG_IN_SWEEP,
        second: resume_sweep,
    },
    Pair {
        name: "sweep, overwrite",
        before: Before::Nothing,
        first: sweep,
        until: LOG_IN_SWEEP,
        second: overwrite_sweep,
    },
    Pair {
        name: "sweep, resume of its run",
        before: Before::Nothing,
        first: sweep,
        until: LOG_IN_SWEEP,
        second: resume_in_sweep,
    },
];

/// The results of the pairs.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    pub(crate) count: usize,
    pub(crate) failures: Vec<String>,
}

/// Lets all pairs meet.
pub(crate) fn all(path: &Path, root: &Path) -> Result<Pairs> {
    let program = Program::new(path, root, Data::Classes)?;
    let outcome = |command: &mut Command| -> Result<Outcome> {
        program.reset(&Tree::default())?;
        succeed(command)?;
        Ok(Outcome::of(&program.tree()?))
    };
    let (run, swept) = (outcome(&mut train(&program))?, outcome(&mut sweep(&program))?);
    let mut done = Pairs::default();
    let mut add = |name: &str, wrong: Vec<String>| {
        done.count += 1;
        done.failures.extend(wrong.into_iter().map(|problem| format!("{name}: {problem}")));
    };
    for pair in &PAIRS {
        let expected = if pair.until == LOG { &run } else { &swept };
        add(pair.name, meet(&program, pair, expected)?);
    }
    add("two without --output", free_names(&program)?);
    add("reader beside train", readers(&program, &mut train(&program), LOG, "run", &run)?);
    add("reader beside sweep", readers(&program, &mut sweep(&program), LOG_IN_SWEEP, "sweep", &swept)?);
    for _ in 0..10 {
        add("two at the same moment", same_moment(&program)?);
    }
    Ok(done)
}

fn has_bytes(path: &Path) -> bool {
    path.metadata().is_ok_and(|there| there.len() > 0)
}

fn meet(program: &Program, pair: &Pair, expected: &Outcome) -> Result<Vec<String>> {
    program.reset(&Tree::default())?;
    let until = program.place.work().join(pair.until);
    match pair.before {
        Before::Nothing => {}
        Before::Complete => succeed(&mut program.train("short", &[]))?,
        Before::Killed => {
            let mut killed = Running::start(&mut train(program))?;
            killed.pause_when(|| program.place.run().join("checkpoints/step-00000060").is_dir())?;
        }
    }
    // The log may have lines from before. The first process works once it has locked the folder and written
    // to its log.
    let before = std::fs::read(&until).unwrap_or_default();
    let mut first = Running::start(&mut (pair.first)(program))?;
    first.pause_when(|| has_bytes(&until) && std::fs::read(&until).is_ok_and(|now| now != before))?;
    let tree = program.tree()?;
    let mut wrong = refused(&mut (pair.second)(program), first.id())?;
    let after = program.tree()?;
    if after != tree {
        wrong.push(format!("it touched what is there: {}", tree.difference(&after).join(", ")));
    }
    first.go_on()?;
    let Ended { code, said } = first.end()?;
    if code != Some(0) {
        wrong.push(format!("the first one ended with {code:?}: {said}"));
    }
    wrong.extend(program.compare(expected)?);
    Ok(wrong)
}

/// Two runs without `--output` get a folder each.
fn free_names(program: &Program) -> Result<Vec<String>> {
    program.reset(&Tree::default())?;
    let mut command = program.command(["train", "--config"]);
    command.arg(program.settings("short"));
    let both = [Running::start(&mut command)?, Running::start(&mut command)?];
    let mut wrong = Vec::new();
    for process in both {
        let Ended { code, said } = process.end()?;
        if code != Some(0) {
            wrong.push(format!("one ended with {code:?}: {said}"));
        }
    }
    let tree = program.tree()?;
    for name in ["runs/data-001", "runs/data-002"] {
        if tree.get(&Path::new(name).join("model/model.safetensors")).is_none() {
            wrong.push(format!("{name} has no result"));
        }
    }
    Ok(wrong)
}

/// A process that only reads is never refused, and touches nothing.
fn readers(
    program: &Program,
    first: &mut Command,
    log: &str,
    folder: &str,
    expected: &Outcome,
) -> Result<Vec<String>> {
    program.reset(&Tree::default())?;
    let log = program.place.work().join(log);
    let mut first = Running::start(first)?;
    // A sweep has a table once its first run has ended.
    let table = program.place.sweep().join("sweep.json");
    first.pause_when(|| has_bytes(&log) && (folder == "run" || table.is_file()))?;
    let tree = program.tree()?;
    let page = program.place.root().join("page.html");
    let mut wrong = Vec::new();
    for more in [vec!["--output", page.to_str().unwrap_or_default()], vec!["--terminal"]] {
        let mut report = program.command(["report", folder]);
        let Ended { code, said } = run(report.args(&more))?;
        if code != Some(0) {
            wrong.push(format!("{report:?} ended with {code:?}: {said}"));
        }
    }
    let after = program.tree()?;
    if after != tree {
        wrong.push(format!("it touched what is there: {}", tree.difference(&after).join(", ")));
    }
    first.go_on()?;
    if first.end()?.code != Some(0) {
        wrong.push("the writer failed".to_owned());
    }
    wrong.extend(program.compare(expected)?);
    Ok(wrong)
}

/// Of two processes that start together one works, the other is refused, and one whole run is there.
fn same_moment(program: &Program) -> Result<Vec<String>> {
    program.reset(&Tree::default())?;
    let mut command = program.train("short", &[]);
    let both = [Running::start(&mut command)?, Running::start(&mut command)?];
    let mut ended = Vec::new();
    for process in both {
        ended.push(process.end()?);
    }
    ended.sort_by_key(|ended| ended.code);
    let mut wrong = Vec::new();
    let codes: Vec<_> = ended.iter().map(|ended| ended.code).collect();
    let last = &ended[1].said;
    // The first process may have ended before the second begins.
    let is_refused = last.contains("is in use by") || last.contains("holds a finished run");
    if codes != [Some(0), Some(1)] || !is_refused {
        wrong.push(format!("they ended with {codes:?}: {last}"));
    }
    succeed(&mut program.command(["report", "run", "--terminal"]))?;
    Ok(wrong)
}
