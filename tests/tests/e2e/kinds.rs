//! Data sets that are not two labels on short texts: three labels, pairs, long texts and rows without a
//! label, through `train`, `eval`, `predict`, `sweep` and `report`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use embert_tests::program::{assert_says, bert_train, fail, json_lines, root, said, stderr, succeed};
use serde_json::{Value, json};

use crate::predict::{model, names};

const LABELS: [&str; 3] = ["contradiction", "entailment", "neutral"];

/// Pairs of texts in CSV, with a card. Every fourth first text is longer than 48 tokens. Three training rows
/// have no label, and the test file has no column of labels.
fn pairs(folder: &Path) -> PathBuf {
    let said = ["nobody ever saw", "it is true that there was", "perhaps it was about"];
    let row = |n: usize| {
        let tail = " and then it went on and on".repeat(if n.is_multiple_of(4) { 10 } else { 0 });
        format!("{n},\"a story, number {n}{tail}\",{} a story", said[n % 3])
    };
    let rows = |numbers: std::ops::Range<usize>, unlabelled: &[usize]| {
        numbers.fold("id,premise,hypothesis,gold\n".to_owned(), |mut text, n| {
            let label = if unlabelled.contains(&n) { "" } else { LABELS[n % 3] };
            writeln!(text, "{},{label}", row(n)).unwrap();
            text
        })
    };
    fs::write(folder.join("train.csv"), rows(0..63, &[19, 20, 42])).unwrap();
    fs::write(folder.join("dev.csv"), rows(100..124, &[])).unwrap();
    let test = (200..212).fold("id,premise,hypothesis\n".to_owned(), |text, n| text + &row(n) + "\n");
    fs::write(folder.join("test.csv"), test).unwrap();
    let card = folder.join("pairs.toml");
    fs::write(
        &card,
        "name = \"pairs\"\ntask = \"sequence-classification\"\n\n[files]\ntrain = [\"train.csv\"]\nvalidation = [\"dev.csv\"]\n\
         test = [\"test.csv\"]\n\n[columns]\ntext = \"premise\"\ntext_pair = \"hypothesis\"\nlabel = \"gold\"\n",
    )
    .unwrap();
    card
}

