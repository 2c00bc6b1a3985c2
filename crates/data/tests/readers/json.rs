//! JSON in the layouts that people have it in.

use embert_data::{CardColumns, Columns, ReadOptions, Row, RowReader, Value, spans_of};

use super::{chain, columns, file, read, read_with, refusal, row};

const ROWS: &str = r#"{"text":"a","label":"x"},{"label":"y","text":"b\n"}"#;

#[test]
fn rows_are_found_in_whatever_layout_a_file_has() {
    let dir = tempfile::tempdir().unwrap();
    let lines = ROWS.replace("},{", "}\n{");
    let pretty = ROWS.replace("},{", "}\n{").replace(",\"", ",\n  \"").replace('{', "{\n  ");
    for (name, text, said) in [
        ("array.json", format!("[{ROWS}]"), ""),
        ("spread.json", format!("\u{feff}\n[\n  {}\n]\n", ROWS.replace("},{", "},\n  {")), ""),
        ("array.jsonl", format!("[{ROWS}]"), "is an array of JSON"),
        ("lines.json", lines.clone(), ""),
        ("lines.jsonl", lines, ""),
        ("pretty.json", pretty.clone(), ""),
        ("pretty.jsonl", pretty, "over several lines"),
        (
            "data.json",
            format!("{{\"version\": \"1.0\", \"n\": 2, \"data\": [{ROWS}]}}"),
            "its rows are those of \"data\"",
        ),
        (
            "rows.json",
            format!("{{\n \"rows\" : [ {ROWS} ],\n \"none\": [], \"texts\": [\"a\"] }}\n"),
            "those of \"rows\"",
        ),
    ] {
        let (rows, notes) = read_with(&file(&dir, name, text), &ReadOptions::default()).unwrap();
        assert_eq!(rows, [row("a", "x"), row("b\n", "y")], "{name}");
        assert!(if said.is_empty() { notes.is_empty() } else { notes.contains(said) }, "{name}: {notes}");
    }
    let one = file(&dir, "one.json", r#"{"text":"a","label":"x","spans":[{"start":1}]}"#);
    assert_eq!(read(&one).unwrap(), [row("a", "x")]);
}

#[test]
fn layouts_that_hold_no_rows_are_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text, parts) in [
        ("pandas.json", r#"{"text":{"0":"a"},"label":{"0":"x"}}"#, &["orient=\"records\""][..]),
        ("columns.json", r#"{"text":["a"],"label":["x"]}"#, &["orient=\"records\""]),
        ("splits.json", r#"{"train":[{"text":"a"}],"test":[{"text":"b"}]}"#, &["train, test", "of its own"]),
        (
            "squad.json",
            r#"{"data":[{"title":"t","paragraphs":[]}]}"#,
            &["no column \"text\"", "title, paragraphs"],
        ),
        ("other.json", r#"{"version":1}"#, &["no column \"text\"", "version"]),
        ("numbers.json", "[1, -2.5e3, null]", &["row 1", "JSON object"]),
        ("word.json", "hello", &["line 1", "JSON"]),
        ("csv.jsonl", "text,label\na,x\n", &["line 1", "JSON"]),
    ] {
        let error = read(&file(&dir, name, text)).unwrap_err();
        let message = chain(&error);
        for part in parts.iter().chain(&[name]) {
            assert!(message.contains(part), "{name}: `{message}` does not say `{part}`");
        }
    }
}

/// Malformed JSON between rows is an error of the file and no bad row: nobody knows where the next row
/// begins.
#[test]
fn json_that_is_cut_or_goes_on_is_an_error_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text, parts) in [
        ("cut.json", format!("[{ROWS}"), &["a comma or the end of the array, found the end"][..]),
        ("cut-row.json", format!("[{ROWS},{{\"text\":\"c"), &["row 3", "EOF"]),
        ("more.json", format!("[{ROWS}]\n[]"), &["line 2", "nothing after the array, found '['"]),
        ("comma.json", format!("[{ROWS},]"), &["row 3", "expected value"]),
        ("apart.json", format!("[{}]", ROWS.replace("},{", "} {")), &["line 1", "found '{'"]),
        ("pretty.json", "{\"text\":\"a\",\n\"label\":1}\n{\"text\":\"b\"".to_owned(), &["line 3", "EOF"]),
    ] {
        let path = file(&dir, name, text);
        let rows: Vec<_> = match RowReader::open(&path, &ReadOptions::default(), &columns()) {
            Ok(rows) => rows.collect(),
            Err(error) => vec![Err(error)],
        };
        let error = rows.last().unwrap().as_ref().unwrap_err();
        let message = chain(error);
        assert!(!error.is_bad_row(), "{message}");
        for part in parts.iter().chain(&[name]) {
            assert!(message.contains(part), "{name}: `{message}` does not say `{part}`");
        }
    }
}

#[test]
fn a_bad_element_of_an_array_is_a_bad_row() {
    let dir = tempfile::tempdir().unwrap();
    let text = r#"[{"text":"a","label":1}, 12, "s", {"text":7,"label":1}, {"text":"\udc00","label":1}, {"text":"b","label":2}]"#;
    let path = file(&dir, "rows.json", text);
    let rows: Vec<_> = RowReader::open(&path, &ReadOptions::default(), &columns()).unwrap().collect();
    assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, false, false, true]);
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| row.is_err()) {
        let error = row.as_ref().unwrap_err();
        assert!(
            error.is_bad_row() && error.to_string().contains(&format!("rows.json, row {}", index + 1)),
            "{error}"
        );
    }
}

