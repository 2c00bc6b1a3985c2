//! Compression, encodings, and files of other programs.

use std::io::{Read as _, Write as _};
use std::path::Path;

use embert_data::{Columns, Format, ReadOptions, Row, RowReader};

use super::{chain, columns, file, options, read_with, refusal, row, text_of};

const CSV: &str = "text,label\nna\u{ef}ve film,x\nb,y\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

fn expected() -> [Row; 2] {
    [row("na\u{ef}ve film", "x"), row("b", "y")]
}

#[test]
fn compression_is_told_by_the_content_whatever_the_name_says() {
    let dir = tempfile::tempdir().unwrap();
    let members = [gzip(&CSV.as_bytes()[..20]), gzip(&CSV.as_bytes()[20..])].concat();
    let zstd = zstd::encode_all(CSV.as_bytes(), 3).unwrap();
    for (name, bytes) in [
        ("a.csv.gz", gzip(CSV.as_bytes())),
        ("members.csv.gz", members),
        ("a.csv", gzip(CSV.as_bytes())),
        ("b.csv", zstd.clone()),
        ("a.csv.zst", zstd.clone()),
        ("frames.csv.zst", [zstd, zstd::encode_all(&b""[..], 3).unwrap()].concat()),
        ("plain.csv.gz", CSV.into()),
    ] {
        let (rows, _) = read_with(&file(&dir, name, bytes), &ReadOptions::default()).unwrap();
        assert_eq!(rows, expected(), "{name}");
    }
    let path = file(&dir, "lines.txt.gz", gzip(b"one\ntwo"));
    let rows = RowReader::open(&path, &ReadOptions::default(), &Columns::new().with_text("text")).unwrap();
    assert_eq!(rows.map(|row| text_of(&row.unwrap())).collect::<Vec<_>>(), ["one", "two"]);
    let reader = std::io::Cursor::new(gzip(b"one\ntwo"));
    let rows =
        RowReader::from_reader(reader, &ReadOptions::default(), &Columns::new().with_text("text")).unwrap();
    assert_eq!(rows.count(), 2);
}

#[test]
fn a_compressed_file_that_is_cut_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let long = format!(
        "text,label\n{}",
        (0..20_000).map(|i| format!("film {},x\n", i * 7919 % 9973)).collect::<String>()
    );
    for (name, bytes) in
        [("a.csv.gz", gzip(long.as_bytes())), ("a.csv.zst", zstd::encode_all(long.as_bytes(), 1).unwrap())]
    {
        for end in [bytes.len() / 2, bytes.len() - 1] {
            let message = refusal(&file(&dir, name, &bytes[..end]), &ReadOptions::default());
            assert!(message.contains(name) && message.contains("can't read"), "{message}");
        }
    }
}

/// A few KiB that unpack to a row of a GiB: the bound on a row holds after the unpacking.
#[test]
fn a_bomb_ends_with_the_bound_on_a_row() {
    let dir = tempfile::tempdir().unwrap();
    let bomb = zstd::encode_all(std::io::repeat(0).take(1 << 28), 1).unwrap();
    for name in ["a.csv", "a.tsv", "a.jsonl", "a.json", "a.txt"] {
        let path = file(&dir, name, &bomb);
        let found: Result<Vec<_>, _> = match RowReader::open(&path, &ReadOptions::default(), &columns()) {
            Ok(rows) => rows.collect(),
            Err(error) => Err(error),
        };
        let message = chain(&found.unwrap_err());
        assert!(message.contains("64 MiB"), "{message}");
    }
}

#[test]
fn utf_16_is_read_where_it_is_certain() {
    let dir = tempfile::tempdir().unwrap();
    let dos = CSV.replace('\n', "\r\n");
    for (name, bytes, said) in [
        ("le.csv", [b"\xff\xfe".to_vec(), utf16(&dos, false)].concat(), "UTF-16LE"),
        ("be.csv", [b"\xfe\xff".to_vec(), utf16(&dos, true)].concat(), "UTF-16BE"),
        ("le-bare.csv", utf16(&dos, false), "UTF-16LE"),
        ("be-bare.csv", utf16(&dos, true), "UTF-16BE"),
        ("le.csv.gz", gzip(&[b"\xff\xfe".to_vec(), utf16(&dos, false)].concat()), "UTF-16LE"),
    ] {
        let (rows, notes) = read_with(&file(&dir, name, bytes), &ReadOptions::default()).unwrap();
        assert_eq!(rows, expected(), "{name}");
        assert!(notes.contains(said) && notes.contains(name), "{notes}");
    }
    // NULs further on do not make a UTF-8 file one of UTF-16.
    let (rows, notes) = read_with(
        &file(&dir, "nul.csv", "text,label\n\0a\0b\0c\0d\0e\0f\0g\0h,x\n"),
        &ReadOptions::default(),
    )
    .unwrap();
    assert_eq!((rows.len(), notes.as_str()), (1, ""));
}

