//! Parquet.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use embert_data::{Columns, ReadOptions, Row, RowReader, Value};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::{chain, columns, read};

/// `rows` with `None` for null, in row groups of `group`.
fn write_parquet(
    path: &Path,
    schema: &str,
    compression: Compression,
    rows: &[(Option<&str>, Option<i64>)],
    group: usize,
) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    for rows in rows.chunks(group) {
        let mut groups = writer.next_row_group().unwrap();
        let mut column = groups.next_column().unwrap().unwrap();
        let values: Vec<ByteArray> = rows.iter().filter_map(|row| row.0.map(ByteArray::from)).collect();
        let levels: Vec<i16> = rows.iter().map(|row| i16::from(row.0.is_some())).collect();
        column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        let mut column = groups.next_column().unwrap().unwrap();
        let values: Vec<i64> = rows.iter().filter_map(|row| row.1).collect();
        let levels: Vec<i16> = rows.iter().map(|row| i16::from(row.1.is_some())).collect();
        column.typed::<Int64Type>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        groups.close().unwrap();
    }
    writer.close().unwrap();
}

/// Rows of any bytes, with `None` for null.
pub(super) fn write_bytes(path: &Path, rows: &[(Option<&[u8]>, Option<&[u8]>)]) {
    let schema = "message m { optional binary text (UTF8); optional binary label (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for cells in [rows.iter().map(|row| row.0).collect::<Vec<_>>(), rows.iter().map(|row| row.1).collect()] {
        let mut column = group.next_column().unwrap().unwrap();
        let values: Vec<ByteArray> =
            cells.iter().flatten().map(|bytes| ByteArray::from(bytes.to_vec())).collect();
        let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
        column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

const STRINGS: &str = "message m { optional binary text (UTF8); optional int64 label; }";

#[test]
fn parquet_comes_back_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..5000).map(|i| format!("review {i}, naïve \u{1f3ac}")).collect();
    let rows: Vec<_> = texts.iter().zip(0..).map(|(text, i)| (Some(text.as_str()), Some(i % 2))).collect();
    let binary = "message m { optional binary text; optional int64 label; }";
    for (name, schema, compression) in [
        ("plain", STRINGS, Compression::UNCOMPRESSED),
        ("snappy", STRINGS, Compression::SNAPPY),
        ("zstd", binary, Compression::ZSTD(ZstdLevel::default())),
    ] {
        let path = dir.path().join(format!("{name}.parquet"));
        write_parquet(&path, schema, compression, &rows, 1700);
        let back = read(&path).unwrap();
        assert_eq!(back.len(), rows.len());
        for (row, (text, label)) in back.iter().zip(&rows) {
            assert_eq!(
                (row.text("text").ok(), row.get("label")),
                (*text, label.map(Value::Integer).as_ref())
            );
        }
    }
}

/// One row group of `text` and a required `label`.
fn write_labels<T: DataType>(path: &Path, schema: &str, texts: &[&str], labels: &[T::T], dictionary: bool) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_dictionary_enabled(dictionary).build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let texts: Vec<ByteArray> = texts.iter().map(|text| ByteArray::from(*text)).collect();
    column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(labels, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn parquet_labels_have_any_type_that_makes_sense() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.parquet");
    let texts: Vec<&str> = ["same", "same", "other"].into_iter().cycle().take(3000).collect();
    let cycle = |labels: [Value; 3]| labels.into_iter().cycle().take(3000).collect::<Vec<_>>();
    let schema = |label: &str| format!("message m {{ required binary text (UTF8); required {label}; }}");
    let labels = |path: &Path| -> Vec<Value> {
        let rows = read(path).unwrap();
        assert!(rows.iter().map(|row| row.text("text").unwrap()).eq(texts.iter().copied()));
        rows.into_iter().map(|mut row| row.take("label").unwrap()).collect()
    };
    for dictionary in [true, false] {
        let values: Vec<i32> = [0, -1, 7].into_iter().cycle().take(3000).collect();
        write_labels::<Int32Type>(
            &path,
            &schema("int32 label (INTEGER(8,true))"),
            &texts,
            &values,
            dictionary,
        );
        assert_eq!(labels(&path), cycle([0, -1, 7].map(Value::Integer)));
        let values: Vec<bool> = [true, false, true].into_iter().cycle().take(3000).collect();
        write_labels::<BoolType>(&path, &schema("boolean label"), &texts, &values, dictionary);
        assert_eq!(labels(&path), cycle([true, false, true].map(Value::Boolean)));
        let values: Vec<ByteArray> =
            ["pos", "neg", "5"].into_iter().cycle().take(3000).map(ByteArray::from).collect();
        write_labels::<ByteArrayType>(&path, &schema("binary label (UTF8)"), &texts, &values, dictionary);
        assert_eq!(labels(&path), cycle(["pos", "neg", "5"].map(|name| Value::Text(name.into()))));
    }
    write_labels::<DoubleType>(&path, &schema("double label"), &texts[..3], &[0.5, 1.0, -2.0], true);
    let found: Vec<_> = read(&path).unwrap().into_iter().map(|mut row| row.take("label").unwrap()).collect();
    assert_eq!(found, [0.5, 1.0, -2.0].map(Value::Float));
}

