//! Questions: SQuAD's own JSON, and the same questions in every format that can hold them.

use std::path::{Path, PathBuf};

use embert_data::{
    AnswerSpan, Card, Columns, DataError, LoadOptions, Question, QuestionColumns, ReadOptions, Row,
    RowReader, Value, load_rows, question_of,
};

use super::{as_format, chain, file};

/// Two articles: an answer twice, a question without an answer, and a title that is not in the first place.
const ARTICLES: &str = r#"{"title": "Flights", "paragraphs": [{"context": "Ms Okafor flew from Lagos. 🎬 Kyoto", "qas": [
    {"id": "q1", "question": "Who flew?", "answers": [{"text": "Okafor", "answer_start": 3}, {"text": "Ms Okafor", "answer_start": 0}]},
    {"id": "q2", "question": "Where to?", "answers": [{"answer_start": 29, "text": "Kyoto"}]}]}]},
  {"paragraphs": [
    {"qas": [{"question": "When?", "id": 3, "answers": [], "is_impossible": true, "plausible_answers": [{"text": "x", "answer_start": 0}]}], "context": "Nobody knows."},
    {"context": "None asked.", "qas": []}], "title": "Trains", "split": "dev"}"#;

fn columns() -> QuestionColumns {
    QuestionColumns::of(&Card::for_file(Path::new("a.json")))
}

/// The rows with their places, and the reader's notes.
fn read(
    path: &Path,
    options: &ReadOptions,
    columns: &Columns,
) -> Result<(Vec<(String, Row)>, String), DataError> {
    let mut reader = RowReader::open(path, options, columns)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_located() {
        let (location, row) = row?;
        rows.push((location.to_string(), row));
    }
    Ok((rows, reader.notes().join("\n")))
}

/// The questions of a file with their places, and the notes.
fn questions(path: &Path) -> (Vec<(String, Question)>, String) {
    let (rows, notes) = read(path, &ReadOptions::default(), &columns().columns())
        .unwrap_or_else(|error| panic!("{}: {}", path.display(), chain(&error)));
    let question = |(place, row): (String, Row)| (place, question_of(&row, &columns()).unwrap());
    (rows.into_iter().map(question).collect(), notes)
}

/// What can't be read of a file: the error that ends it, or those of its rows.
fn refusals(path: &Path) -> Vec<(bool, String)> {
    match RowReader::open(path, &ReadOptions::default(), &columns().columns().without("answers")) {
        Ok(rows) => rows.filter_map(Result::err).map(|error| (error.is_bad_row(), chain(&error))).collect(),
        Err(error) => vec![(error.is_bad_row(), chain(&error))],
    }
}

