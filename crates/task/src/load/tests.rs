//! Tests of `load`, from files to splits.
#![allow(clippy::format_collect, reason = "short texts of tests")]

mod documents;

use std::fs;

use embert_data::{DataError, SplitKind};

use super::*;
use crate::{TaskError, TextClassification};

fn load(card: &Card, root: &Path, options: &LoadOptions) -> Result<TaskData<TextClassification>, TaskError> {
    super::load(card, root, options, &LabelOptions::default())
}

fn card(dir: &Path, rest: &str) -> Card {
    let text = format!("name = \"t\"\ntask = \"sequence-classification\"\n{rest}");
    Card::parse(&text, &dir.join("card.toml")).unwrap()
}

#[test]
fn ids_number_all_rows_and_labels_are_found() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.csv"), "text,label\none,2\ntwo,10\n").unwrap();
    fs::write(dir.path().join("b.csv"), "text,label\nthree,2\n").unwrap();
    let card = card(dir.path(), "[files]\ntrain = [\"a.csv\"]\ntest = [\"b.csv\"]\n");
    let data = load(&card, dir.path(), &LoadOptions::default()).unwrap();
    assert_eq!(data.labels.set.names(), ["2", "10"]);
    assert_eq!(data.splits.test[0].id, 2);
    assert_eq!(data.splits.train.iter().map(|example| example.label).collect::<Vec<_>>(), [Some(0), Some(1)]);
    assert!(data.splits.validation.is_empty());
    assert_eq!(TextClassification::count_labels(2, &data.splits.train), [1, 1]);
}

#[test]
fn bad_rows_stop_it_or_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let rows = "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":null,\"label\":\"x\"}\n{\"text\":\"b\",\"label\":\"q\"}\n{\"text\":\"c\",\"label\":\"y\"}\n";
    fs::write(dir.path().join("a.jsonl"), rows).unwrap();
    let card = card(dir.path(), "labels = [\"x\", \"y\"]\n[files]\ntrain = [\"a.jsonl\"]\n");
    let error = load(&card, dir.path(), &LoadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("a.jsonl, line 2"), "{error}");
    let options = LoadOptions { skip_bad_rows: true, ..LoadOptions::default() };
    let data = load(&card, dir.path(), &options).unwrap();
    assert_eq!((data.splits.train.len(), data.facts.skipped), (2, 2));
    let left_out =
        "rows of the training split are left out whose label is none of the known ones: \"q\" (1 rows)";
    assert_eq!(data.notes, [left_out]);
}

/// An example's number is its row's number, whichever rows before it are skipped.
#[test]
fn rows_that_are_passed_over_count_in_the_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let row = |text: &str, label: &str| format!("{{\"text\":{text},\"label\":{label}}}\n");
    let train = row("\"a\"", "\"x\"")
        + &row("null", "\"x\"")
        + "{\n"
        + &row("\"b\"", "null")
        + &row("\"c\"", "\"y\"");
    fs::write(dir.path().join("train.jsonl"), train).unwrap();
    let test = row("7", "\"x\"") + &row("\"d\"", "\"q\"") + &row("\"e\"", "\"x\"");
    fs::write(dir.path().join("test.jsonl"), test).unwrap();
    let files = "[files]\ntrain = [\"train.jsonl\"]\ntest = [\"test.jsonl\"]\n";
    let card = card(dir.path(), &format!("labels = [\"x\", \"y\"]\n{files}"));
    let options = LoadOptions { skip_bad_rows: true, ..LoadOptions::default() };
    let data = load(&card, dir.path(), &options).unwrap();
    let ids = |examples: &[crate::TextExample]| examples.iter().map(|example| example.id).collect::<Vec<_>>();
    assert_eq!((ids(&data.splits.train), ids(&data.splits.test)), (vec![0, 4], vec![7]));
    assert_eq!((data.facts.skipped, data.facts.skipped_by_split), (5, [3, 0, 2]));
}

