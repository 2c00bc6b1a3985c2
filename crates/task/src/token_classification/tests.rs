use super::*;
use crate::TaskData;
use crate::tests::DataFolder;

mod schemes;
mod scoring;

type Data = TaskData<TokenClassification>;

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn load(files: &[(&str, &str)], card: &str) -> Result<Data, String> {
    DataFolder::new(files).load(card)
}

#[track_caller]
fn refused(files: &[(&str, &str)], card: &str, options: LabelOptions) -> String {
    DataFolder::new(files).load_with::<TokenClassification>(card, false, options).unwrap_err()
}

/// The words of each training example with their tags.
fn tagged(data: &Data) -> Vec<Vec<(String, String)>> {
    let task = TokenClassification::new(data.labels.set.names().to_vec());
    let word = |(word, tag): (&str, usize)| (word.to_owned(), task.labels[tag].clone());
    let of =
        |example: &TokenExample| TokenClassification::tagged_words(example).into_iter().map(word).collect();
    data.splits.train.iter().map(of).collect()
}

/// As [`tagged`], as text: `Ms/B-PER Okafor/I-PER | Lagos/B-LOC`.
fn written(data: &Data) -> String {
    let of_word = |(word, tag): &(String, String)| format!("{word}/{tag}");
    let of_text = |words: &Vec<_>| words.iter().map(of_word).collect::<Vec<_>>().join(" ");
    tagged(data).iter().map(of_text).collect::<Vec<_>>().join(" | ")
}

#[test]
fn columns_of_tokens_and_tags_load_in_every_scheme() {
    let iob2 = "Ms/B-PER Okafor/I-PER flew/O | Lagos/B-LOC Kyoto/B-LOC";
    for (scheme, text, expected, labels) in [
        (
            Scheme::Iob2,
            "Ms\tB-PER\nOkafor\tI-PER\nflew\tO\n\nLagos\tB-LOC\nKyoto\tB-LOC\n",
            iob2,
            &["O", "B-LOC", "B-PER", "I-PER"][..],
        ),
        (
            Scheme::Iob1,
            "-DOCSTART- O\n\nMs I-PER\nOkafor I-PER\nflew O\n\nLagos I-LOC\nKyoto B-LOC\n",
            iob2,
            &["O", "B-LOC", "B-PER", "I-PER"],
        ),
        (
            Scheme::Iobes,
            "Ms NNP B-PER\nOkafor NNP E-PER\nflew VBD O\n\nLagos NNP S-LOC\nKyoto NNP S-LOC\n",
            "Ms/B-PER Okafor/E-PER flew/O | Lagos/S-LOC Kyoto/S-LOC",
            &["O", "S-LOC", "B-PER", "E-PER"],
        ),
        (
            Scheme::Bilou,
            "Ms B-PER\nOkafor L-PER\nflew O\n\nLagos U-LOC\nKyoto U-LOC\n",
            "Ms/B-PER Okafor/L-PER flew/O | Lagos/U-LOC Kyoto/U-LOC",
            &["O", "U-LOC", "B-PER", "L-PER"],
        ),
    ] {
        let data = load(&[("train.conll", text)], "").unwrap();
        assert_eq!(written(&data), expected, "{scheme}");
        assert_eq!(data.labels.set.names(), labels, "{scheme}");
        let kept = if scheme == Scheme::Iob1 { Scheme::Iob2 } else { scheme };
        assert_eq!((data.labels.of_files, data.labels.scheme), (scheme, kept));
        let note = "the tags are in the scheme IOB1: they are turned into IOB2".to_owned();
        assert_eq!(data.notes.contains(&note), scheme == Scheme::Iob1, "{:?}", data.notes);
        // What the tags tell can be stated, by the card and by the user.
        let files = [("train.conll", text)];
        let stated = load(&files, &format!("scheme = \"{}\"", scheme.name())).unwrap();
        let options = LabelOptions { scheme: Some(scheme), ..LabelOptions::default() };
        let set = DataFolder::new(&files).load_with::<TokenClassification>("", false, options).unwrap();
        assert_eq!((stated.splits.train, set.splits.train), (data.splits.train.clone(), data.splits.train));
    }
}

