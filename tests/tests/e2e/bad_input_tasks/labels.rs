//! Several labels a text.

use std::fs;

use embert_tests::program::{bert_train, succeed};
use serde_json::{Value, json};

use super::{
    Models, SENTENCES, SMALL, card, copy, eval_refuses, lines, models, numbers, predict_refuses, row,
    train_refuses,
};

/// Texts with any number of the labels anger, joy and sad.
pub(super) fn rows(count: usize) -> Vec<Value> {
    let labels = [json!(["joy"]), json!(["anger", "sad"]), json!([]), json!(["sad"])];
    (0..count).map(|index| row(&format!("text {index}"), &labels[index % labels.len()])).collect()
}

/// Twelve good rows, and a text with these labels.
fn then(label: &Value) -> String {
    lines(&[rows(12), vec![row("more text", label)]].concat())
}

fn after_good_rows(label: &Value, parts: &[&str]) {
    train_refuses(&[("train.jsonl", &then(label))], &[], parts);
}

fn with(arguments: &[&str], parts: &[&str]) {
    train_refuses(&[("train.jsonl", &lines(&rows(12)))], arguments, parts);
}

fn of_card(keys: &str, rows: &[Value], arguments: &[&str], parts: &[&str]) {
    let card = card(&format!("task = \"text-classification\"\n{keys}"));
    train_refuses(&[("train.jsonl", &lines(rows)), ("card.toml", &card)], arguments, parts);
}

#[test]
fn lists_that_are_no_labels() {
    let line = "train.jsonl, line 13";
    after_good_rows(&json!(["joy", null]), &[line, "the labels are [\"joy\", null]", "an empty list says"]);
    after_good_rows(&json!([["joy"], "sad"]), &[line, "the labels are [[\"joy\"], \"sad\"]", "is a list"]);
    after_good_rows(&json!([{"name": "joy"}]), &[line, "\"label\" is [{\"name\":\"joy\"}]"]);
    after_good_rows(&Value::Null, &["1 of the 13 rows", line, "data.skip_bad_rows=true"]);
    after_good_rows(&json!(["Joy"]), &["\"Joy\", \"joy\" differ in case", "train.jsonl, line 1"]);
    after_good_rows(&json!("joy|sad"), &["train.jsonl, line 2", "[\"anger\", \"sad\"]", "problem_type"]);
    let empty = lines(&(0..8).map(|n| row(&format!("text {n}"), &json!([]))).collect::<Vec<_>>());
    train_refuses(&[("train.jsonl", &empty)], &[], &["train.jsonl", "all lists of labels are empty"]);
    let texts: Vec<Value> =
        (0..40).map(|n| row("text", &json!([format!("a sentence, number {n}")]))).collect();
    let several = ["--problem-type", "multi_label_classification"];
    train_refuses(&[("train.jsonl", &lines(&texts))], &several, &["40 different texts", "which column"]);
}

#[test]
fn labels_that_are_not_known() {
    let mut more = rows(12);
    more.push(row("more", &json!(["fear"])));
    let known = "labels = [\"joy\", \"sad\", \"anger\"]";
    let unknown = ["train.jsonl, line 13", "\"fear\" is none of joy, sad, anger"];
    of_card(known, &more, &[], &unknown);
    let validation = lines(&[row("a", &json!(["joy"])), row("b", &json!(["fear"]))]);
    let train = lines(&rows(12));
    let files = [("train.jsonl", train.as_str()), ("validation.jsonl", validation.as_str())];
    train_refuses(&files, &[], &["validation.jsonl, line 2", "\"fear\" is none of anger, joy, sad"]);
    let several = format!("{known}\nproblem_type = \"multi_label_classification\"");
    let numbers = |last: Value| [row("a", &json!([0])), row("b", &json!([1, 2])), row("c", &last)];
    of_card(&several, &numbers(json!([3])), &[], &["train.jsonl, line 3", "3 is none of joy, sad, anger"]);
    of_card(&several, &numbers(json!([1, -1])), &[], &["train.jsonl, line 3", "[1, -1]", "null or -1"]);
}

