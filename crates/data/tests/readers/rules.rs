//! One rule for all formats: how a null, an empty text, white space, a missing cell, bytes that are no text,
//! a number and so on are read. Each case is the second row of a file whose first row is plain, in every
//! format that can hold it, and each text file is also compressed.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use embert_data::{ReadOptions, RowReader, Value};

use super::parquet::write_bytes;
use super::{chain, columns, labelled};

struct Rule {
    name: &'static str,
    /// The cells of CSV, which are also those of TSV with a tab for the comma.
    csv: Option<&'static [u8]>,
    /// The members of the object.
    json: Option<&'static str>,
    parquet: Option<(Option<&'static [u8]>, Option<&'static [u8]>)>,
    /// The row, or parts of the problem's message, of which one must occur: CSV and Parquet may word the
    /// problem in another way.
    expected: Result<(&'static str, Value), &'static [&'static str]>,
}

fn name(name: &str) -> Value {
    Value::Text(name.into())
}

fn rules() -> Vec<Rule> {
    let rule = |name, csv, json, parquet, expected| Rule { name, csv, json, parquet, expected };
    let x = || name("x");
    vec![
        rule(
            "an empty text is a text",
            Some(b",x"),
            Some(r#""text":"","label":"x""#),
            Some((Some(b""), Some(b"x"))),
            Ok(("", x())),
        ),
        rule(
            "white space is a text, and stays",
            Some(b" \xc2\xa0 ,x"),
            Some(r#""text":" \u00a0 ","label":"x""#),
            Some((Some(b" \xc2\xa0 "), Some(b"x"))),
            Ok((" \u{a0} ", x())),
        ),
        rule(
            "NUL is a character of the text",
            Some(b"a\0b,x"),
            Some(r#""text":"a\u0000b","label":"x""#),
            Some((Some(b"a\0b"), Some(b"x"))),
            Ok(("a\0b", x())),
        ),
        rule(
            "a null is no text",
            None,
            Some(r#""text":null,"label":"x""#),
            Some((None, Some(b"x"))),
            Err(&["\"text\" is null"]),
        ),
        rule(
            "a missing text is a fault",
            Some(b"x"),
            Some(r#""label":"x","txt":1"#),
            None,
            Err(&["there is no \"text\"; found label, txt", "1 field(s), but the heading has 2"]),
        ),
        rule(
            "half of a surrogate pair is no text",
            Some(b"a\xed\xa0\x80,x"),
            Some(r#""text":"a\ud800","label":"x""#),
            Some((Some(b"a\xed\xa0\x80"), Some(b"x"))),
            Err(&["surrogate", "hex escape", "not valid UTF-8 from byte 1 on"]),
        ),
        rule(
            "bytes that are not UTF-8 are no text",
            Some(b"caf\xe9,x"),
            None,
            Some((Some(b"caf\xe9"), Some(b"x"))),
            Err(&["encoding = \"windows-1252\""]),
        ),
        rule(
            "a number is no text where the format has numbers",
            None,
            Some(r#""text":5,"label":"x""#),
            None,
            Err(&["\"text\" is 5, expected a text"]),
        ),
        rule(
            "a truth value is no text where the format has them",
            None,
            Some(r#""text":true,"label":"x""#),
            None,
            Err(&["\"text\" is true, expected a text"]),
        ),
        rule("a number is a text where the format has none", Some(b"5,x"), None, None, Ok(("5", x()))),
        rule(
            "an empty label is none",
            Some(b"a,\"\""),
            Some(r#""text":"a","label":"""#),
            Some((Some(b"a"), Some(b""))),
            Ok(("a", Value::Null)),
        ),
        rule(
            "white space is no label",
            Some(b"a, "),
            Some(r#""text":"a","label":" ""#),
            Some((Some(b"a"), Some(b" "))),
            Ok(("a", Value::Null)),
        ),
        rule(
            "a null is no label",
            None,
            Some(r#""text":"a","label":null"#),
            Some((Some(b"a"), None)),
            Ok(("a", Value::Null)),
        ),
        rule("a missing key is no label", None, Some(r#""text":"a""#), None, Ok(("a", Value::Null))),
        rule(
            "white space around a label stays, for whoever decides what it means",
            Some(b"a, x "),
            Some(r#""text":"a","label":" x ""#),
            Some((Some(b"a"), Some(b" x "))),
            Ok(("a", name(" x "))),
        ),
        rule(
            "digits in a text are a text",
            Some(b"a,1"),
            Some(r#""text":"a","label":"1""#),
            Some((Some(b"a"), Some(b"1"))),
            Ok(("a", name("1"))),
        ),
        rule("an integer is one", None, Some(r#""text":"a","label":1"#), None, Ok(("a", Value::Integer(1)))),
        rule(
            "a number with a fraction is none",
            None,
            Some(r#""text":"a","label":1.0"#),
            None,
            Ok(("a", Value::Float(1.0))),
        ),
        rule(
            "a truth value is one",
            None,
            Some(r#""text":"a","label":true"#),
            None,
            Ok(("a", Value::Boolean(true))),
        ),
        rule(
            "a list is a list",
            None,
            Some(r#""text":"a","label":["x",null,2]"#),
            None,
            Ok(("a", Value::List(vec![x(), Value::Null, Value::Integer(2)]))),
        ),
        rule(
            "an object is no label",
            None,
            Some(r#""text":"a","label":{"x":1}"#),
            None,
            Err(&["\"label\" is {\"x\":1}"]),
        ),
        rule(
            "an integer beyond 64 bits is refused",
            None,
            Some(r#""text":"a","label":9223372036854775808"#),
            None,
            Err(&["\"label\" is 9223372036854775808"]),
        ),
        rule(
            "so is one far beyond",
            None,
            Some(r#""text":"a","label":123456789012345678901234567890"#),
            None,
            Err(&["at most 64 bits"]),
        ),
        rule(
            "a key that comes twice is a fault",
            None,
            Some(r#""text":"a","label":"x","text":"b""#),
            None,
            Err(&["it has \"text\" twice"]),
        ),
    ]
}

/// The files that hold a rule's case.
fn files(rule: &Rule, folder: &Path) -> Vec<PathBuf> {
    let mut texts: Vec<(&str, Vec<u8>)> = Vec::new();
    if let Some(cells) = rule.csv {
        let csv = [b"text,label\na,x\n", cells, b"\n"].concat();
        texts.push(("rows.tsv", csv.iter().map(|byte| if *byte == b',' { b'\t' } else { *byte }).collect()));
        texts.push(("rows.csv", csv));
    }
    if let Some(members) = rule.json {
        let first = r#"{"text":"a","label":"x"}"#;
        texts.push(("rows.jsonl", format!("{first}\n{{{members}}}\n").into()));
        texts.push(("rows.json", format!("[{first}, {{{members}}}]").into()));
        texts.push(("within.json", format!("{{\"version\": 1, \"data\": [{first}, {{{members}}}]}}").into()));
        texts.push(("pretty.json", format!("{{\n{}\n{{\n{members}\n}}\n", &first[1..]).into()));
    }
    let mut files = Vec::new();
    for (name, bytes) in texts {
        files.push(folder.join(name));
        std::fs::write(folder.join(name), &bytes).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&bytes).unwrap();
        files.push(folder.join(format!("{name}.gz")));
        std::fs::write(folder.join(format!("{name}.gz")), gzip.finish().unwrap()).unwrap();
        files.push(folder.join(format!("{name}.zst")));
        std::fs::write(folder.join(format!("{name}.zst")), zstd::encode_all(&*bytes, 1).unwrap()).unwrap();
    }
    if let Some(cells) = rule.parquet {
        files.push(folder.join("rows.parquet"));
        write_bytes(&folder.join("rows.parquet"), &[(Some(b"a"), Some(b"x")), cells]);
    }
    files
}

#[test]
fn each_rule_is_the_same_in_each_format() {
    for rule in rules() {
        let dir = tempfile::tempdir().unwrap();
        let files = files(&rule, dir.path());
        assert!(!files.is_empty(), "{}", rule.name);
        for path in files {
            let place = format!("{}: {}", rule.name, path.display());
            let mut rows = RowReader::open(&path, &ReadOptions::default(), &columns()).expect(&place);
            assert_eq!(rows.next().unwrap().expect(&place).text("text"), Ok("a"), "{place}");
            let found = rows.next().expect(&place);
            assert!(rows.next().is_none(), "{place}");
            match (&rule.expected, found) {
                (Ok((text, label)), Ok(row)) => {
                    let expected = labelled(text, label.clone());
                    assert_eq!(row, expected, "{place}");
                }
                (Err(parts), Err(error)) => {
                    let message = chain(&error);
                    assert!(error.is_bad_row(), "{place}: {message}");
                    assert!(parts.iter().any(|part| message.contains(part)), "{place}: {message}");
                    let told = message.contains("line ") || message.contains("row 2");
                    assert!(told && !message.ends_with('.'), "{place}: {message}");
                }
                (expected, found) => panic!("{place}: {found:?}, expected {expected:?}"),
            }
        }
    }
}

/// An empty file has no rows in any format, and a note says so: an interrupted export is such a file.
#[test]
fn a_file_without_rows_is_one_in_each_format() {
    let dir = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let parquet = |name: &str| std::fs::read(fixtures.join(name)).unwrap();
    let empty = zstd::encode_all(&b""[..], 1).unwrap();
    for (name, bytes) in [
        ("a.csv", vec![]),
        ("a.tsv", vec![]),
        ("a.jsonl", vec![]),
        ("a.ndjson", vec![]),
        ("a.json", vec![]),
        ("a.conll", vec![]),
        ("documents.conll", b"-DOCSTART- O\n\n".to_vec()),
        ("a.parquet", vec![]),
        ("a.csv.gz", vec![]),
        ("a.csv.zst", empty),
        ("mark.csv", b"\xef\xbb\xbf".to_vec()),
        ("blank.csv", b"\r\n\n".to_vec()),
        ("blank.jsonl", b"\n \n".to_vec()),
        ("heading.csv", b"text,label\n".to_vec()),
        ("delimiters.csv", b"text,label\n,\n,\n".to_vec()),
        ("array.json", b" [ ] ".to_vec()),
        ("rows.parquet", parquet("no-rows.parquet")),
        ("groups.parquet", parquet("no-groups.parquet")),
    ] {
        let path = super::file(&dir, name, bytes);
        let (rows, notes) = super::read_with(&path, &ReadOptions::default()).unwrap();
        assert!(rows.is_empty(), "{name}: {rows:?}");
        assert!(notes.contains(name) && notes.contains("has no rows"), "{name}: {notes}");
    }
}

/// A wanted column that no row has is an error of the file, and no row is skipped for it.
#[test]
fn a_column_that_is_not_there_is_no_bad_row() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("a.csv", "body,label\ngood film,x\n"),
        ("a.tsv", "body\tlabel\ngood film\tx\n"),
        ("a.jsonl", "{\"body\":\"good film\",\"label\":\"x\"}\n{\"body\":\"b\",\"label\":\"x\"}\n"),
        ("a.json", "[{\"body\":\"good film\",\"label\":\"x\"}]"),
        ("b.jsonl", "{\"body\":\"good film\",\"label\":\"x\"}\n"),
    ] {
        let error = super::read(&super::file(&dir, name, text)).unwrap_err();
        let message = chain(&error);
        assert!(!error.is_bad_row(), "{message}");
        assert!(message.contains("no column \"text\"; its columns are body, label"), "{name}: {message}");
    }
}

#[test]
fn a_column_that_is_there_twice_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [("a.csv", "text,label,text\na,x,b\n"), ("a.tsv", "text\tlabel\tlabel\na\tx\ty\n")] {
        let message = super::refusal(&super::file(&dir, name, text), &ReadOptions::default());
        assert!(message.contains("twice") && message.contains(name), "{message}");
    }
    // A column that is not read may occur twice.
    let path = super::file(&dir, "b.csv", "text,label,note,note\na,x,,\n");
    assert_eq!(super::read(&path).unwrap(), [super::row("a", "x")]);
}