#[test]
fn parquet_faults_name_the_row() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.parquet");
    let rows = [(Some("a"), Some(0)), (None, Some(1)), (Some("c"), None), (Some("d"), Some(1))];
    write_parquet(&path, STRINGS, Compression::SNAPPY, &rows, 2);
    let rows: Vec<_> = RowReader::open(&path, &ReadOptions::default(), &columns()).unwrap().collect();
    assert_eq!(rows.len(), 4);
    let message = rows[1].as_ref().unwrap_err().to_string();
    assert!(message.contains("rows.parquet, row 2") && message.contains("\"text\" is null"), "{message}");
    assert_eq!(rows[2].as_ref().unwrap().get("label"), Some(&Value::Null));
    assert_eq!(rows[3].as_ref().unwrap().text("text"), Ok("d"));

    let other = Columns::new().with_text("review").with_label("label");
    let error = RowReader::open(&path, &ReadOptions::default(), &other).err().unwrap();
    assert!(error.to_string().contains("\"review\"") && error.to_string().contains("text, label"), "{error}");
    let swapped = Columns::new().with_text("label").with_label("text");
    let error = RowReader::open(&path, &ReadOptions::default(), &swapped).unwrap_err();
    assert!(!error.is_bad_row());
    let message = error.to_string();
    assert!(message.contains("rows.parquet has the type optional int64, expected a text"), "{message}");
}

/// Cut anywhere, or with any byte changed, a file is an error or reads as something; it never panics.
#[test]
fn broken_parquet_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.parquet");
    let rows = [(Some("some text"), Some(0)), (Some("another text"), Some(1)), (Some("a third"), Some(1))];
    write_parquet(&path, STRINGS, Compression::SNAPPY, &rows, 2);
    let whole = std::fs::read(&path).unwrap();
    for end in 1..whole.len() {
        let mut file = File::create(&path).unwrap();
        file.write_all(&whole[..end]).unwrap();
        let message = chain(&read(&path).unwrap_err());
        assert!(message.contains("rows.parquet"), "{message}");
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
        if let Err(error) = read(&path) {
            assert!(chain(&error).contains("rows.parquet"), "{error}");
        }
    }
}

/// A file of `tests/reference/tables.py`.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

#[test]
fn each_codec_and_layout_of_pyarrow_is_read() {
    let expected =
        [("a fine film", Value::Integer(1)), ("", Value::Null), ("naïve \u{1f3ac}", Value::Integer(0))];
    for name in [
        "codec-none",
        "codec-snappy",
        "codec-gzip",
        "codec-brotli",
        "codec-zstd",
        "codec-lz4",
        "pages-v2",
        "groups",
    ] {
        let rows = read(&fixture(&format!("{name}.parquet"))).unwrap();
        let repeated = expected.iter().cycle().take(if name == "groups" { 6 } else { 3 });
        assert!(
            rows.iter()
                .map(|row| (row.text("text").unwrap(), row.get("label").unwrap().clone()))
                .eq(repeated.cloned()),
            "{name}: {rows:?}"
        );
    }
}

/// A value that pyarrow read, as the value of a label: an empty text is null.
fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Boolean(*value),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap()), Value::Integer)
        }
        serde_json::Value::String(text) if text.is_empty() => Value::Null,
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Array(values) => Value::List(values.iter().map(value).collect()),
        serde_json::Value::Object(_) => panic!("{json}"),
    }
}

#[test]
fn each_type_that_can_be_a_label_is_read_as_pyarrow_reads_it() {
    let expected: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&std::fs::read(fixture("types.json")).unwrap()).unwrap();
    assert!(expected.len() > 15);
    let path = fixture("types.parquet");
    for (name, values) in &expected {
        let columns = Columns::new().with_text("text").with_label(name);
        let rows = RowReader::open(&path, &ReadOptions::default(), &columns).unwrap();
        let found: Vec<Value> = rows.map(|row| row.unwrap().get(name).unwrap().clone()).collect();
        let values: Vec<Value> = values.as_array().unwrap().iter().map(value).collect();
        // Floats are read exactly, of 32 bits and of 64.
        assert_eq!(found, values, "{name}");
        let is_text =
            ["string", "large_string", "dictionary", "string_view", "binary", "nested.text", "null"];
        let columns = Columns::new().with_text(name);
        match RowReader::open(&path, &ReadOptions::default(), &columns) {
            Ok(rows) => {
                assert!(is_text.contains(&name.as_str()), "{name}");
                let text = |row: Row| row.text(name).unwrap().to_owned();
                let texts: Vec<_> = rows.map(|row| row.ok().map(text)).collect();
                let all_null = vec![None, None, None, None];
                let some = |text: &str| Some(text.to_owned());
                let expected = match name.as_str() {
                    "null" => all_null,
                    "nested.text" => vec![some("a"), None, None, some("b")],
                    _ => vec![some("a"), None, some(""), some("b")],
                };
                assert_eq!(texts, expected, "{name}");
            }
            Err(error) => {
                assert!(!is_text.contains(&name.as_str()), "{error}");
                assert!(error.to_string().contains("expected a text"), "{error}");
            }
        }
    }
}