#[test]
fn columns_of_0_and_1_with_something_else() {
    let file = |last: &str| format!("text,joy,sad\na,1,0\nb,0,1\n{last}\n");
    let csv = |last: &str, parts: &[&str]| {
        let card = "name = \"mine\"\ntask = \"text-classification\"\nlabel_columns = [\"joy\", \"sad\"]\n\
                    [files]\ntrain = [\"train.csv\"]\n";
        let files = [("train.csv", &*file(last)), ("card.toml", card)];
        train_refuses(&files, &[], &[&["train.csv, line 4"][..], parts].concat());
    };
    // Without a card, a column that has another value is none of the labels'.
    train_refuses(
        &[("train.csv", &file("c,2,0"))],
        &[],
        &["no column \"label\"", "label_columns = [\"joy\", \"sad\"]"],
    );
    csv("c,2,0", &["the column \"joy\" has \"2\", expected 1 (the text has this label) or 0"]);
    csv("c,yes,0", &["the column \"joy\" has \"yes\""]);
    csv("c,1,", &["the column \"sad\" has no value"]);
    csv("c,1,-1", &["the column \"sad\" has \"-1\""]);
    let text = [json!({"text": "a", "joy": 1, "sad": 0}), json!({"text": "b", "joy": 1})];
    of_card("label_columns = [\"joy\", \"fear\"]", &text, &[], &["no column \"fear\"", "text, joy, sad"]);
    let columns = "label_columns = [\"joy\", \"sad\"]";
    of_card(columns, &text, &[], &["train.jsonl, line 2", "the column \"sad\" has no value"]);
    of_card("label_columns = [\"joy\", \"joy\"]", &text, &[], &["card.toml", "each column once"]);
    let both = format!("labels = [\"a\", \"b\"]\n{columns}");
    of_card(&both, &text, &[], &["card.toml", "labels and label_columns", "leave labels out"]);
    let both = format!("label_separator = \";\"\n{columns}");
    of_card(&both, &text, &[], &["card.toml", "label_columns and label_separator", "leave one of them out"]);
}

#[test]
fn a_separator_that_the_labels_do_not_have() {
    let texts = |labels: [&str; 3]| labels.map(|label| row(&format!("a text of {label}"), &json!(label)));
    let stated = "label_separator = \";\"";
    let none = ["label_separator = \";\", but no label has it", "\"joy|sad\"", "state the separator"];
    of_card(stated, &texts(["joy|sad", "anger", "joy"]), &[], &none);
    let several = "problem_type = \"multi_label_classification\"";
    let other = ["\"joy,sad\" is most likely several labels", "train.jsonl, line 2", "label_separator = ','"];
    of_card(several, &texts(["anger", "joy,sad", "joy"]), &[], &other);
    of_card("label_separator = \"\"", &texts(["a", "b", "c"]), &[], &["card.toml", "label_separator = \"\""]);
    for kind in ["single_label_classification", "regression"] {
        let keys = format!("{stated}\nproblem_type = \"{kind}\"");
        of_card(
            &keys,
            &texts(["a", "b", "c"]),
            &[],
            &["card.toml", "label_separator is for several labels", kind],
        );
    }
}

#[test]
fn settings_that_several_labels_do_not_have() {
    with(&["--set", "class_weights=balanced"], &["class_weights = \"balanced\"", "pos_weight"]);
    with(&["--set", "pos_weight=[1.0, 2.0]"], &["pos_weight = [1.0, 2.0]", "3 numbers", "anger, joy, sad"]);
    with(&["--set", "pos_weight=[1.0, -2.0, 1.0]"], &["pos_weight = [1.0, -2.0, 1.0]", "from 1e-6 to 1e6"]);
    with(&["--set", "pos_weight=balance"], &["pos_weight = balance", "\"balanced\""]);
    with(&["--label-smoothing", "0.1"], &["label_smoothing = 0.1: expected 0", "share no probability"]);
    with(&["--metric", "accuracy"], &["metric = \"accuracy\"", "micro_f1, macro_f1"]);
    for setting in ["data.scheme=iob2", "data.widen_spans=true", "data.label_all_tokens=true"] {
        let key = setting.split_once('=').unwrap().0;
        with(&["--set", setting], &[key, "it is for token-classification"]);
    }
    with(
        &["--problem-type", "single_label_classification"],
        &["train.jsonl, line 2", "[\"anger\", \"sad\"]"],
    );
    with(&["--problem-type", "regression"], &["train.jsonl, line 1", "expected a number"]);
    with(
        &["--set", "problem_type=multilabel"],
        &["problem_type", "multilabel", "multi_label_classification"],
    );
    let several = "problem_type = \"multi_label_classification\"";
    let single = ["--problem-type", "single_label_classification"];
    of_card(
        several,
        &rows(12),
        &single,
        &["problem_type = \"single_label_classification\"", "mine states multi"],
    );
    of_card("problem_type = \"multilabel\"", &rows(12), &[], &["card.toml", "line 3", "multilabel"]);
    let positive = format!("{several}\nlabels = [\"joy\", \"sad\", \"anger\"]\npositive = \"joy\"");
    of_card(&positive, &rows(12), &[], &["mine has positive", "leave positive out"]);
    let one = lines(&["a", "b", "a", "b"].map(|label| row(&format!("a text of {label}"), &json!(label))));
    let weights = ["--set", "pos_weight=[1.0, 2.0]"];
    train_refuses(
        &[("train.jsonl", &one)],
        &weights,
        &["pos_weight = [1.0, 2.0]", "class_weights weighs labels"],
    );
}