#[test]
fn an_unknown_label_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let labelled = "labels = [\"x\", \"y\"]\n[files]\n";
    let cases = [
        (
            "a.jsonl",
            "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":\"z\"}\n",
            "a.jsonl, line 2: the label \"z\"",
        ),
        (
            "gap.jsonl",
            "\n{\"text\":\"a\",\"label\":1}\n\n{\"text\":\"b\",\"label\":2}\n",
            "gap.jsonl, line 4: the label 2 is none of x, y",
        ),
        ("b.csv", "text,label\r\n\"one\r\ntwo\",x\r\n\r\nthree,z\r\n", "b.csv, line 5: the label \"z\""),
    ];
    for (name, text, expected) in cases {
        fs::write(dir.path().join(name), text).unwrap();
        let card = card(dir.path(), &format!("{labelled}train = [\"{name}\"]\n"));
        let message = load(&card, dir.path(), &LoadOptions::default()).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    // A label that only the test split has.
    fs::write(dir.path().join("train.csv"), "text,label\na,1\nb,2\n").unwrap();
    fs::write(dir.path().join("test.csv"), "text,label\na,1\nb,0\n").unwrap();
    let card = Card::for_folder(dir.path()).unwrap();
    let message = load(&card, dir.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("test.csv, line 3: the label \"0\" is none of 1, 2"), "{message}");
    // A folder of texts for each label.
    for label in ["x", "y", "z"] {
        fs::create_dir_all(dir.path().join(format!("texts/{label}"))).unwrap();
        fs::write(dir.path().join(format!("texts/{label}/0.txt")), "a text").unwrap();
    }
    let card = self::card(dir.path(), &format!("{labelled}train = [\"texts\"]\n"));
    let message = load(&card, dir.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("0.txt") && message.contains("\"z\""), "{message}");
}

#[test]
fn a_file_without_rows_or_that_is_missing_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.csv"), "text,label\none,x\ntwo,y\n").unwrap();
    fs::write(dir.path().join("heading.csv"), "text,label\n").unwrap();
    for (test, part) in [("heading.csv", "heading.csv has no rows"), ("missing.csv", "can't read")] {
        let card = card(dir.path(), &format!("[files]\ntrain = [\"a.csv\"]\ntest = [\"{test}\"]\n"));
        let message = load(&card, dir.path(), &LoadOptions::default()).unwrap_err().to_string();
        assert!(message.contains(part) && message.contains(test), "{message}");
    }
}

#[test]
fn facts_count_what_splits_share() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("train.csv"), "text,label\na,x\nb,y\na,y\nc,x\n").unwrap();
    fs::write(dir.path().join("dev.csv"), "text,label\nb,y\nd,x\n").unwrap();
    fs::write(dir.path().join("test.csv"), "text,label\na,x\na,x\n").unwrap();
    let card = Card::for_folder(dir.path()).unwrap();
    let facts = load(&card, dir.path(), &LoadOptions::default()).unwrap().facts;
    assert_eq!(facts, DataFacts { train_duplicates: 1, shared: 3, ..DataFacts::default() });
}

/// `skip_bad_rows` skips rows, never a file that can't be read.
#[test]
fn skipping_is_for_rows() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.parquet"), "PAR1 and no end").unwrap();
    let card = card(dir.path(), "labels = [\"x\", \"y\"]\n[files]\ntrain = [\"a.parquet\"]\n");
    let options = LoadOptions { skip_bad_rows: true, ..LoadOptions::default() };
    assert!(matches!(load(&card, dir.path(), &options), Err(TaskError::Data(DataError::Parquet { .. }))));
}

#[test]
fn pairs_and_folders_of_texts_load() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.tsv"), "id\tfirst\tsecond\tgold\n1\ta\tb\tsame\n2\tc\t\tother\n").unwrap();
    let columns = "[columns]\ntext = \"first\"\ntext_pair = \"second\"\nlabel = \"gold\"\n";
    let card = card(dir.path(), &format!("[files]\ntrain = [\"a.tsv\"]\n{columns}"));
    let data = load(&card, dir.path(), &LoadOptions::default()).unwrap();
    let pairs: Vec<_> = data.splits.train.iter().map(|example| example.text_pair.as_deref()).collect();
    assert_eq!(pairs, [Some("b"), Some("")]);
    assert_eq!(data.labels.set.names(), ["other", "same"]);

    for (file, text) in
        [("train/pos/2.txt", "good"), ("train/neg/1.txt", "bad\nfilm"), ("train/unsup/0.txt", "?")]
    {
        let path = dir.path().join("imdb").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let folder = dir.path().join("imdb");
    let data = load(&Card::for_folder(&folder).unwrap(), &folder, &LoadOptions::default()).unwrap();
    assert_eq!(data.labels.set.names(), ["neg", "pos"]);
    let texts: Vec<_> =
        data.splits.train.iter().map(|example| (example.text.as_str(), example.label)).collect();
    assert_eq!(texts, [("bad\nfilm", Some(0)), ("good", Some(1))]);
}

