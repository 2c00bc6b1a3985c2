//! Nested values, and rows of all columns.

use std::path::Path;

use embert_data::{Columns, DataError, ReadOptions, Row, RowReader, Value};

use super::{file, options, refusal};

fn all(path: &Path, options: &ReadOptions, columns: Columns) -> Result<Vec<Row>, DataError> {
    RowReader::open(path, options, &columns.with_all())?.collect()
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A value as JSON, to compare a row with what pyarrow reads.
fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Boolean(truth) => (*truth).into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(values) => values.iter().map(json).collect(),
        Value::Struct(row) => json_of(row),
    }
}

fn json_of(row: &Row) -> serde_json::Value {
    row.iter().map(|(name, value)| (name.to_owned(), json(value))).collect::<serde_json::Map<_, _>>().into()
}

/// A file of `tests/reference/tables.py`: three row groups of five rows.
#[test]
fn nested_columns_of_parquet_are_what_pyarrow_reads() {
    let expected: Vec<serde_json::Value> =
        serde_json::from_slice(&std::fs::read(fixture("nested.json")).unwrap()).unwrap();
    let rows = all(&fixture("nested.parquet"), &ReadOptions::default(), Columns::new()).unwrap();
    assert_eq!(rows.iter().map(json_of).collect::<Vec<_>>(), expected);
    assert_eq!(rows[0].names()[..3], ["id", "answers", "tokens"]);

    // Columns that are asked for by name come first, and one within a struct has the name by which it was
    // asked for.
    let columns = Columns::new().with_text("text").with("answers.answer_start").with("tokens");
    let rows = RowReader::open(&fixture("nested.parquet"), &ReadOptions::default(), &columns).unwrap();
    let rows: Vec<Row> = rows.map(Result::unwrap).collect();
    assert_eq!(rows[0].names(), ["text", "answers.answer_start", "tokens"]);
    for (row, expected) in rows.iter().zip(&expected) {
        assert_eq!(row.text("text").ok(), expected["text"].as_str());
        assert_eq!(json(row.get("answers.answer_start").unwrap()), expected["answers"]["answer_start"]);
        assert_eq!(json(row.get("tokens").unwrap()), expected["tokens"]);
    }
    assert_eq!(rows[0].integers("answers.answer_start"), Ok(vec![0, 2]));
}

#[test]
fn a_nested_column_that_is_read_as_another_kind_is_refused_by_its_type() {
    let open =
        |columns: Columns| RowReader::open(&fixture("nested.parquet"), &ReadOptions::default(), &columns);
    for (columns, part) in [
        (Columns::new().with_label("answers"), "group of text, answer_start, expected a text, a number"),
        (Columns::new().with_text("tokens"), "list of string, expected a text"),
    ] {
        let message = open(columns).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
    let message = open(Columns::new().with("answer")).unwrap_err().to_string();
    assert!(message.contains("no column \"answer\"; its columns are id, answers, tokens"), "{message}");
}

/// Damaged anywhere, a file with nested columns is an error or reads as something; it never panics.
#[test]
fn damaged_nested_columns_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let whole = std::fs::read(fixture("nested.parquet")).unwrap();
    let path = dir.path().join("rows.parquet");
    // Each byte in its turn would take most of a minute.
    for at in (0..whole.len()).step_by(5) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
        if let Err(error) = all(&path, &ReadOptions::default(), Columns::new()) {
            assert!(super::chain(&error).contains("rows.parquet"), "{error}");
        }
    }
}

#[test]
fn objects_of_json_are_structs_and_keys_that_a_row_lacks_are_null() {
    let dir = tempfile::tempdir().unwrap();
    let first =
        r#"{"id": "0", "answers": {"text": ["a", ""], "answer_start": [3, 4]}, "score": 1e300, "text": "x"}"#;
    let second = r#"{"id": "1", "text": "y", "extra": [[1, {"b": null}], true, 9007199254740993]}"#;
    let path = file(&dir, "a.jsonl", format!("{first}\n{second}\n"));
    let columns = Columns::new().with_text("text").with("answers");
    let rows: Vec<Row> =
        RowReader::open(&path, &ReadOptions::default(), &columns).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows[0].names(), ["text", "answers"]);
    assert_eq!(rows[0].texts("answers.text"), Ok(vec!["a", ""]));
    assert_eq!(rows[1].get("answers"), Some(&Value::Null));

    let rows = all(&path, &ReadOptions::default(), columns).unwrap();
    assert_eq!(rows[0].names(), ["text", "answers", "id", "score"]);
    assert_eq!(rows[1].names(), ["text", "answers", "id", "extra"]);
    let extra = r#"[[1, {"b": null}], true, 9007199254740993]"#;
    assert_eq!(rows[1].get("extra").unwrap().to_string(), extra);
    // The objects of an array are rows too; a key that occurs twice in an object is refused.
    let array = file(&dir, "b.json", format!("[{first},\n{second}]"));
    assert_eq!(all(&array, &ReadOptions::default(), Columns::new()).unwrap()[1].text("text"), Ok("y"));
    let twice = file(&dir, "c.jsonl", r#"{"text": "a", "b": 1, "b": 2}"#);
    let error = all(&twice, &ReadOptions::default(), Columns::new().with_text("text")).unwrap_err();
    assert!(error.to_string().contains("it has \"b\" twice"), "{error}");
}

#[test]
fn all_columns_of_a_table_are_texts_in_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "a.csv", "id,text,score,,\n7,a,,,\n8,b,0.5,,\n");
    let rows =
        all(&path, &ReadOptions::default(), Columns::new().with_text("text").with_label("score")).unwrap();
    assert_eq!(rows[0].names(), ["text", "score", "id"]);
    assert_eq!((rows[0].get("score"), rows[1].text("score")), (Some(&Value::Null), Ok("0.5")));
    assert_eq!((rows[0].text("id"), rows[1].text("id")), (Ok("7"), Ok("8")));
    // Without a heading a row may be shorter than the names that are given.
    let path = file(&dir, "b.tsv", "a\tx\nb\ty\tz\n");
    let named = options("quoting = \"none\"\nheader = [\"text\", \"label\", \"source\"]");
    let rows = all(&path, &named, Columns::new().with_text("text").with_label("label")).unwrap();
    assert_eq!((rows[0].get("source"), rows[1].text("source")), (Some(&Value::Null), Ok("z")));
    let path = file(&dir, "c.csv", "text,label,id,id\na,x,1,2\n");
    let error = all(&path, &ReadOptions::default(), Columns::new().with_text("text")).unwrap_err();
    assert!(error.to_string().contains("has the column \"id\" twice"), "{error}");
    assert!(!refusal(&file(&dir, "d.csv", "text\na\n"), &ReadOptions::default()).is_empty());
}

#[test]
fn lines_have_their_text_alone() {
    let dir = tempfile::tempdir().unwrap();
    let columns = Columns::new().with_text("sentence").with_label("label");
    let rows = all(&file(&dir, "a.txt", "one\ntwo\n"), &ReadOptions::default(), columns).unwrap();
    assert_eq!(rows, ["one", "two"].map(|text| Row::from_iter([("sentence", Value::from(text))])));
}
