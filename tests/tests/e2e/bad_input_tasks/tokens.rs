//! Token classification.

use std::fs;

use embert_tests::program::{bert_train, fail};
use serde_json::{Value, json};

use super::{SENTENCES, SMALL, card, eval_refuses, lines, models, predict_refuses, row, train_refuses};

const TOKENS: [&str; 2] = ["--task", "token-classification"];

/// A sentence of two words as JSON, then another one.
fn after_a_sentence(row: &Value) -> String {
    lines(&[json!({"tokens": ["Ada", "lives"], "ner_tags": ["B-PER", "O"]}), row.clone()])
}

/// Two texts with spans, then another one.
fn after_two_texts(row: &Value) -> String {
    let text = json!({"text": "Ada met Bo Lee.", "entities": [[0, 3, "PER"], [8, 14, "PER"]]});
    lines(&[text.clone(), text, row.clone()])
}

fn of_sentences(text: &str, arguments: &[&str], parts: &[&str]) {
    train_refuses(&[("train.conll", text)], arguments, parts);
}

fn of_words(row: &Value, parts: &[&str]) {
    train_refuses(
        &[("train.jsonl", &after_a_sentence(row))],
        &[],
        &[&["train.jsonl, line 2"][..], parts].concat(),
    );
}

fn of_spans(row: &Value, parts: &[&str]) {
    train_refuses(
        &[("train.jsonl", &after_two_texts(row))],
        &[],
        &[&["train.jsonl, line 3"][..], parts].concat(),
    );
}

fn of_card(keys: &str, rows: &[Value], arguments: &[&str], parts: &[&str]) {
    let card = card(&format!("task = \"token-classification\"\n{keys}"));
    train_refuses(&[("train.jsonl", &lines(rows)), ("card.toml", &card)], arguments, parts);
}

#[test]
fn columns_of_unequal_number_or_without_a_token_or_a_tag() {
    let missing = ["train.conll, line 2", "1 column(s)", "line 1 has 2", "is a tag missing"];
    of_sentences("Ada B-PER\nlives\nin O\n\n", &[], &missing);
    of_sentences(
        &format!("{SENTENCES}Bo NNP B-PER\n\n"),
        &[],
        &["train.conll, line 21", "3 column(s)", "line 1 has 2", "a space in a token"],
    );
    of_sentences("Ada\tB-PER\nlives\t\n\n", &[], &["train.conll, line 2", "is a tag missing"]);
    of_sentences("Ada\tB-PER\n\tO\n\n", &[], &["train.conll, line 2", "its token is empty"]);
    of_sentences("Ada\nlives\n\n", &[], &["train.conll", "no column \"tags\"", "no tags"]);
    of_sentences("\n\n", &[], &["train.conll", "no rows"]);
    of_sentences(
        SENTENCES,
        &["--header", "tokens,pos,tags"],
        &["train.conll", "2 column(s)", "header names 3"],
    );
}

#[test]
fn tags_outside_their_scheme() {
    let place = ["train.conll, line 21, word 1", "\"X-PER\"", "B, I, E and S (IOBES)"];
    of_sentences(&format!("{SENTENCES}Bo X-PER\n\n"), &[], &place);
    of_sentences("Ada NNP\nlives VBZ\n\n", &[], &["train.conll, line 1, word 1", "\"NNP\"", "as in B-PER"]);
    of_sentences("Ada S-PER\n\nBo U-PER\n\n", &[], &["mix several schemes", "IOBES", "BILOU"]);
    of_sentences(
        &format!("{SENTENCES}Bo B\n\n"),
        &[],
        &["train.conll, line 21", "word 1, \"Bo\"", "the tag \"B\" without a type", "B-PER"],
    );
    of_sentences(
        "Ada I-PER\nlives O\n\nBo B-PER\nlives O\n\n",
        &[],
        &["as IOB2 since", "train.conll, line 4", "as IOB1 since", "train.conll, line 1", "data.scheme=iob2"],
    );
    of_sentences(
        &format!("{SENTENCES}Bo S-PER\n\n"),
        &["--set", "data.scheme=iob2"],
        &["train.conll, line 21", "word 1, \"Bo\"", "\"S-PER\"", "iob2", "data.scheme"],
    );
    of_sentences(
        "Ada U-PER\nlives O\n\n",
        &["--set", "data.scheme=iobes"],
        &["train.conll, line 1", "\"U-PER\"", "iobes"],
    );
    of_sentences(
        SENTENCES,
        &["--set", "data.scheme=bio"],
        &["data.scheme", "bio", "iob1, iob2, iobes, bilou"],
    );
    let files = [("train.conll", SENTENCES), ("dev.conll", "Bo X-PER\n\n")];
    train_refuses(&files, &[], &["dev.conll, line 1, word 1", "\"X-PER\""]);
}