#[test]
fn each_question_of_an_article_is_a_row() {
    let dir = tempfile::tempdir().unwrap();
    let pretty: serde_json::Value =
        serde_json::from_str(&format!("{{\"data\": [{ARTICLES}], \"version\": \"v2.0\"}}")).unwrap();
    let line = |index: usize| pretty["data"][index].to_string();
    let paragraphs = |index: usize| pretty["data"][index]["paragraphs"].as_array().unwrap().iter();
    let paragraphs: Vec<String> = paragraphs(0).chain(paragraphs(1)).map(ToString::to_string).collect();
    for (name, text) in [
        ("dev-v2.0.json", format!("{{\"version\": \"v2.0\", \"data\": [{ARTICLES}]}}")),
        (
            "last.json",
            format!(
                "\u{feff} \n{{\"data\": [{ARTICLES}], \"version\": \"1.1\", \"texts\": [\"a\"], \"n\": -1}}\n"
            ),
        ),
        ("pretty.json", serde_json::to_string_pretty(&pretty).unwrap()),
        ("named.jsonl", pretty.to_string()),
        ("list.json", format!("[{ARTICLES}]")),
        ("lines.jsonl", format!("{}\n{}\n", line(0), line(1))),
        ("long.json", format!("{{\"about\": \"{}\", \"data\": [{ARTICLES}]}}", "x".repeat(1 << 17))),
        ("other.json", format!("{{\"articles\": [{ARTICLES}]}}")),
        // An article without paragraphs tells nothing.
        ("empty.json", format!("{{\"data\": [{{\"title\": \"t\", \"paragraphs\": []}}, {ARTICLES}]}}")),
        // Paragraphs without articles, as some tools take them.
        ("paragraphs.json", format!("[{}]", paragraphs.join(","))),
    ] {
        let path = file(&dir, name, text);
        let (found, notes) = questions(&path);
        let place = |number: u64| format!("{}, question {number}", path.display());
        assert_eq!(
            found.iter().map(|(at, _)| at.clone()).collect::<Vec<_>>(),
            [1, 2, 3].map(place),
            "{name}"
        );
        let ids: Vec<&str> = found.iter().map(|(_, question)| question.id.as_deref().unwrap()).collect();
        assert_eq!(ids, ["q1", "q2", "3"], "{name}");
        let spans: [Vec<_>; 3] = [vec![3..9, 0..9], std::iter::once(29..34).collect(), vec![]];
        let marked: Vec<Vec<_>> = found
            .iter()
            .map(|(_, question)| question.answers.iter().flatten().map(AnswerSpan::characters).collect())
            .collect();
        assert_eq!(marked, spans, "{name}");
        assert!(found.iter().all(|(_, question)| question.answers.is_some()), "{name}");
        assert_eq!(found[2].1.context, "Nobody knows.", "{name}");
        assert!(
            notes.contains(name) && notes.contains("has articles of SQuAD: each question is a row"),
            "{notes}"
        );
    }
}

#[test]
fn a_row_has_the_keys_of_the_question_of_its_paragraph_and_of_its_article() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "a.json", format!("{{\"data\": [{ARTICLES}]}}"));
    let (rows, _) = read(&path, &ReadOptions::default(), &Columns::new().with_all()).unwrap();
    assert_eq!(rows[0].1.names(), ["id", "title", "context", "question", "answers"]);
    assert_eq!(
        rows[2].1.names(),
        ["id", "title", "split", "context", "question", "answers", "is_impossible"]
    );
    let answers = Row::from_iter([
        ("text", Value::from(["Okafor", "Ms Okafor"])),
        ("answer_start", Value::from([3_i64, 0])),
    ]);
    assert_eq!(rows[0].1.get("answers"), Some(&Value::from(answers)));
    assert_eq!((rows[1].1.text("title"), rows[2].1.text("title")), (Ok("Flights"), Ok("Trains")));
    assert_eq!(
        (rows[2].1.integer("id"), rows[2].1.get("is_impossible")),
        (Ok(3), Some(&Value::Boolean(true)))
    );
    // Of a key that comes twice the inner one counts; nobody states an answer for others.
    let text = r#"{"data": [{"id": "article", "title": "t", "lang": "en", "context": "of the article", "answers": [], "question": "of the article", "paragraphs": [
        {"id": "paragraph", "lang": "de", "document_id": 7, "context": "She flew.", "is_impossible": true, "qas": [
            {"question": "Who?", "lang": "fr", "context": "of the question", "answer_category": null}, {"id": null, "question": "Why?", "answers": null}]}]}]}"#;
    let path = file(&dir, "b.json", text);
    let (rows, _) = read(&path, &ReadOptions::default(), &Columns::new().with_all()).unwrap();
    let (first, second) = (&rows[0].1, &rows[1].1);
    assert_eq!(first.names(), ["title", "document_id", "context", "question", "lang", "answer_category"]);
    let texts = ["title", "context", "question", "lang"].map(|key| first.text(key).unwrap());
    assert_eq!(texts, ["t", "She flew.", "Who?", "fr"]);
    assert_eq!(second.names(), ["id", "title", "lang", "document_id", "context", "question", "answers"]);
    let found = [first, second].map(|row| question_of(row, &columns()).unwrap());
    assert!(found.iter().all(|question| question.id.is_none() && question.answers.is_none()), "{found:?}");
}

