//! Regression.

#![allow(clippy::format_collect, reason = "short texts of tests")]

use std::fs;

use embert_tests::program::{bert_train, fail, succeed};
use serde_json::{Value, json};

use super::{
    Models, SENTENCES, SMALL, card, copy, eval_refuses, labels, lines, models, predict_refuses, row,
    train_refuses,
};

pub(super) const REGRESSION: [&str; 2] = ["--problem-type", "regression"];

/// Texts with numbers from 0 on.
pub(super) fn rows(count: u32) -> Vec<Value> {
    (0..count).map(|number| row(&format!("text {number}"), &json!(f64::from(number) / 4.0))).collect()
}

/// Twelve good rows, and a text with this number.
fn then(label: &Value) -> String {
    lines(&[rows(12), vec![row("more text", label)]].concat())
}

fn after_good_rows(label: &Value, parts: &[&str]) {
    train_refuses(
        &[("train.jsonl", &then(label))],
        &REGRESSION,
        &[&["train.jsonl, line 13"][..], parts].concat(),
    );
}

/// A CSV file with the numbers as they stand.
fn of_csv(numbers: &[&str], parts: &[&str]) {
    let rows: String = numbers.iter().enumerate().map(|(n, number)| format!("text {n},{number}\n")).collect();
    train_refuses(&[("train.csv", &format!("text,label\n{rows}"))], &REGRESSION, parts);
}

fn with(arguments: &[&str], parts: &[&str]) {
    train_refuses(&[("train.jsonl", &lines(&rows(12)))], &[&REGRESSION[..], arguments].concat(), parts);
}

fn of_card(keys: &str, rows: &[Value], arguments: &[&str], parts: &[&str]) {
    let card = card(&format!("task = \"text-classification\"\nproblem_type = \"regression\"\n{keys}"));
    train_refuses(&[("train.jsonl", &lines(rows)), ("card.toml", &card)], arguments, parts);
}

#[test]
fn values_that_are_no_numbers() {
    of_csv(&["1.5", "2.5", "good"], &["train.csv, line 4", "the label is \"good\", expected a number"]);
    of_csv(&["50%", "20%"], &["train.csv, line 2", "\"50%\""]);
    of_csv(&["1 000", "2"], &["train.csv, line 2", "\"1 000\""]);
    of_csv(&["1.5", "inf", "2"], &["train.csv, line 3", "the label is inf"]);
    of_csv(
        &["1.5", "nan", "2"],
        &["train.csv, line 3", "1 of the 3 rows of the training split have no label"],
    );
    of_csv(
        &["1.5", "1e300", "2"],
        &["train.csv, line 3", "the label is 1e300, expected a number from -1e15 to"],
    );
    of_csv(&["1.5", "-1e30", "2"], &["train.csv, line 3", "the label is -1e30", "scale the numbers"]);
    of_csv(&["1.5", "", "2"], &["train.csv, line 3", "1 of the 3 rows", "no label"]);
    let comma = "text\tlabel\na\t1,5\nb\t2,5\n";
    train_refuses(&[("train.tsv", comma)], &REGRESSION, &["train.tsv, line 2", "\"1,5\""]);
    after_good_rows(&json!(true), &["the label is true, expected a number"]);
    after_good_rows(&json!([1, 2]), &["the label is [1, 2], expected a number"]);
    after_good_rows(&json!({"score": 1}), &["\"label\" is {\"score\":1}"]);
    after_good_rows(&Value::Null, &["1 of the 13 rows", "data.skip_bad_rows=true"]);
    let large = lines(&rows(12)) + "{\"text\":\"a\",\"label\":1e400}\n";
    train_refuses(&[("train.jsonl", &large)], &REGRESSION, &["train.jsonl, line 13", "number out of range"]);
}

