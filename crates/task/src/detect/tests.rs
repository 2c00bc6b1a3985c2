use std::fs;

use embert_data::load_rows;

use super::*;

/// The card of a folder with these files.
fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, Card) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let card = Card::for_folder(folder.path()).unwrap();
    (folder, card)
}

fn find(files: &[(&str, &str)], wanted: Option<TaskName>) -> FoundColumns {
    let (folder, card) = folder(files);
    find_columns(card, folder.path(), &LoadOptions::default(), wanted).unwrap()
}

const TOKENS: TaskName = TaskName::TokenClassification;
const TEXTS_TASK: TaskName = TaskName::TextClassification;

#[test]
fn columns_tell_the_task() {
    for (file, text, task) in [
        ("train.conll", "a O\nb B-X\n", TOKENS),
        ("train.bio", "a O\nb B-X\n", TOKENS),
        ("train.jsonl", "{\"tokens\": [\"a\"], \"ner_tags\": [0]}\n", TOKENS),
        ("train.jsonl", "{\"tokens\": [\"a\"], \"tags\": [\"O\"]}\n", TOKENS),
        ("train.jsonl", "{\"text\": \"ab\", \"entities\": [[0, 1, \"X\"]]}\n", TOKENS),
        // The first rows have no span.
        (
            "train.jsonl",
            "{\"text\": \"ab\", \"label\": []}\n{\"text\": \"ab\", \"label\": [[0, 1, \"X\"]]}\n",
            TOKENS,
        ),
        ("train.jsonl", "{\"tokens\": [\"a\"], \"label\": \"x\", \"text\": \"a\"}\n", TEXTS_TASK),
        (
            "train.jsonl",
            "{\"text\": \"ab\", \"label\": []}\n{\"text\": \"ab\", \"label\": [\"x\", \"y\"]}\n",
            TEXTS_TASK,
        ),
        ("train.csv", "text,label\na,x\n", TEXTS_TASK),
        ("train.csv", "text,joy,anger\na,1,0\n", TEXTS_TASK),
    ] {
        assert_eq!(find(&[(file, text)], None).task, task, "{file} {text}");
    }
}

/// `.txt` and `.tsv` are columns of tokens where the task is known.
#[test]
fn the_task_decides_what_a_text_file_is() {
    for file in ["train.tsv", "train.txt", "train.TXT"] {
        let text = "a\tO\nb\tB-X\n";
        let found = find(&[(file, text)], Some(TOKENS));
        let reading = found.card.reading_of(Path::new(file), &embert_data::ReadOptions::default());
        assert_eq!(reading.format, Some(Format::Conll), "{file}");
        assert!(
            found.notes[0]
                .ends_with(&format!("{file} is read as columns of tokens and tags (format = \"conll\")")),
            "{:?}",
            found.notes
        );
        assert_eq!(found.card.columns.tags.as_deref(), Some("tags"));
    }
    let found = find(&[("train.tsv", "text\tlabel\na\tx\n")], None);
    let reading = found.card.reading_of("train.tsv".as_ref(), &embert_data::ReadOptions::default());
    assert_eq!((reading.format, found.task), (None, TEXTS_TASK));
    // Each file is what its own name says.
    let files = [("train.conll", "a O\n"), ("dev.jsonl", "{}\n"), ("test.tsv", "b\tO\n")];
    let found = find(&files, Some(TOKENS));
    let formats = ["train.conll", "dev.jsonl", "test.tsv"]
        .map(|file| found.card.reading_of(file.as_ref(), &embert_data::ReadOptions::default()).format);
    assert_eq!(formats, [None, None, Some(Format::Conll)]);
    assert!(found.notes[0].starts_with("test.tsv is read as columns"), "{:?}", found.notes);
}