/// A file in which none of many rows is an object has another format. Skipping bad rows must not make it an
/// empty file.
#[test]
fn a_file_without_any_object_is_no_row_of_bad_rows() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "a.jsonl", "text,label\n".repeat(1000));
    assert!(RowReader::open(&path, &ReadOptions::default(), &columns()).is_err());
    // A malformed first line is only a bad row.
    let path = file(&dir, "b.jsonl", "{\"text\":\n{\"text\":\"a\",\"label\":\"x\"}\n{\"txt\":1}\n");
    let rows: Vec<_> = RowReader::open(&path, &ReadOptions::default(), &columns()).unwrap().collect();
    assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn only_the_wanted_keys_of_an_object_matter() {
    let dir = tempfile::tempdir().unwrap();
    let text = r#"{"junk":"\ud800","junk":1,"deep":[[[{"a":1e999}]]],"text":"a","label":"x"}"#;
    assert_eq!(read(&file(&dir, "a.jsonl", text)).unwrap(), [row("a", "x")]);
    let deep = format!("{{\"text\":\"a\",\"label\":{}1{}}}", "[".repeat(500), "]".repeat(500));
    assert!(refusal(&file(&dir, "b.jsonl", deep), &ReadOptions::default()).contains("recursion"));
}

#[test]
fn a_dotted_name_is_a_key_or_a_way_into_an_object() {
    let dir = tempfile::tempdir().unwrap();
    let nested = Columns::new().with_text("data.text").with_label("gold.label.0");
    let path = file(&dir, "a.jsonl", r#"{"data":{"text":"a"},"gold":{"label":{"0":3}}}"#);
    let rows: Vec<_> =
        RowReader::open(&path, &ReadOptions::default(), &nested).unwrap().map(Result::unwrap).collect();
    assert_eq!((rows[0].text("data.text"), rows[0].integer("gold.label.0")), (Ok("a"), Ok(3)));
    let exact = Columns::new().with_text("data.text");
    let path = file(&dir, "b.jsonl", r#"{"data":{"text":"a"},"data.text":"b"}"#);
    let rows: Vec<_> =
        RowReader::open(&path, &ReadOptions::default(), &exact).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows[0].text("data.text"), Ok("b"));
}

/// Rows of everything that the file has, and the reader's notes.
fn all(path: &std::path::Path) -> (Vec<Row>, String) {
    let mut reader = RowReader::open(path, &ReadOptions::default(), &Columns::new().with_all()).unwrap();
    let rows = reader.by_ref().map(Result::unwrap).collect();
    (rows, reader.notes().join("\n"))
}

/// An integer that a value can't hold exactly is not passed on as another number.
#[test]
fn integers_of_more_than_64_bits_are_left_out_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let lines = "{\"text\": \"a\", \"id\": 1, \"of\": {\"user\": [9007199254740993]}}\n\
        {\"text\": \"b\", \"id\": 12345678901234567890, \"of\": {\"user\": [12345678901234567891]}}\n\
        {\"text\": \"c\", \"id\": 12345678901234567892, \"of\": 0.5}\n";
    let path = file(&dir, "ids.jsonl", lines);
    let (rows, notes) = all(&path);
    assert_eq!(
        (rows[0].integer("id"), rows[0].integers("of.user")),
        (Ok(1), Ok(vec![9_007_199_254_740_993]))
    );
    assert_eq!((rows[1].get("id"), rows[1].get("of")), (Some(&Value::Null), Some(&Value::Null)));
    assert_eq!((rows[2].get("id"), rows[2].number("of")), (Some(&Value::Null), Ok(0.5)));
    assert_eq!(rows.iter().map(|row| row.text("text").unwrap()).collect::<String>(), "abc");
    for (column, found) in [("id", "12345678901234567890"), ("of", "12345678901234567891")] {
        let note = format!("line 2: \"{column}\" is left out, here and wherever it can't be read");
        assert_eq!((notes.matches(&note).count(), notes.contains(found)), (1, true), "{notes}");
    }
    assert_eq!(notes.lines().count(), 2, "{notes}");
}