#[test]
fn numbers_that_can_not_be_learnt() {
    of_csv(&["1.5", "1.5", "1.50"], &["all 3 training rows have the number 1.5", "nothing to learn"]);
    let none: Vec<Value> = (0..6).map(|n| row(&format!("text {n}"), &Value::Null)).collect();
    train_refuses(
        &[("train.jsonl", &lines(&none))],
        &REGRESSION,
        &["train.jsonl, line 1", "no labels (6 rows"],
    );
    let names = lines(&["good", "bad"].map(|label| row("a text", &json!(label))));
    train_refuses(&[("train.jsonl", &names)], &REGRESSION, &["train.jsonl, line 1", "\"good\""]);
    let validation = lines(&[row("a", &json!(1)), row("b", &json!("high"))]);
    let train = lines(&rows(12));
    let files = [("train.jsonl", train.as_str()), ("validation.jsonl", validation.as_str())];
    train_refuses(&files, &REGRESSION, &["validation.jsonl, line 2", "\"high\""]);
}

#[test]
fn numbers_that_are_classes() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = embert_tests::program::root().join("crates/data/tests/fixtures/datasets.parquet");
    fs::copy(fixture, dir.path().join("train.parquet")).unwrap();
    let mut command = bert_train();
    command.arg("train").args(SMALL).args(REGRESSION).arg("--dataset").arg(dir.path().join("train.parquet"));
    let said = fail(command.arg("--output").arg(dir.path().join("run")));
    for part in ["train.parquet", "are the classes", "leave problem_type=regression out"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!dir.path().join("run").exists());
    let classes = ["mine has labels", "a number, which is no class", "leave labels out"];
    of_card("labels = [\"low\", \"high\"]", &rows(12), &[], &classes);
    let numbers = [row("a", &json!(0)), row("b", &json!(1))];
    of_card("labels = [\"low\", \"high\"]\nclass_numbers = true", &numbers, &[], &classes);
    of_card("label_columns = [\"a\", \"b\"]", &rows(12), &[], &["card.toml", "label_columns is for several"]);
}

#[test]
fn settings_that_numbers_do_not_have() {
    with(&["--set", "class_weights=balanced"], &["class_weights = \"balanced\"", "a number has no classes"]);
    with(&["--set", "class_weights=[1.0, 2.0]"], &["class_weights = [1.0, 2.0]", "a number has no classes"]);
    with(&["--set", "pos_weight=balanced"], &["pos_weight = \"balanced\"", "a number has no classes"]);
    with(&["--label-smoothing", "0.1"], &["label_smoothing = 0.1: expected 0"]);
    with(&["--metric", "f1"], &["metric = \"f1\"", "pearson, spearman, mse, mae, r2"]);
    for setting in ["data.scheme=iob1", "data.widen_spans=true", "data.label_all_tokens=true"] {
        let key = setting.split_once('=').unwrap().0;
        with(&["--set", setting], &[key, "it is for token-classification"]);
    }
    let kind = ["--problem-type", "multi_label_classification"];
    of_card(
        "",
        &rows(12),
        &kind,
        &["problem_type = \"multi_label", "mine states regression", "leave problem_type out"],
    );
    let task = ["--task", "token-classification"];
    of_card("", &rows(12), &task, &["task = \"token-classification\"", "mine states text-classification"]);
}

#[test]
fn columns_and_pairs_that_are_not_there() {
    let other = lines(&[json!({"text": "a", "value": 1.5})]);
    train_refuses(
        &[("train.jsonl", &other)],
        &REGRESSION,
        &["no column \"label\"", "text, value", "[columns]"],
    );
    of_card("[columns]\ntext_pair = \"other\"", &rows(12), &[], &["no column \"other\"", "text, label"]);
    let pair = |two: Value, score: f64| json!({"sentence1": "a", "sentence2": two, "score": score});
    let pairs = [pair(json!("b"), 1.5), pair(json!("c"), 2.5), pair(Value::Null, 2.0)];
    train_refuses(&[("train.jsonl", &lines(&pairs))], &[], &["train.jsonl, line 3", "\"sentence2\" is null"]);
    let good = lines(&pairs[..2]);
    let model = one_token_type("datasets/sample/bert");
    let model = model.path().to_str().unwrap();
    let arguments = ["--model", model, "--set", "from_scratch=true", "--max-length", "32"];
    train_refuses(
        &[("train.jsonl", &good)],
        &arguments,
        &["token types 0 to 1", "has 1 (\"type_vocab_size\")"],
    );
}

