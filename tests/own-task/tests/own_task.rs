//! A task that no crate knows is trained, resumed, swept over, reported on and predicted with.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use embert_data::{Card, LoadOptions};
use embert_own_task::{TextLength, TextWithLength};
use embert_predict::{PredictError, Predictor};
use embert_report::{PageOptions, Run, Sweep, page, sweep_page, terminal};
use embert_run::{Facts, RunFiles, Scores, Status};
use embert_sweep::{SweepBuilder, SweepFolder, SweepHost, SweepOutcome};
use embert_task::{LabelOptions, Task as _, TaskData, load};
use embert_train::{
    Claim, ConfigBuilder, Event, Existing, Observer, Outcome, Prepared, RunFolder, StopSignal, TrainConfig,
    TrainError, Trainer,
};
use serde_json::json;

fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets").join(path)
}

/// Texts of 1 to 40 words, read from files that have no label.
fn data() -> TaskData<TextLength> {
    let folder = tempfile::tempdir().unwrap();
    let line = |id: usize| {
        let words = ["good", "film", "a", "story", "never", "the"];
        let text: Vec<&str> = (0..=id * 13 % 40).map(|n| words[(n * n + id) % words.len()]).collect();
        json!({"text": text.join(" "), "source": "made up"}).to_string() + "\n"
    };
    for (split, rows) in [("train", 0..64), ("validation", 64..84)] {
        let lines: String = rows.map(line).collect();
        std::fs::write(folder.path().join(format!("{split}.jsonl")), lines).unwrap();
    }
    let card = Card::for_folder(folder.path()).unwrap();
    TaskData {
        name: "lengths".into(),
        ..load(&card, folder.path(), &LoadOptions::default(), &LabelOptions::default()).unwrap()
    }
}

fn settings() -> ConfigBuilder {
    let model = format!("model={:?}", shipped("sample/bert").to_string_lossy());
    let settings = [
        model.as_str(),
        "dataset=lengths",
        "epochs=15",
        "batch_size=8",
        "data.max_length=64",
        "log=[\"tensorboard\"]",
    ];
    let rates = ["from_scratch=true", "optimizer.learning_rate=1e-3", "gradient_accumulation_steps=2"];
    settings
        .into_iter()
        .chain(rates)
        .fold(ConfigBuilder::new(), |config, setting| config.set(setting).unwrap())
}

fn prepared(config: &TrainConfig) -> Prepared<TextLength> {
    Prepared::new(config, config.model.as_ref(), data(), &Device::flex()).unwrap()
}

/// Requests a stop after a step.
struct StopAfter(usize, StopSignal);

impl Observer for StopAfter {
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
        if let Event::TrainStep(step) = event
            && step.step == self.0
        {
            self.1.request();
        }
        Ok(())
    }
}