#[test]
fn usual_names_of_texts_and_labels_are_found_and_said() {
    for (heading, text, pair, label) in [
        ("text,label", "text", None, "label"),
        ("sentence,label", "sentence", None, "label"),
        ("sentence1,sentence2,label", "sentence1", Some("sentence2"), "label"),
        ("premise,hypothesis,label", "premise", Some("hypothesis"), "label"),
        ("question,sentence,label", "question", Some("sentence"), "label"),
        ("question1,question2,label", "question1", Some("question2"), "label"),
        ("text,text_pair,label", "text", Some("text_pair"), "label"),
        ("text,labels", "text", None, "labels"),
        ("sentence1,sentence2,score", "sentence1", Some("sentence2"), "score"),
        ("id,text,label", "text", None, "label"),
    ] {
        let row = heading.split(',').map(|_| "1").collect::<Vec<_>>().join(",");
        let found = find(&[("train.csv", &format!("{heading}\n{row}\n"))], None);
        let columns = &found.card.columns;
        let of_card = (columns.text.as_str(), columns.text_pair.as_deref(), columns.label.as_str());
        assert_eq!(of_card, (text, pair, label), "{heading}");
        let is_default = *columns == CardColumns::default();
        assert_eq!(found.notes.is_empty(), is_default, "{heading}: {:?}", found.notes);
    }
    let found = find(&[("train.csv", "id,text,joy,anger\n0,a,1,0\n")], None);
    assert_eq!(found.card.label_columns, ["joy", "anger"]);
    assert_eq!(found.notes, ["the labels are columns of 0 and 1, one a label: joy, anger"]);
    // A single column may be anything.
    assert!(find(&[("train.csv", "text,joy\na,1\n")], None).card.label_columns.is_empty());
}

#[test]
fn what_the_card_states_holds() {
    let (folder, card) = folder(&[(
        "train.jsonl",
        "{\"tokens\": [\"a\"], \"tags\": [\"O\"], \"text\": \"a\", \"label\": \"x\"}\n",
    )]);
    let find =
        |card: &Card, wanted| find_columns(card.clone(), folder.path(), &LoadOptions::default(), wanted);
    let mut stated = card.clone();
    stated.task = Some(TEXTS_TASK);
    assert_eq!(find(&stated, None).unwrap().task, TEXTS_TASK);
    assert_eq!(find(&card, Some(TEXTS_TASK)).unwrap().task, TEXTS_TASK);
    let message = find(&stated, Some(TOKENS)).unwrap_err().to_string();
    assert!(
        message.starts_with("task = \"token-classification\", but the card of the data set")
            && message.contains("states text-classification"),
        "{message}"
    );
    let mut named = card;
    named.columns.text = "tokens".into();
    assert_eq!(find(&named, None).unwrap().card.columns, named.columns);
}

/// The kind of labels of a file, with the note.
fn kind(
    file: &str,
    text: &str,
    change: impl Fn(&mut Card),
    checkpoint: Option<ProblemType>,
) -> (ProblemType, Option<String>) {
    let (folder, card) = folder(&[(file, text)]);
    let mut card = find_columns(card, folder.path(), &LoadOptions::default(), None).unwrap().card;
    change(&mut card);
    let columns = if card.label_columns.is_empty() {
        Columns::from(&card.columns)
    } else {
        Columns::new().with_text("text")
    };
    let rows = load_rows(&card, folder.path(), &LoadOptions::default(), &columns, Some("label")).unwrap();
    find_problem_type(&card, &rows, false, None, checkpoint).unwrap()
}

const SINGLE: ProblemType = ProblemType::SingleLabelClassification;
const SEVERAL: ProblemType = ProblemType::MultiLabelClassification;
const NUMBER: ProblemType = ProblemType::Regression;

/// Rows of CSV with these labels.
fn csv(labels: &[&str]) -> String {
    let rows = labels.iter().enumerate().map(|(row, label)| format!("text {row},{label}\n"));
    "text,label\n".to_owned() + &rows.collect::<String>()
}

