//! Whole sweeps of a tiny model: which data are loaded and encoded, how often, and the resulting table.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use embert_data::Card;
use embert_run::{Better, RunResult, Status, SweepTable};
use embert_sweep::{Sweep, SweepBuilder, SweepEvent, SweepFolder, SweepHost, SweepOutcome};
use embert_task::{TaskData, TaskError, TextClassification, load};
use embert_train::{
    Claim, ConfigBuilder, Existing, Keep, Outcome, Prepared, StopSignal, TrainConfig, Trainer,
};

/// A folder with a checkpoint's shape (two layers of 16) and a small part of the sample.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/sample");
        let dir = tempfile::tempdir().unwrap();
        let (model, data) = (dir.path().join("tiny"), dir.path().join("reviews"));
        for folder in [&model, &data] {
            fs::create_dir(folder).unwrap();
        }
        for file in ["vocab.txt", "tokenizer_config.json"] {
            fs::copy(shipped.join("bert").join(file), model.join(file)).unwrap();
        }
        let config = fs::read_to_string(shipped.join("bert/config.json")).unwrap();
        let mut config: serde_json::Value = serde_json::from_str(&config).unwrap();
        for (key, value) in [("hidden_size", 16), ("num_attention_heads", 2), ("intermediate_size", 32)] {
            config[key] = value.into();
        }
        fs::write(model.join("config.json"), config.to_string()).unwrap();
        for (split, count) in [("train", 44), ("validation", 20), ("test", 10)] {
            let all = fs::read_to_string(shipped.join(format!("{split}.jsonl"))).unwrap();
            let part: String = all.lines().take(count).flat_map(|line| [line, "\n"]).collect();
            fs::write(data.join(format!("{split}.jsonl")), part).unwrap();
        }
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn bytes(&self, file: &str) -> Vec<u8> {
        fs::read(self.path(file)).unwrap()
    }

    /// Trains the config in a run folder of its own.
    fn train(&self, run: &str, config: &TrainConfig) {
        let root = self.path("reviews");
        let data =
            load(&Card::for_folder(&root).unwrap(), &root, &config.load_options(), &config.label_options())
                .unwrap();
        let claim = Claim::run(&self.path(run), Existing::Keep).unwrap();
        let task =
            Prepared::<TextClassification>::new(config, &self.path("tiny"), data, &Device::flex()).unwrap();
        let outcome = Trainer::begin(task, claim, Device::flex()).unwrap().run().unwrap();
        assert!(matches!(outcome, Outcome::Complete(_)), "{outcome:?}");
    }

    /// Eleven micro-batches, in three steps of three and one of two.
    fn config(&self) -> TrainConfig {
        let mut config = TrainConfig {
            model: self.path("tiny").to_string_lossy().into_owned(),
            from_scratch: true,
            dataset: self.path("reviews").to_string_lossy().into_owned(),
            batch_size: 4,
            gradient_accumulation_steps: 3,
            seed: 7,
            ..TrainConfig::default()
        };
        config.data.max_length = 24;
        config.optimizer.learning_rate = 1e-3;
        config
    }
}

/// Counts the models and data sets that the sweep requests.
#[derive(Default)]
struct Host {
    models: usize,
    loads: usize,
    encoded: Vec<usize>,
    runs: Vec<String>,
    stop_after: Option<usize>,
    stop: StopSignal,
}

impl SweepHost for Host {
    type Task = TextClassification;
    type Error = TaskError;

    fn model(&mut self, config: &TrainConfig) -> Result<PathBuf, TaskError> {
        self.models += 1;
        Ok(config.model.clone().into())
    }

    fn data(&mut self, config: &TrainConfig) -> Result<TaskData<TextClassification>, TaskError> {
        self.loads += 1;
        let root = PathBuf::from(&config.dataset);
        load(&Card::for_folder(&root)?, &root, &config.load_options(), &config.label_options())
    }