#[test]
fn pairs_of_a_text_and_its_annotations_are_rows() {
    let dir = tempfile::tempdir().unwrap();
    let pairs = r#"["Ms Okafor", {"entities": [[3, 9, "PER"]]}],["none", {"entities": []}]"#;
    for (name, text) in [
        ("array.json", format!("[{pairs}]")),
        ("pretty.json", format!("[\n  {}\n]\n", pairs.replace("],[", "],\n  ["))),
        ("lines.jsonl", pairs.replace("],[", "]\n[")),
        ("lines.json", pairs.replace("],[", "]\n[")),
    ] {
        let (rows, notes) = all(&file(&dir, name, text));
        let found: Vec<_> = rows
            .iter()
            .map(|row| spans_of(row, &CardColumns::default()).unwrap().unwrap())
            .map(|found| (found.text, found.spans.unwrap().len()))
            .collect();
        assert_eq!(found, [("Ms Okafor".to_owned(), 1), ("none".to_owned(), 0)], "{name}");
        assert!(notes.contains("pairs of a text and its annotations"), "{notes}");
    }
    // A pair that is none is a problem of its row.
    let path = file(&dir, "bad.jsonl", "[\"a\", {\"entities\": []}]\n[\"b\"]\n{\"text\": \"c\"}\n");
    let rows: Vec<_> =
        RowReader::open(&path, &ReadOptions::default(), &Columns::new().with_text("text")).unwrap().collect();
    assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    assert!(chain(rows[1].as_ref().unwrap_err()).contains("line 2"), "{rows:?}");
}

#[test]
fn a_paragraph_of_a_document_of_spacy_is_a_row() {
    let dir = tempfile::tempdir().unwrap();
    let token = |orth: &str, ner: &str| format!(r#"{{"id": 0, "orth": "{orth}", "ner": "{ner}"}}"#);
    let sentence = |tokens: &[String]| format!(r#"{{"tokens": [{}], "brackets": []}}"#, tokens.join(","));
    let first = sentence(&[token("Ms", "O"), token("Okafor", "U-PER")]);
    let second = sentence(&[token("flew", "-")]);
    let plain = sentence(&[r#"{"orth": "Untagged"}"#.to_owned()]);
    let text = format!(
        r#"[{{"id": 5, "paragraphs": [{{"raw": "Ms Okafor flew", "sentences": [{first}, {second}]}}, {{"sentences": [{plain}]}}]}},
            {{"paragraphs": [{{"text": "x", "entities": [[0, 1, "X"]]}}]}}]"#
    );
    let (rows, notes) = all(&file(&dir, "train.json", &text));
    assert!(notes.contains("each paragraph is a row"), "{notes}");
    assert_eq!(rows[0].texts("tokens").unwrap(), ["Ms", "Okafor", "flew"]);
    let tags = Value::List(vec![Value::from("O"), Value::from("U-PER"), Value::Null]);
    assert_eq!((rows[0].get("tags"), rows[0].text("raw")), (Some(&tags), Ok("Ms Okafor flew")));
    assert_eq!((rows[1].texts("tokens").unwrap(), rows[1].get("tags")), (vec!["Untagged"], None));
    let documents: Vec<_> = rows.iter().map(|row| row.integer("document").unwrap()).collect();
    assert_eq!(documents, [5, 5, 1]);
    assert_eq!(spans_of(&rows[2], &CardColumns::default()).unwrap().unwrap().spans.unwrap()[0].label, "X");
    // One document may be the whole file, and columns may be asked for by name.
    let columns = Columns::new().with("tokens").with("tags");
    let text = format!(r#"{{"id": 0, "paragraphs": [{{"sentences": [{first}]}}]}}"#);
    let path = file(&dir, "one.json", text);
    let rows: Vec<Row> =
        RowReader::open(&path, &ReadOptions::default(), &columns).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows[0].texts("tags").unwrap(), ["O", "U-PER"]);
    // SQuAD has paragraphs of another kind, here without a question.
    let squad = r#"[{"title": "t", "paragraphs": [{"context": "c", "qas": []}]}]"#;
    let (rows, notes) = all(&file(&dir, "squad.json", squad));
    assert!(rows.is_empty() && notes.contains("articles of SQuAD") && !notes.contains("spaCy"), "{notes}");
}

#[test]
fn one_text_with_its_annotations_is_a_row_and_not_a_list_of_them() {
    let dir = tempfile::tempdir().unwrap();
    for text in [
        r#"{"text": "a b", "entities": [{"label": "X", "start_offset": 0, "end_offset": 1}]}"#,
        r#"{"data": {"text": "a b"}, "annotations": [{"result": []}]}"#,
    ] {
        let (rows, _) = all(&file(&dir, "one.json", text));
        assert_eq!(rows.len(), 1);
        assert_eq!(spans_of(&rows[0], &CardColumns::default()).unwrap().unwrap().text, "a b");
    }
}