#[test]
fn a_run_learns_is_resumed_to_the_same_bytes_and_predicts() {
    let dir = tempfile::tempdir().unwrap();
    let config = settings().build().unwrap();
    let begin = |name: &str| {
        let claim = Claim::run(&dir.path().join(name), Existing::Keep).unwrap();
        Trainer::begin(prepared(&config), claim, Device::flex()).unwrap()
    };
    let Outcome::Complete(end) = begin("whole").run().unwrap() else { panic!("it was not stopped") };
    assert_eq!((end.metric.as_str(), end.step), ("mae", 60));

    let stopped = begin("stopped");
    let signal = stopped.stop_signal();
    let outcome = stopped.observe(StopAfter(5, signal)).run().unwrap();
    assert_eq!(outcome, Outcome::Interrupted { step: 5, total_steps: 60 });
    let run = RunFolder::open(&dir.path().join("stopped")).unwrap();
    let resumed = Trainer::resume(prepared(run.config()), run, Device::flex()).unwrap();
    assert!(matches!(resumed.run().unwrap(), Outcome::Complete(_)));
    for file in ["model/model.safetensors", "facts.json", "scores.json", "examples.jsonl"] {
        let [whole, resumed] =
            ["whole", "stopped"].map(|run| std::fs::read(dir.path().join(run).join(file)).unwrap());
        assert!(whole == resumed, "{file} differs");
    }

    let folder = dir.path().join("whole");
    let files = RunFiles::new(&folder);
    let facts = Facts::read(&files.facts()).unwrap().unwrap();
    assert_eq!((facts.task.as_str(), facts.labels.len()), (TextLength::NAME, 0));
    let scores = Scores::read(&files.scores()).unwrap().unwrap();
    let error = scores.split("validation").unwrap().metrics.get("mae").unwrap();
    // A guess of the mean would be off by 10 words.
    assert!(error < 6.0, "{error}");

    let card = std::fs::read_to_string(files.model().join("README.md")).unwrap();
    assert!(
        card.contains("\n64 examples, 15 epochs at most") && card.contains("mean absolute error"),
        "{card}"
    );
    assert!(!card.contains("## Labels") && !card.contains("```python"), "{card}");

    let predictor = Predictor::<TextLength>::open(&folder.join("model"), &Device::flex()).unwrap();
    let examples = data().splits.validation;
    let answers: Vec<TextWithLength> =
        predictor.stream(examples.iter().cloned().map(Ok::<_, PredictError>)).map(Result::unwrap).collect();
    let lines = std::fs::read_to_string(files.examples()).unwrap();
    assert_eq!((answers.len(), lines.lines().count()), (20, 20));
    for (answer, line) in answers.iter().zip(lines.lines()) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["text"], answer.text.as_str());
        assert!((line["tokens"].as_f64().unwrap() - answer.tokens).abs() < 1e-3, "{line} {answer:?}");
    }

    let [run, other] = ["whole", "stopped"].map(|run| Run::read(&dir.path().join(run)).unwrap());
    assert!(terminal(&run).contains("validation mae: "), "{}", terminal(&run));
    let event_files = files.tensorboard().read_dir().unwrap();
    assert!(event_files.map(Result::unwrap).all(|file| file.metadata().unwrap().len() > 1000));
    // One run, and several beside each other. There are no labels, and the lines of examples.jsonl are its own.
    for runs in [vec![run.clone()], vec![run, other]] {
        let page = page(&runs, &PageOptions::default()).unwrap();
        assert!(page.contains("mean absolute error"), "{}", page.len());
        for absent in ["Confusion matrix", "By label", "On the validation split", "examples.jsonl"] {
            assert!(!page.contains(absent), "{absent} in a page of {} run(s)", runs.len());
        }
    }
}

struct Host;

impl SweepHost for Host {
    type Task = TextLength;
    type Error = TrainError;

    fn model(&mut self, config: &TrainConfig) -> Result<PathBuf, TrainError> {
        Ok(config.model.clone().into())
    }

    fn data(&mut self, _: &TrainConfig) -> Result<TaskData<TextLength>, TrainError> {
        Ok(data())
    }
}

/// A lower error is better, so the table has the smaller error first.
/// A task without a loss of whole texts says so, and trains nothing.
#[test]
fn windows_that_the_task_can_not_pool_are_refused() {
    let config = settings().set("data.train_stride=4").unwrap().build().unwrap();
    let error = Prepared::<TextLength>::new(&config, config.model.as_ref(), data(), &Device::flex());
    assert_eq!(
        error.unwrap_err().to_string(),
        "data.train_stride = 4: expected no value: text-length can't train on the windows of a text as one example"
    );
}

#[test]
fn a_sweep_has_the_smallest_error_first() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("sweep");
    let sweep =
        SweepBuilder::new(settings()).grid("optimizer.learning_rate=1e-9,1e-3").unwrap().build().unwrap();
    let place = SweepFolder::create(&folder, Existing::Keep).unwrap();
    let outcome = sweep.run(place, &mut Host, &StopSignal::default()).unwrap();
    let SweepOutcome::Complete(table) = outcome else { panic!("it was not stopped") };
    assert_eq!((table.metric.as_str(), table.count(Status::Complete)), ("mae", 2));
    assert!(table.points[0].mean.unwrap() < table.points[1].mean.unwrap(), "{table:?}");
    assert_eq!(table.points[0].point, "point-02");
    let page = sweep_page(&Sweep::read(&folder).unwrap(), &PageOptions::default()).unwrap();
    assert!(page.contains("ean absolute error"), "{}", page.len());
}