/// The first sentence says IOB2, the second IOB1.
#[test]
fn tags_of_two_schemes_are_refused_with_both_readings() {
    let text = "A\tB-PER\nb\tO\n\nC\tO\nD\tI-PER\n";
    let files = [("train.conll", text)];
    let message = refused(&files, "", LabelOptions::default());
    let expected = "the labels in the column \"tags\" can't be used: the tags can be read in two ways: as IOB2 since \
                    train.conll, line 1, word 1, begins an entity with B, and as IOB1 since train.conll, line 5, word 2, \
                    begins one with I; say which with data.scheme=iob2 or data.scheme=iob1";
    assert_eq!(message, expected);
    for (scheme, expected) in [("iob1", "A/B-PER b/O | C/O D/B-PER"), ("iob2", "A/B-PER b/O | C/O D/I-PER")] {
        assert_eq!(written(&load(&files, &format!("scheme = \"{scheme}\"")).unwrap()), expected);
    }
    // The user's word counts above the card's.
    let options = LabelOptions { scheme: Some(Scheme::Iob1), ..LabelOptions::default() };
    let data = DataFolder::new(&files).load_with::<TokenClassification>("scheme = \"iob2\"", false, options);
    assert_eq!(written(&data.unwrap()), "A/B-PER b/O | C/O D/B-PER");
}