#[test]
fn a_cards_ratios_give_what_its_files_leave_out() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (0..40).map(|n| format!("text {n},{}", n % 2)).collect::<Vec<_>>().join("\n");
    fs::write(dir.path().join("a.csv"), format!("text,label\n{rows}")).unwrap();
    fs::write(dir.path().join("b.csv"), "text,label\nlast,1\nleast,0\n").unwrap();
    let card = card(
        dir.path(),
        "split_ratios = [0.9, 0.1, 0.0]\n[files]\ntrain = [\"a.csv\"]\ntest = [\"b.csv\"]\n",
    );
    let sizes = |options: &LoadOptions| {
        let splits = load(&card, dir.path(), options).unwrap().splits;
        [splits.train.len(), splits.validation.len(), splits.test.len()]
    };
    assert_eq!(sizes(&LoadOptions::default()), [36, 4, 2]);
    let asked = LoadOptions { split_ratios: Some([0.5, 0.25, 0.25]), ..LoadOptions::default() };
    assert_eq!(sizes(&asked), [20, 10, 10]);
    let none = LoadOptions { split_ratios: Some([1.0, 0.0, 0.0]), ..LoadOptions::default() };
    assert_eq!(sizes(&none), [40, 0, 2]);
    let few = LoadOptions { train_samples: Some(7), eval_samples: Some(2), ..LoadOptions::default() };
    assert_eq!(sizes(&few), [7, 2, 2]);
}

#[test]
fn one_label_is_too_few() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.csv"), "text,label\none,x\n").unwrap();
    let card = card(dir.path(), "[files]\ntrain = [\"a.csv\"]\n");
    let message = load(&card, dir.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("a.csv") && message.contains('x'), "{message}");
}

fn write(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).unwrap();
}

fn jsonl(labels: &[&str]) -> String {
    labels
        .iter()
        .zip(0..)
        .map(|(label, n)| format!("{{\"text\":\"text {n}\",\"label\":{label}}}\n"))
        .collect()
}

fn message(card: &Card, dir: &Path, options: &LoadOptions) -> String {
    load(card, dir, options).unwrap_err().to_string()
}

#[test]
fn training_rows_without_a_label_are_counted_and_refused_or_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let skip = LoadOptions { skip_bad_rows: true, ..LoadOptions::default() };
    for (labels, parts) in [
        (["0", "1", "-1", "1", "-1"], ["line 3, whose -1 stands", "labels = [...]"]),
        (["\"x\"", "\"y\"", "\"\"", "\"y\"", "null"], ["line 3: label them", "skip_bad_rows=true"]),
    ] {
        write(dir.path(), "train.jsonl", &jsonl(&labels));
        let card = Card::for_folder(dir.path()).unwrap();
        let said = message(&card, dir.path(), &LoadOptions::default());
        for part in
            ["2 of the 5 rows of the training split have no label", "train.jsonl"].iter().chain(&parts)
        {
            assert!(said.contains(part), "{said}");
        }
        let data = load(&card, dir.path(), &skip).unwrap();
        assert_eq!((data.splits.train.len(), data.facts.skipped), (3, 2));
        assert!(data.splits.train.iter().map(|example| example.id).eq([0, 1, 3]));
        assert!(
            data.notes.iter().any(|note| note.starts_with("2 row(s) of the training split")),
            "{:?}",
            data.notes
        );
    }
    // A row without the key is a row without a label.
    write(dir.path(), "train.jsonl", &(jsonl(&["\"x\"", "\"y\""]) + "{\"text\":\"no key\"}\n"));
    let card = Card::for_folder(dir.path()).unwrap();
    assert!(message(&card, dir.path(), &LoadOptions::default()).contains("1 of the 3 rows"));
    assert_eq!(load(&card, dir.path(), &skip).unwrap().splits.train.len(), 2);
}

#[test]
fn a_training_split_without_labels_is_named_whatever_is_skipped() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "all.txt", "one\ntwo\n");
    write(dir.path(), "null.jsonl", &jsonl(&["null", "\"\""]));
    write(dir.path(), "key.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n");
    for (file, part) in [
        ("all.txt", "all.txt has a text a line, without labels"),
        ("null.jsonl", "empty, null or not there from"),
        ("key.jsonl", "key.jsonl has no column \"label\""),
    ] {
        for labels in ["labels = [\"x\", \"y\"]\n", ""] {
            for skip_bad_rows in [false, true] {
                let card = card(dir.path(), &format!("{labels}[files]\ntrain = [\"{file}\"]\n"));
                let options = LoadOptions { skip_bad_rows, ..LoadOptions::default() };
                let said = message(&card, dir.path(), &options);
                assert!(said.contains(part), "{said}");
                assert!(
                    said.contains("training split has no labels (2 rows") || file == "key.jsonl",
                    "{said}"
                );
            }
        }
    }
    // Beside labelled rows, the rows of a file without labels are rows without a label.
    write(dir.path(), "some.jsonl", &jsonl(&["\"x\"", "\"y\"", "\"x\""]));
    let card = card(dir.path(), "[files]\ntrain = [\"some.jsonl\", \"all.txt\"]\n");
    let said = message(&card, dir.path(), &LoadOptions::default());
    assert!(said.contains("2 of the 5 rows") && said.contains("all.txt, line 1"), "{said}");
}

