//! The readers against files as people have them: whole, odd and broken ones.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error;
use std::fs::File;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use embert_data::{Columns, DataError, Format, ReadOptions, Row, RowReader, Value};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use tempfile::TempDir;

/// `text` and `label`.
fn columns() -> Columns {
    Columns { label: Some("label".into()), ..Columns::default() }
}

fn file(dir: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn as_format(format: Format) -> ReadOptions {
    ReadOptions { format: Some(format), ..ReadOptions::default() }
}

fn read(path: &Path) -> Result<Vec<Row>, DataError> {
    RowReader::open(path, &ReadOptions::default(), &columns())?.collect()
}

/// What a person sees: the error and its causes.
fn chain(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", chain(cause)),
        None => error.to_string(),
    }
}

fn row(text: &str, label: &str) -> Row {
    Row { text: text.into(), text_pair: None, label: Some(Value::Text(label.into())) }
}

#[test]
fn quotes_newlines_and_line_ends_are_part_of_csv() {
    let dir = tempfile::tempdir().unwrap();
    let expected = [row("a, \"b\"\nc", "pos"), row("plain", "neg"), row("last", "pos")];
    let text = "id,text,label\n1,\"a, \"\"b\"\"\nc\",pos\n2,plain,neg\n\n3,last,pos";
    assert_eq!(read(&file(&dir, "unix.csv", text)).unwrap(), expected);
    let expected = [row("a, \"b\"\r\nc", "pos"), row("plain", "neg"), row("last", "pos")];
    assert_eq!(read(&file(&dir, "dos.csv", text.replace('\n', "\r\n"))).unwrap(), expected);
    assert_eq!(read(&file(&dir, "bom.csv", "\u{feff}text,label\nx,pos\n")).unwrap(), [row("x", "pos")]);
    assert_eq!(read(&file(&dir, "tabs.tsv", "label\ttext\npos\tx, y\n")).unwrap(), [row("x, y", "pos")]);
}

#[test]
fn json_lines_have_any_order_and_either_kind_of_label() {
    let dir = tempfile::tempdir().unwrap();
    let text =
        "\u{feff}{\"text\": \"a\\nb\", \"label\": \"pos\", \"id\": 3}\r\n\n{\"label\": 1, \"text\": \"\"}";
    let rows = read(&file(&dir, "rows.jsonl", text)).unwrap();
    let second = Row { text: String::new(), text_pair: None, label: Some(Value::Integer(1)) };
    assert_eq!(rows, [row("a\nb", "pos"), second]);
}