#[test]
fn a_tag_that_its_scheme_does_not_have_is_named_with_its_own_line() {
    let text = "# a comment\nLagos\tB-LOC\n\nMs\tB-PER\nOkafor\tE-PER\nflew\tO\n";
    let files = [("train.conll", text)];
    let options = LabelOptions { scheme: Some(Scheme::Iob2), ..LabelOptions::default() };
    let message = refused(&files, "", options);
    assert!(
        message.starts_with(
            "train.conll, line 5: word 2, \"Okafor\", has the tag \"E-PER\", which the scheme iob2"
        ),
        "{message}"
    );
    let data = DataFolder::new(&files).load_with::<TokenClassification>("", true, options).unwrap();
    assert_eq!((written(&data).as_str(), data.facts.skipped), ("Lagos/B-LOC", 1));
    // So has a word that is none.
    let blank = [("train.conll", "Lagos\tB-LOC\n\nMs\tO\n\u{a0}\tO\n")];
    let message = refused(&blank, "", LabelOptions::default());
    assert!(message.starts_with("train.conll, line 4: word 2 is \"\\u{a0}\", expected"), "{message}");
    // In other formats a word has no line of its own.
    let row = "{\"tokens\": [\"a\"], \"tags\": [\"B-X\"]}\n{\"tokens\": [\"a\", \"b\"], \"tags\": [\"O\", \"E-PER\"]}\n";
    let message = refused(&[("train.jsonl", row)], "", options);
    assert!(message.starts_with("train.jsonl, line 2: word 2, \"b\", has the tag \"E-PER\""), "{message}");
    // No scheme has it, or none has both.
    for (tags, part) in [
        (["B-PER", "X-PER"], "no scheme has the tag \"X-PER\" of train.conll, line 2, word 2: expected O"),
        (["E-PER", "L-PER"], "the tags mix several schemes: expected O"),
    ] {
        let text = format!("a {}\nb {}\n", tags[0], tags[1]);
        let message = refused(&[("train.conll", &text)], "", LabelOptions::default());
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_tag_of_the_test_split_that_the_card_lacks_is_named_with_its_line() {
    let files = [("train.conll", "a O\nb B-X\n"), ("test.conll", "c O\n\nd O\ne O\nf B-Y\n")];
    let card = "labels = [\"O\", \"B-X\", \"I-X\"]";
    let message = refused(&files, card, LabelOptions::default());
    assert_eq!(
        message,
        "test.conll, line 5: word 3, \"f\", has the tag \"B-Y\", which is none of O, B-X, I-X"
    );
    let names = load(&files[..1], card).unwrap().labels.set.names().to_vec();
    assert_eq!(names, ["O", "B-X", "I-X"]);
}

#[test]
fn lists_of_tokens_load_with_tags_as_names_and_as_numbers() {
    let expected = "EU/B-ORG rejects/O | Lagos/B-LOC";
    let names = "{\"tokens\": [\"EU\", \"rejects\"], \"ner_tags\": [\"B-ORG\", \"O\"], \"id\": \"7\"}\n\
                 {\"tokens\": [\"Lagos\"], \"ner_tags\": [\"B-LOC\"], \"id\": \"8\"}\n";
    let data = load(&[("train.jsonl", names)], "").unwrap();
    assert_eq!(written(&data), expected);
    assert_eq!(data.splits.train[1].text, "Lagos");
    let found = DataFolder::new(&[("train.jsonl", names)]).found::<TokenClassification>("");
    let note = "the words are in the column \"tokens\", their tags in \"ner_tags\"";
    assert_eq!((found.card.columns.tags.as_deref(), found.notes), (Some("ner_tags"), strings(&[note])));

    let numbers =
        "{\"tokens\": [\"EU\", \"rejects\"], \"tags\": [3, 0]}\n{\"tokens\": [\"Lagos\"], \"tags\": [1]}\n";
    let files = [("train.jsonl", numbers)];
    let data = load(&files, "labels = [\"O\", \"B-LOC\", \"I-LOC\", \"B-ORG\"]").unwrap();
    assert_eq!((written(&data).as_str(), data.labels.set.len()), (expected, 4));
    let message = refused(&files, "", LabelOptions::default());
    assert!(
        message.contains("the tags are numbers (first in train.jsonl, line 1), and no file names them"),
        "{message}"
    );
    let message = refused(&files, "labels = [\"O\", \"B-LOC\"]", LabelOptions::default());
    assert!(
        message.starts_with("train.jsonl, line 1: word 1 has the tag number 3, but the names go from 0 to 1"),
        "{message}"
    );
}

#[test]
fn rows_without_usable_tags_are_said() {
    let row = |tokens: &str, tags: &str| format!("{{\"tokens\": {tokens}, \"tags\": {tags}}}\n");
    let good = row("[\"a\", \"b\"]", "[\"O\", \"B-X\"]");
    for (bad, part) in [
        (row("[\"a\", \"b\"]", "[\"O\"]"), "line 2: 2 words have 1 tags, expected a tag for each word"),
        (row("[]", "[]"), "line 2: there are no words"),
        (row("[\"a\", \" \"]", "[\"O\", \"O\"]"), "line 2: word 2 is \" \", expected a character"),
        (row("[\"\", \"a\"]", "[\"O\", \"O\"]"), "line 2: word 1 is \"\", expected a character"),
        (row("[\"a\"]", "\"O\""), "line 2: the tags are"),
        (row("[\"a\"]", "[[\"O\"]]"), "line 2: word 1 has the tag [\"O\"], expected a name"),
        (row("[\"a\", null]", "[\"O\", \"O\"]"), "line 2: "),
        (row("\"a b\"", "[\"O\", \"O\"]"), "line 2: \"tokens\""),
        (
            row("[\"a\"]", "null"),
            "1 of the 2 rows of the training split have no label, the first is train.jsonl, line 2",
        ),
        (row("[\"a\"]", "[-1]"), "line 2, whose -1 stands for \"no label\""),
    ] {
        let message = refused(&[("train.jsonl", &(good.clone() + &bad))], "", LabelOptions::default());
        assert!(message.contains(part), "{bad}: {message}");
        let folder = DataFolder::new(&[("train.jsonl", &(good.clone() + &bad))]);
        let data = folder.load_with::<TokenClassification>("", true, LabelOptions::default()).unwrap();
        assert_eq!((data.splits.train.len(), data.facts.skipped), (1, 1), "{bad}");
    }
    // A test split without tags is left out.
    let data =
        load(&[("train.jsonl", &good), ("test.jsonl", &row("[\"a\", \"c\"]", "[-1, -1]"))], "").unwrap();
    assert!(data.splits.test.is_empty() && data.unlabelled(embert_data::SplitKind::Test).is_some());
    // Tags without an entity.
    let message = refused(&[("train.jsonl", &row("[\"a\"]", "[\"O\"]"))], "", LabelOptions::default());
    assert!(message.contains("train.jsonl"), "{message}");
}

/// The same text in the layouts of the tools that mark characters.
#[test]
fn spans_of_every_tool_load() {
    let doccano =
        r#"{"id": 1, "text": "Ms Okafor flew to Kyoto.", "label": [[3, 9, "PER"], [18, 23, "LOC"]]}"#;
    let with_relations =
        r#"{"text": "Ms Okafor flew to Kyoto.", "entities": [{"id": 1, "label": "PER", "start_offset": 3,
        "end_offset": 9}, {"id": 2, "label": "LOC", "start_offset": 18, "end_offset": 23}], "relations": []}"#
            .replace('\n', " ");
    let label_studio = r#"[{"id": 1, "data": {"text": "Ms Okafor flew to Kyoto."}, "annotations": [{"result": [
        {"type": "labels", "value": {"start": 3, "end": 9, "text": "Okafor", "labels": ["PER"]}},
        {"type": "labels", "value": {"start": 18, "end": 23, "text": "Kyoto", "labels": ["LOC"]}}]}]}]"#;
    let minimal = r#"[{"id": 1, "text": "Ms Okafor flew to Kyoto.", "label": [
        {"start": 3, "end": 9, "text": "Okafor", "labels": ["PER"]},
        {"start": 18, "end": 23, "text": "Kyoto", "labels": ["LOC"]}], "annotator": 1}]"#;
    let spacy = r#"[["Ms Okafor flew to Kyoto.", {"entities": [[3, 9, "PER"], [18, 23, "LOC"]]}]]"#;
    for (name, text) in [
        ("train.jsonl", doccano),
        ("train.jsonl", &with_relations),
        ("train.json", label_studio),
        ("train.json", minimal),
        ("train.json", spacy),
    ] {
        let folder = DataFolder::new(&[(name, text)]);
        let data = folder.load::<TokenClassification>("").unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(data.labels.set.names(), ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"], "{text}");
        assert_eq!(written(&data), "Ms/O Okafor/B-PER flew/O to/O Kyoto/B-LOC ./O", "{text}");
        // The columns tell the task.
        let options = embert_data::LoadOptions::default();
        let found = crate::find_columns(folder.card(""), folder.path(), &options, None).unwrap();
        assert_eq!(found.task, embert_data::TaskName::TokenClassification, "{text}");
    }
}

