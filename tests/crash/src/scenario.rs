//! [`Scenario`]: the commands of a user that are tried, small and real.

use std::fs;
use std::io;
use std::path::Path;

use embert_train::Existing;

use crate::glue::{self, Ended, GlueError};
use crate::place::{Data, Place};
use crate::script;
use crate::tree::{Bytes, Node, Tree};

/// A command, the files in its folder before, and what a user does when the command ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Calls of `embert-files`, each once.
    Files,
    /// The calls of `Files` on a file system that can't exchange two names.
    FilesWithoutExchange,
    /// `train` into a new folder, with checkpoints, evaluation, early stopping and a TensorBoard log.
    Train,
    /// `Train` with any number of labels a text: thresholds are fitted.
    TrainLabels,
    /// `Train` with a tag a word, in windows.
    TrainTags,
    /// `train --resume` of a run that was stopped; a file of the user's and a copy of a checkpoint lie in its
    /// folder.
    Resume,
    /// `train --overwrite` of a complete run; a file of the user's lies in its folder.
    Overwrite,
    /// `Overwrite` on a file system that can't exchange two names.
    OverwriteWithoutExchange,
    /// `Overwrite` with any number of labels a text: the old result has thresholds too.
    OverwriteLabels,
    /// `sweep` of two points.
    Sweep,
    /// `Sweep` with a tag a word, in windows.
    SweepTags,
}

/// The command of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Files,
    Train,
    Resume,
    Overwrite,
    Sweep,
}

/// The seed of the run that is replaced.
const OLD: u64 = 1;
/// The seed of every other run.
const NEW: u64 = 2;

/// A file of the user's, in every folder that exists before the command.
const NOTES: (&str, &[u8]) = ("notes.txt", b"mine\n");

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 11] = [
        Self::Files,
        Self::FilesWithoutExchange,
        Self::Train,
        Self::TrainLabels,
        Self::TrainTags,
        Self::Resume,
        Self::Overwrite,
        Self::OverwriteWithoutExchange,
        Self::OverwriteLabels,
        Self::Sweep,
        Self::SweepTags,
    ];

    /// The scenario's name in messages and arguments.
    pub fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::FilesWithoutExchange => "files-without-exchange",
            Self::Train => "train",
            Self::TrainLabels => "train-labels",
            Self::TrainTags => "train-tags",
            Self::Resume => "resume",
            Self::Overwrite => "overwrite",
            Self::OverwriteWithoutExchange => "overwrite-without-exchange",
            Self::OverwriteLabels => "overwrite-labels",
            Self::Sweep => "sweep",
            Self::SweepTags => "sweep-tags",
        }
    }

    fn command(self) -> Command {
        match self {
            Self::Files | Self::FilesWithoutExchange => Command::Files,
            Self::Train | Self::TrainLabels | Self::TrainTags => Command::Train,
            Self::Resume => Command::Resume,
            Self::Overwrite | Self::OverwriteWithoutExchange | Self::OverwriteLabels => Command::Overwrite,
            Self::Sweep | Self::SweepTags => Command::Sweep,
        }
    }

    /// What the examples are labelled with.
    pub fn labels(self) -> Data {
        match self {
            Self::TrainLabels | Self::OverwriteLabels => Data::Labels,
            Self::TrainTags | Self::SweepTags => Data::Tags,
            _ => Data::Classes,
        }
    }

    /// Whether the file system can exchange two names.
    pub fn exchanges(self) -> bool {
        !matches!(self, Self::FilesWithoutExchange | Self::OverwriteWithoutExchange)
    }

    /// Makes the files in the folder before the command.
    ///
    /// # Errors
    /// The files can't be made.
    pub fn prepare(self, place: &Place) -> Result<(), Box<dyn std::error::Error>> {
        match self.command() {
            Command::Train | Command::Sweep => {}
            Command::Files => script::prepare(&place.work())?,
            Command::Resume => {
                glue::train(place, NEW, Existing::Keep, Some(3))?;
                fs::write(place.run().join(NOTES.0), NOTES.1)?;
                let checkpoints = place.run().join("checkpoints");
                copy(&checkpoints.join("step-00000003"), &checkpoints.join("step-00000001-keep"))?;
            }
            Command::Overwrite => {
                glue::train(place, OLD, Existing::Keep, None)?;
                fs::write(place.run().join(NOTES.0), NOTES.1)?;
            }
        }
        Ok(())
    }

    /// Runs the command.
    ///
    /// # Errors
    /// The command's error.
    pub fn run(self, place: &Place) -> Result<Ended, GlueError> {
        match self.command() {
            Command::Files => Ok(script::run(&place.work())?),
            Command::Train => glue::train(place, NEW, Existing::Keep, None),
            Command::Resume => glue::resume(place),
            Command::Overwrite => glue::train(place, NEW, Existing::Overwrite, None),
            Command::Sweep => glue::sweep(place, false),
        }
    }

    /// Does what a user does after the command ended early: go on, and where there is nothing to go on with,
    /// the same command again.
    ///
    /// # Errors
    /// The error that stands in the way.
    pub fn go_on(self, place: &Place) -> Result<(), String> {
        let goes_on = || match self.command() {
            Command::Files => Ok(script::go_on(&place.work())?),
            Command::Sweep => glue::sweep(place, true),
            _ => glue::resume(place),
        };
        match goes_on() {
            Ok(Ended::Complete) => {}
            Ok(Ended::Interrupted) => return Err("it stopped unasked".to_owned()),
            Err(error) if error.is_complete() => {}
            Err(error) if error.is_nothing() => return self.again(place),
            Err(error) => return Err(format!("it does not go on: {}", chain(&error))),
        }
        if self.command() == Command::Overwrite && seed(&place.run()) == Some(OLD) {
            return self.again(place);
        }
        Ok(())
    }

    fn again(self, place: &Place) -> Result<(), String> {
        match self.run(place) {
            Ok(Ended::Complete) => Ok(()),
            Ok(Ended::Interrupted) => Err("it stopped unasked".to_owned()),
            Err(error) => Err(format!("the same command fails: {}", chain(&error))),
        }
    }

    /// The problems of a state that the command left, before a user does anything about it.
    pub fn check(self, place: &Place, before: &Tree, state: &Tree) -> Vec<String> {
        match self.command() {
            Command::Files => script::check(before, state, self.exchanges()),
            Command::Train => page(place, "run", state),
            Command::Resume => {
                let mut wrong = page(place, "run", state);
                let users = |path: &Path| {
                    path.starts_with("run/notes.txt")
                        || path.starts_with("run/checkpoints/step-00000001-keep")
                };
                for (path, node) in before.iter().filter(|(path, _)| users(path)) {
                    if state.get(path) != Some(node) {
                        wrong.push(format!("the user's {} is lost", path.display()));
                    }
                }
                wrong
            }
            Command::Overwrite => {
                let mut wrong = page(place, "run", state);
                // The file may have been moved.
                let is_there = |file: &str| {
                    let old = before.get(&Path::new("run").join(file));
                    state
                        .iter()
                        .any(|(path, node)| path.ends_with(file) && !is_hidden(path) && Some(node) == old)
                };
                if !is_there(NOTES.0) {
                    wrong.push("the user's notes.txt is lost".to_owned());
                }
                let is_new = seed_of(state.get(Path::new("run/config.toml"))) == Some(NEW);
                let has_new = is_new && is_complete(state, Path::new("run"));
                if !has_new && !is_there("model/model.safetensors") {
                    wrong.push("the old result is lost, and the new one is not there".to_owned());
                }
                wrong
            }
            Command::Sweep => {
                let mut wrong = page(place, "sweep", state);
                if let Some(Node::File(table)) = state.get(Path::new("sweep/sweep.json")) {
                    let table: serde_json::Value =
                        serde_json::from_slice(table.as_slice()).unwrap_or_default();
                    let points = table["points"].as_array().into_iter().flatten();
                    for run in points.flat_map(|point| point["runs"].as_array().into_iter().flatten()) {
                        let path = Path::new("sweep").join(run["run"].as_str().unwrap_or_default());
                        if run["status"] == "complete" && !is_complete(state, &path) {
                            wrong.push(format!("the table claims that {} is complete", path.display()));
                        }
                    }
                }
                wrong
            }
        }
    }
}

