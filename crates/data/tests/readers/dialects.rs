//! CSV and TSV as spreadsheets, Kaggle and GLUE hand them out.

use embert_data::{Columns, Format, ReadOptions, Row, RowReader, Value};

use super::{as_format, columns, file, labelled, options, read, read_with, refusal, row};

fn default() -> ReadOptions {
    ReadOptions::default()
}

#[test]
fn a_delimiter_that_the_heading_certainly_has_is_taken_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let expected = [row("fine, really", "x"), row("dull", "y")];
    for (name, delimiter) in [("a.csv", ";"), ("b.csv", "\t"), ("c.csv", "|"), ("d.tsv", ";"), ("e.tsv", "|")]
    {
        let text = "text,label\nfine% really,x\ndull,y\n".replace(',', delimiter).replace('%', ",");
        let (rows, notes) = read_with(&file(&dir, name, text), &default()).unwrap();
        assert_eq!(rows, expected, "{name}");
        assert!(notes.contains(&format!("{:?}", delimiter.chars().next().unwrap())), "{notes}");
    }
    let (rows, notes) =
        read_with(&file(&dir, "f.tsv", "text,label\n\"fine, really\",x\ndull,y\n"), &default()).unwrap();
    assert_eq!(rows, expected);
    assert!(notes.contains("','"), "{notes}");
    // The delimiter that the name says fits, so the other delimiters are text.
    let (rows, notes) = read_with(&file(&dir, "g.csv", "text,label,a;b|c\nx;y,x,\n"), &default()).unwrap();
    assert_eq!((rows.as_slice(), notes.as_str()), (&[row("x;y", "x")][..], ""));
    // The column of the text is enough to tell the delimiter, so the message lists the columns.
    let message = refusal(&file(&dir, "h.csv", "Id;text;Class\n1;a;x\n"), &default());
    assert!(message.contains("no column \"label\"; its columns are Id, text, Class"), "{message}");
}

#[test]
fn a_delimiter_that_is_set_is_the_only_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "a.csv", "text^label\na^x\n");
    assert!(refusal(&path, &default()).contains("set delimiter"), "{}", refusal(&path, &default()));
    let (rows, notes) = read_with(&path, &options("delimiter = \"^\"")).unwrap();
    assert_eq!((rows.as_slice(), notes.as_str()), (&[row("a", "x")][..], ""));
    let message = refusal(&file(&dir, "b.csv", "text;label\na;x\n"), &options("delimiter = \",\""));
    assert!(message.contains("no column"), "{message}");
}

#[test]
fn excels_line_about_the_delimiter_is_no_heading() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("a.csv", "sep=;\r\ntext;label\r\na;x\r\n\r\nb;y;z\r\n"),
        ("b.csv", "\u{feff}\"SEP=;\"\ntext;label\na;x\n\nb;y;z\n"),
        ("c.csv", "sep=\t\ntext\tlabel\na\tx\n\nb\ty\tz\n"),
    ] {
        let path = file(&dir, name, text);
        let mut rows = RowReader::open(&path, &default(), &columns()).unwrap();
        assert_eq!(rows.next().unwrap().unwrap(), row("a", "x"), "{name}");
        let message = rows.next().unwrap().unwrap_err().to_string();
        assert!(message.contains("line 5"), "{name}: {message}");
    }
    let message = refusal(&dir.path().join("a.csv"), &options("delimiter = \",\""));
    assert!(message.contains("sep=;"), "{message}");
}

#[test]
fn a_file_without_a_heading_is_refused_until_its_columns_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "a.csv", "good film,1,7\nbad film,0,8\n");
    let message = refusal(&path, &default());
    for part in ["good film, 1, 7", "no heading", "3 column(s)", "header = [\"text\", \"label\"]"] {
        assert!(message.contains(part), "{message}");
    }
    let expected = [row("good film", "1"), row("bad film", "0")];
    let (rows, notes) = read_with(&path, &options("header = [\"text\", \"label\", \"id\"]")).unwrap();
    assert_eq!((rows.as_slice(), notes.as_str()), (&expected[..], ""));
    // The columns by their numbers.
    let numbered = Columns::new().with_text("1").with_label("2");
    let rows = RowReader::open(&path, &options("header = false"), &numbered).unwrap();
    let named = |row: Row| labelled(row.text("1").unwrap(), row.get("2").unwrap().clone());
    assert_eq!(rows.map(Result::unwrap).map(named).collect::<Vec<Row>>(), expected);
    let message = refusal(&path, &options("header = [\"text\", \"label\"]"));
    assert!(message.contains("line 1") && message.contains("3 field"), "{message}");
    // The file begins with the heading that the option gives.
    let message =
        refusal(&file(&dir, "b.csv", "Text, label\na,x\n"), &options("header = [\"text\", \"label\"]"));
    assert!(message.contains("leave header out"), "{message}");
    // One of the columns is there, so the row is a heading.
    let message = refusal(&file(&dir, "c.csv", "text,class\na,x\n"), &default());
    assert!(
        message.contains("no column \"label\"; its columns are text, class") && !message.contains("header"),
        "{message}"
    );
}

