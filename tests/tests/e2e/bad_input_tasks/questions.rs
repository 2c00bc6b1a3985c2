//! Question answering.

use std::fs;

use serde_json::{Value, json};

use super::{card, copy, eval_refuses, lines, models, path, predict_refuses, row, train_refuses};

const CONTEXT: &str = "Ms Okafor flew from Lagos to Kyoto.";

/// Questions that differ in their ids alone.
pub(super) fn rows(count: usize) -> Vec<Value> {
    (0..count).map(|n| of(&format!("q{n}"), "Who flew?", CONTEXT, &json!(["Okafor"]), &json!([3]))).collect()
}

fn of(id: &str, question: &str, context: &str, texts: &Value, starts: &Value) -> Value {
    let answers = json!({"text": texts, "answer_start": starts});
    json!({"id": id, "question": question, "context": context, "answers": answers})
}

/// A fault in the row after twelve good ones is named with the file, the line and the question.
fn after_good_rows(bad: &Value, parts: &[&str]) {
    let rows = lines(&[rows(12), vec![bad.clone()]].concat());
    train_refuses(&[("train.jsonl", &rows)], &[], &[&["train.jsonl, line 13"][..], parts].concat());
}

/// A fault of the answers of a question.
fn of_answers(texts: &Value, starts: &Value, parts: &[&str]) {
    after_good_rows(&of("bad-one", "Who?", CONTEXT, texts, starts), &[&["bad-one"][..], parts].concat());
}

fn with(arguments: &[&str], parts: &[&str]) {
    train_refuses(&[("train.jsonl", &lines(&rows(12)))], arguments, parts);
}

#[test]
fn answers_that_are_not_where_they_say() {
    of_answers(&json!(["Lagos"]), &json!([19]), &["not at its answer_start 19", "at 20 alone"]);
    of_answers(&json!(["Lagos"]), &json!([-1]), &["not at its answer_start -1"]);
    of_answers(&json!(["Lagos"]), &json!([4000]), &["the context has 35 characters"]);
    of_answers(&json!(["lagos"]), &json!([20]), &["the context has \"Lagos\" there", "nowhere"]);
    of_answers(&json!(["Lagos", "Kyoto"]), &json!([20]), &["2 text(s), but 1 answer_start(s)"]);
    of_answers(&json!([""]), &json!([20]), &["an empty list of answers"]);
    of_answers(&json!(["Lagos"]), &json!(["20"]), &["answer_start", "expected an integer"]);
    of_answers(&json!("Lagos"), &json!(20), &["answers.text", "expected a list"]);
    // As other languages count.
    let context = "\u{1f3ac} \u{e9}t\u{e9} in Lagos";
    for (start, unit) in [(10, "UTF-16"), (14, "UTF-8")] {
        let bad = of("x", "Where?", context, &json!(["Lagos"]), &json!([start]));
        after_good_rows(&bad, &["not at its answer_start", "at 9 alone", unit]);
    }
}

#[test]
fn questions_and_contexts_that_are_none() {
    let answer = || (json!([]), json!([]));
    for (question, context, parts) in [
        ("Who?", " \n\t", ["\"context\" is", "no white space"]),
        ("", CONTEXT, ["\"question\" is", "no white space"]),
    ] {
        let (texts, starts) = answer();
        after_good_rows(
            &of("empty-one", question, context, &texts, &starts),
            &[&["empty-one"][..], &parts].concat(),
        );
    }
    let mut twice = rows(12);
    twice.push(rows(12).remove(4));
    let same = ["train.jsonl, line 13", "q4", "train.jsonl, line 5 has the same identifier"];
    train_refuses(&[("train.jsonl", &lines(&twice))], &[], &same);
    after_good_rows(&json!({"id": [1], "question": "a", "context": "b", "answers": []}), &["\"id\" is [1]"]);
    let mut stated = of("v2", "Who?", CONTEXT, &json!(["Lagos"]), &json!([20]));
    stated["is_impossible"] = json!(true);
    after_good_rows(&stated, &["v2", "\"is_impossible\" is true"]);
    let unknown: Vec<Value> = (0..4).map(|n| json!({"question": format!("a{n}"), "context": "b"})).collect();
    let task = ["--task", "question-answering"];
    train_refuses(&[("train.jsonl", &lines(&unknown))], &task, &["train.jsonl", "answers"]);
}

