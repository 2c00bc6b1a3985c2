//! `train` and its files; `eval` against the figures that training logged.

use std::fs;
use std::process::Command;

use embert_tests::program::{bert_train, fail, json_lines, small_run, succeed};
use serde_json::Value;

#[test]
fn a_run_leaves_all_that_it_promises() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let said = succeed(&mut small_run(&run, 0));
    assert!(said.contains("model"), "{said}");
    for file in
        ["config.toml", "metrics.jsonl", "model/config.json", "model/model.safetensors", "model/vocab.txt"]
    {
        assert!(run.join(file).is_file(), "{file} is missing");
    }

    let events = json_lines(&run.join("metrics.jsonl"));
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).collect::<Vec<_>>();
    let steps = of("train_step");
    assert_eq!(
        steps.iter().map(|step| step["step"].as_u64().unwrap()).collect::<Vec<_>>(),
        (1..=16).collect::<Vec<_>>()
    );
    for key in ["epoch", "loss", "grad_norm", "learning_rate", "examples", "tokens", "seconds"] {
        assert!(steps.iter().all(|step| step[key].is_number()), "{key}: {:?}", steps[0]);
    }
    assert!(steps.iter().all(|step| step["grad_norm"].as_f64().unwrap() > 0.0));
    assert!(steps[7]["epoch"] == 1 && steps[8]["epoch"] == 2);
    let evals = of("eval");
    assert_eq!(evals.len(), 2);
    for key in ["loss", "accuracy", "precision", "recall", "f1"] {
        assert!(evals.iter().all(|eval| eval[key].is_number()), "{key}: {:?}", evals[0]);
    }
    assert!(evals.iter().all(|eval| eval["split"] == "validation" && eval["examples"] == 32));
    let ends = of("end");
    assert_eq!(ends.len(), 1);
    assert!(ends[0]["peak_memory"].as_u64().unwrap() > 10 << 20);
    let best = evals.iter().map(|eval| eval["accuracy"].as_f64().unwrap()).fold(0.0, f64::max);
    assert_eq!(ends[0]["best_metric"], best);

    let config: Value =
        serde_json::from_str(&fs::read_to_string(run.join("model/config.json")).unwrap()).unwrap();
    assert_eq!(config["id2label"], serde_json::json!({"0": "neg", "1": "pos"}));
    assert_eq!(config["architectures"], serde_json::json!(["BertForSequenceClassification"]));
}

#[test]
fn one_seed_gives_the_same_bytes_and_another_seed_others() {
    let dir = tempfile::tempdir().unwrap();
    let weights = |name: &str, seed: u64| {
        let run = dir.path().join(name);
        succeed(&mut small_run(&run, seed));
        fs::read(run.join("model/model.safetensors")).unwrap()
    };
    let first = weights("a", 7);
    assert!(first == weights("b", 7), "two runs with one seed differ");
    assert!(first != weights("c", 8), "another seed gave the same weights");
}

#[test]
fn eval_gives_the_numbers_that_training_printed_and_predict_agrees() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    succeed(&mut small_run(&run, 1));
    let events = json_lines(&run.join("metrics.jsonl"));
    let end = events.iter().find(|event| event["event"] == "end").unwrap();
    let trained = events
        .iter()
        .find(|event| event["event"] == "eval" && event["step"] == end["best_step"])
        .expect("the best step was evaluated");

    let model = run.join("model");
    let predictions = dir.path().join("validation.jsonl");
    let eval = |split: &str| {
        let mut command = bert_train();
        command.args(["eval", "--json", "--split", split, "--model"]).arg(&model);
        command.arg("--predictions").arg(&predictions);
        serde_json::from_str::<Value>(&succeed(&mut command)).unwrap()
    };
    let found = eval("validation");
    for key in ["loss", "accuracy", "precision", "recall", "f1", "examples"] {
        assert_eq!(found[key], trained[key], "{key}");
    }

    let scored = json_lines(&predictions);
    assert_eq!(scored.len(), 32);
    let texts = dir.path().join("texts.jsonl");
    fs::copy(&predictions, &texts).unwrap();
    let mut predict = bert_train();
    predict.args(["predict", "--model"]).arg(&model).arg("--input").arg(&texts);
    let predicted: Vec<Value> =
        succeed(&mut predict).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (one, other) in scored.iter().zip(&predicted) {
        assert_eq!(one["text"], other["text"]);
        assert_eq!(one["predicted"], other["label"]);
        let (a, b) = (one["score"].as_f64().unwrap(), other["score"].as_f64().unwrap());
        // Batches are composed differently, so that sums are taken in another order: f32 rounding.
        assert!((a - b).abs() < 1e-5, "{a} and {b} for {}", one["text"]);
    }
    let right = scored.iter().filter(|row| row["predicted"] == row["target"]).count();
    assert_eq!(found["accuracy"], right as f64 / 32.0);
}

/// Most of the sample's texts are longer than 14 tokens, by up to five windows.
#[test]
fn eval_and_predict_read_long_texts_as_the_run_did() {
    long_texts_are_read_as_in_the_run(&["--stride", "4", "--truncation", "head_tail:6"]);
}

/// The windows of training are those of evaluation and prediction too.
#[test]
fn eval_and_predict_read_the_windows_of_training() {
    long_texts_are_read_as_in_the_run(&["--train-stride", "4", "--truncation", "tail"]);
}

