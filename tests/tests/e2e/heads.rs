//! Checkpoints whose heads or weights are not what a classifier of the data needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use embert_tests::program::{bert_train, fail, succeed};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

use crate::predict::{model, names};

/// A copy of the shared model with the first `outputs` outputs of its head, and with the keys of `config` in
/// its `config.json`.
fn copy_of_model(dir: &Path, outputs: usize, config: &Value) -> PathBuf {
    let copy = dir.join("copy");
    fs::create_dir(&copy).unwrap();
    for name in names(&model()) {
        fs::copy(model().join(&name), copy.join(&name)).unwrap();
    }
    let bytes = fs::read(model().join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let views = file.iter().map(|(name, tensor)| {
        let (mut shape, mut data) = (tensor.shape().to_vec(), tensor.data());
        if name.starts_with("classifier.") {
            data = &data[..data.len() / shape[0] * outputs];
            shape[0] = outputs;
        }
        (name, TensorView::new(tensor.dtype(), shape, data).unwrap())
    });
    safetensors::serialize_to_file(views, None, &copy.join("model.safetensors")).unwrap();
    let path = copy.join("config.json");
    let mut keys: serde_json::Map<String, Value> =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    keys.extend(config.as_object().unwrap().clone());
    fs::write(&path, Value::Object(keys).to_string()).unwrap();
    copy
}

fn on(command: &str, model: &Path) -> Command {
    let mut run = bert_train();
    run.arg(command);
    match command {
        "inspect" => run.arg(model),
        "predict" => run.args(["A lovely evening", "--model"]).arg(model),
        _ => run.arg("--model").arg(model).args(["--dataset", "sample", "--max-length", "32"]),
    };
    run
}

/// `train` on few texts.
fn train(model: &Path, output: &Path) -> Command {
    let mut run = on("train", model);
    run.args(["--train-samples", "16", "--eval-samples", "8", "--epochs", "1", "--output"]).arg(output);
    run
}

#[test]
fn one_output_is_a_number_and_no_classes() {
    let dir = tempfile::tempdir().unwrap();
    let head =
        json!({"id2label": {"0": "LABEL_0"}, "label2id": null, "num_labels": null, "problem_type": null});
    let model = copy_of_model(dir.path(), 1, &head);
    let row: Value = serde_json::from_str(&succeed(&mut on("predict", &model))).unwrap();
    let score = row["score"].as_f64().unwrap();
    assert!(score > 0.0 && score < 1.0, "{score}");
    assert_eq!(row.as_object().unwrap().len(), 2, "{row}");
    assert!(succeed(&mut on("inspect", &model)).contains("head        1 output, sigmoid"));

    let run = dir.path().join("run");
    for (mut command, parts) in [
        (
            on("eval", &model),
            ["for text-classification (single_label_classification)", "(regression)", "predicts a number"],
        ),
        (train(&model, &run), ["2 classes (neg, pos)", "1 output (sigmoid)", "new_head"]),
    ] {
        let said = fail(&mut command);
        for part in parts {
            assert!(said.contains(part), "\"{part}\" is not said: {said}");
        }
        assert!(!run.exists(), "something was written");
    }
    succeed(train(&model, &run).args(["--set", "new_head=true"]));
    let config: Value =
        serde_json::from_str(&fs::read_to_string(run.join("model/config.json")).unwrap()).unwrap();
    assert_eq!(config["problem_type"], "single_label_classification");
    assert_eq!(config["id2label"], json!({"0": "neg", "1": "pos"}));
}

#[test]
fn a_regression_head_gives_raw_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let head = json!({"id2label": {"0": 0, "1": 1}, "label2id": null, "problem_type": "regression"});
    let model = copy_of_model(dir.path(), 2, &head);
    let row: Value = serde_json::from_str(&succeed(&mut on("predict", &model))).unwrap();
    let sum = row["scores"]["0"].as_f64().unwrap() + row["scores"]["1"].as_f64().unwrap();
    assert!((sum - 1.0).abs() > 1e-6 && row.get("probabilities").is_none(), "{row}");
    assert!(succeed(&mut on("inspect", &model)).contains("head        2 outputs, raw number"));
}