#[test]
fn another_split_without_labels_is_left_out_and_said() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "train.csv", "id,text,label\n1,a,0\n2,b,1\n");
    for (file, text, part) in [
        ("test.csv", "id,text\n3,c\n4,d\n", "test.csv has no column \"label\"; its columns are id, text"),
        ("test.csv", "id,text,label\n3,c,\n4,d,\n", "empty, null or not there from"),
        ("test.csv", "id,text,label\n3,c,-1\n4,d,-1\n", "-1, which is none among class numbers"),
        ("test.jsonl", "{\"text\":\"c\"}\n{\"text\":\"d\"}\n", "test.jsonl has no column \"label\""),
        ("test.txt", "c\nd\n", "test.txt has a text a line"),
    ] {
        write(dir.path(), file, text);
        for (split, name) in [(SplitKind::Test, "test"), (SplitKind::Validation, "validation")] {
            let card =
                card(dir.path(), &format!("[files]\ntrain = [\"train.csv\"]\n{name} = [\"{file}\"]\n"));
            for skip_bad_rows in [false, true] {
                let options = LoadOptions { skip_bad_rows, ..LoadOptions::default() };
                let data = load(&card, dir.path(), &options).unwrap();
                let unlabelled = data.unlabelled(split).unwrap();
                assert_eq!((unlabelled.rows, &unlabelled.path), (2, &dir.path().join(file)));
                assert!(unlabelled.reason.contains(part), "{unlabelled}");
                assert!(data.notes.iter().any(|note| note.contains(part)), "{:?}", data.notes);
                assert!(data.splits.validation.is_empty() && data.splits.test.is_empty());
                assert_eq!((data.splits.train.len(), data.facts.skipped, data.labels.set.len()), (2, 0, 2));
            }
        }
    }
    // A file with a column of nearly the label's name is refused.
    write(dir.path(), "test.csv", "id,text,Label\n3,c,1\n");
    let card = card(dir.path(), "[files]\ntrain = [\"train.csv\"]\ntest = [\"test.csv\"]\n");
    let said = message(&card, dir.path(), &LoadOptions::default());
    assert!(said.contains("test.csv has no column \"label\"") && said.contains("Label"), "{said}");
    // A test split in which some rows have no label is refused.
    write(dir.path(), "test.csv", "id,text,label\n3,c,1\n4,d,\n");
    let said = message(&card, dir.path(), &LoadOptions::default());
    assert!(
        said.contains("1 of the 2 rows of the test split") && said.contains("test.csv, line 3"),
        "{said}"
    );
    // A test split that is not used is not refused.
    let rows: String = (0..40).map(|n| format!("{n},text {n},{}\n", n % 2)).collect();
    write(dir.path(), "train.csv", &format!("id,text,label\n{rows}"));
    let cut = LoadOptions { split_ratios: Some([0.5, 0.25, 0.25]), ..LoadOptions::default() };
    let data = load(&card, dir.path(), &cut).unwrap();
    assert_eq!(data.splits.test.len(), 10);
    assert!(data.notes.iter().any(|note| note.contains("test.csv is not used")), "{:?}", data.notes);
}

#[test]
fn what_splits_lack_and_texts_that_contradict_themselves_are_said() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "train.csv", "text,label\na,x\nb,y\na,y\nc,x\n");
    write(dir.path(), "dev.csv", "text,label\nd,x\n");
    let card = card(
        dir.path(),
        "labels = [\"x\", \"y\", \"z\"]\n[files]\ntrain = [\"train.csv\"]\nvalidation = [\"dev.csv\"]\n",
    );
    let data = load(&card, dir.path(), &LoadOptions::default()).unwrap();
    assert_eq!(
        data.notes,
        [
            "the training split has no example with the label(s) \"z\"",
            "the validation split has no example with the label(s) \"y\", \"z\"",
            "1 training text(s) occur with more than one label: they can't all be right",
        ]
    );
}

#[test]
fn class_folders_are_labels_as_they_are_called() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["10", "2", "1"] {
        fs::create_dir_all(dir.path().join(format!("train/{name}"))).unwrap();
        fs::write(dir.path().join(format!("train/{name}/0.txt")), name).unwrap();
    }
    let card = Card::for_folder(dir.path()).unwrap();
    let data = load(&card, dir.path(), &LoadOptions::default()).unwrap();
    assert_eq!(data.labels.set.names(), ["1", "2", "10"]);
    for name in ["pos", "Pos"] {
        fs::create_dir_all(dir.path().join(format!("other/train/{name}"))).unwrap();
        fs::write(dir.path().join(format!("other/train/{name}/0.txt")), name).unwrap();
    }
    let other = dir.path().join("other");
    let said = message(&Card::for_folder(&other).unwrap(), &other, &LoadOptions::default());
    assert!(said.contains("\"Pos\", \"pos\"") && said.contains("0.txt"), "{said}");
}
