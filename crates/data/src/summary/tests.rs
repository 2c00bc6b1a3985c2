use super::*;
use crate::row_of_json::row;

fn columns(sentences: Option<&str>, labels: Option<&str>, summary: Option<&str>) -> SummaryColumns {
    let [sentences, labels, summary] = [sentences, labels, summary].map(|name| name.map(str::to_owned));
    SummaryColumns { sentences, labels, summary, ..SummaryColumns::default() }
}

fn texts(summarized: &Summarized) -> Vec<&str> {
    (0..summarized.sentences.len()).map(|index| summarized.sentence(index)).collect()
}

#[test]
fn sentences_with_labels_are_read_as_scitldr_has_them() {
    let row = row(
        r#"{"source": ["First.", " Second. \n", "", "Third é."], "source_labels": [0, 1, 0, 0], "target": ["One.", "Two."]}"#,
    );
    let found = summarized_of(&row, &columns(Some("source"), Some("source_labels"), Some("target"))).unwrap();
    assert_eq!(found.text, "First. Second. Third é.");
    assert_eq!(texts(&found), ["First.", "Second.", "", "Third é."]);
    assert_eq!(found.sentences[3], Sentence { bytes: 15..24, characters: 15..23 });
    assert_eq!(found.labels, Some(vec![false, true, false, false]));
    assert_eq!(found.references, ["One.", "Two."]);
}

#[test]
fn lists_of_words_are_read_as_bertsum_has_them() {
    let row = row(
        r#"{"src": [["a", "bear", "woke", "."], ["it", "was", "may", "."]], "tgt": [["a", "bear"], ["in", "may"]]}"#,
    );
    let found = summarized_of(&row, &columns(Some("src"), None, Some("tgt"))).unwrap();
    assert_eq!(texts(&found), ["a bear woke .", "it was may ."]);
    assert_eq!((found.references, found.labels), (vec!["a bear\nin may".to_owned()], None));
}

#[test]
fn a_text_is_cut_and_keeps_its_offsets() {
    let row = row(r#"{"text": "Ä. Okafor came.\nShe left.", "summary": "She came and left."}"#);
    let found = summarized_of(&row, &columns(None, None, Some("summary"))).unwrap();
    assert_eq!(texts(&found), ["Ä. Okafor came.", "She left."]);
    assert_eq!(found.sentences[1], Sentence { bytes: 17..26, characters: 16..25 });
}

#[test]
fn what_nobody_states_is_not_there() {
    let columns = columns(Some("s"), Some("l"), Some("t"));
    for json in [r#"{"s": ["A."]}"#, r#"{"s": ["A."], "l": null, "t": null}"#, r#"{"s": ["A."], "t": []}"#] {
        let found = summarized_of(&row(json), &columns).unwrap();
        assert_eq!((found.labels, found.references), (None, vec![]), "{json}");
    }
    let truths = summarized_of(&row(r#"{"s": ["A.", "B."], "l": [true, false]}"#), &columns).unwrap();
    assert_eq!(truths.labels, Some(vec![true, false]));
}

#[test]
fn a_row_that_is_no_text_with_a_summary_is_a_problem_with_its_place() {
    let of_lists = columns(Some("s"), Some("l"), Some("t"));
    let of_texts = columns(None, None, Some("t"));
    for (json, columns, expected) in [
        (r#"{"s": "A. B."}"#, &of_lists, "\"s\" is \"A. B.\", expected a list"),
        (r#"{"s": []}"#, &of_lists, "\"s\" is [], expected a character that is no white space"),
        (r#"{"s": ["", " \n"]}"#, &of_lists, "\"s\" is [\"\", \" \\n\"], expected a character"),
        (r#"{"s": ["A.", 5]}"#, &of_lists, "\"s[1]\" is 5, expected a text, or a list of words"),
        (r#"{"s": ["A.", null]}"#, &of_lists, "\"s[1]\" is null, expected a text, or a list of words"),
        (r#"{"s": [["A", 7]]}"#, &of_lists, "\"s[0][1]\" is 7, expected a text"),
        (r#"{"l": [1]}"#, &of_lists, "there is no \"s\"; found l"),
        (r#"{"s": ["A."], "l": [2]}"#, &of_lists, "\"l[0]\" is 2, expected 0 or 1"),
        (r#"{"s": ["A."], "l": ["1"]}"#, &of_lists, "\"l[0]\" is \"1\", expected 0 or 1"),
        (r#"{"s": ["A."], "l": 1}"#, &of_lists, "\"l\" is 1, expected a list"),
        (
            r#"{"s": ["A."], "l": [1, 0]}"#,
            &of_lists,
            "\"l\" has 2 label(s), but there are 1 sentence(s): expected one",
        ),
        (r#"{"s": ["A."], "t": ["a", " "]}"#, &of_lists, "\"t\" is \" \", expected a character"),
        (
            r#"{"s": ["A."], "t": [["a"], 5]}"#,
            &of_lists,
            "\"t[1]\" is 5, expected a text, or a list of words",
        ),
        (r#"{"s": ["A."], "t": 5}"#, &of_lists, "\"t\" is 5, expected a text, a list of texts"),
        (r#"{"text": "\u0007 "}"#, &of_texts, "expected a character that is no white space"),
        (r#"{"text": ["A."]}"#, &of_texts, "\"text\" is [\"A.\"], expected a text"),
        (r#"{"text": "A.", "t": ""}"#, &of_texts, "\"t\" is \"\", expected a character"),
    ] {
        let message = summarized_of(&row(json), columns).unwrap_err().to_string();
        assert!(message.contains(expected), "{json}: {message}");
        // To predict, labels and summaries may have any fault.
        let is_of_text = json.contains("\"l\"") && json.contains("\"s\"") || json.contains("\"t\"");
        assert_eq!(unsummarized_of(&row(json), columns).is_ok(), is_of_text, "{json}");
    }
}
