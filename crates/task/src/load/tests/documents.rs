//! Texts of one document stay in one split.

use std::collections::BTreeSet;

use embert_data::Texts as _;

use crate::tests::DataFolder;
use crate::{MultiLabelClassification, Task, TextClassification, TextRegression, TokenClassification};

/// Eight documents of five texts each.
fn rows(label: impl Fn(usize) -> String) -> String {
    let row =
        |row: usize| format!("{{\"text\": \"text {row}\", {}, \"doc\": \"{}\"}}\n", label(row), row / 5);
    (0..40).map(row).collect()
}

/// The documents of each split.
fn documents<T: Task>(text: &str, columns: &str) -> [BTreeSet<u64>; 3] {
    let card = format!("split_ratios = [0.5, 0.25, 0.25]\n[columns]\n{columns}");
    let splits = DataFolder::new(&[("train.jsonl", text)]).load::<T>(&card).unwrap().splits;
    let of = |examples: &[T::Example]| examples.iter().map(|example| example.id() / 5).collect();
    [of(&splits.train), of(&splits.validation), of(&splits.test)]
}

#[track_caller]
fn check<T: Task>(label: impl Fn(usize) -> String, columns: &str) {
    let text = rows(label);
    let parts = documents::<T>(&text, &format!("{columns}document = \"doc\"\n"));
    assert_eq!(parts.each_ref().map(BTreeSet::len), [4, 2, 2], "{parts:?}");
    assert_eq!(parts.iter().flatten().count(), 8, "{parts:?}");
    let parts = documents::<T>(&text, columns);
    assert!(parts.iter().flatten().count() > 8, "without the key: {parts:?}");
}

#[test]
fn texts_of_one_document_are_in_one_split_in_every_task() {
    let name = |row: usize| ["x", "y"][row % 2];
    check::<TextClassification>(|row| format!("\"label\": \"{}\"", name(row)), "");
    let lists = |row: usize| format!("\"label\": [\"{}\", \"z\"]", name(row));
    check::<MultiLabelClassification>(lists, "");
    check::<TextRegression>(|row| format!("\"label\": {}.5", row % 4), "");
    let pairs = |row: usize| format!("\"label\": {}.5, \"other\": \"other {row}\"", row % 4);
    check::<TextRegression>(pairs, "text_pair = \"other\"\n");
    check::<TokenClassification>(|_| "\"spans\": [[0, 4, \"X\"]]".to_owned(), "entities = \"spans\"\n");
}

/// The name of a document is no sentence.
#[test]
fn a_document_is_not_joined_to_a_sentence_of_its_name() {
    let pair = |row: usize| {
        format!(
            "{{\"text\": \"{row}\", \"other\": \"o{row}\", \"label\": {}.5, \"doc\": {}}}\n",
            row % 4,
            row + 1
        )
    };
    let text: String = (0..40).map(pair).collect();
    let card = "split_ratios = [0.5, 0.25, 0.25]\n[columns]\ntext_pair = \"other\"\ndocument = \"doc\"\n";
    let splits = DataFolder::new(&[("train.jsonl", &text)]).load::<TextRegression>(card).unwrap().splits;
    assert_eq!([splits.train.len(), splits.validation.len(), splits.test.len()], [20, 10, 10]);
}
