//! Masked words.

use std::fs;

use serde_json::{Value, json};

use super::{card, copy, eval_refuses, lines, models, path, predict_refuses, row, train_refuses};

const TASK: [&str; 2] = ["--task", "fill-mask"];

/// Texts with a label, of which masked words have no need.
pub(super) fn rows(count: usize) -> Vec<Value> {
    (0..count).map(|n| row(&format!("the film was warm, number {n}"), &json!("pos"))).collect()
}

fn with(arguments: &[&str], parts: &[&str]) {
    train_refuses(&[("train.jsonl", &lines(&rows(12)))], &[&TASK[..], arguments].concat(), parts);
}

#[test]
fn settings_of_other_tasks() {
    with(&["--set", "class_weights=balanced"], &["class_weights", "tokens of the vocabulary, not classes"]);
    with(&["--set", "pos_weight=balanced"], &["pos_weight", "not classes"]);
    with(&["--set", "label_smoothing=0.1"], &["label_smoothing = 0.1", "not classes"]);
    with(&["--set", "data.scheme=iob2"], &["data.scheme = iob2", "for token-classification alone"]);
    with(&["--set", "data.label_all_tokens=true"], &["data.label_all_tokens", "token-classification"]);
    with(&["--classifier-dropout", "0.2"], &["dropout.classifier = 0.2", "no dropout"]);
    with(&["--train-stride", "8"], &["data.train_stride", "fill-mask"]);
    with(&["--metric", "accuracy"], &["metric = \"accuracy\"", "one of perplexity, masked_accuracy, loss"]);
    with(&["--problem-type", "regression"], &["problem_type = regression with task = fill-mask"]);
    with(
        &["--freeze", "all_but_head", "--set", "cache_frozen=true"],
        &["cache_frozen = true: expected false", "other tokens of each text in each epoch"],
    );
    for key in ["data.whole_word_mask", "data.line_by_line"] {
        let texts = lines(&[rows(12), vec![row("a", &json!("neg"))]].concat());
        let setting = format!("{key}=true");
        train_refuses(&[("train.jsonl", &texts)], &["--set", &setting], &[key, "it is for fill-mask alone"]);
    }
    with(&["--set", "data.whole_word_mask=maybe"], &["data.whole_word_mask", "maybe"]);
}

#[test]
fn texts_that_are_none() {
    let refuses = |rows: &[Value], parts: &[&str]| {
        train_refuses(&[("train.jsonl", &lines(rows))], &TASK, parts);
    };
    let bad = |text: Value| [rows(3), vec![json!({"text": text})]].concat();
    refuses(&bad(json!(7)), &["train.jsonl, line 4", "\"text\" is 7"]);
    refuses(&bad(Value::Null), &["train.jsonl, line 4", "\"text\" is null"]);
    refuses(&bad(json!(["a"])), &["train.jsonl, line 4", "\"text\""]);
    refuses(&[json!({"body": "the film"})], &["train.jsonl", "\"text\"", "[columns] text"]);
    let empty: Vec<Value> = (0..3).map(|_| json!({"text": " \t"})).collect();
    refuses(&empty, &["no examples", "training"]);
    train_refuses(&[("train.txt", "\n \n")], &TASK, &["train.txt"]);
    train_refuses(&[("train.conll", "Ada B-PER\nslept O\n\n")], &TASK, &["train.conll", "\"text\""]);
}

#[test]
fn cards_that_do_not_fit() {
    let of_card = |keys: &str, parts: &[&str]| {
        let files = [("train.jsonl", &*lines(&rows(12))), ("card.toml", &*card(keys))];
        train_refuses(&files, &TASK, parts);
    };
    of_card(
        "task = \"fill-mask\"\nlabels = [\"a\"]",
        &["card.toml", "labels has no meaning for the task fill-mask"],
    );
    of_card("task = \"fill-mask\"\nscheme = \"iob2\"", &["card.toml", "scheme is for the task token"]);
    of_card("task = \"fill-mask\"\n[columns]\ntext = \"body\"", &["train.jsonl has no column \"body\""]);
}

