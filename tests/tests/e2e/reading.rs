//! Files that are not what their endings say are refused with the setting that helps: a key, an option, and
//! an entry of a card.

use std::fs;
use std::path::Path;

use embert_tests::program::{bert_train, fail, small_run, succeed};

use crate::predict::model;

/// Reviews as a German office's spreadsheet saves them: semicolons, Windows-1252, no heading.
fn spreadsheet(rows: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in 0..rows {
        let (text, label) =
            if row % 2 == 0 { ("sch\u{f6}n; lovely", "pos") } else { ("so l\u{e0} l\u{e0}", "neg") };
        let text = format!("\"{text} {row}\";{label}\r\n");
        // In Windows-1252 the byte of each of these characters is its code point.
        bytes.extend(text.chars().map(|c| c as u8));
    }
    bytes
}

fn predict(input: &Path) -> std::process::Command {
    let mut command = bert_train();
    command.args(["predict", "--model"]).arg(model()).arg("--input").arg(input);
    command
}

#[test]
fn a_spreadsheet_is_read_once_its_settings_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("reviews.csv");
    fs::write(&file, spreadsheet(4)).unwrap();
    let options = ["--header", "text,label", "--delimiter", ";", "--encoding", "windows-1252"];
    for (given, part) in
        [(0, "is the delimiter another one"), (2, "line 1"), (4, "encoding = \"windows-1252\"")]
    {
        let said = fail(predict(&file).args(&options[..given]));
        assert!(said.contains(part) && said.contains("reviews.csv"), "{said}");
    }
    let texts: Vec<String> =
        ["sch\u{f6}n; lovely 0", "so l\u{e0} l\u{e0} 1", "sch\u{f6}n; lovely 2", "so l\u{e0} l\u{e0} 3"]
            .map(str::to_owned)
            .into();
    let expected = succeed(bert_train().args(["predict", "--model"]).arg(model()).args(texts));
    assert_eq!(succeed(predict(&file).args(options)), expected);
}

#[test]
fn a_run_remembers_how_its_data_were_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("reviews.csv");
    fs::write(&file, spreadsheet(40)).unwrap();
    let run = dir.path().join("run");
    let options = ["--header", "text,label", "--delimiter", ";", "--encoding", "windows-1252"];
    let mut train = small_run(&run, 0);
    train.arg("--dataset").arg(&file).args(["--split-ratios", "0.5/0.5/0.0"]).args(options);
    succeed(&mut train);
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    for line in ["delimiter = \";\"", "encoding = \"windows-1252\"", "header = [\"text\", \"label\"]"] {
        assert!(config.contains(line), "{line}:\n{config}");
    }
    // The run's own data need no option; for other data its options are not assumed.
    let eval = || {
        let mut command = bert_train();
        command.args(["eval", "--model"]).arg(run.join("model"));
        command
    };
    succeed(&mut eval());
    let other = dir.path().join("other.csv");
    fs::write(&other, "text,label\nlovely,pos\nawful,neg\n").unwrap();
    succeed(eval().arg("--dataset").arg(&other).args(["--split", "train"]));

    let card = dir.path().join("card.toml");
    let text = "name = \"reviews\"\ntask = \"sequence-classification\"\n[files]\ntrain = [\"reviews.csv\"]\n\
                [reading]\ndelimiter = \";\"\nencoding = \"windows-1252\"\nheader = [\"text\", \"label\"]\n";
    fs::write(&card, text).unwrap();
    succeed(eval().arg("--dataset").arg(&card).args(["--split", "train"]));
    fs::write(&card, text.replace("\";\"", "\"::\"")).unwrap();
    let said = fail(eval().arg("--dataset").arg(&card).args(["--split", "train"]));
    assert!(said.contains("card.toml") && said.contains("one ASCII character"), "{said}");
}

#[test]
fn an_empty_file_predicts_nothing_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.csv", "a.tsv", "a.jsonl", "a.json", "a.conll", "a.parquet", "a.txt", "a.csv.gz"] {
        let file = dir.path().join(name);
        fs::write(&file, "").unwrap();
        let output = predict(&file).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && output.stdout.is_empty(), "{name}: {said}");
        assert!(said.contains("has no rows") && said.contains(name), "{name}: {said}");
        let said = fail(
            bert_train()
                .args(["train", "--model", "datasets/sample/bert", "--set", "from_scratch=true", "--output"])
                .arg(dir.path().join("run"))
                .arg("--dataset")
                .arg(&file),
        );
        assert!(said.contains(name), "{said}");
    }
}

#[test]
fn what_was_passed_over_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.csv");
    fs::write(&file, "id;text\n1;fine\n;\n\n2;dull\n").unwrap();
    let output = predict(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
    assert!(said.contains("the delimiter ';'") && said.contains("2 blank line(s)"), "{said}");
}
