//! From files to splits.

use std::fs;

use super::*;

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
    assert_eq!(data.labels.names(), ["2", "10"]);
    assert_eq!(data.splits.test[0].id, 2);
    assert_eq!(
        data.splits.train.iter().map(|example| example.label).collect::<Vec<_>>(),
        [Some(0), Some(1)]
    );
    assert!(data.splits.validation.is_empty());
    assert_eq!(data.facts.train_labels, [1, 1]);
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
    // A label that only another split has.
    fs::write(dir.path().join("train.csv"), "text,label\na,1\nb,2\n").unwrap();
    fs::write(dir.path().join("test.csv"), "text,label\na,1\nb,0\n").unwrap();
    let card = Card::for_folder(dir.path()).unwrap();
    let message = load(&card, dir.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("test.csv, line 3: the label \"0\" is none of 1, 2"), "{message}");
    // A folder of texts by label.
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
    assert_eq!(facts, DataFacts { train_labels: vec![2, 2], train_duplicates: 1, shared: 3, skipped: 0 });
}

/// Only rows are passed over, never a file that can't be read.
#[test]
fn skipping_is_for_rows() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.parquet"), "PAR1 and no end").unwrap();
    let card = card(dir.path(), "labels = [\"x\", \"y\"]\n[files]\ntrain = [\"a.parquet\"]\n");
    let options = LoadOptions { skip_bad_rows: true, ..LoadOptions::default() };
    assert!(matches!(load(&card, dir.path(), &options), Err(DataError::Parquet { .. })));
}

#[test]
fn pairs_and_folders_of_texts_load() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.tsv"), "id\tfirst\tsecond\tgold\n1\ta\tb\tsame\n2\tc\t\tother\n")
        .unwrap();
    let columns = "[columns]\ntext = \"first\"\ntext_pair = \"second\"\nlabel = \"gold\"\n";
    let card = card(dir.path(), &format!("[files]\ntrain = [\"a.tsv\"]\n{columns}"));
    let data = load(&card, dir.path(), &LoadOptions::default()).unwrap();
    let pairs: Vec<_> = data.splits.train.iter().map(|example| example.text_pair.as_deref()).collect();
    assert_eq!(pairs, [Some("b"), Some("")]);
    assert_eq!(data.labels.names(), ["other", "same"]);

    for (file, text) in
        [("train/pos/2.txt", "good"), ("train/neg/1.txt", "bad\nfilm"), ("train/unsup/0.txt", "?")]
    {
        let path = dir.path().join("imdb").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let folder = dir.path().join("imdb");
    let data = load(&Card::for_folder(&folder).unwrap(), &folder, &LoadOptions::default()).unwrap();
    assert_eq!(data.labels.names(), ["neg", "pos"]);
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