/// True for a path under a temporary name, where no user looks.
fn is_hidden(path: &Path) -> bool {
    path.iter().any(embert_files::is_temporary)
}

/// True where the run in a folder has its result and says so in its log.
fn is_complete(state: &Tree, run: &Path) -> bool {
    let Some(Node::File(log)) = state.get(&run.join("metrics.jsonl")) else { return false };
    let is_end = |line: &[u8]| {
        serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|line| line["event"] == "end")
    };
    let lines = log.as_slice().split_inclusive(|byte| *byte == b'\n');
    let has_end = lines.filter_map(|line| line.strip_suffix(b"\n")).any(is_end);
    has_end && state.get(&run.join("model/model.safetensors")).is_some()
}

/// The problems of the page about a run or a sweep.
fn page(place: &Place, name: &str, state: &Tree) -> Vec<String> {
    let (folder, file) = match name {
        "sweep" => (place.sweep(), "sweep.json"),
        _ => (place.run(), "config.toml"),
    };
    // Without this file there is nothing that a page could be about.
    if state.get(&Path::new(name).join(file)).is_none() {
        return Vec::new();
    }
    match glue::html(&folder) {
        Err(error) => vec![format!("no report: {}", chain(&error))],
        Ok((_, true)) if name == "run" && !is_complete(state, Path::new("run")) => {
            vec!["the report claims that the run is complete".to_owned()]
        }
        Ok(_) => Vec::new(),
    }
}

/// The seed of the run in a folder.
fn seed(run: &Path) -> Option<u64> {
    let text = fs::read(run.join("config.toml")).ok()?;
    seed_of(Some(&Node::File(Bytes::from(text.as_slice()))))
}

fn seed_of(config: Option<&Node>) -> Option<u64> {
    let Some(Node::File(bytes)) = config else { return None };
    let text = std::str::from_utf8(bytes.as_slice()).ok()?;
    let table: toml::Table = text.parse().ok()?;
    table.get("seed")?.as_integer()?.try_into().ok()
}

/// An error with all its causes, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    Tree::read(from)?.write(to)
}