#[test]
fn another_encoding_is_set_and_never_guessed() {
    let dir = tempfile::tempdir().unwrap();
    let latin = b"text,label\nna\xefve film,x\nb,y\n";
    let path = file(&dir, "latin.csv", latin);
    let message = refusal(&path, &ReadOptions::default());
    for part in ["latin.csv, line 2", "UTF-8", "encoding = \"windows-1252\""] {
        assert!(message.contains(part), "{message}");
    }
    for encoding in ["windows-1252", "latin1", "cp1252", "ISO-8859-1"] {
        let (rows, notes) = read_with(&path, &options(&format!("encoding = {encoding:?}"))).unwrap();
        assert_eq!((rows.as_slice(), notes.as_str()), (&expected()[..], ""));
    }
    // UTF-8 that is read as latin1 has two wrong letters for each right one.
    let (_, notes) = read_with(&file(&dir, "utf8.csv", CSV), &options("encoding = \"latin1\"")).unwrap();
    assert!(notes.contains("is valid UTF-8, but is read as windows-1252"), "{notes}");
    let message =
        refusal(&file(&dir, "mark.csv", format!("\u{feff}{CSV}")), &options("encoding = \"latin1\""));
    assert!(
        message.contains("byte order mark of UTF-8") && message.contains("leave encoding out"),
        "{message}"
    );
}

/// Bytes that are invalid in the encoding are a problem of their row, and not replaced.
#[test]
fn what_an_encoding_does_not_have_is_a_fault_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let mut lone = utf16("text,label\na,x\nb", false);
    lone.extend([0x00, 0xd8]);
    lone.extend(utf16(",y\nc,x\n", false));
    for (name, bytes, encoding) in [
        ("utf16.csv", lone, "utf-16le"),
        ("japanese.csv", b"text,label\n\x82\xa0,x\nb\xff\xff,y\nc,x\n".to_vec(), "shift_jis"),
    ] {
        let path = file(&dir, name, bytes);
        let rows: Vec<_> = RowReader::open(&path, &options(&format!("encoding = {encoding:?}")), &columns())
            .unwrap()
            .collect();
        assert_eq!(rows.len(), 3, "{rows:?}");
        let message = rows[1].as_ref().unwrap_err().to_string();
        let said = message.to_lowercase();
        assert!(said.contains(&format!("{name}, line 3")) && said.contains(encoding), "{message}");
        assert_eq!(rows[2].as_ref().unwrap().text("text"), Ok("c"));
    }
}

#[test]
fn lines_that_end_in_a_carriage_return_alone_are_lines() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("a.csv", CSV.to_owned()),
        (
            "a.jsonl",
            "{\"text\":\"na\u{ef}ve film\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":\"y\"}\n".to_owned(),
        ),
    ] {
        let (rows, notes) =
            read_with(&file(&dir, name, text.replace('\n', "\r")), &ReadOptions::default()).unwrap();
        assert_eq!(rows, expected(), "{name}");
        assert!(notes.contains("carriage return"), "{notes}");
    }
    let path = file(&dir, "a.txt", "one\rtwo\r");
    let rows = RowReader::open(&path, &ReadOptions::default(), &Columns::new().with_text("text")).unwrap();
    assert_eq!(rows.map(|row| text_of(&row.unwrap())).collect::<Vec<_>>(), ["one", "two"]);
    let message = refusal(&file(&dir, "bad.csv", "text,label\ra,x\rb\r"), &ReadOptions::default());
    assert!(message.contains("line 3"), "{message}");
}