#[test]
fn a_heading_in_another_case_is_suggested() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("a.csv", "text,Label\na,x\n"),
        ("b.csv", "Text;Label\na;x\n"),
        ("c.jsonl", "{\"text\":\"a\",\"Label\":1}\n"),
    ] {
        let message = refusal(&file(&dir, name, text), &default());
        assert!(message.contains("did you mean \"") && message.contains("[columns]"), "{name}: {message}");
    }
    let text = "\u{feff}\u{feff}\"text\" ,\u{a0}label\u{a0}\r\na,x\r\n";
    assert!(read(&file(&dir, "d.csv", text)).is_err(), "text after a closing quote");
    let text = "\u{feff}\u{feff} text ,\u{a0}label\u{a0}\r\na,x\r\n";
    assert_eq!(read(&file(&dir, "e.csv", text)).unwrap(), [row("a", "x")]);
}

#[test]
fn cells_that_a_spreadsheet_pads_rows_with_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let expected = [row("a", "x"), row("b", "y")];
    for (name, text, said) in [
        ("rows.csv", "text,label\na,x,\nb,y,\n", "2 row(s) end in empty cells"),
        ("some.csv", "text,label\na,x,,\nb,y\n", "1 row(s) end in empty cells"),
        ("all.csv", "text,label,\na,x,\nb,y,\n", ""),
        ("heading.csv", "text,label,,\na,x\nb,y,\n", ""),
        ("tabs.tsv", "text\tlabel\na\tx\t\nb\ty\t\n", "2 row(s) end in empty cells"),
    ] {
        let (rows, notes) = read_with(&file(&dir, name, text), &default()).unwrap();
        assert_eq!(rows, expected, "{name}");
        assert!(if said.is_empty() { notes.is_empty() } else { notes.contains(said) }, "{name}: {notes}");
    }
    let message = refusal(&file(&dir, "more.csv", "text,label\na,x,\nb,y,z\n"), &default());
    assert!(message.contains("line 3") && message.contains("3 field"), "{message}");
}

#[test]
fn blank_lines_are_passed_over_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    for end in ["\n", "\r\n"] {
        let text = ["", "text,label", "", "a,x", ",", "", "b,y", ",,,", ""].join(end);
        let path = file(&dir, "a.csv", &text);
        let (rows, notes) = read_with(&path, &default()).unwrap();
        assert_eq!(rows, [row("a", "x"), row("b", "y")]);
        assert!(notes.contains("a.csv: 5 blank line(s) were passed over"), "{notes}");
    }
    let (_, notes) = read_with(&file(&dir, "b.csv", "text,label\r\na,x\r\nb,y\r\n"), &default()).unwrap();
    assert_eq!(notes, "");
    // A row of quoted empty cells is not blank.
    let (rows, notes) = read_with(&file(&dir, "c.csv", "text,label\n\"\",\"\"\n"), &default()).unwrap();
    assert_eq!((rows[0].text("text"), notes.as_str()), (Ok(""), ""));
}

/// `cat a.csv b.csv`: the second heading is no example of the class "label".
#[test]
fn a_heading_that_comes_again_is_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    let text = "text,label\na,x\n\u{feff}text, label\nb,y\n";
    let path = file(&dir, "a.csv", text);
    let rows: Vec<_> = RowReader::open(&path, &default(), &columns()).unwrap().collect();
    let error = rows[1].as_ref().unwrap_err();
    assert!(error.is_bad_row() && error.to_string().contains("line 3: it repeats the heading"), "{error}");
    assert_eq!((rows.len(), rows[2].as_ref().unwrap()), (3, &row("b", "y")));
}