/// `train` or `sweep` of the sample's model, from random weights, with inputs of at most 48 tokens.
fn command(what: &str, data: &Path, output: &Path, epochs: usize) -> Command {
    let mut command = bert_train();
    command
        .args([what, "--model", "datasets/sample/bert", "--set", "from_scratch=true", "--max-length", "48"])
        .args(["--batch-size", "4", "--learning-rate", "1e-3", "--epochs", &epochs.to_string()])
        .arg("--dataset")
        .arg(data)
        .arg("--output")
        .arg(output);
    command
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[track_caller]
fn assert_close(one: f64, other: f64, tolerance: f64) {
    assert!((one - other).abs() <= tolerance, "{one} against {other}");
}

/// Accuracy, macro F1 and cross-entropy of examples with their label's index and its probabilities, by their
/// definitions.
fn metrics(examples: &[(usize, Vec<f64>)]) -> [f64; 3] {
    let best = |p: &[f64]| (0..p.len()).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap();
    let predicted: Vec<(usize, usize)> = examples.iter().map(|(label, p)| (*label, best(p))).collect();
    let count =
        |is: &dyn Fn(&(usize, usize)) -> bool| predicted.iter().filter(|pair| is(pair)).count() as f64;
    let f1 = |label: usize| {
        let hits = count(&|pair| *pair == (label, label));
        let either = count(&|pair| pair.0 == label) + count(&|pair| pair.1 == label);
        if either > 0.0 { 2.0 * hits / either } else { 0.0 }
    };
    let loss: f64 = examples.iter().map(|(label, p)| -p[*label].ln()).sum();
    let all = examples.len() as f64;
    [
        count(&|pair| pair.0 == pair.1) / all,
        LABELS.iter().enumerate().map(|(n, _)| f1(n)).sum::<f64>() / 3.0,
        loss / all,
    ]
}

/// The evaluation of the weights that a run kept.
fn kept(run: &Path) -> Value {
    let events = json_lines(&run.join("metrics.jsonl"));
    let end = events.iter().find(|event| event["event"] == "end").unwrap();
    let eval = events.iter().find(|event| event["event"] == "eval" && event["step"] == end["best_step"]);
    eval.unwrap().clone()
}

#[test]
fn three_labels_pairs_long_texts_and_unlabelled_rows_go_all_the_way() {
    let dir = tempfile::tempdir().unwrap();
    let card = pairs(dir.path());
    let run = dir.path().join("run");
    let windows = ["--truncation", "only_first", "--stride", "8"];

    // Rows without a label, and an unlabelled test split that is to be evaluated, are refused before anything
    // is written.
    let refused = fail(command("train", &card, &run, 5).args(windows));
    assert_says(
        &refused,
        &["3 of the 63 rows of the training split", "train.csv, line 21", "data.skip_bad_rows=true"],
    );
    let skip = ["--set", "data.skip_bad_rows=true"];
    let refused =
        fail(command("train", &card, &run, 5).args(windows).args(skip).args(["--set", "evaluate_test=true"]));
    assert_says(
        &refused,
        &["the test split has no labels (12 rows", "no column \"gold\"", "evaluate_test=false"],
    );
    assert!(!run.exists(), "something was written");

    let told = said(command("train", &card, &run, 5).args(windows).args(skip));
    assert_says(
        &told,
        &[
            "3 row(s) of the training split have no label and are left out",
            "the test split has no labels (12 rows",
            "its columns are id, premise, hypothesis",
            "60 train (20 contradiction, 20 entailment, 20 neutral), 24 validation, 0 test",
        ],
    );
    let facts = json(&run.join("facts.json"));
    assert_eq!(facts["labels"], json!(LABELS));
    assert_eq!(facts["splits"]["train"]["labels"], json!([20, 20, 20]));
    assert_eq!(facts["splits"]["validation"]["labels"], json!([8, 8, 8]));
    assert_eq!((&facts["splits"]["test"], &facts["skipped"]), (&Value::Null, &json!(3)));
    let id2label = json!({"0": LABELS[0], "1": LABELS[1], "2": LABELS[2]});
    assert_eq!(json(&run.join("model/config.json"))["id2label"], id2label);

    // The numbers of the log follow from the examples.
    let lines = json_lines(&run.join("examples.jsonl"));
    let examples: Vec<(usize, Vec<f64>)> = lines
        .iter()
        .map(|line| {
            let probabilities = line["probabilities"].as_array().unwrap().iter().map(number).collect();
            (line["label"].as_u64().unwrap() as usize, probabilities)
        })
        .collect();
    assert_eq!(examples.len(), 24);
    for (line, n) in lines.iter().zip(100..) {
        assert_eq!(line["label"], json!(n % 3));
        assert!(line["text_pair"].as_str().unwrap().ends_with("a story"), "{line}");
        assert_eq!(line["tokens"].as_u64().unwrap() > 48, n % 4 == 0, "{line}");
    }
    let kept = kept(&run);
    let [accuracy, f1, loss] = metrics(&examples);
    for (key, expected) in [("accuracy", accuracy), ("f1", f1), ("loss", loss)] {
        assert_close(number(&kept[key]), expected, 1e-9);
    }
    assert!(accuracy > 0.9, "nothing was learned: {accuracy}");

    eval_and_predict(&card, &run, &examples, &kept);
    sweep_and_report(dir.path(), &card, &windows);
}

/// `eval` finds the run's own numbers, `predict` its probabilities, with and without labels in the file.
fn eval_and_predict(card: &Path, run: &Path, examples: &[(usize, Vec<f64>)], kept: &Value) {
    let (folder, model) = (run.parent().unwrap(), run.join("model"));
    let scored = folder.join("scored.jsonl");
    let mut eval = bert_train();
    eval.args(["eval", "--split", "validation", "--json", "--model"])
        .arg(&model)
        .arg("--predictions")
        .arg(&scored);
    let report: Value = serde_json::from_str(&succeed(&mut eval)).unwrap();
    assert_eq!((&report["labels"], &report["examples"]), (&json!(LABELS), &json!(24)));
    for key in ["accuracy", "loss"] {
        assert_close(number(&report[key]), number(&kept[key]), 1e-6);
    }
    let columns = ["--text-column", "premise", "--text-pair-column", "hypothesis"];
    let predict = |file: &str| {
        let output = folder.join(file).with_extension("predicted.jsonl");
        let mut predict = bert_train();
        predict.args(["predict", "--model"]).arg(&model).args(columns).arg("--input").arg(folder.join(file));
        succeed(predict.arg("--output").arg(&output));
        json_lines(&output)
    };
    let (scored, predicted) = (json_lines(&scored), predict("dev.csv"));
    assert_eq!((scored.len(), predicted.len()), (24, 24));
    for ((one, other), (label, probabilities)) in scored.iter().zip(&predicted).zip(examples) {
        assert_eq!((&one["target"], &one["text_pair"]), (&json!(LABELS[*label]), &other["text_pair"]));
        for (name, expected) in LABELS.iter().zip(probabilities) {
            assert_close(number(&one["probabilities"][name]), *expected, 1e-6);
            assert_close(number(&other["probabilities"][name]), *expected, 1e-6);
        }
    }
    // A split without labels can be predicted but not evaluated.
    let mut eval = bert_train();
    let refused =
        fail(eval.args(["eval", "--split", "test", "--model"]).arg(&model).arg("--dataset").arg(card));
    assert_says(&refused, &["the test split has no labels", "predict", "test.csv"]);
    let unlabelled = predict("test.csv");
    assert_eq!(unlabelled.len(), 12);
    for row in &unlabelled {
        let all: f64 = LABELS.iter().map(|label| number(&row["probabilities"][label])).sum();
        assert_close(all, 1.0, 1e-9);
        assert_eq!(row["probabilities"][row["label"].as_str().unwrap()], row["score"]);
    }
}

/// A sweep's table has its runs' numbers, and the pages have the labels.
fn sweep_and_report(folder: &Path, card: &Path, windows: &[&str]) {
    let sweep = folder.join("sweep");
    let told = said(command("sweep", card, &sweep, 1).args(windows).args([
        "--set",
        "data.skip_bad_rows=true",
        "--grid",
        "freeze=none,encoder_below:1",
    ]));
    assert_says(&told, &["the test split has no labels (12 rows", "3 row(s) of the training split"]);
    let table = json(&sweep.join("sweep.json"));
    let points = table["points"].as_array().unwrap();
    assert_eq!(points.len(), 2);
    let mut runs = Vec::new();
    for point in points {
        let entry = &point["runs"][0];
        let run = sweep.join("runs").join(entry["run"].as_str().unwrap().trim_start_matches("runs/"));
        assert_eq!(entry["status"], "complete");
        let end =
            json_lines(&run.join("metrics.jsonl")).into_iter().find(|event| event["event"] == "end").unwrap();
        assert_close(number(&point["mean"]), number(&end["best_metric"]), 1e-12);
        assert_eq!(json(&run.join("facts.json"))["labels"], json!(LABELS));
        runs.push(run);
    }
    let compared = folder.join("compared.html");
    succeed(bert_train().arg("report").args(&runs).arg("--output").arg(&compared));
    let alone = folder.join("alone.html");
    succeed(bert_train().arg("report").arg(folder.join("run")).arg("--output").arg(&alone));
    let page = fs::read_to_string(&alone).unwrap();
    for label in LABELS {
        assert!(page.contains(label), "the page has no {label}");
    }
    let told = succeed(bert_train().args(["report", "--terminal"]).arg(folder.join("run")));
    assert!(told.contains("accuracy") || told.contains("loss"), "{told}");
    assert!(compared.is_file() && sweep.join("report.html").is_file());
}

fn rows(labels: &[Value]) -> String {
    labels.iter().zip(0..).fold(String::new(), |text, (label, n)| {
        text + &json!({"text": format!("a film, number {n}"), "label": label}).to_string() + "\n"
    })
}

/// Two labels in turn.
fn two(count: usize) -> Vec<Value> {
    (0..count).map(|n| json!(["neg", "pos"][n % 2])).collect()
}

#[test]
fn a_validation_split_without_labels_leaves_a_run_without_evaluations() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("train.jsonl"), rows(&two(32))).unwrap();
    fs::write(dir.path().join("all.txt"), "a film\nanother film\n").unwrap();
    let card = |name: &str, files: &str| {
        let path = dir.path().join(name);
        let text = format!(
            "name = \"u\"\ntask = \"sequence-classification\"\nlabels = [\"neg\", \"pos\"]\n\n[files]\n{files}"
        );
        fs::write(&path, text).unwrap();
        path
    };
    let validation = card("v.toml", "train = [\"train.jsonl\"]\nvalidation = [\"all.txt\"]\n");
    let (run, frozen) = (dir.path().join("run"), ["--freeze", "all_but_head", "--cache-frozen"]);
    let told = said(command("train", &validation, &run, 1).args(["--set", "early_stopping.patience=2"]));
    assert_says(
        &told,
        &[
            "the validation split has no labels (2 rows",
            "all.txt has a text a line",
            "warning: no validation split with labels",
            "the last weights are kept",
            "early_stopping.patience = 2 has no effect",
        ],
    );
    let events = json_lines(&run.join("metrics.jsonl"));
    assert!(events.iter().all(|event| event["event"] != "eval"), "{events:?}");
    let end = events.iter().find(|event| event["event"] == "end").unwrap();
    assert_eq!((&end["best_step"], &end["step"]), (&Value::Null, &json!(8)));

    for (name, files, parts) in [
        ("t.toml", "train = [\"all.txt\"]\n", ["the training split has no labels (2 rows", "all.txt"]),
        ("m.toml", "train = [\"train.jsonl\", \"all.txt\"]\n", ["2 of the 34 rows", "all.txt, line 1"]),
    ] {
        let refused = fail(command("train", &card(name, files), &dir.path().join("none"), 1).args(frozen));
        assert_says(&refused, &parts);
    }
    // An evaluation of no example would say 0.0.
    let mut eval = bert_train();
    eval.args(["eval", "--split", "validation", "--model"])
        .arg(run.join("model"))
        .arg("--dataset")
        .arg(&validation);
    assert_says(&fail(&mut eval), &["the validation split has no labels", "predict"]);
    assert!(!dir.path().join("none").exists(), "something was written");
}