/// Spans of a row with the text `text`.
fn spans(text: &str, spans: &str, options: LabelOptions) -> Result<Vec<(usize, usize)>, String> {
    let text = serde_json::to_string(text).unwrap();
    // The first row has the types, so that a row that is left out takes none along.
    let rows = format!(
        "{{\"text\": \"Ann Bo\", \"entities\": [[0, 3, \"PER\"], [4, 6, \"LOC\"]]}}\n{{\"text\": {text}, \"entities\": {spans}}}\n"
    );
    let data =
        DataFolder::new(&[("train.jsonl", &rows)]).load_with::<TokenClassification>("", false, options)?;
    let Tags::Spans { spans, .. } = &data.splits.train[1].tags else { panic!("no spans") };
    Ok(spans.iter().map(|span| (span.start, span.end)).collect())
}

#[test]
fn spans_that_no_tags_can_say_are_refused_or_widened_by_a_setting() {
    let plain = LabelOptions::default();
    let widen = LabelOptions { widen_spans: true, ..plain };
    let text = "Ms Okafor flew.";
    // White space around a span is no part of it.
    assert_eq!(spans(text, "[[2, 10, \"PER\"]]", plain).unwrap(), [(3, 9)]);
    assert_eq!(spans("🎬 Ünï flew", "[[2, 5, \"PER\"]]", plain).unwrap(), [(2, 5)]);
    // Spans that touch, in any order.
    assert_eq!(spans("a-b", "[[1, 3, \"PER\"], [0, 1, \"LOC\"]]", plain).unwrap(), [(0, 1), (1, 3)]);
    // Within words: of one letter, in Chinese every character is a word.
    for (cut, wide) in
        [("[[4, 9, \"PER\"]]", (3, 9)), ("[[3, 8, \"PER\"]]", (3, 9)), ("[[5, 6, \"PER\"]]", (3, 9))]
    {
        let message = spans(text, cut, plain).unwrap_err();
        assert!(
            message.starts_with("train.jsonl, line 2: the span \"PER\" ")
                && message.contains("within a word"),
            "{message}"
        );
        assert_eq!(spans(text, cut, widen).unwrap(), [wide]);
    }
    assert_eq!(spans("中文film", "[[1, 2, \"LOC\"]]", plain).unwrap(), [(1, 2)]);
    let message = spans(text, "[[3, 9, \"PER\"], [8, 14, \"LOC\"]]", widen).unwrap_err();
    assert!(
        message.contains("line 2: the spans \"PER\" 3..9 \"Okafor\" and \"LOC\" 8..14 \"r flew\" overlap"),
        "{message}"
    );
    let message = spans(text, "[[3, 9, \"PER\"], [3, 9, \"LOC\"]]", plain).unwrap_err();
    assert!(message.contains("overlap"), "{message}");
    let message = spans(text, "[[2, 3, \"PER\"]]", plain).unwrap_err();
    assert!(
        message.contains("line 2: the span \"PER\" 2..3 \" \" has no word, only white space"),
        "{message}"
    );
    for outside in ["[[3, 99, \"PER\"]]", "[[9, 3, \"PER\"]]"] {
        let message = spans(text, outside, plain).unwrap_err();
        assert!(message.starts_with("train.jsonl, line 2: the span"), "{message}");
    }
}

