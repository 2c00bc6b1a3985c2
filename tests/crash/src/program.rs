//! [`Program`]: the real `bert-train` in a place of its own.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use embert_crash::{Data, Outcome, Place, Tree, config, left_over};
use embert_train::{EarlyStoppingConfig, TrainConfig};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The longest time that a command may take to say that it can't work.
const AT_ONCE: Duration = Duration::from_secs(5);
/// The longest wait for a process to reach a state.
const AT_MOST: Duration = Duration::from_mins(2);

/// The real program, and a place for what it reads and writes.
pub(crate) struct Program {
    path: PathBuf,
    pub(crate) place: Place,
}

impl Program {
    pub(crate) fn new(path: &Path, root: &Path, labels: Data) -> Result<Self> {
        let program = Self { path: path.to_owned(), place: Place::new(root, labels)? };
        let short = TrainConfig { output: None, ..config(&program.place, 2) };
        let early_stopping = EarlyStoppingConfig { patience: None, ..short.early_stopping.clone() };
        let long = TrainConfig {
            epochs: 60,
            evaluate_every: Some(60),
            save_every: Some(60),
            early_stopping,
            ..short.clone()
        };
        for (name, config) in [("short", short), ("long", long)] {
            fs::write(program.settings(name), config.to_toml()?)?;
        }
        Ok(program)
    }

    /// The settings of a run of nine steps at most (`short`) or of some hundred (`long`).
    pub(crate) fn settings(&self, name: &str) -> PathBuf {
        self.place.root().join("inputs").join(name).with_extension("toml")
    }

    /// The program with arguments, run in the folder that it writes to.
    pub(crate) fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(arguments).current_dir(self.place.work()).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        // For tiny tensors threads cost more than they bring.
        command.env("RAYON_NUM_THREADS", "1").env_remove("RUST_LOG").env("NO_COLOR", "1");
        command
    }

    /// `train` into `run`.
    pub(crate) fn train(&self, settings: &str, more: &[&str]) -> Command {
        let mut command = self.command(["train", "--config"]);
        command.arg(self.settings(settings)).args(["--output", "run"]).args(more);
        command
    }

    /// `sweep` of two points into `sweep`.
    pub(crate) fn sweep(&self, settings: &str, more: &[&str]) -> Command {
        let mut command = self.command(["sweep", "--config"]);
        let grid = "optimizer.learning_rate=0.01,0.02";
        command.arg(self.settings(settings)).args(["--output", "sweep", "--grid", grid]).args(more);
        command
    }

    /// The tree that the program has written.
    pub(crate) fn tree(&self) -> Result<Tree> {
        Ok(Tree::read(&self.place.work())?)
    }

    /// Replaces what the program has written by a tree.
    pub(crate) fn reset(&self, tree: &Tree) -> Result<()> {
        Ok(tree.write(&self.place.work())?)
    }

    /// The problems of the tree that the program has written: differences from `expected`, and files left
    /// over.
    pub(crate) fn compare(&self, expected: &Outcome) -> Result<Vec<String>> {
        let tree = self.tree()?;
        let mut wrong = expected.difference(&Outcome::of(&tree));
        wrong.extend(left_over(&tree).into_iter().map(|name| format!("{name} is left over")));
        Ok(wrong)
    }
}

/// A process that does not outlive this value.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        Ok(Self(command.spawn()?))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill(Pid::from_raw(self.0.id().try_into()?), signal)?)
    }

    /// Waits until `holds`, and stops the process there.
    pub(crate) fn pause_when(&mut self, holds: impl Fn() -> bool) -> Result<()> {
        let began = Instant::now();
        while !holds() {
            if let Some(status) = self.0.try_wait()? {
                return Err(format!("it ended before it was to be stopped: {status}").into());
            }
            if began.elapsed() > AT_MOST {
                return Err("what it was waited for did not come".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.signal(Signal::SIGSTOP)
    }

    pub(crate) fn go_on(&self) -> Result<()> {
        self.signal(Signal::SIGCONT)
    }

    /// Waits for the process to end; returns its exit code and its last lines.
    pub(crate) fn end(mut self) -> Result<Ended> {
        let mut said = String::new();
        if let Some(mut errors) = self.0.stderr.take() {
            std::io::Read::read_to_string(&mut errors, &mut said)?;
        }
        let status = self.0.wait()?;
        Ok(Ended { code: status.code(), said: last_lines(&said) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self { code: output.status.code(), said: last_lines(&String::from_utf8_lossy(&output.stderr)) }
    }
}

/// The last lines of the standard error, where an error would be.
fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join(" | ")
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Result<Ended> {
    Ok(command.output()?.into())
}

/// Runs a command that has to work.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let ended = run(command)?;
    if ended.code == Some(0) { Ok(()) } else { Err(format!("{command:?}: {ended:?}").into()) }
}

/// Runs a command that is to be refused since the process `holder` works there. Returns the problems of the
/// refusal.
pub(crate) fn refused(command: &mut Command, holder: u32) -> Result<Vec<String>> {
    let began = Instant::now();
    let Ended { code, said } = run(command)?;
    let mut wrong = Vec::new();
    if code != Some(1) {
        wrong.push(format!("it ended with {code:?}: {said}"));
    }
    if !said.contains(&format!("is in use by process {holder} on ")) {
        wrong.push(format!("it does not name process {holder}: {said}"));
    }
    if began.elapsed() > AT_ONCE {
        wrong.push(format!("it took {:.1} s", began.elapsed().as_secs_f64()));
    }
    Ok(wrong)
}