#[test]
fn every_bad_row_names_file_place_and_cause() {
    let dir = tempfile::tempdir().unwrap();
    let cases: &[(&str, &[u8], &[&str])] = &[
        ("fields.csv", b"text,label\na,pos\nb,neg,more\n", &["line 3", "3 field", "has 2"]),
        ("few.csv", b"text,label\r\na,pos\r\nb\r\n", &["line 3", "1 field", "has 2"]),
        ("stray.csv", b"text,label\na,pos\n\"b\" c,neg\nd,pos\n", &["line 3", "after a closing quote"]),
        (
            "closed-late.csv",
            b"text,label\na,pos\n\"b,neg\nc,pos\n\"d\",neg\n",
            &["line 3", "after a closing quote"],
        ),
        ("open.csv", b"text,label\na,pos\n\"b,neg\nc,pos\nd,neg\n", &["line 3", "never closed"]),
        ("open-last.csv", b"text,label\na,pos\nb,\"neg\nc,pos\n", &["line 3", "never closed"]),
        (
            "utf8.csv",
            b"text,label\na,pos\n\"two\nlines\",neg\nb\xff\xfec,pos\n",
            &["line 5", "UTF-8", "byte 1"],
        ),
        ("empty-label.csv", b"text,label\na,pos\nb,\n", &["line 3", "\"label\"", "null"]),
        ("spaces-label.csv", b"text,label\na,pos\nb,\" \"\n", &["line 3", "\"label\"", "null"]),
        ("gap.csv", b"text,label\r\n\r\na,pos\r\n\r\n\r\nb\r\n", &["line 6", "1 field"]),
        ("tabs.tsv", b"text\tlabel\na\tpos\nb, c\n", &["line 3", "1 field"]),
        (
            "column.jsonl",
            b"{\"text\": \"a\", \"label\": 0}\n{\"txt\": \"a\", \"label\": 0}\n",
            &["line 2", "\"text\"", "txt, label"],
        ),
        ("null.jsonl", b"{\"text\": null, \"label\": 0}\n", &["line 1", "\"text\"", "null"]),
        ("null-label.jsonl", b"\n{\"text\": \"a\", \"label\": null}\n", &["line 2", "\"label\"", "null"]),
        ("number.jsonl", b"{\"text\": 12, \"label\": 0}\n", &["line 1", "\"text\"", "12", "a text"]),
        ("float.jsonl", b"{\"text\": \"a\", \"label\": 0.5}\n", &["line 1", "\"label\"", "0.5", "integer"]),
        ("array.jsonl", b"[{\"text\": \"a\", \"label\": 0}]\n", &["line 1", "JSON", "expected"]),
        ("cut.jsonl", b"{\"text\": \"a\", \"label\": 0}\n{\"text\": \"a", &["line 2", "JSON", "EOF"]),
        ("utf8.jsonl", b"{\"text\": \"\xe9\", \"label\": 0}\n", &["line 1", "UTF-8", "byte 10"]),
    ];
    for (name, bytes, parts) in cases {
        let error = read(&file(&dir, name, bytes)).unwrap_err();
        let message = chain(&error);
        for part in parts.iter().chain([name]) {
            assert!(message.contains(part), "{name}: `{message}` does not say `{part}`");
        }
        assert!(!message.ends_with('.'), "{message}");
    }
}

#[test]
fn reading_goes_on_after_a_bad_row() {
    let dir = tempfile::tempdir().unwrap();
    let csv = file(&dir, "rows.csv", b"text,label\na,pos\nb,neg,more\n\"c\" d,neg\n\xff,pos\ne,neg\n");
    let json = file(
        &dir,
        "rows.jsonl",
        b"{\"text\":\"a\",\"label\":\"pos\"}\n\xff\n{}\nnull\n{\"text\":\"e\",\"label\":\"neg\"}\n",
    );
    for path in [csv, json] {
        let (good, bad): (Vec<_>, Vec<_>) =
            RowReader::open(&path, &ReadOptions::default(), &columns()).unwrap().partition(Result::is_ok);
        let good: Vec<Row> = good.into_iter().map(Result::unwrap).collect();
        assert_eq!(good, [row("a", "pos"), row("e", "neg")]);
        assert_eq!(bad.len(), 3);
        assert!(bad.iter().all(|row| row.as_ref().unwrap_err().is_bad_row()), "{bad:?}");
    }
}

#[test]
fn a_whole_file_at_fault_is_no_bad_row() {
    let dir = tempfile::tempdir().unwrap();
    let cases: &[(&str, &[u8], &[&str])] = &[
        ("heading.csv", b"review,sentiment\na,pos\n", &["\"text\"", "review", "sentiment"]),
        ("empty.csv", b"", &["no rows"]),
        ("mark.csv", b"\xef\xbb\xbf", &["no rows"]),
        ("blank.csv", b"\r\n\n", &["no rows"]),
        ("cut.parquet", b"PAR1 and then nothing", &["Parquet"]),
        ("empty.parquet", b"", &["Parquet"]),
        ("rows.xlsx", b"PK", &["format", ".parquet", ".csv"]),
    ];
    for (name, bytes, parts) in cases {
        let error = read(&file(&dir, name, bytes)).unwrap_err();
        let message = chain(&error);
        for part in parts.iter().chain([name]) {
            assert!(message.contains(part), "{name}: `{message}` does not say `{part}`");
        }
        assert!(!error.is_bad_row(), "{message}");
    }
    let message = chain(&read(&dir.path().join("none.csv")).unwrap_err());
    assert!(message.contains("none.csv") && message.contains("No such file"), "{message}");
}

