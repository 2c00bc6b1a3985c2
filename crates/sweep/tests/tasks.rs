//! A sweep of each task, on the samples that ship with the program: the table's metric and its direction.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use embert_data::Card;
use embert_run::{Better, Status, SweepTable};
use embert_sweep::{Sweep, SweepBuilder, SweepFolder, SweepHost, SweepOutcome};
use embert_task::{
    MultiLabelClassification, Task, TaskData, TaskError, TextClassification, TextRegression,
    TokenClassification, find_columns, load,
};
use embert_train::{ConfigBuilder, Existing, StopSignal, TrainConfig};

/// A path in the repository's `datasets/`.
fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets").join(path)
}

/// Loads a shipped sample.
struct Host<T>(PhantomData<T>);

impl<T: Task> SweepHost for Host<T> {
    type Task = T;
    type Error = TaskError;

    fn model(&mut self, config: &TrainConfig) -> Result<PathBuf, TaskError> {
        Ok(config.model.clone().into())
    }

    fn data(&mut self, config: &TrainConfig) -> Result<TaskData<T>, TaskError> {
        let (root, options) = (shipped(""), config.load_options());
        let card = Card::from_file(&shipped(&format!("{}.toml", config.dataset)))?;
        let card = find_columns(card, &root, &options, T::NAME.parse().ok())?.card;
        load(&card, &root, &options, &config.label_options())
    }
}

/// A checkpoint's shape with two layers of 16.
fn tiny(folder: &Path) -> String {
    fs::create_dir(folder).unwrap();
    for file in ["vocab.txt", "tokenizer_config.json"] {
        fs::copy(shipped("sample/bert").join(file), folder.join(file)).unwrap();
    }
    let config = fs::read_to_string(shipped("sample/bert/config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&config).unwrap();
    for (key, value) in [("hidden_size", 16), ("num_attention_heads", 2), ("intermediate_size", 32)] {
        config[key] = value.into();
    }
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    folder.to_string_lossy().into_owned()
}

/// Sweeps over a low and a high learning rate; returns the table.
fn sweep<T: Task>(dataset: &str, metric: Option<&str>) -> SweepTable {
    let dir = tempfile::tempdir().unwrap();
    let mut config = TrainConfig {
        model: tiny(&dir.path().join("tiny")),
        from_scratch: true,
        dataset: dataset.to_owned(),
        metric: metric.map(str::to_owned),
        epochs: 4,
        evaluate_every: Some(2),
        seed: 7,
        ..TrainConfig::default()
    };
    config.data.max_length = 24;
    (config.data.train_samples, config.data.eval_samples) = (Some(48), Some(24));
    let config = ConfigBuilder::new().text(&config.to_toml().unwrap(), Path::new("config.toml")).unwrap();
    let sweep: Sweep =
        SweepBuilder::new(config).grid("optimizer.learning_rate=1e-4,2e-2").unwrap().build().unwrap();
    let folder = SweepFolder::create(&dir.path().join("sweep"), Existing::Keep).unwrap();
    let outcome = sweep.run(folder, &mut Host::<T>(PhantomData), &StopSignal::default()).unwrap();
    let SweepOutcome::Complete(table) = outcome else { panic!("stopped") };
    let written = fs::read(dir.path().join("sweep/sweep.json")).unwrap();
    assert_eq!(serde_json::from_slice::<SweepTable>(&written).unwrap(), table);
    let csv = fs::read_to_string(dir.path().join("sweep/sweep.csv")).unwrap();
    let has_baseline = table.points.iter().any(|point| point.baseline.is_some());
    assert_eq!(csv.lines().next().unwrap().contains(",baseline,"), has_baseline, "{csv}");
    // Each run kept the weights that are the best by the metric, in its direction.
    for point in &table.points {
        let run = &point.runs[0];
        let log = fs::read_to_string(dir.path().join("sweep").join(&run.run).join("metrics.jsonl")).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let of_validation = lines.filter(|line| line["event"] == "eval" && line["split"] == "validation");
        let values: Vec<f64> =
            of_validation.filter_map(|line| line[table.metric.as_str()].as_f64()).collect();
        assert!(values.len() > 1, "{log}");
        let best = values.into_iter().reduce(|best, value| match table.better {
            Better::Higher => best.max(value),
            Better::Lower => best.min(value),
        });
        // `value` is read from `scores.json`, the others from the log.
        assert!((run.value.unwrap() - best.unwrap()).abs() < 1e-12, "{point:?}");
    }
    table
}

fn the_table_has_the_tasks_metric<T: Task>(dataset: &str, lower: &[&str]) {
    let wanted = std::iter::once(None).chain(lower.iter().map(|name| Some(*name)));
    for metric in wanted {
        let table = sweep::<T>(dataset, metric);
        assert_eq!((table.points.len(), table.count(Status::Complete)), (2, 2), "{table:?}");
        let better = if metric.is_some() { Better::Lower } else { Better::Higher };
        assert_eq!((table.metric.as_str(), table.better), (metric.unwrap_or(T::METRIC), better));
        // What the best rule without a model gets, for each task but one label a text.
        for point in &table.points {
            let rules = &point.runs[0].baselines;
            assert_eq!(rules.is_empty(), dataset == "sample", "{point:?}");
            let values = rules.iter().filter_map(|rule| rule.metrics.get(&table.metric));
            let best = values.reduce(|one, other| if better.is_better(other, one) { other } else { one });
            assert_eq!(point.baseline, best, "{point:?}");
        }
        let [one, other] = [0, 1].map(|point| table.points[point].mean.unwrap());
        // Accuracy may stay that of one label for all.
        assert!((one - other).abs() > 1e-9 || table.metric == "accuracy", "{table:?}");
    }
}

#[test]
fn one_label() {
    the_table_has_the_tasks_metric::<TextClassification>("sample", &["loss"]);
}

#[test]
fn several_labels() {
    the_table_has_the_tasks_metric::<MultiLabelClassification>("sample-topics", &["loss"]);
}

#[test]
fn numbers_of_pairs() {
    the_table_has_the_tasks_metric::<TextRegression>("sample-similarity", &["mse"]);
}

#[test]
fn tags() {
    the_table_has_the_tasks_metric::<TokenClassification>("sample-ner", &["loss"]);
}
