//! Bad inputs are refused by name, and leave nothing half-written.

use std::fs;
use std::path::Path;
use std::process::Command;

use embert_tests::program::{bert_train, fail};
use serde_json::json;

use crate::predict::{model, names};

/// Runs `train` with these arguments in a folder of its own. The run must fail, say all `parts` and write
/// nothing.
fn refuses(dir: &Path, arguments: &[&str], parts: &[&str]) {
    let run = dir.join("run");
    let mut command = bert_train();
    command.arg("train");
    if !arguments.iter().any(|argument| ["--config", "--model"].contains(argument)) {
        command.args(["--config", "configs/sample.toml"]);
    }
    command.args(arguments).arg("--output").arg(&run);
    let said = fail(&mut command);
    for part in parts {
        assert!(said.contains(part), "\"{part}\" is not said:\n{said}");
    }
    assert!(!run.join("model").exists() && !run.join("metrics.jsonl").exists(), "something was written");
}

/// A copy of the shared model that a test may damage.
fn copy_of_model(dir: &Path) -> std::path::PathBuf {
    let copy = dir.join("copy");
    fs::create_dir(&copy).unwrap();
    for name in names(&model()) {
        fs::copy(model().join(&name), copy.join(&name)).unwrap();
    }
    copy
}

fn predicts_not(model: &Path, parts: &[&str]) {
    let mut command: Command = bert_train();
    command.args(["predict", "A text", "--model"]).arg(model);
    let said = fail(&mut command);
    for part in parts {
        assert!(said.contains(part), "\"{part}\" is not said:\n{said}");
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_truncated_safetensors_file() {
    let dir = tempfile::tempdir().unwrap();
    let copy = copy_of_model(dir.path());
    let weights = copy.join("model.safetensors");
    let bytes = fs::read(&weights).unwrap();
    fs::write(&weights, &bytes[..bytes.len() - 100]).unwrap();
    predicts_not(&copy, &["model.safetensors"]);
    fs::write(&weights, &bytes[..4]).unwrap();
    predicts_not(&copy, &["model.safetensors"]);
}

#[test]
fn a_header_that_claims_ten_gigabytes() {
    let dir = tempfile::tempdir().unwrap();
    let copy = copy_of_model(dir.path());
    let mut bytes = 10_000_000_000_u64.to_le_bytes().to_vec();
    bytes.extend_from_slice(b"{}");
    fs::write(copy.join("model.safetensors"), bytes).unwrap();
    predicts_not(&copy, &["model.safetensors"]);
}

#[test]
fn an_empty_weights_file() {
    let dir = tempfile::tempdir().unwrap();
    let copy = copy_of_model(dir.path());
    fs::write(copy.join("model.safetensors"), "").unwrap();
    predicts_not(&copy, &["model.safetensors"]);
}

#[test]
fn no_weights_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let copy = copy_of_model(dir.path());
    fs::remove_file(copy.join("model.safetensors")).unwrap();
    predicts_not(&copy, &["model.safetensors"]);
}

#[test]
fn a_checkpoint_of_another_architecture() {
    let dir = tempfile::tempdir().unwrap();
    let copy = copy_of_model(dir.path());
    let text = fs::read_to_string(copy.join("config.json")).unwrap();
    fs::write(copy.join("config.json"), text.replace("\"bert\"", "\"roberta\"")).unwrap();
    predicts_not(&copy, &["config.json", "RoBERTa", "\"bert\""]);
}

#[test]
fn a_config_that_does_not_fit_the_weights() {
    let dir = tempfile::tempdir().unwrap();
    let copy = copy_of_model(dir.path());
    let text = fs::read_to_string(copy.join("config.json")).unwrap();
    fs::write(
        copy.join("config.json"),
        text.replace("\"intermediate_size\": 512", "\"intermediate_size\": 511"),
    )
    .unwrap();
    predicts_not(&copy, &["intermediate.dense", "512", "511"]);
}

#[test]
fn a_broken_tokenizer() {
    let dir = tempfile::tempdir().unwrap();
    let copy = copy_of_model(dir.path());
    fs::write(copy.join("tokenizer.json"), "{\"model\":").unwrap();
    predicts_not(&copy, &["tokenizer.json"]);
}

#[test]
fn a_vocabulary_without_its_special_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let copy = copy_of_model(dir.path());
    let _ = fs::remove_file(copy.join("tokenizer.json"));
    fs::write(copy.join("vocab.txt"), "a\nb\nc\n").unwrap();
    predicts_not(&copy, &["vocab.txt", "["]);
}

