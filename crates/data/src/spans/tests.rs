use super::*;
use crate::row_of_json::row;

fn spans(json: &str) -> SpannedText {
    let found = spans_of(&row(json), &CardColumns::default());
    found.unwrap_or_else(|problem| panic!("{json}: {problem}")).unwrap_or_else(|| panic!("{json}"))
}

fn problem_of(json: &str, columns: &CardColumns) -> String {
    spans_of(&row(json), columns).unwrap_err().to_string()
}

const TEXT: &str = "Ms Okafor flew to Kyoto.";

fn expected(with_texts: bool) -> Vec<Span> {
    let span = |start, end, label: &str, text: &str| Span {
        start,
        end,
        label: label.to_owned(),
        text: with_texts.then(|| text.to_owned()),
    };
    vec![span(3, 9, "PER", "Okafor"), span(18, 23, "LOC", "Kyoto")]
}

#[test]
fn the_exports_of_the_tools_are_one() {
    let lists = r#"[[3, 9, "PER"], [18.0, 23, "LOC"]]"#;
    for json in [
        format!(r#"{{"text": "{TEXT}", "entities": {lists}}}"#),
        format!(r#"{{"id": 1, "text": "{TEXT}", "label": {lists}, "Comments": []}}"#),
        format!(r#"{{"id": 1, "text": "{TEXT}", "labels": {lists}}}"#),
        format!(r#"{{"id": 1, "data": "{TEXT}", "label": {lists}}}"#),
        format!(
            r#"{{"text": "{TEXT}", "entities": [{{"id": 0, "label": "PER", "start_offset": 3, "end_offset": 9}},
                {{"id": 1, "label": "LOC", "start_offset": 18, "end_offset": 23}}]}}"#
        ),
        format!(
            r#"{{"text": "{TEXT}", "ents": [{{"start": 3, "end": 9, "label": "PER"}},
                {{"start": 18, "end": 23, "label": " LOC "}}], "tokens": [{{"id": 0, "start": 0, "end": 2}}]}}"#
        ),
        format!(
            r#"{{"text": "{TEXT}", "entities": [[3, 9, "PER", "Q1"], [18, 23, "LOC", ""]], "cats": {{}}}}"#
        ),
    ] {
        let found = spans(&json);
        assert_eq!((found.text.as_str(), found.spans), (TEXT, Some(expected(false))), "{json}");
        assert_eq!(found.left_out, LeftOut::default());
    }
    let results = r#"{"value": {"start": 3, "end": 9, "text": "Okafor", "labels": ["PER"]}, "type": "labels", "id": "a"},
        {"value": {"start": 18, "end": 23, "text": "Kyoto", "labels": ["LOC"]}, "type": "labels", "id": "b"}"#;
    let more = r#"{"type": "relation", "from_id": "a", "to_id": "b"}, {"type": "choices", "value": {"choices": ["x"]}}"#;
    let studio = |annotations: &str| {
        format!(r#"{{"id": 7, "data": {{"text": "{TEXT}", "url": "x"}}, "annotations": [{annotations}]}}"#)
    };
    let cancelled = r#"{"was_cancelled": true, "result": []}"#;
    let whole = format!(
        r#"{cancelled}, {{"was_cancelled": false, "result": [{results}, {more}]}}, {{"result": []}}, {cancelled}"#
    );
    let found = spans(&studio(&whole));
    assert_eq!((found.text.as_str(), found.spans), (TEXT, Some(expected(true))));
    assert_eq!(found.left_out, LeftOut { relations: 1, annotations: 1, results: 1, ..LeftOut::default() });
    assert_eq!(found.left_out.notes().len(), 3);
    // The only text of a task is taken whatever its name.
    let other =
        studio(&format!(r#"{{"result": [{results}]}}"#)).replace("\"text\": \"Ms", "\"review\": \"Ms");
    assert_eq!(spans(&other.replace(", \"url\": \"x\"", "")).spans, Some(expected(true)));
    let message = problem_of(&other, &CardColumns::default());
    assert!(message.contains("no \"text\"; found review, url"), "{message}");
    // JSON-MIN, and a text of several labels.
    let min = format!(
        r#"{{"id": 7, "text": "{TEXT}", "label": [{{"start": 3, "end": 9, "text": "Okafor", "labels": ["PER", "VIP"]}}]}}"#
    );
    let found = spans(&min).spans.unwrap();
    assert_eq!(found.iter().map(|span| span.label.as_str()).collect::<Vec<_>>(), ["PER", "VIP"]);
    let relations = format!(r#"{{"text": "{TEXT}", "entities": [], "relations": [{{"from_id": 0}}, {{}}]}}"#);
    assert_eq!(spans(&relations).left_out.relations, 2);
}

#[test]
fn what_nobody_annotated_is_told_from_what_has_no_entity() {
    for (json, annotated) in [
        (r#"{"text": "a", "entities": []}"#, true),
        (r#"{"data": {"text": "a"}, "annotations": []}"#, false),
        (r#"{"data": {"text": "a"}, "annotations": [{"was_cancelled": true, "result": []}]}"#, false),
        (r#"{"data": {"text": "a"}, "completions": [{"result": []}]}"#, true),
    ] {
        assert_eq!(spans(json).spans, annotated.then(Vec::new), "{json}");
    }
    let named = CardColumns { entities: Some("ner".into()), text: "body".into(), ..CardColumns::default() };
    for json in [r#"{"body": "a", "ner": null}"#, r#"{"body": "a"}"#] {
        assert_eq!(spans_of(&row(json), &named).unwrap().unwrap().spans, None, "{json}");
    }
    // JSON-MIN has a row for each annotation, without the keys in which nothing was marked.
    for (json, unmarked) in [
        (r#"{"body": "a", "id": 7, "annotator": 1, "annotation_id": 12, "lead_time": 3.5}"#, 1),
        (r#"{"body": "a", "ner": null, "annotation_id": "12"}"#, 1),
        (r#"{"body": "a", "ner": [], "annotation_id": 12}"#, 0),
    ] {
        let found = spans_of(&row(json), &named).unwrap().unwrap();
        assert_eq!((found.spans, found.left_out.unmarked), (Some(Vec::new()), unmarked), "{json}");
        assert_eq!(found.left_out.notes().len(), unmarked, "{json}");
    }
    let json = r#"{"body": "a", "annotation_id": null}"#;
    assert_eq!(spans_of(&row(json), &named).unwrap().unwrap().spans, None);
    // Rows of other tasks have no spans.
    for json in [
        r#"{"text": "a", "label": "pos"}"#,
        r#"{"text": "a", "labels": ["x", "y"]}"#,
        r#"{"text": "a", "labels": [1, 2]}"#,
        r#"{"tokens": ["a"], "tags": ["O"]}"#,
        r#"{"text": "a", "label": null}"#,
    ] {
        assert_eq!(spans_of(&row(json), &CardColumns::default()).unwrap(), None, "{json}");
    }
}

#[test]
fn offsets_are_characters_unless_every_span_says_utf_16() {
    // The musical symbol is one code point, two units of UTF-16 and four bytes.
    let json = |spans: &str| format!(r#"{{"text": "𝄞 Okafor in Kyoto 𝄞", "label": [{spans}]}}"#);
    let one = |start: usize, end: usize, text: &str| {
        format!(r#"{{"start": {start}, "end": {end}, "text": "{text}", "labels": ["X"]}}"#)
    };
    let found = spans(&json(&format!("{}, {}", one(3, 9, "Okafor"), one(13, 18, "Kyoto"))));
    let offsets = |found: &SpannedText| {
        found.spans.as_ref().unwrap().iter().map(|span| (span.start, span.end)).collect::<Vec<_>>()
    };
    assert_eq!((offsets(&found), found.left_out.utf_16), (vec![(2, 8), (12, 17)], 1));
    assert!(found.left_out.notes()[0].contains("UTF-16"));
    let found = spans(&json(&one(2, 8, "Okafor")));
    assert_eq!((offsets(&found), found.left_out.utf_16), (vec![(2, 8)], 0));
    // One span that only code points fit, or one without a text: there is no certainty.
    for others in [one(2, 8, "Okafor"), r#"{"start": 0, "end": 1, "labels": ["X"]}"#.to_owned()] {
        let message =
            problem_of(&json(&format!("{}, {others}", one(13, 18, "Kyoto"))), &CardColumns::default());
        assert!(message.contains("is \"yoto \" in the text, but \"Kyoto\" by its own text"), "{message}");
        assert!(message.contains("code points"), "{message}");
    }
    // Half of a pair of units is no character.
    assert!(problem_of(&json(&one(1, 2, "x")), &CardColumns::default()).contains("own text"));
}

#[test]
fn a_span_that_its_text_does_not_have_is_a_problem() {
    let card = CardColumns::default();
    for (spans, part) in [
        ("[0, 4, \"X\"]", "the span [0, 4, \"X\"] lies outside of the text, which has 3 characters"),
        ("[-1, 2, \"X\"]", "[-1, 2, \"X\"] lies outside"),
        ("[2, 2, \"X\"]", "is empty: expected an end above its start"),
        ("[2, 1, \"X\"]", "is empty"),
        ("[0, 9223372036854775807, \"X\"]", "lies outside"),
        ("[0, 1]", "\"entities[0]\" is [0, 1], expected a span as in"),
        ("[0, 1, null]", "label is a text"),
        ("[0, 1, \"\"]", "label is a text"),
        ("[0, 1.5, \"X\"]", "whole numbers"),
        ("[0, \"1\", \"X\"]", "whole numbers"),
        ("[0, 1e300, \"X\"]", "whole numbers"),
        ("{\"start\": 0, \"end\": 1}", "no \"entities[0].label\"; found start, end"),
        ("{\"start\": 0, \"label\": \"X\"}", "no \"entities[0].end\""),
        ("{\"start\": 0, \"end\": 1, \"labels\": []}", "a span with a label"),
        ("{\"start\": \"/p[1]\", \"end\": \"/p[1]\", \"labels\": [\"X\"]}", "whole numbers"),
    ] {
        let message = problem_of(&format!(r#"{{"text": "abé", "entities": [{spans}]}}"#), &card);
        assert!(message.contains(part), "{message}");
    }
    for (json, part) in [
        (r#"{"entities": [[0, 1, "X"]]}"#, "no \"text\""),
        (r#"{"text": null, "entities": []}"#, "\"text\" is null"),
        (r#"{"data": {"text": 5}, "annotations": []}"#, "\"text\" is 5"),
        (r#"{"data": {"text": "a"}, "annotations": [{}]}"#, "no \"result\""),
        (r#"{"data": {"text": "a"}, "annotations": [3]}"#, "annotation of Label Studio"),
        (
            r#"{"data": {"text": "a"}, "annotations": [{"result": [{"type": "hypertextlabels", "value": {}}]}]}"#,
            "HTML",
        ),
        (
            r#"{"data": {"text": "a"}, "annotations": [{"result": [{"type": "labels", "value": {"start": 0, "end": 1}}]}]}"#,
            "annotations[0].result[0].value.label",
        ),
    ] {
        let message = problem_of(json, &card);
        assert!(message.contains(part), "{json}: {message}");
    }
    let named = CardColumns { entities: Some("ner".into()), ..CardColumns::default() };
    for json in [r#"{"text": "a", "ner": "PER"}"#, r#"{"text": "a", "ner": [1]}"#] {
        let message = problem_of(json, &named);
        assert!(message.contains("ner") && message.contains("[0, 4, \"PER\"]"), "{message}");
    }
}

/// To predict, a text needs no annotations, and faults in them are not in its way.
#[test]
fn the_text_of_an_annotation_tool_is_found_without_its_spans() {
    for (json, text) in [
        (
            r#"{"data": {"text": "Fine."}, "annotations": [{"result": [{"type": "labels", "value": {"start": 9}}]}]}"#,
            Some("Fine."),
        ),
        (r#"{"data": {"text": "Fine."}}"#, Some("Fine.")),
        (r#"{"data": {"body": "Fine.", "id": 3}}"#, Some("Fine.")),
        (r#"{"data": "Fine.", "label": []}"#, Some("Fine.")),
        (r#"{"text": "Fine.", "data": {"text": "No."}}"#, Some("Fine.")),
        (r#"{"body": "Fine."}"#, None),
        (r#"{"data": {"a": "Fine.", "b": "No."}}"#, None),
    ] {
        assert_eq!(text_of(&row(json), "text").ok(), text, "{json}");
    }
    let message = text_of(&row(r#"{"data": {"a": "x", "b": "y"}}"#), "text").unwrap_err().to_string();
    assert!(message.contains("text") && message.contains("a, b"), "{message}");
}
