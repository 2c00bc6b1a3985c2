//! CoNLL columns: sentences as people have them, and files at fault.

use std::io::{Cursor, Read as _};
use std::path::Path;

use embert_data::{
    Card, Columns, Format, Header, LoadOptions, ReadOptions, Row, RowReader, Value, load_rows,
};
use proptest::prelude::*;

use super::{as_format, chain, file, options};

/// Tokens and tags of each row, with its line, and the reader's notes.
type Sentences = Vec<(u64, Vec<String>, Vec<String>)>;

fn opened(text: impl AsRef<[u8]>, options: &ReadOptions, columns: &Columns) -> RowReader {
    let options = as_format(Format::Conll).or(options);
    RowReader::from_reader(Cursor::new(text.as_ref().to_vec()), &options, columns).unwrap()
}

fn sentences(text: impl AsRef<[u8]>) -> (Sentences, String) {
    let columns = Columns::new().with("tokens").with("tags");
    let mut rows = opened(text, &ReadOptions::default(), &columns);
    let mut found = Vec::new();
    while let Some(row) = rows.next_located() {
        let (location, row) = row.unwrap();
        let texts = |column| row.texts(column).unwrap().into_iter().map(str::to_owned).collect();
        found.push((location.number, texts("tokens"), texts("tags")));
    }
    (found, rows.notes().join("\n"))
}

fn sentence(line: u64, tokens: &str, tags: &str) -> (u64, Vec<String>, Vec<String>) {
    let split = |text: &str| text.split(' ').map(str::to_owned).collect();
    (line, split(tokens), split(tags))
}

/// Everything that a file has.
fn all(text: impl AsRef<[u8]>) -> Vec<Row> {
    opened(text, &ReadOptions::default(), &Columns::new().with_all()).map(Result::unwrap).collect()
}

/// The first error of a text, as a person sees it.
fn problem(text: impl AsRef<[u8]>, set: &str) -> String {
    let set = as_format(Format::Conll).or(&options(set));
    let columns = Columns::new().with("tokens").with("tags");
    match RowReader::from_reader(Cursor::new(text.as_ref().to_vec()), &set, &columns) {
        Err(error) => chain(&error),
        Ok(rows) => {
            let rows: Vec<_> = rows.collect();
            let error = rows.iter().find_map(|row| row.as_ref().err());
            chain(error.unwrap_or_else(|| panic!("{rows:?}")))
        }
    }
}

#[test]
fn a_sentence_is_a_row_whatever_ends_lines_and_the_file() {
    let expected = [sentence(1, "Ms Okafor flew", "O B-PER O"), sentence(5, "Kyoto .", "B-LOC O")];
    let text = "Ms\tO\nOkafor\tB-PER\nflew\tO\n\nKyoto\tB-LOC\n.\tO\n";
    for text in [
        text.to_owned(),
        text.trim_end().to_owned(),
        format!("{text}\n\n \n"),
        text.replace('\n', "\r\n"),
        text.replace('\n', "\r"),
        format!("\u{feff}{text}"),
        text.replace('\t', " "),
        text.replace('\t', " \t "),
        // WNUT-17 has a tab in some of its blank lines, tweets any white space.
        text.replace("\n\n", "\n\t\n"),
        text.replace("\n\n", "\n \u{a0}\u{2003}\n"),
    ] {
        let (found, notes) = sentences(&text);
        assert_eq!(found, expected, "{text:?}");
        assert!(notes.is_empty() || notes.contains("carriage return"), "{notes}");
    }
    let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(sentences(wide).0, expected);
}