#[test]
fn columns_that_are_no_classes_are_refused_with_what_they_look_like() {
    let dir = tempfile::tempdir().unwrap();
    let cases: [(&str, Vec<Value>, &[&str]); 6] = [
        ("case", ["Pos", "pos", "neg"].map(Value::from).to_vec(), &["\"Pos\", \"pos\"", "labels = [...]"]),
        (
            "scores",
            (0..30).map(|n| json!(f64::from(n) / 8.0)).collect(),
            &["30 different numbers", "regression"],
        ),
        (
            "texts",
            (0..30).map(|n| json!(format!("film {n}"))).collect(),
            &["30 different texts", "which column"],
        ),
        (
            "several",
            vec![json!(["neg", "pos"]), json!([]), json!(["pos"])],
            &["2 row(s)", "line 1", "problem_type=multi_label_classification"],
        ),
        ("minus", vec![json!(0), json!(-1), json!(1), json!(-1)], &["2 of the 4 rows", "line 2", "-1"]),
        ("mixed", vec![json!("neg"), json!(0), json!("pos"), json!(1)], &["numbers (\"0\", \"1\")", "card"]),
    ];
    for (name, labels, parts) in cases {
        let file = dir.path().join(format!("{name}.jsonl"));
        fs::write(&file, rows(&labels)).unwrap();
        // Otherwise numbers and lists are tasks of their own.
        let mut train = command("train", &file, &dir.path().join("run"), 1);
        assert_says(&fail(train.args(["--set", "problem_type=single_label_classification"])), parts);
    }
    let left: Vec<String> = names(dir.path())
        .into_iter()
        .filter(|name| Path::new(name).extension().is_none_or(|ending| ending != "jsonl"))
        .collect();
    assert!(left.is_empty(), "something was written: {left:?}");
}