    fn on_event(&mut self, event: &SweepEvent<'_>) -> Result<(), TaskError> {
        match event {
            SweepEvent::Encoded { config } => self.encoded.push(config.data.max_length),
            SweepEvent::RunBegins { point, seed, .. } => self.runs.push(format!("{point}/{seed}")),
            SweepEvent::RunEnds { .. } if self.stop_after == Some(self.runs.len()) => self.stop.request(),
            _ => {}
        }
        Ok(())
    }
}

fn builder(place: &Place, change: impl FnOnce(&mut TrainConfig)) -> SweepBuilder {
    let mut config = place.config();
    config.epochs = 1;
    change(&mut config);
    let text = config.to_toml().unwrap();
    SweepBuilder::new(ConfigBuilder::new().text(&text, Path::new("config.toml")).unwrap())
}

/// Whether a sweep is new or resumed.
#[derive(Clone, Copy)]
enum Start {
    New,
    Resumed,
}

fn run(place: &Place, sweep: &Sweep, host: &mut Host, start: Start) -> SweepOutcome {
    let stop = host.stop.clone();
    let folder = match start {
        Start::New => SweepFolder::create(&place.path("sweep"), Existing::Keep),
        Start::Resumed => SweepFolder::open(&place.path("sweep")),
    };
    sweep.run(folder.unwrap(), host, &stop).unwrap()
}

#[test]
fn texts_are_loaded_and_encoded_once_for_each_value_they_depend_on() {
    let place = Place::new();
    let sweep = builder(&place, |_| ())
        .grid("batch_size=4,5")
        .unwrap()
        .grid("data.max_length=24,16")
        .unwrap()
        .seeds(2)
        .build()
        .unwrap();
    let mut host = Host::default();
    let SweepOutcome::Complete(table) = run(&place, &sweep, &mut host, Start::New) else { panic!("stopped") };
    assert_eq!(table.count(Status::Complete), 8);
    assert_eq!((host.loads, host.encoded), (2, vec![24, 16]));
    // Runs on the same texts follow each other, so that only their texts are in memory.
    let lengths: Vec<&str> = host.runs.iter().map(|run| &run[run.find("max_length").unwrap()..]).collect();
    assert_eq!(lengths[..4], ["max_length = 24/7", "max_length = 24/8"].repeat(2)[..]);
    // Each run's weights are those of the same config trained alone.
    for run in ["runs/point-01-seed-8", "runs/point-04-seed-7"] {
        let (_, config) = (run, TrainConfig { output: None, ..read_config(&place, run) });
        place.train(&format!("alone/{run}"), &config);
        let [shared, alone] =
            ["sweep", "alone"].map(|kind| place.bytes(&format!("{kind}/{run}/model/model.safetensors")));
        assert!(shared == alone, "{run}");
    }
}

fn read_config(place: &Place, run: &str) -> TrainConfig {
    let path = place.path("sweep").join(run).join("config.toml");
    ConfigBuilder::new().file(&path).unwrap().build().unwrap()
}

#[test]
fn a_stopped_sweep_trains_what_is_missing() {
    let place = Place::new();
    let sweep = builder(&place, |_| ()).grid("batch_size=4,5").unwrap().seeds(2).build().unwrap();
    let mut host = Host { stop_after: Some(3), ..Host::default() };
    let SweepOutcome::Interrupted(table) = run(&place, &sweep, &mut host, Start::New) else {
        panic!("complete")
    };
    assert_eq!((table.count(Status::Complete), table.count(Status::Missing)), (3, 1));

    let sweep = Sweep::open(&place.path("sweep")).unwrap();
    let mut host = Host::default();
    let SweepOutcome::Complete(table) = run(&place, &sweep, &mut host, Start::Resumed) else {
        panic!("stopped")
    };
    assert_eq!((table.count(Status::Complete), host.runs), (4, vec!["batch_size = 5/8".to_owned()]));
    // A complete sweep loads no model and no data set.
    let mut host = Host::default();
    assert_eq!(run(&place, &sweep, &mut host, Start::Resumed), SweepOutcome::Complete(table.clone()));
    assert_eq!((host.loads, host.models), (0, 0));
    let written: SweepTable = serde_json::from_slice(&place.bytes("sweep/sweep.json")).unwrap();
    assert_eq!(written, table);
}

