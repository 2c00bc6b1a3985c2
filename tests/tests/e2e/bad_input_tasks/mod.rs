//! Bad inputs of the tasks beside classification with one label: each is refused by its file and line, or its
//! key, with what was found and what to do, and nothing is written.

mod labels;
mod masks;
mod numbers;
mod questions;
mod summaries;
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use embert_tests::program::{bert_train, fail, succeed};
use serde_json::{Value, json};

use crate::predict::names;

/// Options of a training from random weights in a second.
const SMALL: [&str; 8] =
    ["--model", "datasets/sample/bert", "--set", "from_scratch=true", "--max-length", "32", "--epochs", "1"];

/// Five sentences with persons and places.
const SENTENCES: &str = "Ada B-PER\nlives O\nin O\nLyon B-LOC\n\nShe O\nmet O\nBo B-PER\nLee I-PER\n\nRain O\nfell O\n\n\
                         Lima B-LOC\nis O\nfar O\n\nBo B-PER\nslept O\n\n";

/// Runs the program on files in a folder of its own, in which `@name` is the path of a file. The program must
/// fail, say all `parts`, and write nothing.
fn refuses(files: &[(&str, &str)], arguments: &[&str], parts: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let mut command = bert_train();
    for argument in arguments {
        match argument.strip_prefix('@') {
            Some(name) => command.arg(dir.path().join(name)),
            None => command.arg(argument),
        };
    }
    let before = names(dir.path());
    let said = fail(&mut command);
    for part in parts {
        assert!(said.contains(part), "\"{part}\" is not said:\n{said}");
    }
    assert_eq!(names(dir.path()), before, "something was written");
}

/// The data set among the files: a card, a file, or the folder of several files.
fn data_set(files: &[(&str, &str)]) -> String {
    let card =
        files.iter().find(|(name, _)| Path::new(name).extension().is_some_and(|ending| ending == "toml"));
    match (card, files) {
        (Some((name, _)), _) | (None, [(name, _)]) => format!("@{name}"),
        _ => "@".to_owned(),
    }
}

/// `train` refuses the files. Without `--model` among the arguments, the training is from random weights.
fn train_refuses(files: &[(&str, &str)], arguments: &[&str], parts: &[&str]) {
    let data = data_set(files);
    let mut all = vec!["train", "--dataset", &data, "--output", "@run"];
    if !arguments.contains(&"--model") {
        all.extend(SMALL);
    }
    all.extend(arguments);
    refuses(files, &all, parts);
}

/// `eval` of a model refuses the files.
fn eval_refuses(model: &str, files: &[(&str, &str)], arguments: &[&str], parts: &[&str]) {
    let data = data_set(files);
    let mut all = vec!["eval", "--model", model, "--dataset", &data, "--predictions", "@out.jsonl"];
    if !arguments.contains(&"--split") {
        all.extend(["--split", "train"]);
    }
    all.extend(arguments);
    refuses(files, &all, parts);
}

/// `predict` with a model refuses the files or the arguments.
fn predict_refuses(model: &str, files: &[(&str, &str)], arguments: &[&str], parts: &[&str]) {
    let mut all = vec!["predict", "--model", model, "--output", "@out.jsonl"];
    all.extend(arguments);
    refuses(files, &all, parts);
}

/// Values as JSON Lines.
fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| row.to_string() + "\n").collect()
}

/// A card with these keys and tables for `train.jsonl`.
fn card(keys: &str) -> String {
    let (keys, columns) = keys.split_once("[columns]").unwrap_or((keys, ""));
    format!("name = \"mine\"\n{keys}\n[files]\ntrain = [\"train.jsonl\"]\n[columns]{columns}\n")
}

/// The models of the five tasks, and of classification with one label.
struct Models {
    _dir: tempfile::TempDir,
    tokens: String,
    labels: String,
    numbers: String,
    questions: String,
    summaries: String,
    masks: String,
}

/// The models that all tests share; trained once.
fn models() -> &'static Models {
    static MODELS: OnceLock<Models> = OnceLock::new();
    MODELS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let train = |name: &str, file: &str, text: &str, arguments: &[&str]| {
            let data = dir.path().join(file);
            fs::write(&data, text).unwrap();
            let run = dir.path().join(name);
            let mut command = bert_train();
            command.arg("train").args(SMALL).arg("--dataset").arg(data).arg("--output").arg(&run);
            succeed(command.args(arguments));
            path(run.join("model"))
        };
        let tokens = train("tokens", "tokens.conll", &SENTENCES.repeat(4), &[]);
        let labels = train("labels", "labels.jsonl", &lines(&labels::rows(24)), &[]);
        let numbers = train("numbers", "numbers.jsonl", &lines(&numbers::rows(24)), &numbers::REGRESSION);
        let questions = train("questions", "questions.jsonl", &lines(&questions::rows(24)), &[]);
        let summaries = train("summaries", "summaries.jsonl", &lines(&summaries::rows(24)), &[]);
        let masks = train("masks", "masks.jsonl", &lines(&masks::rows(24)), &["--task", "fill-mask"]);
        Models { _dir: dir, tokens, labels, numbers, questions, summaries, masks }
    })
}

fn path(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap()
}

/// A copy of a model's folder that a test may damage.
fn copy(model: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(model).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

/// A row of a text with its label.
fn row(text: &str, label: &Value) -> Value {
    json!({"text": text, "label": label})
}
