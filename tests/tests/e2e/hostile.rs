//! Labels, texts, columns, files and tensors from elsewhere reach the terminal as texts, whatever is in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use embert_tests::program::{bert_train, succeed};
use embert_tests::terminal::{on_a_terminal, without_cursor_moves};
use serde_json::{Value, json};

use crate::predict::model;

/// A text that sets the title, clears the screen, paints, starts a line like ours, overwrites it, reverses
/// what follows, and hides.
const HOSTILE: &str =
    "x\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\nerror: fake\r\u{8}\u{7f}\u{202e}\u{2066}\u{200b}\u{2028}y";

/// A hostile name that has no line ends.
const HOSTILE_NAME: &str = "x\u{1b}[31m\u{7}\u{9b}2J\u{202e}y";

/// The characters that a terminal obeys, or that hide or reorder others, other than the end of a line.
fn obeyed(text: &str) -> Vec<char> {
    let is_obeyed = |character: &char| {
        character.is_control() && *character != '\n'
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(is_obeyed).collect()
}

/// Runs a command to the end and asserts that a terminal obeys nothing of its output. Returns the output, the
/// standard output first.
fn says(command: &mut Command) -> String {
    let Output { stdout, stderr, .. } = command.output().unwrap();
    let said = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    assert_eq!(obeyed(&said), [], "{command:?}: {}", said.escape_debug());
    assert!(!said.lines().any(|line| line.starts_with("error: fake")), "{command:?}: {said}");
    assert!(!said.contains("panicked"), "{command:?}: {said}");
    said
}

/// A data set whose labels, texts and file name are hostile.
fn data(folder: &Path) -> PathBuf {
    let rows = (0..12).map(|n| {
        let label = if n % 2 == 0 { HOSTILE } else { "שלום" };
        json!({"text": format!("{HOSTILE} number {n}"), "label": label}).to_string() + "\n"
    });
    let path = folder.join(format!("{HOSTILE_NAME}.jsonl"));
    fs::write(&path, rows.collect::<String>()).unwrap();
    path
}

fn train(command: &str, data: &Path, output: &Path) -> Command {
    let mut train = bert_train();
    train
        .args([
            command,
            "--model",
            "datasets/sample/bert",
            "--set",
            "from_scratch=true",
            "--max-length",
            "16",
        ])
        .args(["--epochs", "1", "--batch-size", "4", "--split-ratios", "0.5/0.25/0.25", "-v", "--dataset"])
        .arg(data)
        .arg("--output")
        .arg(output);
    train
}

#[test]
fn no_command_lets_a_terminal_obey_what_it_reads() {
    let dir = tempfile::tempdir().unwrap();
    let data = data(dir.path());
    let run = dir.path().join(format!("run{HOSTILE_NAME}"));
    let said = says(&mut train("train", &data, &run));
    assert!(said.contains("\\u{1b}]0;owned\\u{7}") && said.contains("שלום"), "{said}");

    let model = run.join("model");
    let on = |command: &str, option: &str| {
        let mut on = bert_train();
        on.arg(command).arg(option).arg(&model);
        on
    };
    assert!(says(on("eval", "--model").arg("--dataset").arg(&data)).contains("\\u{1b}]0;owned"));
    let predicted = says(on("predict", "--model").arg(HOSTILE).arg("--output").arg(dir.path().join("p")));
    assert_eq!(predicted, "");
    assert!(says(on("tokenize", "--model").arg(HOSTILE)).contains("[CLS]"));
    assert!(says(bert_train().arg("inspect").arg(&model)).contains("labels      x\\u{1b}"));
    assert!(says(bert_train().args(["report", "--terminal"]).arg(&run)).contains("run"));
    let page = says(bert_train().arg("report").arg(&run));
    assert!(page.contains("runx\\u{1b}[31m"), "{page}");

    let sweep = dir.path().join("sweep");
    let said = says(train("sweep", &data, &sweep).args(["--grid", "freeze=none,all_but_head"]));
    assert!(said.contains("\\u{1b}]0;owned"), "{said}");
    says(bert_train().args(["report", "--terminal"]).arg(&sweep));
}

#[test]
fn an_error_is_no_place_for_control_characters() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let refuses = |data: &Path, part: &str| {
        let said = says(&mut train("train", data, &dir.path().join("run")));
        assert!(said.starts_with("error: ") && said.contains(part), "{said}");
        assert!(said.len() < 10_000, "{}", said.len());
    };
    refuses(&write("columns.csv", &format!("te\u{1b}[31mxt,{HOSTILE_NAME}\na,b\n")), "te\\u{1b}[31mxt");
    refuses(&write("nuls.csv", &"\0".repeat(3 << 20)), "nuls.csv");
    refuses(&write("card.toml", &format!("name = \"{HOSTILE_NAME}\"\n")), "\\u{1b}");
    refuses(&dir.path().join(HOSTILE_NAME), "\\u{1b}");
    refuses(&write("bad.jsonl", &format!("{{\"text\": \"{HOSTILE_NAME}\"\n")), "bad.jsonl");
    // Hostile texts on the command line itself.
    for arguments in [
        vec!["train", "--set", "epo\u{1b}[31mchs=1"],
        vec!["train", "--set", "freeze=\u{9b}31m"],
        vec!["train", "--epochs", "\u{1b}[31m"],
        vec!["\u{1b}[31m"],
        vec!["inspect", "\u{1b}[31m/\u{202e}"],
    ] {
        let said = says(bert_train().args(&arguments).env("HF_HUB_OFFLINE", "1"));
        assert!(said.contains("error: "), "{arguments:?}: {said}");
    }
}

