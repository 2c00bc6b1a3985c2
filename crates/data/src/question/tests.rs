use std::path::Path;

use super::*;
use crate::row_of_json::row;

fn columns() -> QuestionColumns {
    QuestionColumns::of(&Card::for_file(Path::new("questions.jsonl")))
}

fn question(json: &str) -> Question {
    question_of(&row(json), &columns()).unwrap_or_else(|problem| panic!("{json}: {problem}"))
}

fn problem(json: &str) -> String {
    question_of(&row(json), &columns()).expect_err(json).to_string()
}

/// A row with a context and answers, both as JSON.
fn with(context: &str, answers: &str) -> String {
    format!(r#"{{"id": "q", "question": "Who?", "context": {context}, "answers": {answers}}}"#)
}

/// The answer `text` at `start`, in both shapes.
fn shapes(text: &str, start: &str) -> [String; 2] {
    [
        format!(r#"{{"text": [{text}], "answer_start": [{start}]}}"#),
        format!(r#"[{{"answer_start": {start}, "text": {text}}}]"#),
    ]
}

const CONTEXT: &str = r#""Ms Okafor flew from Lagos to Kyoto.""#;

#[test]
fn both_shapes_of_answers_are_one() {
    let two = [("Okafor", 3), ("Ms Okafor", 0)].map(|(text, start)| AnswerSpan { text: text.into(), start });
    for answers in [
        r#"{"text": ["Okafor", "Ms Okafor"], "answer_start": [3, 0]}"#,
        r#"{"answer_start": [3, 0], "answer_end": [9, 9], "text": ["Okafor", "Ms Okafor"]}"#,
        r#"[{"text": "Okafor", "answer_start": 3}, {"answer_id": 7, "answer_start": 0, "text": "Ms Okafor"}]"#,
    ] {
        let found = question(&with(CONTEXT, answers));
        assert_eq!(found.answers.as_deref(), Some(&two[..]), "{answers}");
        assert_eq!((found.id.as_deref(), found.question.as_str()), (Some("q"), "Who?"));
        assert_eq!(found.context, "Ms Okafor flew from Lagos to Kyoto.");
    }
    assert_eq!([two[0].characters(), two[1].characters()], [3..9, 0..9]);
    // Several people may give the same answer.
    let answers = r#"{"text": ["Okafor", "Okafor"], "answer_start": [3, 3]}"#;
    assert_eq!(question(&with(CONTEXT, answers)).answers.unwrap().len(), 2);
}

#[test]
fn what_nobody_answered_is_told_from_what_has_no_answer() {
    let none = Some(Vec::new());
    for (members, answers) in [
        (r#""answers": {"text": [], "answer_start": []}"#, none.clone()),
        (r#""answers": []"#, none.clone()),
        (r#""answers": [], "is_impossible": true"#, none.clone()),
        (r#""answers": null, "is_impossible": true"#, none.clone()),
        (r#""is_impossible": true"#, none.clone()),
        (r#""answers": [], "is_impossible": null"#, none),
        (r#""answers": null"#, None),
        (r#""answers": null, "is_impossible": false"#, None),
        (r#""id": null"#, None),
    ] {
        let json = format!(r#"{{"question": "Who?", "context": "Nobody.", {members}}}"#);
        assert_eq!(question(&json).answers, answers, "{json}");
    }
    // Plausible answers are wrong ones, so nobody checks them.
    let json = r#"{"question": "Who?", "context": "Nobody.", "answers": [], "is_impossible": true, "plausible_answers": [{"text": "x", "answer_start": 99}]}"#;
    assert_eq!(question(json).answers, Some(Vec::new()));
}

#[test]
fn a_questions_identifier_is_a_text_or_an_integer() {
    let id = |id: &str| question(&format!(r#"{{"id": {id}, "question": "Who?", "context": "She."}}"#)).id;
    assert_eq!(
        (id("\"5733be\""), id("-7"), id("\" a \"")),
        (Some("5733be".into()), Some("-7".into()), Some(" a ".into()))
    );
    assert_eq!(id("null"), None);
    for (id, part) in [
        ("0.5", "\"id\" is 0.5, expected a text or an integer"),
        ("true", "\"id\" is true"),
        ("[\"a\"]", "\"id\" is [\"a\"]"),
        ("{}", "\"id\" is {}"),
        ("18446744073709551616", "\"id\" is 1.8446744073709552e19"),
        ("\"\"", "\"id\" is \"\", expected a character"),
        ("\" \\t\"", "\"id\" is \" \\t\", expected a character"),
    ] {
        let message = problem(&format!(r#"{{"id": {id}, "question": "Who?", "context": "She."}}"#));
        assert!(message.starts_with(part), "{message}");
    }
}

/// Offsets count code points, so they fit whatever a character's bytes and units are.
#[test]
fn offsets_count_code_points_of_the_raw_context() {
    for (context, text, start) in [
        // Four bytes and two units of UTF-16 each.
        (r#""𝄞🎬 Okafor""#, r#""Okafor""#, 3),
        // Several code points that are drawn as one.
        (r#""👩🏽‍🚀 Okafor""#, r#""Okafor""#, 5),
        (r#""👩🏽‍🚀 Okafor""#, r#""👩🏽‍🚀""#, 0),
        // A letter with a combining mark is two code points, and one of them may be an answer.
        (r#""cafe\u0301 Okafor""#, r#""Okafor""#, 6),
        (r#""cafe\u0301""#, r#""e""#, 3),
        (r#""caf\u00e9 Okafor""#, r#""Okafor""#, 5),
        // A line end of two characters counts two, and nothing is trimmed.
        (r#""a\r\nOkafor""#, r#""Okafor""#, 3),
        (r#""a\r\nOkafor""#, r#""\r\nOkafor""#, 1),
        (r#""  Okafor ""#, r#""Okafor""#, 2),
        (r#""\ufeffOkafor""#, r#""Okafor""#, 1),
        (r#""a\u0000Okafor""#, r#""Okafor""#, 2),
        (r#""東京から京都""#, r#""京都""#, 4),
        (r#""لاغوس Okafor""#, r#""Okafor""#, 6),
        (r#""Okafor""#, r#""r""#, 5),
    ] {
        for answers in shapes(text, &start.to_string()) {
            let found = question(&with(context, &answers));
            let raw: String = serde_json::from_str(context).unwrap();
            let span = &found.answers.unwrap()[0];
            let there: String = raw.chars().skip(span.start).take(span.characters().len()).collect();
            assert_eq!((found.context, span.start, &there), (raw, start, &span.text), "{context} {answers}");
        }
    }
}

/// The message shows the place, what is there, where the answer is, and in which unit the offset would be right.
#[test]
fn an_answer_that_is_not_where_it_says_is_a_problem() {
    for (context, text, start, parts) in [
        (
            CONTEXT,
            r#""Okafor""#,
            "4",
            &[
                "question \"q\": answer 1 (\"Okafor\") is not at its answer_start 4: the context has \"kafor \" there, and the answer at 3 alone; offsets count characters (Unicode code points) from 0",
            ][..],
        ),
        (CONTEXT, r#""o""#, "0", &["has \"M\" there, and the answer at 7 and at other places"]),
        (
            CONTEXT,
            r#""Nairobi""#,
            "3",
            &["has \"Okafor \" there, and the answer nowhere: an answer is a part"],
        ),
        (CONTEXT, r#""okafor""#, "3", &["the answer nowhere"]),
        (CONTEXT, r#""Kyoto. And""#, "29", &["has \"Kyoto.\" there, and the answer nowhere"]),
        (
            CONTEXT,
            r#""Okafor""#,
            "-1",
            &["answer_start -1: the context has 35 characters, and the answer at 3 alone"],
        ),
        (CONTEXT, r#""Okafor""#, "35", &["answer_start 35: the context has 35 characters"]),
        (CONTEXT, r#""Okafor""#, "36", &["answer_start 36: the context has 35 characters"]),
        (CONTEXT, r#""Okafor""#, "9223372036854775807", &["the context has 35 characters"]),
        (CONTEXT, r#""Okafor""#, "-9223372036854775808", &["the context has 35 characters"]),
        // Bytes, and units of UTF-16.
        (r#""Café 🎬 Okafor""#, r#""Okafor""#, "11", &["at 7 alone; 11 is right in bytes of UTF-8; offsets"]),
        (r#""Café 🎬 Okafor""#, r#""Okafor""#, "8", &["at 7 alone; 8 is right in units of UTF-16; offsets"]),
        // Other units may be right where the answer comes twice.
        (r#""Okafor 🎬 Okafor""#, r#""Okafor""#, "12", &["at 0 and at other places; 12 is right in bytes"]),
        (r#""Okafor 🎬 Okafor""#, r#""Okafor""#, "10", &["at 0 and at other places; 10 is right in units"]),
        (r#""aaa""#, r#""aa""#, "2", &["has \"a\" there, and the answer at 0 and at other places"]),
        // A character of another form is another one.
        (r#""cafe\u0301""#, r#""caf\u00e9""#, "0", &["has \"cafe\" there, and the answer nowhere"]),
        (r#""a\r\nOkafor""#, r#""Okafor""#, "2", &["has \"\\nOkafo\" there, and the answer at 3 alone"]),
        (
            r#""\ufeffOkafor""#,
            r#""Okafor""#,
            "0",
            &["has \"\\u{feff}Okafo\" there, and the answer at 1 alone"],
        ),
    ] {
        for answers in shapes(text, start) {
            let message = problem(&with(context, &answers));
            for part in parts {
                assert!(message.contains(part), "{message}\ndoes not say {part}");
            }
            assert!(message.contains("right in") == parts[0].contains("right in"), "{message}");
        }
    }
    // Which of several answers it is.
    let message = problem(&with(CONTEXT, r#"{"text": ["Okafor", "Kyoto"], "answer_start": [3, 3]}"#));
    assert!(message.contains("answer 2 (\"Kyoto\")"), "{message}");
}

#[test]
fn answers_of_another_shape_are_a_problem() {
    for (answers, part) in [
        ("\"Okafor\"", "\"answers\" is \"Okafor\", expected a struct of lists"),
        ("3", "\"answers\" is 3, expected"),
        ("{}", "there is no \"answers.text\"; found none"),
        (r#"{"text": ["Okafor"]}"#, "there is no \"answers.answer_start\"; found text"),
        (r#"{"text": null, "answer_start": [3]}"#, "\"answers.text\" is null, expected a list"),
        (r#"{"text": [null], "answer_start": [3]}"#, "\"answers.text[0]\" is null, expected a text"),
        (
            r#"{"text": ["Okafor"], "answer_start": [null]}"#,
            "\"answers.answer_start[0]\" is null, expected an integer",
        ),
        (r#"{"text": "Okafor", "answer_start": 3}"#, "\"answers.text\" is \"Okafor\", expected a list"),
        (
            r#"{"text": ["Okafor"], "answer_start": ["3"]}"#,
            "\"answers.answer_start[0]\" is \"3\", expected an integer",
        ),
        (
            r#"{"text": ["Okafor"], "answer_start": [3.0]}"#,
            "\"answers.answer_start[0]\" is 3.0, expected an integer",
        ),
        (
            r#"{"text": ["Okafor"], "answer_start": [9223372036854775808]}"#,
            "\"answers.answer_start[0]\" is 9.223372036854776e18, expected an integer",
        ),
        (r#"{"text": ["Okafor"], "answer_start": []}"#, "\"answers\" has 1 text(s), but 0 answer_start(s)"),
        (
            r#"{"text": [], "answer_start": [3]}"#,
            "\"answers\" has 0 text(s), but 1 answer_start(s): expected one for each",
        ),
        (r#"["Okafor"]"#, "\"answers[0]\" is \"Okafor\", expected a struct, {"),
        ("[null]", "\"answers[0]\" is null, expected a struct"),
        ("[[]]", "\"answers[0]\" is [], expected a struct"),
        ("[{}]", "there is no \"answers[0].text\"; found none"),
        (r#"[{"text": "Okafor"}]"#, "there is no \"answers[0].answer_start\"; found text"),
        (r#"[{"text": 3, "answer_start": 3}]"#, "\"answers[0].text\" is 3, expected a text"),
        (
            r#"[{"text": "Okafor", "answer_start": "3"}]"#,
            "\"answers[0].answer_start\" is \"3\", expected an integer",
        ),
        (r#"[{"text": "Okafor", "answer_start": 3.5}]"#, "\"answers[0].answer_start\" is 3.5"),
        (
            r#"[{"text": "Okafor", "answer_start": 3}, {"text": "", "answer_start": 3}]"#,
            "answer 2 is \"\", expected",
        ),
        (r#"{"text": [" \n"], "answer_start": [2]}"#, "answer 1 is \" \\n\", expected a character"),
    ] {
        let message = problem(&with(CONTEXT, answers));
        assert!(message.starts_with(&format!("question \"q\": {part}")), "{answers}: {message}");
        // To predict, faults in the answers are not in the way.
        assert_eq!(asked_of(&row(&with(CONTEXT, answers)), &columns()).unwrap().answers, None, "{answers}");
    }
}

#[test]
fn questions_and_contexts_are_texts_with_characters() {
    for (json, part) in [
        (
            r#"{"id": 7, "question": "", "context": "a"}"#,
            "question \"7\": \"question\" is \"\", expected a character",
        ),
        (r#"{"question": " \t", "context": "a"}"#, "\"question\" is \" \\t\", expected a character"),
        (r#"{"question": "a", "context": ""}"#, "\"context\" is \"\""),
        (r#"{"question": "a", "context": " \u00a0\u3000\n"}"#, "\"context\" is \" \\u{a0}\\u{3000}\\n\""),
        (r#"{"question": "a", "context": "\u0000\u001f"}"#, "\"context\" is \"\\0\\u{1f}\""),
        (r#"{"question": null, "context": "a"}"#, "\"question\" is null, expected a text"),
        (r#"{"question": "a", "context": null}"#, "\"context\" is null, expected a text"),
        (r#"{"question": "a", "context": ["a"]}"#, "\"context\" is [\"a\"], expected a text"),
        (r#"{"question": 5, "context": "a"}"#, "\"question\" is 5, expected a text"),
        (r#"{"question": "a"}"#, "there is no \"context\"; found question"),
        (r#"{"context": "a"}"#, "there is no \"question\"; found context"),
    ] {
        let message = problem(json);
        assert!(message.starts_with(part), "{json}: {message}");
    }
    // What no reader can see may still be a character.
    assert_eq!(question(r#"{"question": "?", "context": "\u200b"}"#).context, "\u{200b}");
}

#[test]
fn is_impossible_agrees_with_the_answers() {
    let of = |members: &str| format!(r#"{{"id": "q", "question": "Who?", "context": "She.", {members}}}"#);
    let answers = r#""answers": [{"text": "She", "answer_start": 0}]"#;
    for (members, part) in [
        (
            format!(r#"{answers}, "is_impossible": true"#),
            "question \"q\": \"is_impossible\" is true, but there are 1 answer(s)",
        ),
        (
            r#""answers": [], "is_impossible": false"#.to_owned(),
            "\"is_impossible\" is false, but there is no answer",
        ),
        (
            format!(r#"{answers}, "is_impossible": "no""#),
            "\"is_impossible\" is \"no\", expected true or false",
        ),
        (format!(r#"{answers}, "is_impossible": 0"#), "\"is_impossible\" is 0, expected true or false"),
    ] {
        let message = problem(&of(&members));
        assert!(message.contains(part), "{message}");
    }
    let found = question(&of(&format!(r#"{answers}, "is_impossible": false"#)));
    assert_eq!(found.answers.unwrap().len(), 1);
}

#[test]
fn a_card_names_the_columns() {
    let text = "name = \"x\"\ntask = \"question-answering\"\n[files]\ntrain = [\"t.json\"]\n[columns]\nquestion = \"q\"\ncontext = \"c\"\nanswers = \"gold.spans\"\nid = \"n\"\ndocument = \"d\"\n";
    let columns = QuestionColumns::of(&Card::parse(text, Path::new("card.toml")).unwrap());
    let json = r#"{"q": "Who?", "c": "She.", "gold": {"spans": [{"text": "She", "answer_start": 0}]}, "n": 3, "d": 1}"#;
    let found = question_of(&row(json), &columns).unwrap();
    assert_eq!((found.id.as_deref(), found.answers.unwrap()[0].start), (Some("3"), 0));
    let read = Columns::new().with_text("q").with_text("c").with("gold.spans").with("d").with("n").with_all();
    assert_eq!(columns.columns(), read);
    let json = json.replace("\"answer_start\": 0", "\"answer_start\": 1");
    let message = question_of(&row(&json), &columns).unwrap_err().to_string();
    assert!(message.starts_with("question \"3\": answer 1 (\"She\")"), "{message}");
}

#[test]
fn an_identifier_belongs_to_one_question() {
    let at = |number| Location { path: Path::new("dev.json").into(), number, unit: "question" };
    let mut ids = QuestionIds::new();
    assert_eq!(ids.insert("a", &at(1)), Ok(()));
    assert_eq!(ids.insert("A", &at(2)), Ok(()));
    let first = ids.insert("a", &at(3)).unwrap_err();
    assert_eq!((ids.insert("a", &at(4)), &first), (Err(at(1)), &at(1)));
    let message = QuestionProblem::duplicate("a", first).to_string();
    assert!(
        message.starts_with("question \"a\": the question at dev.json, question 1 has the same"),
        "{message}"
    );
}