#[test]
fn files_of_other_programs_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut tar = vec![b'a'; 512];
    tar[257..262].copy_from_slice(b"ustar");
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    let cases: &[(&str, &[u8], &str)] = &[
        ("a.csv", b"PK\x03\x04....", "Excel workbook (.xlsx)"),
        ("a.xlsx", b"PK\x03\x04....", "Excel workbook (.xlsx)"),
        ("b.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..", "(.xls)"),
        ("a.jsonl", lfs.as_bytes(), "Git LFS"),
        ("a.parquet", lfs.as_bytes(), "Git LFS"),
        ("a.txt", lfs.as_bytes(), "Git LFS"),
        ("c.csv", b" <!DOCTYPE html><html>", "an HTML page"),
        ("d.csv", b"<HTML lang=en>", "an HTML page"),
        ("a.tsv", b"<?xml version=\"1.0\"?>", "XML"),
        ("e.csv", b"%PDF-1.4", "a PDF"),
        ("f.csv", b"SQLite format 3\0", "SQLite"),
        ("g.csv", b"\xfd7zXZ\0", "xz"),
        ("h.csv", b"BZh91AY&SY", "bzip2"),
        ("i.csv", b"\xff\xfe\0\0t\0\0\0", "UTF-32"),
        ("a.tar.gz", &gzip(&tar), "a tar archive"),
        ("j.csv.gz", &gzip(&gzip(b"text")), "twice"),
        ("k.parquet", b"text,label\na,x\n", "is not Parquet"),
        ("k.parquet", b"PARE", "encrypted"),
        ("l.parquet.gz", &gzip(b"PAR1"), "unpack it"),
        ("m.json", b"ARROW1\0\0", "Arrow"),
        ("n.jsonl", b"\x80\x04\x95", "pickle"),
        ("train.spacy", b"x\x9c\xed\xbd", "spaCy's binary files (.spacy)"),
    ];
    for (name, bytes, part) in cases {
        let path = file(&dir, name, bytes);
        let error = super::read(&path).unwrap_err();
        let message = chain(&error);
        assert!(message.contains(part) && message.contains(name), "{name}: {message}");
        assert!(!error.is_bad_row() && message.contains(':'), "no way out: {message}");
    }
    // A page of HTML may be read as plain lines.
    let path = file(&dir, "page.txt", "<html>\n");
    assert_eq!(
        RowReader::open(&path, &ReadOptions::default(), &Columns::new().with_text("text")).unwrap().count(),
        1
    );
}

#[test]
fn parquet_under_another_name_is_read_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pandas.parquet");
    let path = file(&dir, "rows.csv", std::fs::read(fixture).unwrap());
    let (rows, notes) = read_with(&path, &ReadOptions::default()).unwrap();
    assert_eq!(rows, [row("a", "x"), row("b", "y")]);
    assert!(notes.contains("rows.csv is read as Parquet"), "{notes}");
    let set = ReadOptions { format: Some(Format::Csv), ..ReadOptions::default() };
    let message = refusal(&path, &set);
    assert!(message.contains("is Parquet") && message.contains("format = \"parquet\""), "{message}");
}

/// Whatever a file holds, a message about it is short and has no control characters.
#[test]
fn messages_are_short_and_printable() {
    let dir = tempfile::tempdir().unwrap();
    let noise: Vec<u8> =
        (0..100_000_u64).map(|i| (i.wrapping_mul(6_364_136_223_846_793_005) >> 40) as u8).collect();
    let long = "x".repeat(1 << 20);
    for (name, bytes) in [
        ("zero.csv", vec![0; 3_000_000]),
        ("zero.jsonl", vec![0; 3_000_000]),
        ("noise.csv", noise.clone()),
        ("noise.tsv", noise.clone()),
        ("noise.jsonl", noise.clone()),
        ("noise.json", noise.clone()),
        ("noise.conll", noise.clone()),
        ("wide.conll", format!("\x1b[31m{}\n", "\x1b[31m ".repeat(1 << 18)).into()),
        ("noise.parquet", noise),
        ("heading.csv", format!("\x1b[31m{long},b\na,x\n").into()),
        ("many.csv", (0..100_000).map(|i| format!("column {i},")).collect::<String>().into()),
        ("key.jsonl", format!("{{\"\\u001b{long}\":1}}\n").into()),
        ("value.jsonl", format!("{{\"text\":[\"\\u001b{long}\"],\"label\":1}}\n").into()),
    ] {
        let message = refusal(&file(&dir, name, bytes), &ReadOptions::default());
        assert!(message.len() < 1500, "{name}: {} bytes", message.len());
        assert!(!message.contains(|c: char| c.is_control()), "{name}: {message:?}");
    }
}
