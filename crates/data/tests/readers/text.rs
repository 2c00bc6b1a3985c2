//! Text formats: CSV, TSV, JSON Lines, plain lines.

use std::io::Read;

use embert_data::{Columns, Format, ReadOptions, Row, RowReader, Value};
use proptest::prelude::*;

use super::parquet::write_bytes;
use super::{as_format, chain, columns, file, labelled, read, row, text_of};

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
    let second = labelled("", Value::Integer(1));
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
        ("gap.csv", b"text,label\r\n\r\na,pos\r\n\r\n\r\nb\r\n", &["line 6", "1 field"]),
        ("tabs.tsv", b"text\tlabel\na\tpos\nb, c\n", &["line 3", "1 field"]),
        (
            "column.jsonl",
            b"{\"text\": \"a\", \"label\": 0}\n{\"txt\": \"a\", \"label\": 0}\n",
            &["line 2", "\"text\"", "txt, label"],
        ),
        ("null.jsonl", b"{\"text\": null, \"label\": 0}\n", &["line 1", "\"text\"", "null"]),
        ("number.jsonl", b"{\"text\": 12, \"label\": 0}\n", &["line 1", "\"text\"", "12", "a text"]),
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
        ("cut.parquet", b"PAR1 and then nothing", &["Parquet"]),
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
        let mut rows = RowReader::from_reader(
            std::io::repeat(b'x'),
            &as_format(format),
            &Columns::new().with_text("text"),
        )
        .unwrap();
        let message = chain(&rows.next().unwrap().unwrap_err());
        assert!(message.contains("line 1") && message.contains("MiB"), "{message}");
        assert!(rows.next().is_none());
    }
}

/// A file may be larger than the memory: an endless stream gives rows.
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

/// A stream may give one byte at a time, as a pipe does.
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
    let written: Vec<_> = texts.iter().map(|text| (Some(text.as_bytes()), Some(&b"pos"[..]))).collect();
    write_bytes(&path, &written);
    let found: Vec<String> = read(&path).unwrap().into_iter().map(|row| text_of(&row)).collect();
    assert_eq!(found, texts);
}

proptest! {
    /// Fields come back as CSV writers write them, in each of their ways, with the line in which each row
    /// begins.
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
    let rows = RowReader::from_reader(
        &b"one\n\n two \r\nthree"[..],
        &as_format(Format::Lines),
        &Columns::new().with_text("text"),
    )
    .unwrap();
    let texts: Vec<String> = rows.map(|row| text_of(&row.unwrap())).collect();
    assert_eq!(texts, ["one", "", " two ", "three"]);
    let error =
        RowReader::from_reader(&b"PAR1"[..], &as_format(Format::Parquet), &Columns::new().with_text("text"))
            .err()
            .unwrap();
    assert!(error.to_string().contains("Parquet"), "{error}");
}