#[test]
fn the_first_column_is_the_token_and_the_last_the_tag() {
    let text = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nGerman JJ B-NP B-MISC\n\n-DOCSTART- -X- -X- O\nPeter NNP B-NP B-PER\n";
    let rows = all(text);
    assert_eq!(rows[0].names(), ["tokens", "column2", "column3", "tags", "document"]);
    assert_eq!(rows[0].texts("column2").unwrap(), ["NNP", "VBZ"]);
    assert_eq!(rows[0].texts("tags").unwrap(), ["B-ORG", "O"]);
    let documents: Vec<_> = rows.iter().map(|row| row.integer("document").unwrap()).collect();
    assert_eq!(documents, [0, 0, 1]);
    // What comes before the first mark is a document of its own.
    let documents = all("a O\n\n-DOCSTART- O\n\n-DOCSTART- O\n\nb O\n");
    assert_eq!(documents.iter().map(|row| row.integer("document").unwrap()).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(all("a O\n")[0].names(), ["tokens", "tags"]);
    let unlabelled = all("Ms\nOkafor\n\n#winning\n");
    assert_eq!(unlabelled[0], Row::from_iter([("tokens", Value::from(["Ms", "Okafor"]))]));
    assert_eq!(unlabelled[1].texts("tokens").unwrap(), ["#winning"]);
}

/// Files of one data set are read with the same columns, whether each has documents or not.
#[test]
fn a_file_without_documents_has_nulls_for_them() {
    let columns = Columns::new().with("document").with("tags");
    for (text, expected) in [("a O\n", Value::Null), ("-DOCSTART- O\n\na O\n", Value::Integer(0))] {
        let rows: Vec<Row> = opened(text, &ReadOptions::default(), &columns).map(Result::unwrap).collect();
        assert_eq!(rows, [Row::from_iter([("document", expected), ("tags", Value::from(["O"]))])]);
    }
}

/// A mark of a document that comes after the lines that are looked at ahead.
#[test]
fn documents_may_begin_late() {
    let text = format!("{}-DOCSTART- O\n\nb O\n", "a O\n\n".repeat(20_000));
    let rows = all(&text);
    assert_eq!(rows.len(), 20_001);
    assert_eq!((rows[0].get("document"), rows[20_000].integer("document")), (None, Ok(1)));
}

#[test]
fn a_token_may_hold_what_does_not_separate() {
    // A tab in each line: a space belongs to the token. Otherwise both separate.
    let (found, _) = sentences("New York\tB-LOC\n\u{a0}\tO\n\u{200b}\tO\n\"\tO\n#\tO\n");
    assert_eq!(found[0].1, ["New York", "\u{a0}", "\u{200b}", "\"", "#"]);
    assert_eq!(sentences("#\tO\nNew York\tB\n").0[0].1, ["#", "New York"]);
    assert!(problem("New York\tB-LOC\nx O\n", "").contains("it has 2 column(s), but line 1 has 3"));
    let columns = Columns::new().with("tokens");
    let rows: Vec<Row> =
        opened("a b;O\nc;O\n", &options("delimiter = \";\""), &columns).map(Result::unwrap).collect();
    assert_eq!(rows[0].texts("tokens").unwrap(), ["a b", "c"]);
}

#[test]
fn comments_are_passed_over_and_counted() {
    let text = "# sent_id = 1\n#begin document\n# id 5239 x\nA _ _ O\n# _ _ O\nb _ _ B\n\n# id 52 domain=train\nc _ _ O\n";
    let (found, notes) = sentences(text);
    assert_eq!(found, [sentence(4, "A # b", "O O B"), sentence(9, "c", "O")]);
    assert!(notes.contains("4 comment line(s) were passed over"), "{notes}");
    // Within a sentence, a line's number is the row's and the token's added up: there is no comment.
    assert!(problem("a O\n# a comment\nb O\n", "").contains("line 2: it has 3 column(s)"));
}

#[test]
fn a_first_column_that_counts_the_words_is_not_the_tokens() {
    let text = "# source\n1\tAnna\tB-PER\tO\n2\tsleeps\tO\tO\n\n1\tRome\tB-LOC\tO\n";
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "a.conll", text);
    let columns = Columns::new().with("tokens").with("tags");
    let error =
        RowReader::open(&path, &ReadOptions::default(), &columns).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("its first column counts the words of each sentence"), "{error}");
    let names = ["index", "tokens", "tags", "nested"].map(str::to_owned).to_vec();
    let options = ReadOptions { header: Some(Header::Names(names)), ..ReadOptions::default() };
    let rows: Vec<Row> = RowReader::open(&path, &options, &columns).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows[0].texts("tokens"), Ok(vec!["Anna", "sleeps"]));
    // Numbers that do not count are tokens.
    assert_eq!(all("1 O\n3 O\n").len(), 1);
}

#[test]
fn white_space_before_the_end_of_a_line_is_no_column() {
    assert_eq!(all("EU B-ORG \r\nrejects O \r\n\r\nPeter B-PER \r\n").len(), 2);
    assert_eq!(all("EU\tB-ORG\t\r\nrejects\tO\t\r\n").len(), 1);
}