/// A copy of a model without weights that has one token type.
fn one_token_type(model: &str) -> tempfile::TempDir {
    let copy = copy(embert_tests::program::root().join(model).to_str().unwrap());
    let path = copy.path().join("config.json");
    let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    config["type_vocab_size"] = json!(1);
    fs::write(path, config.to_string()).unwrap();
    copy
}

#[test]
fn a_checkpoint_and_other_labels() {
    let Models { labels, numbers, .. } = models();
    let good = lines(&rows(12));
    let arguments = ["--problem-type", "regression", "--model", labels, "--max-length", "32"];
    let head = ["needs a head for regression with 1 output", "is for multi_label_classification", "new_head"];
    train_refuses(&[("train.jsonl", &good)], &arguments, &head);
    let lists = lines(&labels::rows(12));
    eval_refuses(numbers, &[("train.jsonl", &lists)], &[], &["train.jsonl, line 1", "expected a number"]);
    eval_refuses(
        numbers,
        &[("train.conll", SENTENCES)],
        &[],
        &["no column \"text\"", "token-classification"],
    );
    eval_refuses(
        numbers,
        &[("train.jsonl", &good)],
        &["--split", "test"],
        &["no test split", "--split-ratios"],
    );
    let minus_one = lines(&[row("a", &json!(-1)), row("b", &json!(-1))]);
    let files = [("train.jsonl", good.as_str()), ("test.jsonl", minus_one.as_str())];
    eval_refuses(
        numbers,
        &files,
        &["--split", "test"],
        &["test split has no labels", "test.jsonl, line 1", "-1"],
    );
    let stated = card("problem_type = \"multi_label_classification\"");
    let kinds = ["mine is for text-classification (multi_label_classification)", "(regression)"];
    eval_refuses(numbers, &[("train.jsonl", &lists), ("card.toml", &stated)], &[], &kinds);
    let stated = card("task = \"token-classification\"");
    let tasks = ["mine is for token-classification", "the model is for text-classification"];
    eval_refuses(numbers, &[("train.jsonl", &lists), ("card.toml", &stated)], &[], &tasks);
}

#[test]
fn predictions_with_options_of_other_tasks_and_bad_pairs() {
    let model = &models().numbers;
    predict_refuses(model, &[], &["a", "--format", "conll"], &["--format conll is for token-classification"]);
    predict_refuses(
        model,
        &[],
        &["a", "--aggregation", "max"],
        &["--aggregation is for token-classification"],
    );
    let column = ["--input", "@in.jsonl", "--text-pair-column", "other"];
    predict_refuses(
        model,
        &[("in.jsonl", "{\"text\":\"a\"}\n")],
        &column,
        &["in.jsonl has no column \"other\""],
    );
    let rows = lines(&[json!({"text": "a", "other": "b"}), json!({"text": "a", "other": null})]);
    predict_refuses(model, &[("in.jsonl", &rows)], &column, &["in.jsonl, line 2", "\"other\" is null"]);
    let pairs = ["--text", "a", "--text-pair", "b"];
    let single = model_of_one_token_type();
    let single = single.path().to_str().unwrap();
    predict_refuses(single, &[], &pairs, &["type_vocab_size"]);
}

/// A model of one token type from a run on single texts.
fn model_of_one_token_type() -> tempfile::TempDir {
    let base = one_token_type("datasets/sample/bert");
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("train.jsonl");
    fs::write(&data, lines(&rows(12))).unwrap();
    let run = dir.path().join("run");
    let mut command = bert_train();
    command.args(["train", "--set", "from_scratch=true", "--max-length", "32", "--epochs", "1", "--model"]);
    command.arg(base.path()).args(REGRESSION).arg("--dataset").arg(data).arg("--output").arg(&run);
    succeed(&mut command);
    copy(run.join("model").to_str().unwrap())
}