/// Runs that choose their weights in different ways are compared by the sweep's metric of the weights that
/// they kept.
#[test]
fn the_table_has_the_sweeps_metric_of_the_kept_weights() {
    let place = Place::new();
    let sweep = builder(&place, |config| {
        config.metric = Some("loss".into());
        config.evaluate_every = Some(1);
        config.optimizer.learning_rate = 0.02;
    })
    .grid("keep=best,last")
    .unwrap()
    .grid("metric=loss,accuracy")
    .unwrap()
    .build()
    .unwrap();
    let SweepOutcome::Complete(table) = run(&place, &sweep, &mut Host::default(), Start::New) else {
        panic!()
    };
    assert_eq!((table.metric.as_str(), table.better), ("loss", Better::Lower));
    for point in &table.points {
        let result = &point.runs[0];
        let config = read_config(&place, &result.run);
        if config.keep == Keep::Last {
            assert_eq!(result.step, Some(4));
        }
        // `value` is read from `scores.json`, `metrics` from the log.
        let difference = result.value.unwrap() - result.metrics.as_ref().unwrap().get("loss").unwrap();
        assert!(difference.abs() < 1e-12, "{point:?}");
    }
    let steps: Vec<_> = table.points.iter().map(|point| point.runs[0].step).collect();
    assert!(steps.iter().any(|step| *step != Some(4)), "each kept the last weights: {steps:?}");
}

#[test]
fn a_sweep_without_validation_has_no_values() {
    let place = Place::new();
    let sweep =
        builder(&place, |config| config.data.split_ratios = Some([1.0, 0.0, 0.0])).seeds(2).build().unwrap();
    let SweepOutcome::Complete(table) = run(&place, &sweep, &mut Host::default(), Start::New) else {
        panic!()
    };
    assert_eq!((table.points[0].mean, table.count(Status::Complete)), (None, 2));
    assert!(table.points[0].seconds.is_some_and(|seconds| seconds > 0.0));
}

/// Removes the log of each run before the next one begins.
struct Forgets {
    host: Host,
    last: Option<PathBuf>,
}

impl SweepHost for Forgets {
    type Task = TextClassification;
    type Error = TaskError;

    fn model(&mut self, config: &TrainConfig) -> Result<PathBuf, TaskError> {
        self.host.model(config)
    }

    fn data(&mut self, config: &TrainConfig) -> Result<TaskData<TextClassification>, TaskError> {
        self.host.data(config)
    }

    fn on_event(&mut self, event: &SweepEvent<'_>) -> Result<(), TaskError> {
        match event {
            SweepEvent::RunBegins { .. } => {
                if let Some(log) = self.last.take() {
                    fs::remove_file(log).unwrap();
                }
            }
            SweepEvent::RunEnds { run, .. } => self.last = Some(run.metrics()),
            _ => {}
        }
        Ok(())
    }
}

/// The table is written after each run; a complete run's log is read for the first of these tables only.
#[test]
fn each_runs_log_is_read_once() {
    let place = Place::new();
    let sweep = builder(&place, |_| ()).grid("batch_size=4,5").unwrap().seeds(2).build().unwrap();
    let mut host = Forgets { host: Host::default(), last: None };
    let folder = SweepFolder::create(&place.path("sweep"), Existing::Keep).unwrap();
    let outcome = sweep.run(folder, &mut host, &StopSignal::default()).unwrap();
    let SweepOutcome::Complete(table) = outcome else { panic!("stopped") };
    assert_eq!(table.count(Status::Complete), 4);
    assert!(table.runs().all(|run| run.value.is_some() && run.metrics.is_some()));
}