#[test]
fn checkpoints_without_a_mask_or_with_a_decoder_of_their_own() {
    let model = &models().masks;
    let texts = lines(&rows(12));
    let without = copy(model);
    for file in fs::read_dir(without.path()).unwrap() {
        let file = file.unwrap().path();
        let is_json = file.extension().is_some_and(|ending| ending == "json");
        if is_json || file.ends_with("vocab.txt") {
            let text = fs::read_to_string(&file).unwrap();
            fs::write(&file, text.replace("[MASK]", "[OTHER]")).unwrap();
        }
    }
    let config = without.path().join("tokenizer_config.json");
    let mut keys: Value = serde_json::from_str(&fs::read_to_string(&config).unwrap()).unwrap();
    keys.as_object_mut().unwrap().shift_remove("mask_token");
    fs::write(&config, keys.to_string()).unwrap();
    let without = path(without.path().to_owned());
    let said = ["has no token for masked words", "mask_token"];
    eval_refuses(&without, &[("train.jsonl", &texts)], &[], &said);
    predict_refuses(&without, &[], &["a text"], &said);

    let untied = copy(model);
    let config = untied.path().join("config.json");
    let mut keys: Value = serde_json::from_str(&fs::read_to_string(&config).unwrap()).unwrap();
    keys["tie_word_embeddings"] = json!(false);
    fs::write(&config, keys.to_string()).unwrap();
    let untied = path(untied.path().to_owned());
    let said = ["\"tie_word_embeddings\" is false, expected true", "new_head=true"];
    eval_refuses(&untied, &[("train.jsonl", &texts)], &[], &said);
    train_refuses(&[("train.jsonl", &texts)], &[&TASK[..], &["--model", &untied]].concat(), &said);
    // Another checkpoint has no head for masked words.
    let said = ["no trained head", "cls.predictions"];
    let other = copy(&models().labels);
    let config = other.path().join("config.json");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("BertForSequenceClassification", "BertForMaskedLM")).unwrap();
    predict_refuses(&path(other.path().to_owned()), &[], &["a [MASK]"], &said);
}

#[test]
fn predictions_for_bad_rows() {
    let model = &models().masks;
    predict_refuses(model, &[], &["the film was warm"], &["the text: the text has no [MASK]"]);
    predict_refuses(model, &[], &["a [MASK]", "none"], &["text 2 of 2: the text has no [MASK]"]);
    let input = ["--input", "@in.jsonl"];
    let rows = lines(&[json!({"text": "a [MASK]"}), json!({"text": "none"})]);
    predict_refuses(model, &[("in.jsonl", &rows)], &input, &["in.jsonl, line 2: the text has no [MASK]"]);
    let rows = lines(&[json!({"body": "a [MASK]"})]);
    predict_refuses(
        model,
        &[("in.jsonl", &rows)],
        &input,
        &["in.jsonl has no column \"text\"", "--text-column"],
    );
    predict_refuses(
        model,
        &[("in.txt", "none\n")],
        &["--input", "@in.txt", "--skip-bad-rows"],
        &["has no [MASK]"],
    );
    predict_refuses(model, &[], &["a [MASK]", "--n-best", "0"], &["--n-best"]);
    predict_refuses(
        model,
        &[],
        &["a [MASK]", "--aggregation", "max"],
        &["token-classification", "fill-mask"],
    );
    predict_refuses(model, &[], &["a [MASK]", "--format", "conll"], &["token-classification", "fill-mask"]);
}

#[test]
fn other_data_and_other_models() {
    let model = &models().masks;
    let questions = lines(&super::questions::rows(4));
    eval_refuses(model, &[("train.jsonl", &questions)], &[], &["train.jsonl has no column \"text\""]);
    let squad = ["--squad-files", "@squad"];
    eval_refuses(model, &[("train.jsonl", &lines(&rows(4)))], &squad, &["question-answering", "fill-mask"]);
}