#[test]
fn tags_without_names_or_beside_the_names() {
    let numbers = json!({"tokens": ["Ada", "lives"], "ner_tags": [1, 0]});
    train_refuses(
        &[("train.jsonl", &lines(std::slice::from_ref(&numbers)))],
        &[],
        &["ner_tags", "train.jsonl, line 1", "no file names them", "labels = [\"O\", \"B-...\""],
    );
    let names = "labels = [\"O\", \"B-PER\", \"I-PER\"]";
    let beyond = json!({"tokens": ["Bo"], "ner_tags": [3]});
    of_card(names, &[numbers, beyond], &[], &["train.jsonl, line 2", "tag number 3", "from 0 to 2"]);
    let words = |tags: [&str; 2]| json!({"tokens": ["Ada", "Lyon"], "ner_tags": tags});
    of_card(
        names,
        &[words(["B-PER", "O"]), words(["O", "B-LOC"])],
        &[],
        &["train.jsonl, line 2", "word 2, \"Lyon\"", "\"B-LOC\"", "O, B-PER, I-PER"],
    );
    of_card(
        &format!("scheme = \"iob1\"\n{names}"),
        &[words(["I-PER", "O"]), words(["O", "I-LOC"])],
        &[],
        &["train.jsonl, line 2", "word 2, \"Lyon\"", "\"B-LOC\""],
    );
    let spans = json!({"text": "Lyon", "entities": [[0, 4, "LOC"]]});
    let person = json!({"text": "Ada", "entities": [[0, 3, "PER"]]});
    for names in [names, "labels = [\"PER\", \"ORG\"]"] {
        let keys = format!("{names}\n[columns]\nentities = \"entities\"");
        of_card(
            &keys,
            &[person.clone(), spans.clone()],
            &[],
            &["train.jsonl, line 2", "\"LOC\" is none of", "PER"],
        );
    }
}

#[test]
fn names_of_the_card_and_of_the_file_that_differ() {
    let dir = tempfile::tempdir().unwrap();
    let file = "crates/data/tests/fixtures/datasets.parquet";
    let fixture = embert_tests::program::root().join(file);
    fs::copy(fixture, dir.path().join("train.parquet")).unwrap();
    let keys = "task = \"token-classification\"\nlabels = [\"O\", \"B-X\", \"I-X\"]";
    let columns = "[columns]\ntokens = \"text\"\ntags = \"tags\"";
    let card = card(&format!("{keys}\n{columns}")).replace("train.jsonl", "train.parquet");
    fs::write(dir.path().join("card.toml"), card).unwrap();
    let mut command = bert_train();
    command.arg("train").args(SMALL).arg("--dataset").arg(dir.path().join("card.toml"));
    let said = fail(command.arg("--output").arg(dir.path().join("run")));
    for part in ["the card has labels", "B-X", "train.parquet", "in the same order"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!dir.path().join("run").exists());
}

#[test]
fn words_and_tags_that_are_no_lists_of_equal_length() {
    let words = |tokens: Value, tags: Value| json!({"tokens": tokens, "ner_tags": tags});
    of_words(&words(json!(["Bo", "Lee"]), json!(["B-PER"])), &["2 words have 1 tags"]);
    of_words(&words(json!(["Bo", null]), json!(["B-PER", "O"])), &["\"tokens[1]\" is null, expected a text"]);
    of_words(&words(json!(["Bo", 7]), json!(["B-PER", "O"])), &["\"tokens[1]\" is 7"]);
    of_words(&words(json!([["Bo"], ["Lee"]]), json!(["B-PER", "O"])), &["\"tokens[0]\" is [\"Bo\"]"]);
    of_words(&words(json!("Bo Lee"), json!(["B-PER", "O"])), &["\"tokens\" is \"Bo Lee\", expected a list"]);
    of_words(&words(json!([]), json!([])), &["there are no words"]);
    of_words(&words(json!(["Bo", " "]), json!(["B-PER", "O"])), &["word 2 is \" \"", "take it out"]);
    of_words(&words(json!(["Bo", "Lee"]), json!("B-PER I-PER")), &["the tags are \"B-PER I-PER\"", "a list"]);
    of_words(&words(json!(["Bo", "Lee"]), json!(["B-PER", null])), &["word 2 has the tag null"]);
    of_words(&words(json!(["Bo", "Lee"]), json!([["B-PER"], "O"])), &["word 1 has the tag [\"B-PER\"]"]);
    of_words(&words(json!(["Bo"]), Value::Null), &["1 of the 2 rows", "no label", "skip_bad_rows"]);
}