#[test]
fn names_of_columns_are_given() {
    let text = "B-PER 1 Okafor\nO 2 flew\n";
    let columns = Columns::new().with("tokens").with("tags");
    let set = options("header = [\"tags\", \"number\", \"tokens\"]");
    let rows: Vec<Row> = opened(text, &set, &columns).map(Result::unwrap).collect();
    assert_eq!(rows[0].texts("tokens").unwrap(), ["Okafor", "flew"]);
    assert_eq!(rows[0].texts("tags").unwrap(), ["B-PER", "O"]);
    let message = problem(text, "header = [\"tokens\", \"tags\"]");
    assert!(message.contains("has 3 column(s), but header names 2 (tokens, tags)"), "{message}");
    assert!(problem(text, "header = true").contains("has no heading"));
    assert!(problem(text, "quoting = \"csv\"").contains("leave quoting out"));
}

#[test]
fn a_line_that_is_not_like_the_others_is_a_problem_with_its_line() {
    let many = format!("{}word\nnext O\n\nlast O\n", "a O\n".repeat(811));
    for (text, parts) in [
        (many.as_str(), ["line 812: it has 1 column(s), but line 1 has 2", "white space separate"]),
        ("\n# x\na\tO\nb\tO\tO\n", ["line 4: it has 3 column(s), but line 3 has 2", "tabs separate"]),
        ("a\tO\n\tO\n", ["line 2", "its token is empty"]),
        ("a\tx\tO\nb\t\t\n", ["line 2: it has 1 column(s), but line 1 has 3", "is a tag missing"]),
    ] {
        let message = problem(text, "");
        for part in parts.iter().chain(["-, "].iter()) {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
    let latin = problem(b"caf\xe9 O\n", "");
    assert!(latin.contains("line 1") && latin.contains("windows-1252"), "{latin}");
    // The sentence is skipped as a whole, and the next ones are read.
    let columns = Columns::new().with("tokens").with("tags");
    let rows: Vec<_> =
        opened(b"a O\nb\n\xc3 O\nc O\n\nd O\ne\n-DOCSTART- O\nf O\n", &ReadOptions::default(), &columns)
            .collect();
    assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true]);
    assert!(rows.iter().filter_map(|row| row.as_ref().err()).all(embert_data::DataError::is_bad_row));
    assert_eq!(rows[2].as_ref().unwrap().texts("tokens").unwrap(), ["f"]);
}

#[test]
fn columns_that_a_file_does_not_have_are_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "a.conll", "a O\n");
    let open =
        |columns: &Columns| chain(&RowReader::open(&path, &ReadOptions::default(), columns).unwrap_err());
    let message = open(&super::columns());
    assert!(
        message.contains("no column \"text\"; its columns are tokens, tags")
            && message.contains("token-classification"),
        "{message}"
    );
    let message = open(&Columns::new().with_text("tokens"));
    assert!(message.contains("list of texts") && message.contains("expected a text"), "{message}");
    assert!(problem("a\nb\n", "").contains("has one column, tokens, and no tags"));
    let wide = format!("{}\n", "a ".repeat(300));
    assert!(problem(wide, "").contains("300 columns: expected a token a line"));
}

#[test]
fn a_file_without_sentences_has_no_rows() {
    for text in ["", "\n\n", "-DOCSTART- O\n\n-DOCSTART- -X-\n", "\u{feff}"] {
        let (found, notes) = sentences(text);
        assert!(found.is_empty() && notes.contains("has no rows"), "{text:?}: {found:?} {notes}");
    }
}

#[test]
fn a_compressed_file_is_read_and_a_bomb_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let columns = Columns::new().with("tokens").with("tags");
    let open = |name: &str, bytes: &[u8]| {
        RowReader::open(&file(&dir, name, bytes), &ReadOptions::default(), &columns).unwrap()
    };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, b"a O\n\nb O\n").unwrap();
    assert_eq!(open("a.conll.gz", &gzip.finish().unwrap()).count(), 2);
    assert_eq!(open("a.bio.zst", &zstd::encode_all(&b"a O\n"[..], 1).unwrap()).count(), 1);
    let zeros = zstd::encode_all(std::io::Cursor::new("a\tO\n").chain(std::io::repeat(0).take(1 << 28)), 1);
    let found: Result<Vec<Row>, _> = open("zeros.conll", &zeros.unwrap()).collect();
    assert!(chain(&found.unwrap_err()).contains("64 MiB"));
    let wide = format!("a\tO\n{}", format!("{}\tO\n", "x".repeat(1 << 20)).repeat(66));
    let found: Vec<_> = open("wide.conll", &zstd::encode_all(wide.as_bytes(), 1).unwrap()).collect();
    assert!(found.len() == 1 && chain(found[0].as_ref().unwrap_err()).contains("larger than 64 MiB"));
}