/// Words are those of BERT's tokenizer: symbols, emoji and combining accents are no borders.
#[test]
fn spans_of_a_part_of_the_tokenizers_words_are_refused_or_widened() {
    let plain = LabelOptions::default();
    let widen = LabelOptions { widen_spans: true, ..plain };
    for (text, span, word, wide) in [
        ("It costs 1€ or 5", "[[9, 10, \"PER\"]]", "1€", (9, 11)),
        ("It costs 1€ or 5", "[[10, 11, \"PER\"]]", "1€", (9, 11)),
        ("Lagos™ sells", "[[0, 5, \"LOC\"]]", "Lagos™", (0, 6)),
        ("at 20°C", "[[3, 5, \"LOC\"]]", "20°C", (3, 7)),
        ("Okafor🎬 x", "[[0, 6, \"PER\"]]", "Okafor🎬", (0, 7)),
        ("Zu\u{308}rich x", "[[0, 2, \"LOC\"]]", "Zu\u{308}rich", (0, 7)),
        ("हिन्दी x", "[[0, 1, \"LOC\"]]", "हिन्दी", (0, 6)),
    ] {
        let message = spans(text, span, plain).unwrap_err();
        let part = format!("within a word of BERT's tokenizer, {word:?}, but");
        assert!(message.starts_with("train.jsonl, line 2: the span") && message.contains(&part), "{message}");
        assert_eq!(spans(text, span, widen).unwrap(), [wide], "{text}");
    }
    // Two spans in one word are an overlap.
    let message = spans("It costs 1€", "[[9, 10, \"PER\"], [10, 11, \"LOC\"]]", widen).unwrap_err();
    assert!(message.contains("\"PER\" 9..10 \"1\" and \"LOC\" 10..11 \"€\" overlap"), "{message}");
    // What the tokenizer removes is no part of a word at its ends, but within it.
    assert_eq!(spans("\u{200b}Lagos\u{200b} x", "[[0, 7, \"LOC\"]]", plain).unwrap(), [(1, 6)]);
    assert_eq!(spans("La\u{200b}gos x", "[[0, 6, \"LOC\"]]", plain).unwrap(), [(0, 6)]);
    assert!(spans("a \u{200b} x", "[[2, 3, \"LOC\"]]", plain).unwrap_err().contains("has no word"));
}