/// A quote that is never closed turns the rest of the file into one field: that must not fill the memory.
#[test]
fn an_open_quote_in_a_large_file_is_found_before_its_end() {
    let head: &[u8] = b"text,label\na,pos\n\"b,neg\n";
    let endless = head.chain(std::io::repeat(b'x'));
    let mut rows = RowReader::from_reader(endless, &as_format(Format::Csv), &columns()).unwrap();
    assert_eq!(rows.next().unwrap().unwrap(), row("a", "pos"));
    let message = chain(&rows.next().unwrap().unwrap_err());
    assert!(message.contains("line 3") && message.contains("MiB"), "{message}");
    assert!(rows.next().is_none());

    for format in [Format::JsonLines, Format::Lines] {
        let mut rows =
            RowReader::from_reader(std::io::repeat(b'x'), &as_format(format), &Columns::default()).unwrap();
        let message = chain(&rows.next().unwrap().unwrap_err());
        assert!(message.contains("line 1") && message.contains("MiB"), "{message}");
        assert!(rows.next().is_none());
    }
}

/// Files larger than the memory are read: what has no end gives rows.
#[test]
fn rows_come_one_at_a_time() {
    struct Endless(&'static [u8], usize);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            for byte in &mut *buffer {
                *byte = self.0[self.1 % self.0.len()];
                self.1 += 1;
            }
            Ok(buffer.len())
        }
    }
    let head: &[u8] = b"text,label\n";
    let csv = head.chain(Endless(b"\"some, text\",pos\r\n", 0));
    let rows = RowReader::from_reader(csv, &as_format(Format::Csv), &columns()).unwrap();
    assert!(rows.take(100_000).all(|found| found.unwrap() == row("some, text", "pos")));
    let json = Endless(b"{\"text\": \"a\", \"label\": \"pos\"}\n", 0);
    let mut rows = RowReader::from_reader(json, &as_format(Format::JsonLines), &columns()).unwrap();
    let (location, found) = rows.by_ref().nth(99_999).map(|_| rows.next_located().unwrap().unwrap()).unwrap();
    assert_eq!((found, location.number, location.unit), (row("a", "pos"), 100_001, "line"));
}