#[test]
fn a_checkpoint_without_a_classifier_predicts_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let copy = copy_of_model(dir.path());
    let weights = copy.join("model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    // Renamed to names of the same length, the classifier's weights are left over and the header stays valid.
    let name = b"\"classifier.";
    let places: Vec<usize> =
        (0..bytes.len() - name.len()).filter(|&at| bytes[at..].starts_with(name)).collect();
    assert_eq!(places.len(), 2, "a weight and a bias");
    for at in places {
        bytes[at + 1] = b'k';
    }
    fs::write(&weights, bytes).unwrap();
    predicts_not(&copy, &["classifier.weight", "copy"]);
}

#[test]
fn a_misspelt_key() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("run.toml");
    fs::write(&config, "dataset = \"sample\"\n\n[optimizer]\nlearning_rat = 1e-5\n").unwrap();
    refuses(dir.path(), &["--config", path(&config)], &["run.toml", "line 4", "optimizer.learning_rate"]);
    refuses(dir.path(), &["--set", "batchsize=3"], &["batchsize", "batch_size"]);
}

#[test]
fn a_value_out_of_range() {
    let dir = tempfile::tempdir().unwrap();
    refuses(dir.path(), &["--epochs", "0"], &["epochs", "from 1 to"]);
    refuses(dir.path(), &["--max-length", "4096"], &["max_length", "4096", "128"]);
    refuses(dir.path(), &["--set", "class_weights=[1.0, 2.0, 3.0]"], &["class_weights", "2"]);
    refuses(dir.path(), &["--freeze", "encoder_below:9"], &["encoder_below:9", "2"]);
    refuses(dir.path(), &["--truncation", "middle"], &["truncation", "\"middle\"", "head_tail:N"]);
    refuses(dir.path(), &["--truncation", "head_tail:62"], &["data.truncation", "head_tail:62", "64"]);
    refuses(dir.path(), &["--stride", "62"], &["data.stride", "62", "64"]);
    refuses(dir.path(), &["--train-stride", "62"], &["data.train_stride", "62", "64"]);
    refuses(dir.path(), &["--set", "data.max_windows=4"], &["data.max_windows = 4", "data.train_stride"]);
    let cut = ["--train-stride", "4", "--truncation", "head_tail:8"];
    refuses(dir.path(), &cut, &["data.truncation = head_tail:8", "data.train_stride"]);
    let tags = ["--train-stride", "4", "--dataset", "sample-ner"];
    refuses(dir.path(), &tags, &["data.train_stride = 4", "token-classification trains on all windows"]);
}

#[test]
fn an_empty_data_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("train.csv");
    fs::write(&file, "").unwrap();
    refuses(dir.path(), &["--dataset", path(&file)], &["train.csv"]);
}

#[test]
fn a_csv_with_a_stray_quote() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("train.csv");
    fs::write(&file, "text,label\ngood,pos\n\"never closed,neg\nbad,neg\nfine,pos\n").unwrap();
    refuses(dir.path(), &["--dataset", path(&file)], &["train.csv", "line 3"]);
}

#[test]
fn a_csv_row_with_a_field_too_many() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("train.csv");
    fs::write(&file, "text,label\ngood,pos\nbad, really,neg\n").unwrap();
    refuses(dir.path(), &["--dataset", path(&file)], &["train.csv", "line 3", "3", "2"]);
}

#[test]
fn text_that_is_not_utf8() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("train.csv");
    fs::write(&file, b"text,label\ngood,pos\ncaf\xe9,neg\n").unwrap();
    refuses(dir.path(), &["--dataset", path(&file)], &["train.csv", "line 3", "UTF-8"]);
}