/// Each Chinese character is a word, in the baseline too.
#[test]
fn the_words_of_texts_are_those_of_the_tokenizer_everywhere() {
    let rows =
        "{\"text\": \"李明在北京, 5€\", \"entities\": [[0, 2, \"PER\"], [3, 5, \"LOC\"], [7, 9, \"LOC\"]]}";
    let data = load(&[("train.jsonl", rows)], "").unwrap();
    assert_eq!(written(&data), "李/B-PER 明/I-PER 在/O 北/B-LOC 京/I-LOC ,/O 5€/B-LOC");
    assert_eq!(TokenClassification::count_labels(5, &data.splits.train), [2, 2, 1, 1, 1]);
}

#[test]
fn rows_without_annotations_are_not_rows_without_entities() {
    let row = |spans: &str| format!("{{\"text\": \"Lagos\", \"entities\": {spans}}}\n");
    let text = row("[[0, 5, \"LOC\"]]") + &row("[]");
    assert_eq!(written(&load(&[("train.jsonl", &text)], "").unwrap()), "Lagos/B-LOC | Lagos/O");
    let message = refused(&[("train.jsonl", &(text + &row("null")))], "", LabelOptions::default());
    assert!(message.contains("1 of the 3 rows of the training split have no label"), "{message}");
    assert!(message.ends_with("; a text without entities has an empty list"), "{message}");
    // Label Studio's JSON-MIN leaves the key out where nothing is marked.
    let minimal = r#"[{"text": "Lagos", "label": [{"start": 0, "end": 5, "labels": ["LOC"]}], "annotation_id": 1},
        {"text": "Lagos", "annotation_id": 2}]"#;
    let data = load(&[("train.json", minimal)], "").unwrap();
    assert_eq!(written(&data), "Lagos/B-LOC | Lagos/O");
    assert!(
        data.notes.iter().any(|note| note.starts_with("1 text(s) with an annotation_id")),
        "{:?}",
        data.notes
    );
    let message = refused(
        &[("train.json", &minimal.replace(", \"annotation_id\": 2", ""))],
        "",
        LabelOptions::default(),
    );
    assert!(message.contains("1 of the 2 rows of the training split have no label"), "{message}");
}

#[test]
fn a_tag_without_a_training_word_is_said() {
    let files = [("train.conll", "a O\nb B-X\n"), ("test.conll", "c B-Y\n")];
    let notes = load(&files, "").unwrap().notes;
    let note = "the training split has no word with the tag(s) \"B-Y\"".to_owned();
    assert!(notes.contains(&note), "{notes:?}");
}

#[test]
fn texts_of_a_document_stay_together() {
    let text = "-DOCSTART- O\n\na O\n\nb B-X\n\n-DOCSTART- O\n\nc O\n";
    let data = load(&[("train.conll", text)], "").unwrap();
    let keys: Vec<_> = data.splits.train.iter().map(TokenClassification::keys).collect();
    assert!(keys[0] == keys[1] && keys[1] != keys[2] && keys[2].len() == 1, "{keys:?}");
}