/// Lines are those of the text, however its file is compressed.
#[test]
fn a_compressed_file_has_the_lines_of_its_text() {
    let dir = tempfile::tempdir().unwrap();
    let gzip = |text: &str| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    };
    let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
    // More than the first bytes, which are looked at apart, and two members, as `cat` joins them.
    let begin = "-DOCSTART- O\n\n".to_owned() + &"word O\r\n".repeat(9999) + "\n# a comment\n";
    let end = "Ms O\nOkafor B-PER\n\nbad\n\nlast O\n";
    let whole = format!("{begin}{end}");
    let columns = Columns::new().with("tokens").with("tags");
    for (name, bytes) in [
        ("a.conll", whole.clone().into_bytes()),
        ("a.conll.gz", gzip(&whole)),
        ("members.conll.gz", [gzip(&begin), gzip(end)].concat()),
        ("a.iob2.zst", zstd(&whole)),
        ("frames.bio.zst", [zstd(&begin), zstd(end)].concat()),
        // The content tells the compression.
        ("gz.conll", gzip(&whole)),
    ] {
        let path = file(&dir, name, &bytes);
        let mut rows = RowReader::open(&path, &ReadOptions::default(), &columns).unwrap();
        let mut lines = Vec::new();
        while let Some(row) = rows.next_located() {
            match row {
                Ok((location, _)) => lines.push(location.number),
                Err(error) => {
                    let message = error.to_string();
                    assert!(
                        message.contains(&format!("{name}, line 10007: it has 1 column(s)")),
                        "{message}"
                    );
                }
            }
        }
        assert_eq!(lines, [3, 10_004, 10_009], "{name}");
        // Each word has its own line, as messages about tags name it.
        let card = Card::for_file(&path);
        let options = LoadOptions { skip_bad_rows: true, ..LoadOptions::default() };
        let [train, ..] = load_rows(&card, Path::new(""), &options, &columns, Some("tags")).unwrap().splits;
        let location = train.word_location(&train.rows[1].location, 2);
        assert_eq!((location.number, location.unit), (10_005, "line"), "{name}");
        assert_eq!(train.rows[1].row.texts("tokens").unwrap()[1], "Okafor");
    }
}

#[test]
fn a_sentence_that_does_not_end_is_no_flood() {
    // Endless sentences are refused before they fill the memory, and what comes after is read.
    let long = std::io::Cursor::new("a O\n".repeat(3 << 20)).chain(std::io::Cursor::new("\nb O\n"));
    let columns = Columns::new().with("tokens").with("tags");
    let rows: Vec<_> = RowReader::from_reader(long, &as_format(Format::Conll), &columns).unwrap().collect();
    assert_eq!(rows.len(), 2);
    let message = rows[0].as_ref().unwrap_err().to_string();
    assert!(message.contains("line 1048577") && message.contains("blank lines"), "{message}");
    assert_eq!(rows[1].as_ref().unwrap().texts("tokens").unwrap(), ["b"]);
    let (_, notes) = sentences("a O\n".repeat(1001));
    assert!(notes.contains("1 sentence(s) have more than 1000 tokens, the first in line 1"), "{notes}");
}

proptest! {
    /// What is written is read, whatever separates and ends.
    #[test]
    fn what_is_written_is_read(
        sentences in proptest::collection::vec(
            proptest::collection::vec(("[^\\s\\pC#\\-]\\PC{0,4}[^\\s\\pC]", "[BIO](-[A-Z]{1,4})?"), 1..6), 1..6),
        crlf in any::<bool>(),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text = String::new();
        let mut expected = Vec::new();
        let mut line = 1;
        for sentence in &sentences {
            expected.push((
                line,
                sentence.iter().map(|(token, _)| token.clone()).collect::<Vec<_>>(),
                sentence.iter().map(|(_, tag)| tag.clone()).collect::<Vec<_>>(),
            ));
            for (token, tag) in sentence {
                text.extend([token.as_str(), "\t", tag.as_str(), end]);
            }
            text.push_str(end);
            line += sentence.len() as u64 + 1;
        }
        prop_assert_eq!(super::conll::sentences(text).0, expected);
    }
}