/// In a tab-separated file without quoting, quotes at the beginnings of two texts swallow the rows between
/// them.
#[test]
fn a_quoted_field_of_a_tsv_that_holds_a_tab_or_a_line_end_is_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    let swallowed = "text\tlabel\n\"I like it,\t1\nhe said.\"\t0\nrow\t1\n";
    let stray = "text\tlabel\n\"Hello,\" he said\t1\n";
    let open = "text\tlabel\nrow\t1\n\"Hello\t1\n";
    for (name, text, line) in [("a.tsv", swallowed, 2), ("b.tsv", stray, 2), ("c.tsv", open, 3)] {
        let message = refusal(&file(&dir, name, text), &default());
        assert!(message.contains(&format!("{name}, line {line}")), "{message}");
        assert!(message.contains("quoting = \"none\""), "{message}");
    }
    // The rule holds for any file with tabs in its heading, whatever the file's name.
    assert!(refusal(&file(&dir, "a.csv", swallowed), &default()).contains("within quotes"));

    let none = options("quoting = \"none\"");
    let (rows, _) = read_with(&dir.path().join("a.tsv"), &none).unwrap();
    assert_eq!(rows, [row("\"I like it,", "1"), row("he said.\"", "0"), row("row", "1")]);
    let (rows, _) = read_with(&dir.path().join("b.tsv"), &none).unwrap();
    assert_eq!(rows, [row("\"Hello,\" he said", "1")]);
    let (rows, _) = read_with(&dir.path().join("a.tsv"), &options("quoting = true")).unwrap();
    assert_eq!(rows, [row("I like it,\t1\nhe said.", "0"), row("row", "1")]);
    // Quotes as CSV writes them, around no tab or line end, are quotes.
    let plain = file(&dir, "d.tsv", "text\tlabel\n\"He said \"\"no\"\".\"\t1\n5\" vinyl\t0\n");
    assert_eq!(read(&plain).unwrap(), [row("He said \"no\".", "1"), row("5\" vinyl", "0")]);
}

#[test]
fn the_standard_input_has_the_same_dialects() {
    let text: &[u8] = b"good;1\nbad;0\n";
    let set = ReadOptions {
        format: Some(Format::Csv),
        ..options("delimiter = \";\"\nheader = [\"text\", \"label\"]")
    };
    let rows = RowReader::from_reader(text, &set, &columns()).unwrap();
    assert_eq!(rows.map(Result::unwrap).collect::<Vec<_>>(), [row("good", "1"), row("bad", "0")]);
    let error = RowReader::from_reader(text, &as_format(Format::Csv), &columns()).unwrap_err();
    assert!(error.to_string().starts_with("- has no column"), "{error}");
}

/// A heading longer than the bytes that are looked at first.
#[test]
fn a_wide_table_is_read() {
    let names: Vec<String> = (0..20_000).map(|i| format!("feature {i}")).collect();
    let text = format!("{},text,label\n{}a,x\n", names.join(","), "0,".repeat(names.len()));
    assert!(text.len() > 200_000);
    let dir = tempfile::tempdir().unwrap();
    let rows = read(&file(&dir, "wide.csv", &text)).unwrap();
    assert_eq!(rows, [row("a", "x")]);
    assert_eq!(rows[0].get("label"), Some(&Value::from("x")));
}

/// STS-B: tabs, quotes in the texts, no heading, and seven columns in most rows and nine in others.
#[test]
fn rows_of_several_lengths_are_read_where_their_columns_are_named_and_nothing_is_quoted() {
    let dir = tempfile::tempdir().unwrap();
    let text = "news\t1\t5.0\t\"One\tTwo\nnews\t2\t0.5\t\"Three\tFour\"\tlicence\tsource\n";
    let path = file(&dir, "sts.tsv", text);
    let pair = Columns::new().with_text("a").with_text("b").with_label("score");
    let header = "header = [\"genre\", \"id\", \"score\", \"a\", \"b\", \"c\", \"d\"]";
    let rows = RowReader::open(&path, &options(&format!("quoting = false\n{header}")), &pair).unwrap();
    let rows: Vec<Row> = rows.map(|row| row.unwrap()).collect();
    let pairs: Vec<_> = rows.iter().map(|row| (row.text("a").unwrap(), row.text("b").unwrap())).collect();
    assert_eq!(pairs, [("\"One", "Two"), ("\"Three", "Four\"")]);
    // A row that lacks a column that is read is a problem; with quoting, so is a row that lacks any column.
    for (text, quoting) in [("news\t1\t5.0\tOne\n", "none"), ("news\t1\t5.0\tOne\tTwo\n", "csv")] {
        let path = file(&dir, "short.tsv", text);
        let mut rows =
            RowReader::open(&path, &options(&format!("quoting = {quoting:?}\n{header}")), &pair).unwrap();
        let message = rows.next().unwrap().unwrap_err().to_string();
        assert!(message.contains("but the heading has 7"), "{message}");
    }
}