#[test]
fn tags_have_the_numbers_of_the_heads_outputs() {
    let files = [("train.conll", "Ms B-PER\nOkafor I-PER\nflew O\n")];
    let data = load(&files, "").unwrap();
    let fit = |checkpoint: &[&str]| {
        let config = BertConfig::default().with_labels(checkpoint.iter().copied());
        TokenClassification::fit(&data.labels, &config, Path::new("model"))
    };
    // A checkpoint may know more types.
    let task = fit(&["I-LOC", "I-PER", "B-LOC", "B-PER", "O"]).unwrap();
    let aligned = task.align_label(data.splits.train[0].clone());
    assert_eq!((aligned.tags, task.outside()), (Tags::OfWords(vec![3, 1, 4]), Some(4)));
    assert_eq!(&*task.inside, [0, 1, 0, 1, 4]);
    let unnamed = fit(&["LABEL_0", "LABEL_1", "LABEL_2"]).unwrap();
    assert_eq!(unnamed.labels(), ["O", "B-PER", "I-PER"]);
    assert!(unnamed.pairing().unwrap().contains("LABEL_1 = B-PER"));
    assert!(fit(&["O", "B-ORG", "I-ORG"]).is_err());
    let spans =
        load(&[("train.jsonl", "{\"text\": \"Okafor\", \"entities\": [[0, 6, \"PER\"]]}")], "").unwrap();
    let config = BertConfig::default().with_labels(["I-PER", "B-PER", "O"]);
    let task = TokenClassification::fit(&spans.labels, &config, Path::new("model")).unwrap();
    let aligned = task.align_label(spans.splits.train[0].clone());
    let Tags::Spans { spans: found, outside } = &aligned.tags else { panic!("no spans") };
    assert_eq!((found[0].begin, found[0].inside, *outside), (1, 0, 2));
    assert_eq!(TokenClassification::count_labels(3, [&aligned]), [0, 1, 0]);
}

/// A Parquet file as `datasets` writes it, from its folder to examples.
#[test]
fn words_of_parquet_load_with_the_names_of_the_files_tags() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/tests/fixtures/tokens.parquet");
    let folder = DataFolder::new(&[]);
    for file in ["train.parquet", "test.parquet"] {
        std::fs::copy(&fixture, folder.path().join(file)).unwrap();
    }
    let options = embert_data::LoadOptions::default();
    let found = crate::find_columns(folder.card(""), folder.path(), &options, None).unwrap();
    assert_eq!(found.task, embert_data::TaskName::TokenClassification);
    assert_eq!(found.notes, ["the words are in the column \"tokens\", their tags in \"ner_tags\""]);
    let data = folder.load::<TokenClassification>("").unwrap();
    // The order of the numbers, not that of the names; I-LOC is a label although no word has it.
    assert_eq!(data.labels.set.names(), ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]);
    let sentences =
        "Ms/B-PER Okafor/I-PER flew/O to/O Kyoto/B-LOC ./O | It/O rained/O ./O | Lagos/B-LOC 🎬/O";
    assert_eq!(written(&data), sentences);
    assert_eq!(data.splits.test.len(), 3);
    assert_eq!(TokenClassification::count_labels(5, &data.splits.train), [7, 1, 1, 2, 0]);
    let note = "the training split has no word with the tag(s) \"I-LOC\"";
    assert!(data.notes.iter().any(|said| said == note), "{:?}", data.notes);
    let message = folder.load::<TokenClassification>("labels = [\"O\", \"B-LOC\", \"I-LOC\"]").unwrap_err();
    assert!(message.contains("train.parquet states that the classes from 0 on are"), "{message}");
}

/// `tags` of a Parquet file that `datasets` wrote, which names their numbers.
#[test]
fn names_of_tags_come_from_parquets_metadata() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/tests/fixtures/datasets.parquet");
    let folder = DataFolder::new(&[]);
    std::fs::copy(fixture, folder.path().join("train.parquet")).unwrap();
    let columns = Columns::new().with("tags").with("text");
    let options = embert_data::LoadOptions::default();
    let rows =
        embert_data::load_rows(&folder.card(""), folder.path(), &options, &columns, Some("tags")).unwrap();
    let (labels, _) = TagLabels::read(&folder.card(""), &rows, true, LabelOptions::default()).unwrap();
    assert_eq!(labels.set.names(), ["negative", "positive"]);
    let card = folder.card("labels = [\"positive\", \"negative\"]");
    let message = TagLabels::read(&card, &rows, true, LabelOptions::default()).unwrap_err().to_string();
    assert!(message.contains("train.parquet states that the classes from 0 on are"), "{message}");
}