#[test]
fn labels_that_can_not_be_used_are_in_the_way_of_their_head_alone() {
    let dir = tempfile::tempdir().unwrap();
    let head = json!({"id2label": ["neg", "pos"], "label2id": null, "num_labels": 3});
    let model = copy_of_model(dir.path(), 2, &head);
    let run = dir.path().join("run");
    for mut command in [on("predict", &model), on("eval", &model), on("inspect", &model), train(&model, &run)]
    {
        let said = fail(&mut command);
        assert!(said.contains("config.json") && said.contains("\"id2label\""), "{said}");
    }
    succeed(train(&model, &run).args(["--set", "new_head=true"]));
    succeed(train(&model, &run).args(["--set", "from_scratch=true", "--overwrite"]));
}

#[test]
fn a_weight_that_is_no_number_is_named_by_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let model = copy_of_model(dir.path(), 2, &json!({}));
    let path = model.join("model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len() - 4;
    bytes[end..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let run = dir.path().join("run");
    for mut command in [on("predict", &model), on("eval", &model), on("inspect", &model), train(&model, &run)]
    {
        let said = fail(&mut command);
        assert!(said.contains("weight \"") && said.contains("NaN"), "{said}");
    }
    assert!(!run.exists(), "something was written");
}

#[test]
fn pairs_are_refused_by_a_model_with_one_token_type_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let rows: String = (0..40)
        .map(|n| {
            let label = if n % 2 == 0 { "neg" } else { "pos" };
            json!({"text": format!("text {n}"), "other": "and a second", "label": label}).to_string() + "\n"
        })
        .collect();
    fs::write(dir.path().join("rows.jsonl"), rows).unwrap();
    let card = "name = \"pairs\"\ntask = \"sequence-classification\"\n\n[files]\ntrain = [\"rows.jsonl\"]\n\n\
                [columns]\ntext = \"text\"\ntext_pair = \"other\"\nlabel = \"label\"\n";
    fs::write(dir.path().join("card.toml"), card).unwrap();
    let model = dir.path().join("model");
    fs::create_dir(&model).unwrap();
    let shipped = embert_tests::program::root().join("datasets/sample/bert");
    for name in names(&shipped) {
        fs::copy(shipped.join(&name), model.join(&name)).unwrap();
    }
    let config = fs::read_to_string(model.join("config.json")).unwrap();
    fs::write(model.join("config.json"), config.replace("\"type_vocab_size\": 2", "\"type_vocab_size\": 1"))
        .unwrap();

    let run = dir.path().join("run");
    let mut single = bert_train();
    single.args(["train", "--set", "from_scratch=true", "--epochs", "1", "--max-length", "32"]);
    single
        .args(["--train-samples", "16", "--eval-samples", "8", "--dataset", "sample", "--model"])
        .arg(&model);
    succeed(single.arg("--output").arg(&run));

    let mut train = bert_train();
    train.args(["train", "--set", "from_scratch=true", "--max-length", "32", "--model"]).arg(&model);
    train.arg("--dataset").arg(dir.path().join("card.toml")).arg("--output").arg(dir.path().join("other"));
    let mut eval = bert_train();
    eval.args(["eval", "--split", "train", "--model"]).arg(run.join("model"));
    eval.arg("--dataset").arg(dir.path().join("card.toml"));
    let mut predict = bert_train();
    predict.args(["predict", "--text-pair-column", "other", "--model"]).arg(run.join("model"));
    predict.arg("--input").arg(dir.path().join("rows.jsonl"));
    for command in [&mut train, &mut eval, &mut predict] {
        let said = fail(command);
        assert!(said.contains("pairs of texts the token types 0 to 1"), "{said}");
        assert!(said.contains("has 1 (\"type_vocab_size\")"), "{said}");
    }
    assert!(!dir.path().join("other").exists(), "something was written");
}