/// The names of a checkpoint's tensors come from its file, and are printed where the tensors are left over.
#[test]
fn names_of_tensors_are_texts() {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("model");
    fs::create_dir(&copy).unwrap();
    for entry in fs::read_dir(model()).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    let path = copy.join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let (length, rest) = bytes.split_at(8);
    let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
    let mut head: serde_json::Map<String, Value> = serde_json::from_slice(&rest[..length]).unwrap();
    let end = rest.len() - length + 4;
    head.insert(HOSTILE.to_owned(), json!({"dtype": "F32", "shape": [1], "data_offsets": [end - 4, end]}));
    let head = serde_json::to_vec(&head).unwrap();
    let bytes = [&(head.len() as u64).to_le_bytes()[..], &head[..], &rest[length..], &[0; 4][..]].concat();
    fs::write(&path, bytes).unwrap();
    let said = says(bert_train().arg("inspect").arg(&copy));
    assert!(said.contains("left over   x\\u{1b}]0;owned"), "{said}");
}

#[test]
fn a_terminal_shows_tables_and_json_without_harm() {
    let ask = |more: &[&str]| {
        let mut command = bert_train();
        command
            .args(["predict", "--model"])
            .arg(model())
            .args([HOSTILE, &"long ".repeat(1 << 13)])
            .args(more);
        command
    };
    let table = without_cursor_moves(&on_a_terminal(&mut ask(&[]), true));
    assert_eq!(obeyed(&table), [], "{table}");
    assert!(table.contains("x\\u{1b}]0;owned\\u{7}") && table.contains('…') && table.len() < 4000, "{table}");

    let json = on_a_terminal(&mut ask(&["--json"]), false).replace('\r', "");
    assert_eq!(obeyed(&json), []);
    let pipe = succeed(&mut ask(&["--json"]));
    let values =
        |text: &str| -> Vec<Value> { text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    // The values are the same, and a pipe gets the characters unescaped.
    assert_eq!(values(&json), values(&pipe));
    assert!(pipe.contains('\u{9b}') && json.contains("\\u009b"), "{json}");

    let dir = tempfile::tempdir().unwrap();
    let mut train = train("train", &data(dir.path()), &dir.path().join("run"));
    let said = without_cursor_moves(&on_a_terminal(train.env("NO_COLOR", "1"), true));
    assert_eq!(obeyed(&said), [], "{}", said.escape_debug());
}