#[test]
fn spans_that_do_not_fit_their_text() {
    let of =
        |text: &str, spans: Value, parts: &[&str]| of_spans(&json!({"text": text, "entities": spans}), parts);
    let outside = ["[3, 16, \"PER\"]", "outside of the text, which has 6 characters", "code points"];
    of("Bo Lee", json!([[3, 16, "PER"]]), &outside);
    of("Bo Lee", json!([[-2, 2, "PER"]]), &["[-2, 2, \"PER\"]", "outside"]);
    of("Bo Lee", json!([[3, 3, "PER"]]), &["[3, 3, \"PER\"]", "is empty"]);
    of("Bo Lee", json!([[3, 1, "PER"]]), &["[3, 1, \"PER\"]", "expected an end above its start"]);
    of("Bo Lee", json!([[2, 3, "PER"]]), &["\"PER\" 2..3 \" \"", "has no word, only white space"]);
    let overlap = ["\"PER\" 0..6 \"Bo Lee\" and \"ORG\" 3..6 \"Lee\" overlap", "leave one of them out"];
    of("Bo Lee", json!([[0, 6, "PER"], [3, 6, "ORG"]]), &overlap);
    of("Bo Lee", json!([[0, 4, "PER"]]), &["0..4 \"Bo L\"", "within a word", "data.widen_spans=true"]);
    let own = json!([{"start": 0, "end": 2, "label": "PER", "text": "Lee"}]);
    of("Bo Lee", own, &["is \"Bo\" in the text, but \"Lee\" by its own text"]);
    let units = ["9 UTF-16 units", "let each span state its own text"];
    of("\u{1f600} Bo Lee", json!([[3, 9, "PER"]]), &units);
    of("\u{1f600} Bo Lee sang", json!([[3, 9, "PER"]]), &["\"o Lee \"", "UTF-16 units", "its own text"]);
    of("Bo Lee", json!([[0, 2]]), &["\"entities[0]\" is [0, 2], expected a span as in [0, 4, \"PER\"]"]);
    of("Bo Lee", json!([[0, 2, null]]), &["whose label is a text"]);
    of("Bo Lee", json!([["0", 2, "PER"]]), &["whose start and end are whole numbers"]);
    of(
        "Bo Lee",
        json!([{"from": 0, "to": 2, "label": "PER"}]),
        &["no \"entities[0].start\"", "from, to, label"],
    );
    of_spans(&json!({"body": "Bo", "entities": [[0, 2, "PER"]]}), &["no \"text\"", "body, entities"]);
}

#[test]
fn files_of_annotation_tools_that_are_not_read() {
    let no_label = lines(&[json!({"text": "Bo Lee", "entities": [[0, 2]]})]);
    train_refuses(&[("train.jsonl", &no_label)], &[], &["train.jsonl, line 1", "\"entities[0]\" is [0, 2]"]);
    let page = json!([{"data": {"text": "Bo"}, "annotations": [{"result": [
        {"type": "hypertextlabels", "value": {"start": 0, "end": 2, "labels": ["PER"]}}]}]}]);
    train_refuses(
        &[("train.json", &page.to_string())],
        &[],
        &["train.json, row 1", "annotations[0].result[0]", "hypertextlabels"],
    );
    train_refuses(&[("train.spacy", "x")], &[], &["train.spacy", "spaCy's binary", "start_char"]);
}

#[test]
fn nothing_to_learn_from() {
    of_sentences("It O\nrains O\n\nAll O\nday O\n\n", &[], &["train.conll", "all tags are O"]);
    let no_spans =
        lines(&[json!({"text": "It rains", "entities": []}), json!({"text": "All day", "entities": []})]);
    train_refuses(&[("train.jsonl", &no_spans)], &TOKENS, &["train.jsonl", "has an entity"]);
}