/// One byte at a time, as a pipe may give them.
#[test]
fn a_slow_stream_is_the_same_stream() {
    struct Slow(&'static [u8]);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.len().min(buffer.len()).min(1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }
    let text: &'static [u8] = b"\xef\xbb\xbftext,label\r\n\"a \"\"b\"\"\r\n\",pos\r\nc,neg";
    let rows = RowReader::from_reader(Slow(text), &as_format(Format::Csv), &columns()).unwrap();
    let rows: Vec<Row> = rows.map(Result::unwrap).collect();
    assert_eq!(rows, [row("a \"b\"\r\n", "pos"), row("c", "neg")]);
}

#[test]
fn a_text_may_be_empty_or_large_or_have_quotes_within() {
    let dir = tempfile::tempdir().unwrap();
    let large = "one \"quoted\", naïve line\n".repeat(50_000);
    assert!(large.len() > 1 << 20);
    let texts = ["", "5\" vinyl", &large, " "];
    let csv = format!("text,label\n,pos\n{},pos\n\"{}\",pos\n ,pos\n", texts[1], large.replace('"', "\"\""));
    let json = texts.map(|text| serde_json::json!({"text": text, "label": "pos"}).to_string()).join("\n");
    for (name, text) in [("rows.csv", csv), ("rows.jsonl", json)] {
        let rows = read(&file(&dir, name, text)).unwrap();
        assert_eq!(rows, texts.map(|text| row(text, "pos")), "{name}");
    }
    let path = dir.path().join("rows.parquet");
    let written: Vec<_> = texts.iter().map(|text| (Some(*text), Some(1))).collect();
    write_parquet(&path, STRINGS, Compression::SNAPPY, &written, 4);
    let found: Vec<String> = read(&path).unwrap().into_iter().map(|row| row.text).collect();
    assert_eq!(found, texts);
}

proptest! {
    /// Fields as writers of CSV write them, in each of their ways, come back, with the line that each row begins in.
    #[test]
    fn what_csv_writers_write_is_read(
        rows in prop::collection::vec((r#"[a-z ",;\t\n\r"é]{0,12}"#, any::<bool>(), any::<bool>(), 0..3_usize), 0..30), dos in any::<bool>(),
    ) {
        let end = if dos { "\r\n" } else { "\n" };
        let mut text = format!("label,text{end}");
        let mut lines = Vec::new();
        for (field, quoted, label_quoted, blank) in &rows {
            text += &end.repeat(*blank);
            lines.push(1 + text.matches('\n').count() as u64);
            let must = field.starts_with('"') || field.contains([',', '\n', '\r']);
            let label = if *label_quoted { "\"pos\"" } else { "pos" };
            let field = if *quoted || must { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.clone() };
            text += &[label, ",", &field, end].concat();
        }
        let mut reader = RowReader::from_reader(std::io::Cursor::new(text), &as_format(Format::Csv), &columns()).unwrap();
        for ((field, ..), line) in rows.iter().zip(lines) {
            let (location, found) = reader.next_located().unwrap().unwrap();
            prop_assert_eq!((found, location.number), (row(field, "pos"), line));
        }
        prop_assert!(reader.next().is_none());
    }

    /// Whatever is in a file, reading it ends and doesn't panic.
    #[test]
    fn any_bytes_are_rows_or_errors(bytes in prop::collection::vec(prop::sample::select(&b"a,\"\n\r\xff{}:"[..]), 0..60)) {
        for format in [Format::Csv, Format::Tsv, Format::JsonLines, Format::Lines] {
            let bytes = [&b"text,label\n"[..], &bytes].concat();
            let reader = RowReader::from_reader(std::io::Cursor::new(bytes), &as_format(format), &columns());
            if let Ok(rows) = reader {
                prop_assert!(rows.count() <= 61);
            }
        }
    }
}

#[test]
fn plain_lines_keep_their_count() {
    let rows =
        RowReader::from_reader(&b"one\n\n two \r\nthree"[..], &as_format(Format::Lines), &Columns::default())
            .unwrap();
    let texts: Vec<String> = rows.map(|row| row.unwrap().text).collect();
    assert_eq!(texts, ["one", "", " two ", "three"]);
    let error =
        RowReader::from_reader(&b"PAR1"[..], &as_format(Format::Parquet), &Columns::default()).err().unwrap();
    assert!(error.to_string().contains("Parquet"), "{error}");
}

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
            assert_eq!((Some(row.text.as_str()), &row.label), (*text, &label.map(Value::Integer)));
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
        assert!(rows.iter().map(|row| row.text.as_str()).eq(texts.iter().copied()));
        rows.into_iter().map(|row| row.label.unwrap()).collect()
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
        assert_eq!(labels(&path), cycle([1, 0, 1].map(Value::Integer)));
        let values: Vec<ByteArray> =
            ["pos", "neg", "5"].into_iter().cycle().take(3000).map(ByteArray::from).collect();
        write_labels::<ByteArrayType>(&path, &schema("binary label (UTF8)"), &texts, &values, dictionary);
        assert_eq!(labels(&path), cycle(["pos", "neg", "5"].map(|name| Value::Text(name.into()))));
    }
    write_labels::<DoubleType>(&path, &schema("double label"), &texts[..1], &[0.5], true);
    let message = read(&path).unwrap_err().to_string();
    assert!(message.contains("required double, expected a text or an integer"), "{message}");
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
    let message = rows[2].as_ref().unwrap_err().to_string();
    assert!(message.contains("row 3") && message.contains("\"label\" is null"), "{message}");
    assert_eq!(rows[3].as_ref().unwrap().text, "d");

    let other = Columns { text: "review".into(), ..columns() };
    let error = RowReader::open(&path, &ReadOptions::default(), &other).err().unwrap();
    assert!(error.to_string().contains("\"review\"") && error.to_string().contains("text, label"), "{error}");
    let swapped = Columns { text: "label".into(), text_pair: None, label: Some("text".into()) };
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
    for end in 0..whole.len() {
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
