//! [`RunFiles`] and [`SweepFiles`]: where each file of a folder stands.

use std::path::{Path, PathBuf};

/// The paths of a run folder's files, whether they are there or not.
///
/// - `config.toml`: every setting, when the run begins, and again where it goes on with another `device` or `save_dtype`.
/// - `facts.json` ([`Facts`](crate::Facts)): the model, the labels, the metrics, numbers of parameters, the splits in numbers, a
///   histogram of lengths; when the run begins.
/// - `metrics.jsonl` ([`Log`](crate::Log)): a line for each step, each stage, each evaluation and the end, as they happen.
/// - `checkpoints/`: the newest ones, and the best weights.
/// - `scores.json` ([`Scores`](crate::Scores)): what the last evaluation of the kept weights said of each split; at the end.
/// - `examples.jsonl` ([`Example`](crate::Example)): a line for each example of the validation split (and of the test split where
///   it is evaluated) with its text, its label and the probability that the kept weights give each label, before they are rounded
///   to `save_dtype`; at the end.
/// - `tensorboard/`: event files, one a process, if `log` asks for them; as things happen.
/// - `model/`: the result, in Hugging Face format, once the run is complete.
/// - `report.html`: the page about the run, made of the files above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFiles {
    folder: PathBuf,
}

impl RunFiles {
    /// The name of [`config`](Self::config), the file that makes a folder a run's.
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

    /// Those of the run in `folder`.
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

    /// What the run knew when it began.
    pub fn facts(&self) -> PathBuf {
        self.folder.join(Self::FACTS)
    }

    /// The log: one JSON object a line.
    pub fn metrics(&self) -> PathBuf {
        self.folder.join(Self::METRICS)
    }

    /// What the kept weights say of each example: one JSON object a line.
    pub fn examples(&self) -> PathBuf {
        self.folder.join(Self::EXAMPLES)
    }

    /// What the last evaluation of the kept weights said.
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
}

/// The paths of a sweep folder's files, whether they are there or not.
///
/// - `sweep.toml`: the definition, resolved; when the sweep begins.
/// - `sweep.json` ([`SweepTable`](crate::SweepTable)) and `sweep.csv`: what came of it so far, after each run. Both are made of
///   the runs, so that the next `sweep --resume` makes them again where they are missing.
/// - `runs/<point>-seed-<seed>/`: a run folder each.
/// - `report.html`: the page about the sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepFiles {
    folder: PathBuf,
}

impl SweepFiles {
    /// The name of [`definition`](Self::definition), the file that makes a folder a sweep's.
    pub const DEFINITION: &'static str = "sweep.toml";
    /// The name of [`table`](Self::table).
    pub const TABLE: &'static str = "sweep.json";
    /// The name of [`csv`](Self::csv).
    pub const CSV: &'static str = "sweep.csv";
    /// The name of [`runs`](Self::runs).
    pub const RUNS: &'static str = "runs";

    /// Those of the sweep in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is swept, in TOML.
    pub fn definition(&self) -> PathBuf {
        self.folder.join(Self::DEFINITION)
    }

    /// What came of the sweep.
    pub fn table(&self) -> PathBuf {
        self.folder.join(Self::TABLE)
    }

    /// The same with a line a point, for spreadsheets.
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

    /// A run's folder seen from the sweep's, with `/` on every system: `runs/point-01-seed-0`.
    pub fn run_name(point: &str, seed: u64) -> String {
        format!("{}/{point}-seed-{seed}", Self::RUNS)
    }

    /// The files of the run of that name.
    pub fn run(&self, name: &str) -> RunFiles {
        RunFiles::new(self.folder.join(name))
    }
}
