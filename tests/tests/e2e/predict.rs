//! `predict` from and to every format, and its output in a pipe.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;

use embert_tests::program::{bert_train, fail, json_lines, small_run, stderr, succeed};
use serde_json::{Value, json};

/// A model that all tests share; trained once.
pub(crate) fn model() -> PathBuf {
    static RUN: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = RUN.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        succeed(&mut small_run(&dir.path().join("run"), 0));
        dir
    });
    dir.path().join("run/model")
}

fn predict() -> std::process::Command {
    let mut command = bert_train();
    command.args(["predict", "--model"]).arg(model());
    command
}

const TEXTS: [&str; 3] =
    ["A lovely, warm evening.", "Dull, cold and \"rude\".", "Not bad\nat all, two lines"];

#[test]
fn texts_on_the_command_line_come_out_as_json_in_a_pipe() {
    let said = succeed(predict().args(TEXTS));
    let rows: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    for (row, text) in rows.iter().zip(TEXTS) {
        assert_eq!(row["text"], text);
        let probabilities = row["probabilities"].as_object().unwrap();
        assert_eq!(probabilities.keys().collect::<Vec<_>>(), ["neg", "pos"]);
        let sum: f64 = probabilities.values().map(|p| p.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        let label = row["label"].as_str().unwrap();
        assert_eq!(probabilities[label], row["score"]);
        assert!(row["score"].as_f64().unwrap() >= 0.5);
    }
}

#[test]
fn every_format_gives_the_same_predictions() {
    let dir = tempfile::tempdir().unwrap();
    let texts = &TEXTS[..2];
    let write = |name: &str, content: String| {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let inputs = [
        write(
            "a.jsonl",
            texts.iter().map(|text| json!({"id": 1, "text": text}).to_string() + "\n").collect(),
        ),
        write("a.csv", format!("id,text\n1,{}\n2,{}\n", quoted(texts[0]), quoted(texts[1]))),
        write("a.tsv", format!("text\tid\n{}\t1\n{}\t2\n", quoted(texts[0]), quoted(texts[1]))),
        write("a.txt", texts.join("\n") + "\n"),
    ];
    let expected = succeed(predict().args(texts));
    for input in inputs {
        let output = dir.path().join("out.jsonl");
        succeed(predict().arg("--input").arg(&input).arg("--output").arg(&output));
        let found = fs::read_to_string(&output).unwrap();
        assert_eq!(found, expected, "{}", input.display());
    }
}

/// `predict` between pipes.
fn piped() -> Child {
    let mut command = predict();
    command.args(["--input", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn the_standard_input_is_read_and_a_closed_pipe_is_no_error() {
    let mut child = piped();
    child.stdin.take().unwrap().write_all("Lovely.\nAwful.\n".as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);

    let mut child = piped();
    drop(child.stdout.take());
    let many = "A text.\n".repeat(2000);
    // The program may stop reading once its output is closed.
    let _ = child.stdin.take().unwrap().write_all(many.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("panicked"), "{said}");
}

#[test]
fn a_bad_row_stops_it_with_its_line_and_leaves_no_output() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in.jsonl");
    fs::write(&input, "{\"text\":\"fine\"}\n{\"text\":null}\n{\"text\":\"also fine\"}\n").unwrap();
    let output = dir.path().join("out.jsonl");
    let said = fail(predict().arg("--input").arg(&input).arg("--output").arg(&output));
    assert!(said.contains("in.jsonl") && said.contains('2'), "{said}");
    assert_eq!(names(dir.path()), ["in.jsonl"], "something half-written stayed");
    succeed(predict().arg("--skip-bad-rows").arg("--input").arg(&input).arg("--output").arg(&output));
    let texts: Vec<Value> = json_lines(&output).iter().map(|row| row["text"].clone()).collect();
    assert_eq!(texts, ["fine", "also fine"]);
}

#[test]
fn a_long_and_an_empty_text_are_texts() {
    let long = "word ".repeat(200_000);
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in.jsonl");
    fs::write(&input, format!("{}\n{}\n", json!({"text": long}), json!({"text": ""}))).unwrap();
    let said = succeed(predict().arg("--input").arg(&input));
    assert_eq!(said.lines().count(), 2);
}

#[test]
fn an_empty_input_gives_an_empty_output_and_says_so_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("a.csv", ""),
        ("a.tsv", ""),
        ("a.jsonl", ""),
        ("a.ndjson", ""),
        ("a.conll", ""),
        ("a.parquet", ""),
        ("a.txt", ""),
        ("heading.csv", "text,label\n"),
        ("blank.jsonl", "\n\n"),
    ] {
        let input = dir.path().join(name);
        fs::write(&input, content).unwrap();
        let output = dir.path().join("out.jsonl");
        let done = predict().arg("--input").arg(&input).arg("--output").arg(&output).output().unwrap();
        let said = stderr(&done);
        assert!(done.status.success(), "{name}: {said}");
        assert!(said.contains(&format!("{name} has no rows")), "{name}: {said}");
        assert_eq!(fs::read_to_string(&output).unwrap(), "", "{name}");
        fs::remove_file(&output).unwrap();
    }
    let done = predict().args(["--input", "-", "--input-format", "csv"]).output().unwrap();
    assert!(done.status.success() && done.stdout.is_empty(), "{}", stderr(&done));
    assert!(stderr(&done).contains("has no rows"), "{}", stderr(&done));
}

#[test]
fn rows_that_are_all_skipped_are_an_error_of_the_input() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in.jsonl");
    let output = dir.path().join("out.jsonl");
    fs::write(&input, "{\"body\":\"fine\"}\n{\"body\":\"also fine\"}\n").unwrap();
    let said = fail(predict().arg("--skip-bad-rows").arg("--input").arg(&input).arg("--output").arg(&output));
    for part in ["in.jsonl", "\"text\"", "body"] {
        assert!(said.contains(part), "\"{part}\" is not said: {said}");
    }
    assert!(!output.exists());
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