#[test]
fn files_of_squad_with_a_fault() {
    let squad = |qas: &Value| {
        let paragraphs = json!([{"context": CONTEXT, "qas": qas}]);
        json!({"version": "1.1", "data": [{"title": "Okafor", "paragraphs": paragraphs}]}).to_string()
    };
    let good = json!({"id": "a", "question": "Who?", "answers": [{"text": "Okafor", "answer_start": 3}]});
    let bad = json!({"id": "b7", "question": "Where?", "answers": [{"text": "Lagos", "answer_start": 3}]});
    train_refuses(&[("train.json", &squad(&json!([good, bad])))], &[], &["train.json", "b7", "at 20 alone"]);
    let no_list = json!({"id": "c", "question": "Who?", "answers": "Okafor"});
    train_refuses(&[("train.json", &squad(&json!([good, no_list])))], &[], &["train.json", "answers"]);
    let cut = squad(&json!([good]));
    train_refuses(&[("train.json", &cut[..cut.len() - 9])], &[], &["train.json"]);
}

#[test]
fn settings_and_cards_of_other_tasks() {
    with(&["--set", "class_weights=balanced"], &["class_weights", "tokens, not classes"]);
    with(&["--set", "label_smoothing=0.1"], &["label_smoothing", "tokens, not classes"]);
    with(&["--set", "data.scheme=iob2"], &["data.scheme", "token-classification"]);
    with(&["--classifier-dropout", "0.2"], &["dropout.classifier = 0.2", "no dropout"]);
    with(&["--train-stride", "8"], &["data.train_stride", "question-answering"]);
    with(&["--truncation", "head"], &["data.truncation = head", "only_second"]);
    with(&["--metric", "best_f1_thresh"], &["metric = \"best_f1_thresh\"", "one of f1, exact_match"]);
    with(&["--metric", "HasAns_f1"], &["metric = \"HasAns_f1\"", "one of f1, exact_match"]);
    let regression = ["--task", "question-answering", "--problem-type", "regression"];
    with(&regression, &["problem_type = regression with task = question-answering"]);
    let of_card = |keys: &str, parts: &[&str]| {
        let card = card(keys);
        train_refuses(&[("train.jsonl", &lines(&rows(12))), ("card.toml", &card)], &[], parts);
    };
    let rows = lines(&rows(12));
    let only = "name = \"dev\"\ntask = \"question-answering\"\n[files]\nvalidation = [\"dev.jsonl\"]\n";
    train_refuses(&[("dev.jsonl", &rows), ("card.toml", only)], &[], &["dev", "validation", "training"]);
    of_card("task = \"question-answering\"\nscheme = \"iob2\"", &["card.toml", "scheme is for"]);
    of_card("task = \"question-answering\"\nlabels = [\"a\", \"b\"]", &["labels"]);
    of_card("task = \"text-classification\"\n[columns]\ncontext = \"context\"", &["card.toml", "context"]);
    of_card(
        "task = \"question-answering\"\n[columns]\ncontext = \"passage\"",
        &["no column \"passage\"", "context"],
    );
}

/// The question takes the whole window: the error has the question's id, not a number alone.
#[test]
fn a_question_that_leaves_no_room_for_its_context() {
    let long = "who flew from where ".repeat(20);
    let bad = of("too-long", &long, CONTEXT, &json!(["Lagos"]), &json!([20]));
    let rows = lines(&[rows(12), vec![bad.clone()]].concat());
    train_refuses(&[("train.jsonl", &rows)], &[], &["too-long", "can't be read in windows"]);
    let input = ["--max-length", "32", "--input", "@in.jsonl"];
    predict_refuses(&models().questions, &[("in.jsonl", &lines(&[bad]))], &input, &["too-long"]);
}

#[test]
fn a_checkpoint_and_other_data() {
    let model = &models().questions;
    let texts = lines(&[row("a", &json!("x")), row("b", &json!("y"))]);
    eval_refuses(model, &[("train.jsonl", &texts)], &[], &["train.jsonl has no column \"question\""]);
    let damaged = copy(model);
    fs::write(damaged.path().join("thresholds.json"), "{\"format\": 2, \"labels\": {\"a\": 0.5}}").unwrap();
    let damaged = path(damaged.path().to_owned());
    let files = lines(&rows(4));
    let parts = ["thresholds.json", "null_score_diff_threshold"];
    eval_refuses(&damaged, &[("train.jsonl", &files)], &[], &parts);
}

#[test]
fn predictions_for_bad_rows() {
    let model = &models().questions;
    let input = ["--input", "@in.jsonl"];
    let rows =
        lines(&[json!({"question": "Who?", "context": CONTEXT}), json!({"question": "Who?", "context": ""})]);
    predict_refuses(model, &[("in.jsonl", &rows)], &input, &["in.jsonl, line 2", "\"context\""]);
    let rows = lines(&[json!({"frage": "Who?", "context": CONTEXT})]);
    predict_refuses(
        model,
        &[("in.jsonl", &rows)],
        &input,
        &["in.jsonl has no column \"question\"", "--question-column"],
    );
    predict_refuses(model, &[("in.csv", "text\nWho?\n")], &["--input", "@in.csv"], &["--question-column"]);
    predict_refuses(model, &[("in.txt", "Who?\n")], &["--input", "@in.txt"], &["question"]);
}