#[test]
fn settings_and_cards_of_other_tasks() {
    let texts = lines(&[row("a", &json!("x")), row("b", &json!("y"))]);
    let hint = ["train.jsonl has no column \"tokens\"", "text, label", "[columns] tokens and tags", "spans"];
    train_refuses(&[("train.jsonl", &texts)], &TOKENS, &hint);
    of_sentences(
        SENTENCES,
        &["--task", "text-classification"],
        &["train.conll", "task token-classification"],
    );
    of_sentences(
        SENTENCES,
        &["--task", "token-classification", "--problem-type", "regression"],
        &["problem_type = regression with task = token-classification", "text-classification"],
    );
    let sentence = [json!({"tokens": ["Ada", "lives"], "ner_tags": ["B-PER", "O"]})];
    let against = ["task = \"text-classification\"", "mine states token-classification", "leave task out"];
    of_card("", &sentence, &["--task", "text-classification"], &against);
    let against = ["problem_type = \"regression\"", "mine states token-classification"];
    of_card("", &sentence, &["--problem-type", "regression"], &against);
    of_card("problem_type = \"regression\"", &sentence, &[], &["card.toml", "problem_type is for the task"]);
    of_card(
        "scheme = \"bio\"",
        &sentence,
        &[],
        &["card.toml", "scheme = \"bio\"", "iob1, iob2, iobes, bilou"],
    );
    let labels = "labels = [\"O\", \"B-PER\", \"I-PER\"]";
    of_card(
        &format!("{labels}\npositive = \"B-PER\""),
        &sentence,
        &[],
        &["mine has positive", "leave positive"],
    );
    of_card(&format!("{labels}\nclass_numbers = true"), &sentence, &[], &["mine has class_numbers"]);
    of_sentences(
        SENTENCES,
        &["--set", "pos_weight=balanced"],
        &["pos_weight = \"balanced\"", "class_weights"],
    );
    of_sentences(
        SENTENCES,
        &["--set", "class_weights=[1.0, 2.0]"],
        &["class_weights = [1.0, 2.0]", "4 numbers"],
    );
    of_sentences(SENTENCES, &["--metric", "pearson"], &["metric = \"pearson\"", "f1, precision, recall"]);
    of_sentences(SENTENCES, &["--set", "data.widen_spans=true"], &["data.widen_spans = true", "no spans"]);
    let spans = after_two_texts(&json!({"text": "It rains", "entities": []}));
    let scheme = ["--set", "data.scheme=iob2"];
    train_refuses(&[("train.jsonl", &spans)], &scheme, &["data.scheme = iob2", "spans of characters"]);
}

#[test]
fn a_checkpoint_and_other_data() {
    let model = &models().tokens;
    let files = [("train.conll", SENTENCES), ("test.conll", "Bo\nLee\n\n")];
    let unlabelled = ["test split has no labels", "test.conll", "\"tags\"", "predict --model"];
    eval_refuses(model, &files, &["--split", "test"], &unlabelled);
    let other = SENTENCES.replace("LOC", "GPE");
    eval_refuses(model, &[("train.conll", &other)], &[], &["B-GPE", "the classifier has", "B-LOC"]);
    eval_refuses(
        model,
        &[("train.conll", "Ada B-PER\nlives\n\n")],
        &[],
        &["train.conll, line 2", "a tag missing"],
    );
    let texts = lines(&[row("a", &json!("x")), row("b", &json!("y"))]);
    eval_refuses(model, &[("train.jsonl", &texts)], &[], &["train.jsonl has no column \"tokens\""]);
    let card = card("task = \"text-classification\"");
    let files = [("train.jsonl", texts.as_str()), ("card.toml", card.as_str())];
    eval_refuses(
        model,
        &files,
        &[],
        &["mine is for text-classification", "the model is for token-classification"],
    );
}

#[test]
fn predictions_for_bad_rows_and_with_options_of_other_tasks() {
    let model = &models().tokens;
    let pair = ["--text-pair", "text-classification", "the model is for token-classification"];
    predict_refuses(model, &[], &["--text", "a", "--text-pair", "b"], &pair);
    let rows = lines(&[json!({"tokens": ["Ada"]}), json!({"tokens": ["Bo", null]})]);
    let input = ["--input", "@in.jsonl"];
    predict_refuses(model, &[("in.jsonl", &rows)], &input, &["in.jsonl, line 2", "\"tokens[1]\" is null"]);
    let rows = lines(&[json!({"body": "Ada"})]);
    predict_refuses(model, &[("in.jsonl", &rows)], &input, &["in.jsonl, line 1", "no \"text\"", "body"]);
    let file = [("in.conll", "Ada O\nlives\n")];
    predict_refuses(model, &file, &["--input", "@in.conll"], &["in.conll, line 2", "1 column(s)"]);
    let both = ["Ada", "--format", "conll", "--aggregation", "max"];
    predict_refuses(model, &[], &both, &["--aggregation", "--format conll", "leave one of them out"]);
}