/// A fault of a question is the problem of a row: the next one may be fine.
#[test]
fn a_question_of_another_shape_is_a_bad_row_with_the_way_to_it() {
    let dir = tempfile::tempdir().unwrap();
    for (question, part) in [
        (r#"{"id": "x", "question": "Who?", "answers": 5}"#, ".answers\" is 5, expected a list of answers"),
        (
            r#"{"id": "x", "question": "Who?", "answers": {"text": [], "answer_start": []}}"#,
            ".answers\" is {",
        ),
        (
            r#"{"id": "x", "question": "Who?", "answers": ["She"]}"#,
            ".answers[0]\" is \"She\", expected an object",
        ),
        (
            r#"{"id": "x", "question": "Who?", "answers": [null]}"#,
            ".answers[0]\" is null, expected an object",
        ),
        (r#"{"id": "x", "question": "Who?", "answers": [{}]}"#, ".answers[0].text\"; found none"),
        (
            r#"{"id": "x", "question": "Who?", "answers": [{"text": "She"}]}"#,
            ".answers[0].answer_start\"; found text",
        ),
        (
            r#"{"id": "x", "question": "Who?", "answers": [{"text": 5, "answer_start": 0}]}"#,
            ".answers[0].text\" is 5",
        ),
        (
            r#"{"id": "x", "question": "Who?", "answers": [{"text": "She", "answer_start": "0"}]}"#,
            ".answers[0].answer_start\" is \"0\", expected an integer",
        ),
        (
            r#"{"id": "x", "question": "Who?", "answers": [{"text": "She", "answer_start": 0.0}]}"#,
            "is 0.0, expected",
        ),
        (
            r#"{"id": "x", "question": "Who?", "answers": [{"text": "She", "answer_start": 9223372036854775808}]}"#,
            "is 92233",
        ),
        (r#"{"id": "x", "answers": []}"#, ".question\"; found id, answers"),
        (r#"{"id": "x", "question": null}"#, ".question\" is null, expected a text"),
        (r#"{"id": "x", "question": ["Who?"]}"#, ".question\" is [\"Who?\"], expected a text"),
        ("\"Who?\"", "\" is \"Who?\", expected an object"),
        ("null", "\" is null, expected an object"),
    ] {
        let fine = r#"{"id": "y", "question": "When?", "answers": []}"#;
        let text = format!(
            r#"{{"data": [{{"paragraphs": [{{"context": "She.", "qas": [{fine}]}}, {{"context": "She.", "qas": [{question}, {fine}]}}]}}]}}"#
        );
        let path = file(&dir, "a.json", text);
        let rows: Vec<_> =
            RowReader::open(&path, &ReadOptions::default(), &columns().columns()).unwrap().collect();
        assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true], "{question}");
        let error = rows[1].as_ref().unwrap_err();
        let message = chain(error);
        assert!(error.is_bad_row() && message.contains("a.json, question 2: "), "{message}");
        assert!(message.contains("\"data[0].paragraphs[1].qas[0]") && message.contains(part), "{message}");
    }
    // In a file whose articles are the list itself.
    let text = r#"[{"paragraphs": [{"context": "She.", "qas": [{"question": "Who?"}, 5]}]}]"#;
    let message = refusals(&file(&dir, "b.json", text)).remove(0).1;
    assert!(message.contains("\"[0].paragraphs[0].qas[1]\" is 5"), "{message}");
    let text = r#"[{"context": "She.", "qas": [{"question": "Who?"}, 5]}]"#;
    let message = refusals(&file(&dir, "c.json", text)).remove(0).1;
    assert!(message.contains("\"[0].qas[1]\" is 5"), "{message}");
}

/// Nobody knows how many questions an article with a fault has, so none of them is skipped in silence.
#[test]
fn an_article_of_another_shape_is_an_error_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let fine = r#"{"paragraphs": [{"context": "She.", "qas": [{"question": "Who?"}]}]}"#;
    for (article, part) in [
        ("5", "\"data[1]\" is 5, expected an object"),
        ("null", "\"data[1]\" is null"),
        ("{}", "there is no \"data[1].paragraphs\"; found none"),
        (
            r#"{"title": "t", "paragraphs": null}"#,
            "\"data[1].paragraphs\" is null, expected a list of objects",
        ),
        (r#"{"paragraphs": {"context": "c"}}"#, "\"data[1].paragraphs\" is {"),
        (r#"{"paragraphs": [[]]}"#, "\"data[1].paragraphs[0]\" is [], expected an object"),
        (r#"{"paragraphs": [{"context": "c"}]}"#, "there is no \"data[1].paragraphs[0].qas\"; found context"),
        (r#"{"paragraphs": [{"context": "c", "qas": null}]}"#, "\"data[1].paragraphs[0].qas\" is null"),
        (r#"{"paragraphs": [{"context": "c", "qas": {}}]}"#, "\"data[1].paragraphs[0].qas\" is {}"),
        (r#"{"paragraphs": [{"qas": []}]}"#, "there is no \"data[1].paragraphs[0].context\"; found none"),
        (
            r#"{"paragraphs": [{"context": null, "qas": []}]}"#,
            "\"data[1].paragraphs[0].context\" is null, expected a text",
        ),
        (
            r#"{"paragraphs": [{"context": ["c"], "qas": []}]}"#,
            "\"data[1].paragraphs[0].context\" is [\"c\"]",
        ),
        (
            r#"{"paragraphs": [], "paragraphs": []}"#,
            "\"data[1]\": an object has the key \"paragraphs\" twice",
        ),
        (
            r#"{"paragraphs": [{"context": "c", "qas": [{"id": "a", "question": "?", "id": "b"}]}]}"#,
            "\"data[1]\": an object has the key \"id\" twice",
        ),
        (r#"{"paragraphs": [{"context": "\ud800", "qas": []}]}"#, "\"data[1]\": "),
    ] {
        let found = refusals(&file(&dir, "a.json", format!("{{\"data\": [{fine}, {article}, {fine}]}}")));
        let [(is_bad_row, message)] = &*found else { panic!("{article}: {found:?}") };
        assert!(!is_bad_row && message.contains("a.json has an article that can't be used: "), "{message}");
        assert!(message.contains(part), "{message}");
    }
    let latin =
        [format!("{{\"data\": [{fine}, {{\"title\": \"caf").as_bytes(), b"\xe9\", \"paragraphs\": []}]}"]
            .concat();
    let found = refusals(&file(&dir, "latin.json", &latin));
    assert!(
        !found[0].0 && found[0].1.contains("not valid UTF-8") && found[0].1.contains("windows-1252"),
        "{found:?}"
    );
}

#[test]
fn a_file_of_articles_that_is_cut_or_goes_on_is_an_error_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let article = r#"{"paragraphs": [{"context": "She.", "qas": [{"question": "Who?"}]}]}"#;
    for (text, part) in [
        (format!("{{\"data\": [{article}"), "a comma or the end of the array, found the end of the file"),
        (format!("{{\"data\": [{article}]"), "a comma or the end of the object, found the end of the file"),
        (format!("{{\"data\": [{article}, {{\"paragraphs\": [{{\"conte"), "row 2: it is not JSON: EOF"),
        (format!("{{\"data\": [{article}]}} {{\"data\": []}}"), "nothing after the object, found '{'"),
        (format!("{{\"data\": [{article}], \"version\" 1}}"), "expected a colon, found '1'"),
        (format!("{{\"data\": [{article}], 1: 1}}"), "expected a key, found '1'"),
        (format!("{{\"data\": [{article}], \"version\": tru}}"), "it is not JSON"),
        (format!("{{\"data\": [{article}], \"more\": [ {{}}]}}"), "more than one list of rows (data, more)"),
        (format!("{{\"more\": [{{}}], \"data\": [{article}]}}"), "more than one list of rows (data, more)"),
        (
            format!("{{\"data\": [{article}], \"data\": [{article}]}}"),
            "more than one list of rows (data, data)",
        ),
    ] {
        let found = refusals(&file(&dir, "a.json", &text));
        let [(is_bad_row, message)] = &*found else { panic!("{text}: {found:?}") };
        assert!(!is_bad_row && message.contains("a.json") && message.contains(part), "{text}: {message}");
    }
}

/// Articles are read one by one: a file may be larger than a row, though no article may.
#[test]
fn a_file_of_articles_may_be_larger_than_a_row() {
    let dir = tempfile::tempdir().unwrap();
    let article = |size: usize| {
        format!(
            r#"{{"paragraphs": [{{"context": "She{}", "qas": [{{"question": "Who?"}}]}}]}}"#,
            " ".repeat(size)
        )
    };
    let large = article(22 << 20);
    let path = file(&dir, "large.json", format!("{{\"version\": 1, \"data\": [{large}, {large}, {large}]}}"));
    let (rows, _) = read(&path, &ReadOptions::default(), &columns().columns().without("answers")).unwrap();
    assert_eq!(
        rows.iter().map(|(_, row)| row.text("context").unwrap().len()).collect::<Vec<_>>(),
        [3 + (22 << 20); 3]
    );
    let beyond = article(65 << 20);
    let found = refusals(&file(&dir, "beyond.json", format!("{{\"data\": [{}, {beyond}]}}", article(0))));
    let [(is_bad_row, message)] = &*found else { panic!("{}", found.len()) };
    assert!(!is_bad_row && message.contains("more than 64 MiB"), "{message}");
}

/// What a text has in common with SQuAD's files is not enough.
#[test]
fn other_json_is_no_articles() {
    let dir = tempfile::tempdir().unwrap();
    for (text, names) in [
        (
            r#"{"data": [{"context": "c", "question": "q", "qas": "none"}]}"#,
            &["context", "question", "qas"][..],
        ),
        (r#"[{"title": "t", "paragraphs": ["a", "b"]}]"#, &["title", "paragraphs"]),
        (r#"[{"title": "t", "paragraphs": [{"text": "a"}]}]"#, &["title", "paragraphs"]),
        (r#"[{"qas": [{"q": "a"}]}]"#, &["qas"]),
        (r#"{"data": [{"text": "paragraphs qas context"}]}"#, &["text"]),
    ] {
        let path = file(&dir, "a.json", text);
        let (rows, notes) = read(&path, &ReadOptions::default(), &Columns::new().with_all()).unwrap();
        assert_eq!(rows[0].1.names(), names, "{text}");
        assert!(!notes.contains("SQuAD"), "{notes}");
    }
    // Another task finds no texts in SQuAD's files.
    let path = file(&dir, "b.json", format!("{{\"data\": [{ARTICLES}]}}"));
    let message = super::refusal(&path, &ReadOptions::default());
    assert!(
        message.contains("no column \"text\"; its columns are id, title, context, question, answers"),
        "{message}"
    );
}

/// The hub's Parquet, JSON Lines, JSON and SQuAD's own layout hold the same questions.
#[test]
fn questions_are_the_same_in_each_format() {
    let dir = tempfile::tempdir().unwrap();
    let squad = file(&dir, "squad.json", format!("{{\"data\": [{ARTICLES}]}}"));
    let expected: Vec<Question> = questions(&squad).0.into_iter().map(|(_, question)| question).collect();
    let rows = [
        r#"{"answers": {"text": ["Okafor", "Ms Okafor"], "answer_start": [3, 0]}, "id": "q1", "context": "Ms Okafor flew from Lagos. 🎬 Kyoto", "question": "Who flew?"}"#,
        r#"{"id": "q2", "question": "Where to?", "context": "Ms Okafor flew from Lagos. 🎬 Kyoto", "answers": [{"text": "Kyoto", "answer_start": 29}], "title": "Flights"}"#,
        r#"{"id": "3", "question": "When?", "context": "Nobody knows.", "answers": {"text": [], "answer_start": []}}"#,
    ];
    for (name, text) in [
        ("a.jsonl", rows.join("\n")),
        ("a.json", format!("[{}]", rows.join(","))),
        ("data.json", format!("{{\"version\": \"x\", \"data\": [{}]}}", rows.join(",\n"))),
    ] {
        let found: Vec<Question> =
            questions(&file(&dir, name, text)).0.into_iter().map(|(_, question)| question).collect();
        assert_eq!(found, expected, "{name}");
    }
}

/// `tests/fixtures/nested.parquet` has the columns of SQuAD on the hub, as pyarrow writes them.
#[test]
fn answers_of_parquet_are_a_struct_of_lists() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nested.parquet");
    let (rows, _) = read(&path, &ReadOptions::default(), &Columns::new().with("answers").with_all()).unwrap();
    assert!(
        rows.iter()
            .any(|(_, row)| row.integers("answers.answer_start").is_ok_and(|starts| !starts.is_empty()))
    );
}

#[test]
fn files_to_predict_or_to_evaluate_may_lack_answers() {
    let dir = tempfile::tempdir().unwrap();
    let all = columns().columns();
    let csv = file(&dir, "a.csv", "id,question,context\n1,Who?,She.\n");
    let message = match RowReader::open(&csv, &ReadOptions::default(), &all) {
        Err(error) => chain(&error),
        Ok(_) => panic!("no answers"),
    };
    assert!(message.contains("no column \"answers\"; its columns are id, question, context"), "{message}");
    let (rows, _) = read(&csv, &ReadOptions::default(), &all.clone().without("answers")).unwrap();
    let found = question_of(&rows[0].1, &columns()).unwrap();
    assert_eq!((found.id.as_deref(), found.answers), (Some("1"), None));
    // CSV has no lists: answers in it are a text.
    let csv = file(&dir, "b.csv", "question,context,answers\nWho?,She.,\"{'text': ['She']}\"\n");
    let (rows, _) = read(&csv, &ReadOptions::default(), &all).unwrap();
    let message = question_of(&rows[0].1, &columns()).unwrap_err().to_string();
    assert!(
        message.contains("\"answers\" is \"{'text': ['She']}\"") && message.contains("JSON Lines"),
        "{message}"
    );
    // Without the answers, the test split of SQuAD's layout has none either.
    let squad = |answers: &str| {
        format!(
            r#"{{"data": [{{"paragraphs": [{{"context": "She.", "qas": [{{"id": "a", "question": "Who?"{answers}}}]}}]}}]}}"#
        )
    };
    file(&dir, "train-v1.1.json", squad(r#", "answers": [{"text": "She", "answer_start": 0}]"#));
    file(&dir, "dev-v1.1.json", squad(""));
    std::fs::remove_file(dir.path().join("a.csv")).unwrap();
    std::fs::remove_file(dir.path().join("b.csv")).unwrap();
    let card = Card::for_folder(dir.path()).unwrap();
    assert_eq!(card.split_files().validation, [Path::new("dev-v1.1.json")]);
    let loaded = load_rows(&card, dir.path(), &LoadOptions::default(), &all, Some("answers")).unwrap();
    let found: Vec<_> =
        loaded.splits.iter().map(|split| (split.rows.len(), split.without_label.is_some())).collect();
    assert_eq!(found, [(1, false), (1, true), (0, false)]);
}

#[test]
fn the_standard_input_may_have_articles() {
    let bytes = std::io::Cursor::new(format!("{{\"data\": [{ARTICLES}]}}").into_bytes());
    let options = as_format(embert_data::Format::Json);
    let rows = RowReader::from_reader(bytes, &options, &columns().columns()).unwrap();
    assert_eq!(rows.map(Result::unwrap).count(), 3);
}