fn long_texts_are_read_as_in_the_run(windows: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    // The model is trained until it is sure of something: else all predictions are alike.
    let settings = ["--max-length", "16", "--epochs", "8", "--keep", "last"];
    succeed(small_run(&run, 1).args(settings).args(windows));
    let model = run.join("model");
    let rows = |file: &str| -> Vec<Vec<f64>> {
        let rows = json_lines(&dir.path().join(file));
        rows.iter()
            .map(|row| match &row["probabilities"] {
                Value::Array(all) => all.iter().map(|p| p.as_f64().unwrap()).collect(),
                all => ["neg", "pos"].iter().map(|label| all[label].as_f64().unwrap()).collect(),
            })
            .collect()
    };
    let ran = |command: &str, output: &str, more: &[&str]| {
        let mut program = bert_train();
        program.arg(command).arg("--model").arg(&model).args(more);
        succeed(
            program
                .arg(if command == "eval" { "--predictions" } else { "--output" })
                .arg(dir.path().join(output)),
        );
        rows(output)
    };
    let trained: Vec<Vec<f64>> = rows("run/examples.jsonl").into_iter().take(32).collect();
    let pooled = ran("eval", "pooled.jsonl", &[]);
    let input = dir.path().join("pooled.jsonl");
    let input = ["--input", input.to_str().unwrap()];
    let none = ["--stride", "none"];
    let cut = ran("eval", "cut.jsonl", &none);
    let head = ran("eval", "head.jsonl", &["--stride", "none", "--truncation", "head"]);
    let predicted = ran("predict", "predicted.jsonl", &input);
    let predicted_cut = ran("predict", "predicted-cut.jsonl", &[input, none].concat());
    let largest = |one: &[Vec<f64>], other: &[Vec<f64>]| {
        assert_eq!((one.len(), other.len()), (32, 32));
        let pairs = one.iter().flatten().zip(other.iter().flatten());
        pairs.fold(0.0, |largest: f64, (a, b)| largest.max((a - b).abs()))
    };
    // Batches are composed differently, so that sums are taken in another order: f32 rounding.
    for (one, other) in [(&trained, &pooled), (&pooled, &predicted), (&cut, &predicted_cut)] {
        assert!(largest(one, other) < 1e-5, "{}", largest(one, other));
    }
    for (one, other) in [(&pooled, &cut), (&cut, &head)] {
        assert!(largest(one, other) > 1e-3, "{}", largest(one, other));
    }
}

#[test]
fn a_finished_run_is_not_overwritten_by_accident() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    succeed(&mut small_run(&run, 0));
    let before = fs::read(run.join("model/model.safetensors")).unwrap();
    let said = fail(&mut small_run(&run, 5));
    assert!(said.contains("--overwrite"), "{said}");
    assert_eq!(fs::read(run.join("model/model.safetensors")).unwrap(), before);
    succeed(small_run(&run, 5).arg("--overwrite"));
    assert_ne!(fs::read(run.join("model/model.safetensors")).unwrap(), before);
}

#[test]
fn without_a_validation_split_it_says_so_and_keeps_the_last_weights() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut command = small_run(&run, 0);
    command.args(["--split-ratios", "1/0/0"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("no validation split"), "{said}");
    let events = json_lines(&run.join("metrics.jsonl"));
    assert!(events.iter().all(|event| event["event"] != "eval"));
    assert!(run.join("model/model.safetensors").is_file());
}

#[test]
fn training_goes_on_from_its_own_result_with_the_same_head() {
    let dir = tempfile::tempdir().unwrap();
    let first = dir.path().join("first");
    succeed(small_run(&first, 0).args(["--metric", "accuracy"]));
    let second = dir.path().join("second");
    let mut command: Command = bert_train();
    command
        .args([
            "train",
            "--dataset",
            "sample",
            "--train-samples",
            "16",
            "--eval-samples",
            "32",
            "--epochs",
            "1",
        ])
        .args(["--max-length", "64", "--learning-rate", "1e-12", "--weight-decay", "0", "--model"])
        .arg(first.join("model"))
        .arg("--output")
        .arg(&second);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("newly initialized"), "{said}");
    // With a learning rate of almost 0 the second run's result is the first one's.
    let accuracy = |run: &std::path::Path| {
        let events = json_lines(&run.join("metrics.jsonl"));
        events.iter().find(|event| event["event"] == "end").unwrap()["best_metric"].clone()
    };
    assert_eq!(accuracy(&first), accuracy(&second));
}

#[test]
fn the_loss_falls_and_the_learning_rate_warms_up() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut command = small_run(&run, 0);
    command.args(["--epochs", "12", "--dropout", "0", "--warmup-ratio", "0.25", "--no-shuffle"]);
    succeed(&mut command);
    let events = json_lines(&run.join("metrics.jsonl"));
    let series = |key: &str| -> Vec<f64> {
        events
            .iter()
            .filter(|event| event["event"] == "train_step")
            .map(|step| step[key].as_f64().unwrap())
            .collect()
    };
    let rates = series("learning_rate");
    assert_eq!(rates.len(), 96);
    assert!(rates[..24].windows(2).all(|pair| pair[0] < pair[1]), "no warm-up: {rates:?}");
    assert!(rates[24..].windows(2).all(|pair| pair[0] > pair[1]), "no decay: {rates:?}");
    let losses = series("loss");
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    assert!(mean(&losses[88..]) < 0.5 * mean(&losses[..8]), "{losses:?}");
}

/// The memory of the process that started the program does not count.
#[test]
fn peak_memory_is_the_programs_own() {
    let held = vec![1_u8; 512 << 20];
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    succeed(&mut small_run(&run, 0));
    let events = json_lines(&run.join("metrics.jsonl"));
    let peak = events.iter().find(|event| event["event"] == "end").unwrap()["peak_memory"].as_u64().unwrap();
    assert!(held.iter().all(|&byte| byte == 1), "the memory is held until here");
    assert!(peak < 512 << 20, "{peak} bytes");
}