#[test]
fn labels_tell_their_kind() {
    let as_is = |_: &mut Card| {};
    let fractions = csv(&["1.5", "2.25", "4.0", "3.75"]);
    let list = "{\"text\": \"a\", \"label\": [\"x\", \"y\"]}\n{\"text\": \"b\", \"label\": null}\n{\"text\": \"c\", \"label\": [\"x\"]}\n";
    let one_each = "{\"text\": \"a\", \"label\": [\"x\"]}\n{\"text\": \"b\", \"label\": [\"y\"]}\n";
    for (file, text, expected, note) in [
        ("train.csv", csv(&["x", "y", "x"]).as_str(), SINGLE, None),
        ("train.csv", &csv(&["0", "1", "1"]), SINGLE, None),
        ("train.csv", &csv(&["1.0", "0.0", "1.0"]), SINGLE, None),
        (
            "train.csv",
            &fractions,
            NUMBER,
            Some("the column \"label\" has 4 different numbers in 4 rows, such as 1.5, 2.25, "),
        ),
        ("train.jsonl", list, SEVERAL, Some("each row has a list of labels: multi_label_classification")),
        ("train.jsonl", one_each, SINGLE, None),
        // Texts that look like several labels are said, with the key.
        (
            "train.csv",
            &csv(&["joy|sad", "joy", "fear|sad", "fear|sad"]),
            SINGLE,
            Some(
                "3 row(s) have a label with '|' in it, such as \"fear|sad\": each is taken for one label; for several labels a text set problem_type=multi_label_classification",
            ),
        ),
        ("train.csv", &csv(&["food|drink", "sport"]), SINGLE, Some("1 row(s) have a label with '|'")),
        (
            "train.csv",
            &csv(&["joy;sad", "joy"]),
            SINGLE,
            Some("1 row(s) have a label with ';' in it, such as"),
        ),
        ("train.csv", &csv(&["Rome; Italy", "Oslo; Norway", ";"]), SINGLE, None),
        (
            "train.jsonl",
            "{\"text\": \"a\", \"label\": \"x, y\"}\n{\"text\": \"b\", \"label\": [\"y\"]}\n{\"text\": \"b\", \"label\": \"x\"}\n",
            SINGLE,
            Some("1 row(s) have a label with ','"),
        ),
        ("train.csv", "text,joy,anger\na,1,0\n", SEVERAL, None),
    ] {
        let (found, said) = kind(file, text, as_is, None);
        assert_eq!(found, expected, "{text}");
        match note {
            Some(note) => assert!(said.as_ref().is_some_and(|said| said.starts_with(note)), "{said:?}"),
            None => assert_eq!(said, None, "{text}"),
        }
    }
    // Labels that the card lists are classes.
    let listed = |card: &mut Card| card.labels = ["1.5", "2.25", "3.75", "4.0"].map(str::to_owned).to_vec();
    assert_eq!(kind("train.csv", &fractions, listed, None), (SINGLE, None));
    let listed = |card: &mut Card| card.labels = ["joy", "joy|sad"].map(str::to_owned).to_vec();
    assert_eq!(kind("train.csv", &csv(&["joy|sad", "joy"]), listed, None), (SINGLE, None));
    let stated = |card: &mut Card| card.problem_type = Some(embert_data::ProblemType::Regression);
    assert_eq!(kind("train.csv", &csv(&["0", "1"]), stated, None), (NUMBER, None));
}

#[test]
fn the_checkpoint_decides_where_labels_could_be_anything() {
    let as_is = |_: &mut Card| {};
    for checkpoint in [SEVERAL, NUMBER] {
        let (found, said) = kind("train.csv", &csv(&["0", "1", "3"]), as_is, Some(checkpoint));
        assert!(
            found == checkpoint
                && said.unwrap().starts_with(&format!("the checkpoint's head is for {checkpoint}"))
        );
    }
    assert_eq!(kind("train.csv", &csv(&["0", "1", "3"]), as_is, Some(SINGLE)), (SINGLE, None));
    // The labels decide against a head for one label; a head for a number fits a measure.
    let fractions = csv(&["1.5", "2.25", "4.0", "3.75"]);
    assert_eq!(kind("train.csv", &fractions, as_is, Some(SINGLE)).0, NUMBER);
    assert_eq!(kind("train.csv", &fractions, as_is, Some(NUMBER)).0, NUMBER);
}