#[test]
fn types_that_are_no_labels_are_refused_by_name() {
    for (name, part) in [
        ("decimal", "decimal"),
        ("date", "date"),
        ("timestamp", "timestamp"),
        ("half", "float16"),
        ("matrix", "list of int64"),
        ("map", "group of"),
        ("nested", "group of text, labels"),
    ] {
        let columns = Columns::new().with_text("text").with_label(name);
        let error =
            RowReader::open(&fixture("types.parquet"), &ReadOptions::default(), &columns).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(part) && message.contains("types.parquet"), "{name}: {message}");
    }
}

#[test]
fn names_of_classes_that_datasets_wrote_are_known() {
    let names = |label: &str| {
        let columns = Columns::new().with_text("text").with_label(label);
        let rows = RowReader::open(&fixture("datasets.parquet"), &ReadOptions::default(), &columns).unwrap();
        rows.class_names(label).map(<[String]>::to_vec)
    };
    let expected = Some(vec!["negative".to_owned(), "positive".to_owned()]);
    assert_eq!((names("label"), names("tags"), names("plain")), (expected.clone(), expected, None));
    let rows = RowReader::open(&fixture("pandas.parquet"), &ReadOptions::default(), &columns()).unwrap();
    assert_eq!(rows.class_names("label"), None);
}

#[test]
fn the_index_of_pandas_is_no_column() {
    let other = Columns::new().with_text("review").with_label("label");
    let error = RowReader::open(&fixture("pandas.parquet"), &ReadOptions::default(), &other).unwrap_err();
    assert!(error.to_string().ends_with("its columns are text, label"), "{error}");
    let cased = Columns::new().with_text("Text").with_label("label");
    let error = RowReader::open(&fixture("pandas.parquet"), &ReadOptions::default(), &cased).unwrap_err();
    assert!(error.to_string().contains("did you mean \"text\""), "{error}");
}

/// Each byte changed in several ways, in files with each kind of page: an error or some rows, and never a
/// panic or an allocation of what a header claims.
#[test]
fn damaged_pages_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.parquet");
    for name in ["codec-snappy", "pages-v2"] {
        let whole = std::fs::read(fixture(&format!("{name}.parquet"))).unwrap();
        for at in 0..whole.len() {
            for byte in [0x7f, 0xff, whole[at].wrapping_add(1)] {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                std::fs::write(&path, bytes).unwrap();
                if let Err(error) = read(&path) {
                    assert!(chain(&error).contains("rows.parquet"), "{error}");
                }
            }
        }
    }
}

/// A column that nobody asked for by name is left out where it can't be read; one that is needed is not.
#[test]
fn bytes_that_are_no_text_are_left_out_of_the_columns_that_nobody_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("images.parquet");
    let image: Option<&[u8]> = Some(b"\x89PNG");
    write_bytes(&path, &[(Some(b"a"), image), (Some(b"b"), Some(b"text")), (Some(b"c"), image)]);
    let open = |columns: Columns| RowReader::open(&path, &ReadOptions::default(), &columns).unwrap();
    let mut reader = open(Columns::new().with_text("text").with_all());
    let rows: Vec<Row> = reader.by_ref().map(Result::unwrap).collect();
    let texts: Vec<&str> = rows.iter().map(|row| row.text("text").unwrap()).collect();
    let others: Vec<Option<&Value>> = rows.iter().map(|row| row.get("label")).collect();
    assert_eq!(texts, ["a", "b", "c"]);
    assert_eq!(others, [Some(&Value::Null), Some(&Value::from("text")), Some(&Value::Null)]);
    let notes = reader.notes().join("\n");
    assert!(notes.contains("row 1: \"label\" is left out") && notes.lines().count() == 1, "{notes}");

    let needed: Vec<_> = open(Columns::new().with_text("text").with("label")).collect();
    assert!(needed[0].is_err() && needed[1].is_ok() && needed[2].is_err());
}
