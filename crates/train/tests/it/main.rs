//! Whole runs of a tiny random model in temporary folders.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "the largest differences seen, for docs/fidelity.md")]

mod gradients;
mod heads;
mod long_documents;
mod masks;
mod memory;
mod resume;
mod run;
mod splits;
mod strategies;
mod tasks;
mod tensorboard;
mod training;
mod whole_texts;
mod windows;

use std::cell::RefCell;
use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use burn::tensor::Device;
use embert_data::Card;
use embert_task::{Task, TaskData, TextClassification, find_columns, load};
use embert_train::{
    Claim, Event, Existing, Observer, Outcome, Prepared, RunFolder, StopSignal, TrainConfig, TrainError,
    Trainer,
};

/// A path in the repository's `datasets/`.
fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets").join(path)
}

/// A path in `tests/fixtures/`, which the scripts in `tests/reference/` wrote.
fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(path)
}

/// A folder with a checkpoint's shape (two layers of 16) and a small data set: a part of the sample, or rows
/// for another task.
struct Place<T: Task = TextClassification> {
    dir: tempfile::TempDir,
    task: PhantomData<T>,
    /// Sets what all runs here need.
    settings: fn(&mut TrainConfig),
}

/// The number of examples of each split.
const SPLITS: [(&str, usize); 3] = [("train", 44), ("validation", 20), ("test", 10)];

impl Place {
    fn new() -> Self {
        Self::with(|split, count| {
            let all = fs::read_to_string(shipped(&format!("sample/{split}.jsonl"))).unwrap();
            all.lines().take(count).flat_map(|line| [line, "\n"]).collect()
        })
    }
}

impl<T: Task> Place<T> {
    /// A folder whose data set has the lines that `lines` makes for a split of so many examples.
    fn with(lines: impl Fn(&str, usize) -> String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (model, data) = (dir.path().join("tiny"), dir.path().join("reviews"));
        for folder in [&model, &data] {
            fs::create_dir(folder).unwrap();
        }
        for file in ["vocab.txt", "tokenizer_config.json"] {
            fs::copy(shipped("sample/bert").join(file), model.join(file)).unwrap();
        }
        let config = fs::read_to_string(shipped("sample/bert/config.json")).unwrap();
        let mut config: serde_json::Value = serde_json::from_str(&config).unwrap();
        for (key, value) in [("hidden_size", 16), ("num_attention_heads", 2), ("intermediate_size", 32)] {
            config[key] = value.into();
        }
        fs::write(model.join("config.json"), config.to_string()).unwrap();
        for (split, count) in SPLITS {
            fs::write(data.join(format!("{split}.jsonl")), lines(split, count)).unwrap();
        }
        Self { dir, task: PhantomData, settings: |_| () }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Eleven micro-batches an epoch: three steps of three and one of two, so eight steps in all.
    fn config(&self) -> TrainConfig {
        let mut config = TrainConfig {
            model: self.path("tiny").to_string_lossy().into_owned(),
            from_scratch: true,
            dataset: self.path("reviews").to_string_lossy().into_owned(),
            epochs: 2,
            batch_size: 4,
            gradient_accumulation_steps: 3,
            seed: 7,
            ..TrainConfig::default()
        };
        config.data.max_length = 24;
        config.optimizer.learning_rate = 1e-3;
        (self.settings)(&mut config);
        config
    }

    fn prepared(&self, config: &TrainConfig) -> Result<Prepared<T>, TrainError> {
        let (root, options) = (self.path("reviews"), config.load_options());
        let card = find_columns(Card::for_folder(&root)?, &root, &options, T::NAME.parse().ok())?.card;
        let data = load(&card, &root, &options, &config.label_options())?;
        Prepared::new(config, &self.path("tiny"), data, &Device::flex())
    }

    /// Begins a run, or resumes the one in the folder.
    fn trainer(&self, run: &str, config: &TrainConfig) -> Result<Trainer<T>, TrainError> {
        let path = self.path(run);
        if path.is_dir() {
            let run = RunFolder::open(&path)?;
            return Trainer::resume(self.prepared(run.config())?, run, Device::flex());
        }
        let claim = Claim::run(&path, Existing::Keep)?;
        Trainer::begin(self.prepared(config)?, claim, Device::flex())
    }

    /// Trains to the end; returns the outcome and all events.
    fn train(&self, run: &str, config: &TrainConfig) -> Result<(Outcome, Vec<Event>), TrainError> {
        let events = Rc::new(RefCell::new(Vec::new()));
        let outcome = self.trainer(run, config)?.observe(Record(Rc::clone(&events))).run()?;
        Ok((outcome, events.take()))
    }

    fn bytes(&self, file: &str) -> Vec<u8> {
        fs::read(self.path(file)).unwrap()
    }

    /// The lines of a run's log without the seconds, which no two runs share, and the memory.
    fn log(&self, run: &str) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.path(run).join("metrics.jsonl")).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines
            .map(|mut line| {
                let fields = line.as_object_mut().unwrap();
                fields.remove("seconds");
                fields.remove("peak_memory");
                fields.remove("phases");
                line
            })
            .collect()
    }
}

struct Record(Rc<RefCell<Vec<Event>>>);

impl Observer for Record {
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
        self.0.borrow_mut().push(event.clone());
        Ok(())
    }
}

/// Requests that training stop after a step.
struct StopAt {
    step: usize,
    signal: StopSignal,
}

impl Observer for StopAt {
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
        if matches!(event, Event::TrainStep(step) if step.step == self.step) {
            self.signal.request();
        }
        Ok(())
    }
}

fn complete(outcome: Outcome) -> embert_train::End {
    match outcome {
        Outcome::Complete(end) => end,
        Outcome::Interrupted { .. } => panic!("{outcome:?}"),
    }
}