/// `scores.json` has the metrics that a damaged log line has lost.
#[test]
fn a_damaged_evaluation_does_not_change_the_table() {
    let place = Place::new();
    let sweep = builder(&place, |_| ()).seeds(2).build().unwrap();
    let SweepOutcome::Complete(table) = run(&place, &sweep, &mut Host::default(), Start::New) else {
        panic!("stopped")
    };
    let log = place.path("sweep").join(&table.points[0].runs[0].run).join("metrics.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    fs::write(&log, text.replace("\"split\":\"validation\"", "\"split\":\"valid")).unwrap();
    let again = run(&place, &sweep, &mut Host::default(), Start::Resumed);
    let SweepOutcome::Complete(again) = again else { panic!("stopped") };
    let (before, after) = (&table.points[0].runs[0], &again.points[0].runs[0]);
    assert_eq!((before.step, before.seconds, before.status), (after.step, after.seconds, after.status));
    let figures = |run: &RunResult| {
        let figures = run.metrics.clone().unwrap();
        let named = ["accuracy", "f1", "mcc", "loss"].map(|name| figures.get(name).unwrap());
        [run.value.unwrap(), named[0], named[1], named[2], named[3]]
    };
    // The metrics before are from the log, those after from `scores.json`.
    for (one, other) in figures(before).into_iter().zip(figures(after)) {
        assert!((one - other).abs() < 1e-9, "{one} against {other}");
    }
}

/// If the end of `sweep.json` is cut off, the failures before the cut are kept: here a failed run, which is
/// not tried again since the sweep is stopped at once.
#[test]
fn a_damaged_table_keeps_the_failures_that_can_be_read() {
    let place = Place::new();
    let fails = |config: &mut TrainConfig| {
        config.max_grad_norm = 0.0;
        config.optimizer.warmup_ratio = 0.0;
    };
    let sweep = builder(&place, fails).grid("optimizer.learning_rate=1e-4,1e30").unwrap().build().unwrap();
    let SweepOutcome::Complete(table) = run(&place, &sweep, &mut Host::default(), Start::New) else {
        panic!("stopped")
    };
    let failures = |table: &SweepTable| -> Vec<(String, Option<String>)> {
        table.runs().map(|run| (run.run.clone(), run.error.clone())).collect()
    };
    assert_eq!(table.count(Status::Failed), 1, "{table:?}");
    let path = place.path("sweep/sweep.json");
    let bytes = fs::read(&path).unwrap();
    // The failed run is the last of the table; only the closing brackets are cut.
    fs::write(&path, &bytes[..bytes.len() - 8]).unwrap();
    let mut host = Host::default();
    host.stop.request();
    let SweepOutcome::Complete(again) = run(&place, &sweep, &mut host, Start::Resumed) else {
        panic!("the failure is forgotten")
    };
    assert_eq!(failures(&again), failures(&table));
}

/// A model card names the seed of the splits, which all runs of a point share, and not the run's own seed.
#[test]
fn cards_of_a_sweep_name_the_seed_of_the_splits() {
    let place = Place::new();
    let cut = |config: &mut TrainConfig| config.data.split_ratios = Some([0.7, 0.3, 0.0]);
    let sweep = builder(&place, cut).grid("data.split_seed=7,9").unwrap().seeds(2).build().unwrap();
    run(&place, &sweep, &mut Host::default(), Start::New);
    for (name, seed) in [("point-01-seed-8", 7), ("point-02-seed-7", 9)] {
        let card = String::from_utf8(place.bytes(&format!("sweep/runs/{name}/model/README.md"))).unwrap();
        assert!(card.contains(&format!("shares 0.7/0.3/0, seed {seed}.")), "{card}");
        assert!(card.contains(&format!("seed: {seed}\n")), "{card}");
    }
}