/// A classifier that was trained on neg and pos and has lost the names.
#[test]
fn a_head_without_names_is_paired_by_order_and_the_pairing_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let unnamed = dir.path().join("unnamed");
    fs::create_dir(&unnamed).unwrap();
    for name in names(&model()) {
        fs::copy(model().join(&name), unnamed.join(&name)).unwrap();
    }
    let config = fs::read_to_string(unnamed.join("config.json")).unwrap();
    let config = config.replace("\"neg\"", "\"LABEL_0\"").replace("\"pos\"", "\"LABEL_1\"");
    fs::write(unnamed.join("config.json"), config).unwrap();
    let reviews = fs::read_to_string(root().join("datasets/sample/test.jsonl")).unwrap();
    let mut accuracies = Vec::new();
    for (name, [neg, pos]) in [("ordered", ["bad", "good"]), ("turned", ["b_neg", "a_pos"])] {
        let folder = dir.path().join(name);
        fs::create_dir(&folder).unwrap();
        let renamed = reviews.replace("\"label\": \"neg\"", &format!("\"label\": \"{neg}\""));
        let renamed = renamed.replace("\"label\": \"pos\"", &format!("\"label\": \"{pos}\""));
        for file in ["train.jsonl", "test.jsonl"] {
            fs::write(folder.join(file), &renamed).unwrap();
        }
        let mut eval = bert_train();
        eval.args(["eval", "--split", "test", "--json", "--model"])
            .arg(&unnamed)
            .arg("--dataset")
            .arg(&folder);
        let output = eval.output().unwrap();
        let mut sorted = [neg, pos];
        sorted.sort_unstable();
        let pairing = format!("LABEL_0 = {}, LABEL_1 = {}", sorted[0], sorted[1]);
        assert_says(&stderr(&output), &["warning", &pairing, "id2label"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["labels"], json!(sorted));
        accuracies.push(number(&report["accuracy"]));
        if name == "turned" {
            let mut train = bert_train();
            train.args(["train", "--max-length", "32", "--epochs", "1", "--train-samples", "8", "--model"]);
            train.arg(&unnamed).arg("--dataset").arg(&folder).arg("--output").arg(dir.path().join("run"));
            assert_says(&said(&mut train), &["warning", &pairing]);
        }
    }
    // In the reversed order, right predictions become wrong and wrong ones right.
    assert_close(accuracies[0] + accuracies[1], 1.0, 1e-12);
    let mut predict = bert_train();
    let told = said(predict.args(["predict", "A film.", "--model"]).arg(&unnamed));
    assert_says(&told, &["doesn't name its labels", "id2label"]);
}
