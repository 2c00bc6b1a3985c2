//! The tokenizer's files in a checkpoint's folder, as a user meets them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use embert_tests::program::{bert_train, root, stderr, succeed};
use serde_json::{Value, json};

use crate::predict::{model, names};

/// A copy of the shared model without its tokenizer's files but for `vocab.txt`.
fn with_vocab(dir: &Path) -> PathBuf {
    let copy = dir.join("copy");
    fs::create_dir(&copy).unwrap();
    for name in names(&model()) {
        if !["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"].contains(&name.as_str()) {
            fs::copy(model().join(&name), copy.join(&name)).unwrap();
        }
    }
    copy
}

fn run(command: &str, model: &Path, text: &str) -> Output {
    let mut program = bert_train();
    program.args([command, "--model"]).arg(model);
    if command == "inspect" {
        program = bert_train();
        program.arg("inspect").arg(model);
    } else {
        program.arg(text);
    }
    program.output().unwrap()
}

#[track_caller]
fn refuses(command: &str, model: &Path, text: &str, parts: &[&str]) {
    let output = run(command, model, text);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in parts {
        assert!(said.contains(part), "\"{part}\" is not said:\n{said}");
    }
}

#[test]
fn a_tokenizer_of_another_class_is_refused_wherever_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let copy = with_vocab(dir.path());
    fs::write(copy.join("tokenizer_config.json"), r#"{"tokenizer_class": "BertJapaneseTokenizer"}"#).unwrap();
    for command in ["tokenize", "predict", "inspect"] {
        refuses(
            command,
            &copy,
            "東京都に住む",
            &["tokenizer_config.json", "BertJapaneseTokenizer", "BertTokenizer"],
        );
    }
    fs::remove_file(copy.join("tokenizer_config.json")).unwrap();
    let path = copy.join("config.json");
    let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    config["tokenizer_class"] = json!("BertJapaneseTokenizer");
    fs::write(&path, config.to_string()).unwrap();
    refuses("tokenize", &copy, "東京都に住む", &["config.json", "BertJapaneseTokenizer"]);
}

#[test]
fn half_a_vocabulary_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let copy = with_vocab(dir.path());
    let path = copy.join("vocab.txt");
    let whole = fs::read_to_string(&path).unwrap();
    succeed(bert_train().args(["predict", "A good film", "--model"]).arg(&copy));
    let half: Vec<&str> = whole.lines().take(whole.lines().count() / 2).collect();
    fs::write(&path, half.join("\n")).unwrap();
    for command in ["predict", "tokenize"] {
        refuses(command, &copy, "A good film", &["vocab.txt", "vocab_size", "not complete", "[unused1]"]);
    }
}

#[test]
fn a_cased_vocabulary_that_is_lowercased_is_said_by_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let copy = with_vocab(dir.path());
    let vocab = fs::read_to_string(copy.join("vocab.txt")).unwrap();
    // The number of tokens stays; a hundred of them get a capital.
    let mut changed = 0;
    let cased: String = vocab
        .lines()
        .map(|token| {
            let first = token.chars().next().unwrap_or(' ');
            if token.len() > 3 && first.is_ascii_lowercase() && changed < 100 {
                changed += 1;
                format!("{}{}\n", first.to_ascii_uppercase(), &token[1..])
            } else {
                format!("{token}\n")
            }
        })
        .collect();
    assert_eq!(changed, 100);
    fs::write(copy.join("vocab.txt"), cased).unwrap();
    for command in ["tokenize", "predict", "inspect"] {
        let output = run(command, &copy, "Abnormality in the Left Lobe");
        let said = stderr(&output);
        assert!(
            output.status.success() && said.contains("100 of ") && said.contains("do_lower_case"),
            "{said}"
        );
    }
    let mut eval = bert_train();
    eval.args(["eval", "--dataset", "sample", "--eval-samples", "6", "--model"]).arg(&copy);
    let said = stderr(&eval.output().unwrap());
    assert!(said.contains("do_lower_case"), "{said}");
    let mut train = bert_train();
    train.args(["train", "--model"]).arg(&copy).args(["--dataset", "sample", "--train-samples", "12"]);
    train.args(["--eval-samples", "6", "--epochs", "1", "--max-length", "16"]);
    let output =
        train.args(["--set", "new_head=true", "--output"]).arg(dir.path().join("run")).output().unwrap();
    let said = stderr(&output);
    assert!(output.status.success() && said.contains("do_lower_case"), "{said}");
    // A consistent tokenizer causes no message.
    let plain = stderr(&run("tokenize", &root().join("datasets/sample/bert"), "Abnormality"));
    assert_eq!(plain, "");
}

#[test]
fn a_text_with_an_added_token_that_the_model_has_no_row_for_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let copy = with_vocab(dir.path());
    let size = fs::read_to_string(copy.join("vocab.txt")).unwrap().lines().count();
    fs::write(copy.join("added_tokens.json"), json!({ "[E1]": size }).to_string()).unwrap();
    let output = run("predict", &copy, "A good film");
    assert!(output.status.success() && stderr(&output).contains("[E1]"), "{}", stderr(&output));
    refuses("predict", &copy, "A good [E1] film", &["[E1]", &size.to_string()]);
}