#[test]
fn a_checkpoint_and_other_labels() {
    let Models { labels, numbers, .. } = models();
    let of_head = |model: &str, text: &str, parts: &[&str]| {
        train_refuses(&[("train.jsonl", text)], &["--model", model, "--max-length", "32"], parts);
    };
    let good = lines(&rows(12));
    let other = ["needs a head for multi_label_classification", "is for regression", "new_head"];
    of_head(numbers, &good, &other);
    of_head(labels, &then(&json!(["fear"])), &["3 labels (anger, joy, sad)", "4 (anger, fear, joy, sad)"]);
    eval_refuses(labels, &[("train.jsonl", &then(&json!(["fear"])))], &[], &["fear", "the classifier has"]);
    let columns = ["train.conll has no column \"text\"", "token-classification"];
    eval_refuses(labels, &[("train.conll", SENTENCES)], &[], &columns);
    let files = [("train.jsonl", good.as_str()), ("test.jsonl", "{\"text\":\"a\"}\n")];
    eval_refuses(
        labels,
        &files,
        &["--split", "test"],
        &["test split has no labels", "test.jsonl", "predict"],
    );
    let stated = card("task = \"text-classification\"\nproblem_type = \"regression\"");
    let measures = lines(&numbers::rows(12));
    let files = [("train.jsonl", measures.as_str()), ("card.toml", stated.as_str())];
    let kinds = ["mine is for text-classification (regression)", "(multi_label_classification)"];
    eval_refuses(labels, &files, &[], &kinds);
    let of_tokens = ["token-classification", "leave it out"];
    predict_refuses(
        labels,
        &[],
        &["a", "--format", "conll"],
        &[&["--format conll"][..], &of_tokens[..]].concat(),
    );
    predict_refuses(
        labels,
        &[],
        &["a", "--aggregation", "max"],
        &[&["--aggregation"][..], &of_tokens[..]].concat(),
    );
}

#[test]
fn thresholds_that_do_not_fit_the_labels() {
    let of = |text: &str, parts: &[&str]| {
        let copy = copy(&models().labels);
        fs::write(copy.path().join("thresholds.json"), text).unwrap();
        let model = copy.path().to_str().unwrap();
        predict_refuses(model, &[], &["a"], &[&["thresholds.json"][..], parts].concat());
        eval_refuses(
            model,
            &[("train.jsonl", &lines(&rows(12)))],
            &[],
            &[&["thresholds.json"][..], parts].concat(),
        );
    };
    let of_labels =
        |labels: Value, parts: &[&str]| of(&json!({"format": 2, "labels": labels}).to_string(), parts);
    let expected = "expected one for each of \"anger\", \"joy\", \"sad\"";
    of_labels(json!({"a": 0.5, "b": 0.5, "c": 0.5}), &["\"a\", \"b\", \"c\"", expected, "0.5"]);
    of_labels(json!({"anger": 0.5, "joy": 0.5}), &["\"anger\", \"joy\"", expected]);
    of_labels(json!({"anger": 0.5, "joy": 1.5, "sad": 0.5}), &["\"joy\" is 1.5", "from 0 to 1"]);
    of_labels(json!({"anger": 0.5, "joy": -0.5, "sad": 0.5}), &["\"joy\" is -0.5", "from 0 to 1"]);
    of_labels(json!({"anger": null, "joy": 0.5, "sad": 0.5}), &["\"joy\", \"sad\"", expected]);
    of("{\"format\": 9, \"labels\": {}}", &["format 9", "newer version"]);
    of("{\"format\": 2, \"lab", &["line 1", "can't be used"]);
    of("[1, 2]", &["line 1", "can't be used"]);
}

/// One output with a sigmoid is a number in some checkpoints.
#[test]
fn a_model_of_a_single_label_is_no_regression_outside_of_its_run() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("train.jsonl");
    let rows =
        (0..12).map(|n| row(&format!("text {n}"), &if n % 2 == 0 { json!(["joy"]) } else { json!([]) }));
    fs::write(&data, lines(&rows.collect::<Vec<_>>())).unwrap();
    let run = dir.path().join("run");
    succeed(bert_train().arg("train").args(SMALL).arg("--dataset").arg(data).arg("--output").arg(&run));
    let copy = copy(run.join("model").to_str().unwrap());
    let said = succeed(bert_train().args(["predict", "text 1", "--model"]).arg(copy.path()));
    let answer: Value = serde_json::from_str(&said).unwrap();
    assert!(answer["labels"].is_array() && answer["probabilities"]["joy"].is_number(), "{said}");
}