#[test]
fn the_users_word_contradicts_no_card() {
    let (folder, card) = folder(&[("train.csv", &csv(&["0", "1"]))]);
    let rows = load_rows(
        &card,
        folder.path(),
        &LoadOptions::default(),
        &Columns::from(&card.columns),
        Some("label"),
    )
    .unwrap();
    let mut stated = card.clone();
    stated.problem_type = Some(embert_data::ProblemType::Regression);
    let wanted = Some(embert_data::ProblemType::MultiLabelClassification);
    assert_eq!(find_problem_type(&card, &rows, false, wanted, Some(NUMBER)).unwrap(), (SEVERAL, None));
    let message = find_problem_type(&stated, &rows, false, wanted, None).unwrap_err().to_string();
    assert!(
        message.starts_with("problem_type = \"multi_label_classification\", but the card of the data set"),
        "{message}"
    );
}

/// The documents of spans tie rows as those of tokens do; it is said where splits are cut.
#[test]
fn a_column_of_documents_is_found_beside_tokens_and_beside_spans() {
    let tokens = "{\"tokens\": [\"a\"], \"tags\": [\"O\"], \"document\": \"d\"}\n";
    let spans = "{\"text\": \"ab\", \"entities\": [[0, 1, \"X\"]], \"document\": \"d\"}\n";
    let options = LoadOptions { split_ratios: Some([0.5, 0.25, 0.25]), ..LoadOptions::default() };
    let note = "the documents are in the column \"document\": texts of one document stay in one split";
    for text in [tokens, spans] {
        let files = [("train.jsonl", text)];
        let found = find(&files, None);
        assert_eq!(found.card.columns.document.as_deref(), Some("document"), "{text}");
        assert!(!found.notes.iter().any(|said| said == note), "{:?}", found.notes);
        let (folder, card) = folder(&files);
        let found = find_columns(card, folder.path(), &options, None).unwrap();
        assert!(found.notes.iter().any(|said| said == note), "{:?}", found.notes);
    }
}

/// A card that names the documents alone leaves the other columns open.
#[test]
fn a_stated_column_of_documents_states_no_other_column() {
    let (folder, mut card) = folder(&[("train.csv", "sentence1,sentence2,score,doc\na,b,1.5,d\n")]);
    card.columns.document = Some("doc".to_owned());
    let columns = find_columns(card, folder.path(), &LoadOptions::default(), None).unwrap().card.columns;
    let texts = (columns.text.as_str(), columns.text_pair.as_deref(), columns.label.as_str());
    assert_eq!(texts, ("sentence1", Some("sentence2"), "score"));
    assert_eq!(columns.document.as_deref(), Some("doc"));
}

/// A column that begins with 0 and 1 may count the rows.
#[test]
fn columns_of_0_and_1_have_them_in_every_row_that_is_looked_at() {
    let rows = |values: &[&str]| {
        let rows = values.iter().enumerate().map(|(row, values)| format!("{row},a{row},{values}\n"));
        "number,text,toxic,obscene\n".to_owned() + &rows.collect::<String>()
    };
    let found = find(&[("train.csv", &rows(&["1,0", "0,0", "0,1"]))], None);
    assert_eq!(found.card.label_columns, ["toxic", "obscene"]);
    let note = &found.notes[0];
    for part in [
        "the labels are columns of 0 and 1, one a label: toxic, obscene; \"number\" is none, since it has \"2\" in ",
        "train.csv, line 4",
    ] {
        assert!(note.contains(part), "{part}: {note}");
    }
    // Rows without a value say nothing of their column.
    let found = find(&[("train.csv", &rows(&["1,0", ",-1", "0,1"]))], None);
    assert_eq!(found.card.label_columns, ["toxic", "obscene"]);
    // Numbers of rows by their usual names.
    for name in ["idx", "index", "ID", "Unnamed: 0", ""] {
        let found = find(&[("train.csv", &format!("{name},text,joy,anger\n0,a,1,0\n1,b,0,1\n"))], None);
        assert_eq!(found.card.label_columns, ["joy", "anger"], "{name}");
    }
}