#[test]
fn a_missing_column() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("train.jsonl");
    fs::write(&file, "{\"body\":\"good\",\"label\":\"pos\"}\n").unwrap();
    refuses(dir.path(), &["--dataset", path(&file)], &["train.jsonl", "text", "body"]);
}

#[test]
fn a_line_that_is_not_json() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("train.jsonl");
    fs::write(&file, "{\"text\":\"good\",\"label\":\"pos\"}\n{\"text\": oops}\n").unwrap();
    refuses(dir.path(), &["--dataset", path(&file)], &["train.jsonl", "line 2"]);
}

#[test]
fn a_label_that_the_card_does_not_name() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("rows.jsonl"),
        "{\"text\":\"good\",\"label\":\"pos\"}\n{\"text\":\"so\",\"label\":\"meh\"}\n",
    )
    .unwrap();
    let card = dir.path().join("card.toml");
    let text = "name = \"mine\"\ntask = \"sequence-classification\"\nlabels = [\"neg\", \"pos\"]\n\n[files]\ntrain = [\"rows.jsonl\"]\n\n[columns]\ntext = \"text\"\nlabel = \"label\"\n";
    fs::write(&card, text).unwrap();
    refuses(dir.path(), &["--dataset", path(&card)], &["rows.jsonl", "line 2", "meh", "neg"]);
}

#[test]
fn labels_that_do_not_fit_the_head() {
    let dir = tempfile::tempdir().unwrap();
    let rows: String = ["a", "b", "c"]
        .iter()
        .cycle()
        .take(30)
        .enumerate()
        .map(|(n, label)| json!({"text": format!("text {n}"), "label": label}).to_string() + "\n")
        .collect();
    let file = dir.path().join("train.jsonl");
    fs::write(&file, rows).unwrap();
    let model = model();
    refuses(
        dir.path(),
        &["--dataset", path(&file), "--model", path(&model), "--max-length", "32"],
        &["neg, pos", "a, b, c", "new_head"],
    );
}

#[test]
fn an_output_folder_that_can_not_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let mut command = bert_train();
    command.args(["train", "--train-samples", "16", "--output"]).arg(file.join("run"));
    let said = fail(&mut command);
    assert!(said.contains("file/run"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "in the way");
}

#[test]
fn a_folder_that_is_no_run() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.txt"), "mine").unwrap();
    let mut command = bert_train();
    command.args(["train", "--overwrite", "--output"]).arg(dir.path());
    let said = fail(&mut command);
    assert!(said.contains("not a run"), "{said}");
    assert_eq!(names(dir.path()), ["thesis.txt"]);
}

#[test]
fn a_split_that_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("train.jsonl");
    fs::write(&file, "{\"text\":\"good\",\"label\":\"pos\"}\n{\"text\":\"bad\",\"label\":\"neg\"}\n")
        .unwrap();
    let mut command = bert_train();
    command.args(["eval", "--split", "test", "--dataset"]).arg(&file).arg("--model").arg(model());
    let said = fail(&mut command);
    assert!(said.contains("test"), "{said}");
}

#[test]
fn a_data_set_that_does_not_exist() {
    let dir = tempfile::tempdir().unwrap();
    refuses(dir.path(), &["--dataset", "imbd"], &["imbd", "imdb"]);
    refuses(dir.path(), &["--dataset", "no/such/file.csv"], &["no/such/file.csv"]);
}

#[test]
fn a_device_that_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    refuses(dir.path(), &["--device", "gpu"], &["gpu", "cuda"]);
    refuses(dir.path(), &["--device", "flex:7"], &["flex:7"]);
}

#[test]
fn a_text_of_a_megabyte_and_a_control_character() {
    let text = format!("{}\u{0}{}", "x".repeat(1 << 20), "\u{202e}");
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in.jsonl");
    fs::write(&input, json!({"text": text}).to_string() + "\n").unwrap();
    let mut command = bert_train();
    command.args(["predict", "--model"]).arg(model()).arg("--input").arg(&input);
    let said = embert_tests::program::succeed(&mut command);
    assert_eq!(said.lines().count(), 1);
}

#[test]
fn a_resume_of_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let said = fail(bert_train().args(["train", "--resume"]).arg(dir.path()));
    assert!(said.contains("config.toml"), "{said}");
}
