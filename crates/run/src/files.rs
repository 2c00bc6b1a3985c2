//! [`RunFiles`] and [`SweepFiles`]: the paths of the files in a run's or a sweep's folder.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::{Log, RunError};

/// The kind of a folder: a run's or a sweep's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderKind {
    /// One run, with the files that [`RunFiles`] names.
    Run,
    /// A sweep of many runs, with the files that [`SweepFiles`] names.
    Sweep,
}

impl FolderKind {
    /// The name of the file that marks a folder of this kind: the first file that is written there.
    pub fn definition(self) -> &'static str {
        match self {
            Self::Run => RunFiles::CONFIG,
            Self::Sweep => SweepFiles::DEFINITION,
        }
    }
}

impl fmt::Display for FolderKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Run => "run",
            Self::Sweep => "sweep",
        })
    }
}

/// The paths of a run folder's files, whether or not the files exist.
///
/// - `config.toml`: every setting; written when the run begins, and again when it is resumed with another
///   `device` or `save_dtype`.
/// - `facts.json` ([`Facts`](crate::Facts)): the model, the labels, the metrics, numbers of parameters, the
///   splits in numbers, a histogram of lengths; written when the run begins.
/// - `metrics.jsonl` ([`Log`](crate::Log)): a line for each step, each stage, each evaluation and the end;
///   appended during the run.
/// - `checkpoints/`: the newest checkpoints, and the best weights.
/// - `scores.json` ([`Scores`](crate::Scores)): the metrics of the kept weights on each split; written at the
///   end.
/// - `examples.jsonl` ([`Examples`](crate::Examples)): a line for each example of the validation split (and
///   of the test split if it is evaluated) with its text, its label and what the kept weights predict, before
///   the weights are rounded to `save_dtype`; written at the end.
/// - `tensorboard/`: event files, one a process, if `log` asks for them; appended during the run.
/// - `model/`: the result, in Hugging Face format, once the run is complete.
/// - `report.html`: the page about the run, made from the files above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFiles {
    folder: PathBuf,
}

impl RunFiles {
    /// The name of [`config`](Self::config). A folder with this file is a run's.
    pub const CONFIG: &'static str = "config.toml";
    /// The name of [`facts`](Self::facts).
    pub const FACTS: &'static str = "facts.json";
    /// The name of [`metrics`](Self::metrics).
    pub const METRICS: &'static str = "metrics.jsonl";
    /// The name of [`examples`](Self::examples).
    pub const EXAMPLES: &'static str = "examples.jsonl";
    /// The name of [`scores`](Self::scores).
    pub const SCORES: &'static str = "scores.json";
    /// The name of [`report`](Self::report), in a sweep's folder too.
    pub const REPORT: &'static str = "report.html";
    /// The name of [`checkpoints`](Self::checkpoints).
    pub const CHECKPOINTS: &'static str = "checkpoints";
    /// The name of [`tensorboard`](Self::tensorboard).
    pub const TENSORBOARD: &'static str = "tensorboard";
    /// The name of [`model`](Self::model).
    pub const MODEL: &'static str = "model";
    /// The names of all files in the folder itself. By this list a program knows the folder's own files from
    /// the user's, and protects them from its outputs.
    pub const FILES: &'static [&'static str] =
        &[Self::CONFIG, Self::FACTS, Self::METRICS, Self::EXAMPLES, Self::SCORES, Self::REPORT];

    /// The files of the run in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every setting of the run, in TOML.
    pub fn config(&self) -> PathBuf {
        self.folder.join(Self::CONFIG)
    }

    /// The facts: model, data and metrics.
    pub fn facts(&self) -> PathBuf {
        self.folder.join(Self::FACTS)
    }

    /// The log: one JSON object a line.
    pub fn metrics(&self) -> PathBuf {
        self.folder.join(Self::METRICS)
    }

    /// The predictions of the kept weights: one JSON object a line.
    pub fn examples(&self) -> PathBuf {
        self.folder.join(Self::EXAMPLES)
    }

    /// The metrics of the kept weights.
    pub fn scores(&self) -> PathBuf {
        self.folder.join(Self::SCORES)
    }

    /// The page about the run.
    pub fn report(&self) -> PathBuf {
        self.folder.join(Self::REPORT)
    }

    /// The checkpoints' folder.
    pub fn checkpoints(&self) -> PathBuf {
        self.folder.join(Self::CHECKPOINTS)
    }

    /// The folder of event files for TensorBoard.
    pub fn tensorboard(&self) -> PathBuf {
        self.folder.join(Self::TENSORBOARD)
    }

    /// The folder of the result.
    pub fn model(&self) -> PathBuf {
        self.folder.join(Self::MODEL)
    }

    /// True if the run is complete: `model/` is there, and the log has the run's end. A process that is
    /// killed after it wrote `model/` leaves a log without an end.
    ///
    /// # Errors
    /// The log can't be read.
    pub fn is_complete(&self) -> Result<bool, RunError> {
        let log = self.metrics();
        Ok(self.model().is_dir() && log.is_file() && Log::read(&log)?.end.is_some())
    }
}

/// The paths of a sweep folder's files, whether or not the files exist.
///
/// - `sweep.toml`: the definition, resolved; written when the sweep begins.
/// - `sweep.json` ([`SweepTable`](crate::SweepTable)) and `sweep.csv`: the results so far; written after each
///   run. Both are made from the runs, so `sweep --resume` restores a missing one.
/// - `runs/<point>-seed-<seed>/`: the run folders.
/// - `report.html`: the page about the sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepFiles {
    folder: PathBuf,
}

impl SweepFiles {
    /// The name of [`definition`](Self::definition). A folder with this file is a sweep's.
    pub const DEFINITION: &'static str = "sweep.toml";
    /// The name of [`table`](Self::table).
    pub const TABLE: &'static str = "sweep.json";
    /// The name of [`csv`](Self::csv).
    pub const CSV: &'static str = "sweep.csv";
    /// The name of [`runs`](Self::runs).
    pub const RUNS: &'static str = "runs";

    /// The names of all files in the folder itself, as [`RunFiles::FILES`].
    pub const FILES: &'static [&'static str] = &[Self::DEFINITION, Self::TABLE, Self::CSV, RunFiles::REPORT];

    /// The files of the sweep in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The definition of the sweep, in TOML.
    pub fn definition(&self) -> PathBuf {
        self.folder.join(Self::DEFINITION)
    }

    /// The results of the sweep.
    pub fn table(&self) -> PathBuf {
        self.folder.join(Self::TABLE)
    }

    /// The results with a line for each point, for spreadsheets.
    pub fn csv(&self) -> PathBuf {
        self.folder.join(Self::CSV)
    }

    /// The folder of the runs' folders.
    pub fn runs(&self) -> PathBuf {
        self.folder.join(Self::RUNS)
    }

    /// The page about the sweep.
    pub fn report(&self) -> PathBuf {
        self.folder.join(RunFiles::REPORT)
    }

    /// A run's folder relative to the sweep's, with `/` on every system: `runs/point-01-seed-0`.
    pub fn run_name(point: &str, seed: u64) -> String {
        format!("{}/{point}-seed-{seed}", Self::RUNS)
    }

    /// The files of the run `name`.
    pub fn run(&self, name: &str) -> RunFiles {
        RunFiles::new(self.folder.join(name))
    }
}