/// Label Studio's export of choices.
fn choices(result: &str) -> String {
    format!(
        "[{{\"id\": 1, \"data\": {{\"text\": \"Fine.\"}}, \"annotations\": [{{\"result\": [{result}]}}]}}]"
    )
}

#[test]
fn choices_of_label_studio_are_no_spans() {
    let choice = "{\"type\": \"choices\", \"from_name\": \"mood\", \"to_name\": \"text\", \"value\": {\"choices\": [\"glad\"]}}";
    let span = "{\"type\": \"labels\", \"value\": {\"start\": 0, \"end\": 4, \"labels\": [\"X\"]}}";
    for wanted in [None, Some(TOKENS), Some(TEXTS_TASK)] {
        let (folder, card) = folder(&[("train.json", &choices(choice))]);
        let message = find_columns(card, folder.path(), &LoadOptions::default(), wanted).unwrap_err();
        let message = message.to_string();
        for part in ["train.json, ", "choices", "no spans", "JSON-MIN", "[columns] label = \"mood\""] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
    let found = find(&[("train.json", &choices(&format!("{choice}, {span}")))], None);
    assert_eq!((found.task, found.card.columns.entities.as_deref()), (TOKENS, Some("annotations")));
    // Nothing is marked yet in the rows that are looked at.
    assert_eq!(find(&[("train.json", &choices(""))], None).task, TOKENS);
}

/// The head is refused for classes with its own words, which name `new_head`.
#[test]
fn a_head_for_numbers_does_not_make_names_numbers() {
    let as_is = |_: &mut Card| {};
    for labels in [["pos", "neg", "pos"], ["1", "2", "three"]] {
        assert_eq!(kind("train.csv", &csv(&labels), as_is, Some(NUMBER)), (SINGLE, None), "{labels:?}");
    }
    assert_eq!(kind("train.csv", &csv(&["pos", "neg", "pos"]), as_is, Some(SEVERAL)).0, SEVERAL);
    // A row without a number is refused where it is read.
    assert_eq!(kind("train.csv", &csv(&["1", "", "3"]), as_is, Some(NUMBER)).0, NUMBER);
}

/// Where nothing tells the task, a checkpoint may know better.
#[test]
fn it_is_told_from_a_guess() {
    let tags = "a\tO\nb\tB-X\n";
    for (file, text, wanted, is_told) in [
        ("train.tsv", tags, None, false),
        ("train.txt", tags, None, false),
        ("train.csv", "body,kind\na,x\n", None, false),
        ("train.tsv", tags, Some(TEXTS_TASK), true),
        ("train.tsv", tags, Some(TOKENS), true),
        ("train.conll", tags, None, true),
        ("train.csv", "text,kind\na,x\n", None, true),
        ("train.tsv", "sentence\tlabel\na\tx\n", None, true),
        ("train.jsonl", "{\"text\": \"ab\", \"entities\": [[0, 1, \"X\"]]}\n", None, true),
    ] {
        assert_eq!(find(&[(file, text)], wanted).is_told, is_told, "{file} {text} {wanted:?}");
    }
    // Folders of texts name their labels.
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("train/pos")).unwrap();
    fs::write(folder.path().join("train/pos/1.txt"), "a").unwrap();
    let card = Card::for_folder(folder.path()).unwrap();
    assert!(find_columns(card, folder.path(), &LoadOptions::default(), None).unwrap().is_told);
}
