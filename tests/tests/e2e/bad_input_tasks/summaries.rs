//! Summaries.

use std::fs;

use serde_json::{Value, json};

use super::{card, copy, eval_refuses, lines, models, path, predict_refuses, train_refuses};

/// Texts of two sentences, of which the second is the summary.
pub(super) fn rows(count: usize) -> Vec<Value> {
    (0..count).map(|n| json!({"text": format!("It rained. A bear woke up on day {n}."), "summary": "A bear woke up."})).collect()
}

/// Lists of sentences with labels.
fn lists(count: usize) -> Vec<Value> {
    (0..count)
        .map(|n| json!({"source": ["It rained.", format!("A bear {n}.")], "source_labels": [0, 1]}))
        .collect()
}

/// A fault in the row after twelve good ones is named with the file and the line.
fn after(good: Vec<Value>, bad: &Value, parts: &[&str]) {
    let rows = lines(&[good, vec![bad.clone()]].concat());
    train_refuses(&[("train.jsonl", &rows)], &[], &[&["train.jsonl, line 13"][..], parts].concat());
}

#[test]
fn texts_that_are_none() {
    after(
        rows(12),
        &json!({"text": " \n", "summary": "A bear."}),
        &["\"text\" is \" \\n\"", "no white space"],
    );
    after(rows(12), &json!({"text": 5, "summary": "A bear."}), &["\"text\" is", "expected a text"]);
    after(rows(12), &json!({"summary": "A bear."}), &["\"text\""]);
    after(lists(12), &json!({"source": [], "source_labels": []}), &["\"source\" is []", "no white space"]);
    after(
        lists(12),
        &json!({"source": "A bear.", "source_labels": [1]}),
        &["\"source\" is", "expected a list"],
    );
    after(lists(12), &json!({"source": ["A.", 7], "source_labels": [1, 0]}), &["\"source[1]\" is 7"]);
}

#[test]
fn labels_and_summaries_that_are_none() {
    after(
        lists(12),
        &json!({"source": ["A.", "B."], "source_labels": [1]}),
        &["1 label(s), but there are 2 sentence(s)"],
    );
    after(
        lists(12),
        &json!({"source": ["A.", "B."], "source_labels": [1, 2]}),
        &["\"source_labels[1]\" is 2, expected 0 or 1"],
    );
    after(
        lists(12),
        &json!({"source": ["A."], "source_labels": "1"}),
        &["\"source_labels\" is \"1\", expected a list"],
    );
    after(rows(12), &json!({"text": "A bear.", "summary": ""}), &["\"summary\" is \"\"", "complete the row"]);
    after(rows(12), &json!({"text": "A bear.", "summary": {"a": 1}}), &["\"summary\" is", "a list of texts"]);
    let without = lines(&[rows(12), vec![json!({"text": "A bear.", "summary": null})]].concat());
    train_refuses(
        &[("train.jsonl", &without)],
        &[],
        &["1 of the 13 rows", "line 13", "data.skip_bad_rows=true"],
    );
    let none =
        lines(&(0..12).map(|n| json!({"text": format!("A bear {n}."), "summary": null})).collect::<Vec<_>>());
    let asked = ["--task", "summarization"];
    train_refuses(&[("train.jsonl", &none)], &asked, &["the training split has no labels", "[columns] summary"]);
}

#[test]
fn cards_that_contradict_themselves() {
    for (keys, part) in [
        (
            "task = \"summarization\"\nlabels = [\"a\", \"b\"]",
            "labels has no meaning for the task summarization",
        ),
        ("task = \"summarization\"\nsummary_sentences = 0", "summary_sentences = 0: expected at least 1"),
        (
            "task = \"text-classification\"\nsummary_sentences = 2",
            "summary_sentences is for the task summarization",
        ),
        ("[columns]\nsentence_labels = \"l\"\nsummary = \"s\"", "has sentence_labels, but no sentences"),
        ("[columns]\nsentences = \"s\"\nsummary = \"s\"", "names \"s\" twice"),
        (
            "task = \"summarization\"\n[columns]\ntext = \"a\"\nsentences = \"s\"",
            "has both sentences and text",
        ),
    ] {
        let card = card(keys);
        train_refuses(&[("train.jsonl", &lines(&rows(12))), ("card.toml", &card)], &[], &[part]);
    }
}

#[test]
fn settings_and_options_that_mean_nothing() {
    let with = |arguments: &[&str], parts: &[&str]| {
        train_refuses(&[("train.jsonl", &lines(&rows(12)))], arguments, parts);
    };
    with(&["--set", "label_smoothing=0.1"], &["label_smoothing = 0.1", "each counts alike"]);
    with(&["--set", "class_weights=balanced"], &["class_weights", "each counts alike"]);
    with(&["--metric", "f1"], &["f1", "rouge1"]);
    with(&["--train-stride", "8"], &["train_stride"]);
    let model = &models().summaries;
    predict_refuses(model, &[], &["--text", "A bear.", "--text-pair", "It rained."], &["--text-pair is for"]);
    predict_refuses(model, &[], &["A bear.", "--n-best", "3"], &["--n-best is for question-answering"]);
    let of_numbers = &models().numbers;
    predict_refuses(of_numbers, &[], &["A bear.", "--sentences", "3"], &["--sentences is for summarization"]);
    eval_refuses(model, &[("train.jsonl", "{\"text\": \"a\", \"label\": \"b\"}\n")], &[], &["train.jsonl"]);
}

#[test]
fn heads_that_are_damaged() {
    let model = copy(&models().summaries);
    fs::remove_file(model.path().join("embert_head.safetensors")).unwrap();
    let folder = path(model.path().to_owned());
    predict_refuses(&folder, &[], &["A bear."], &["embert_head.safetensors"]);
    let model = copy(&models().summaries);
    let config = model.path().join("config.json");
    let one_type =
        fs::read_to_string(&config).unwrap().replace("\"type_vocab_size\": 2", "\"type_vocab_size\": 1");
    fs::write(&config, one_type).unwrap();
    let folder = path(model.path().to_owned());
    predict_refuses(&folder, &[], &["A bear."], &["token_type_embeddings"]);
}
