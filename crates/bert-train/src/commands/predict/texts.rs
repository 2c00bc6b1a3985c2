//! The columns of texts of `predict`'s input: which are not read, and the options that name them.

use std::path::Path;

use embert_data::{Columns, DataError, ReadOptions, Row, RowProblem, RowReader, Value};
use embert_predict::PredictError;
use embert_task::{Inputs, text_columns};

use crate::error::Error;
use crate::output::argument;
use crate::tasks::PredictColumns;

/// A warning where the input has the second texts of pairs in a column that is not read. `row` is the input's
/// first row with the columns that were read; a file is looked at again for the others, with these `options`.
pub(super) fn unread_pair(
    columns: PredictColumns<'_>,
    input: &Path,
    options: Option<&ReadOptions>,
    row: &Row,
) -> Option<String> {
    if columns.text_pair.is_some() {
        return None;
    }
    let whole = match options {
        // What can't be read is an error of the rows themselves.
        Some(options) => {
            Some(RowReader::open(input, options, &Columns::new().with_all()).ok()?.find_map(Result::ok)?)
        }
        None => None,
    };
    let row = whole.as_ref().unwrap_or(row);
    let (text, pair) = text_columns(row.names())?;
    let pair = pair.filter(|_| text == columns.text)?;
    // A column without texts has no pairs.
    if !matches!(row.get(pair), Some(Value::Text(text)) if !text.trim().is_empty()) {
        return None;
    }
    Some(format!(
        "warning: the column \"{pair}\" of {} is not read, so each text is taken alone: where the model is one of pairs, add \
         --text-pair-column {pair}",
        input.display()
    ))
}

/// Adds to an error about a missing column the options that name columns. `inputs` says what the model's task
/// reads: words, questions, or texts, which may be pairs.
pub(super) fn with_options(error: Error, columns: PredictColumns<'_>, inputs: Inputs) -> Error {
    let (Error::Data(source) | Error::Predict(PredictError::Data(source))) = &error else { return error };
    let (column, found, is_explained) = match source {
        DataError::MissingColumn { column, found, hint, .. } => (column, found, !hint.is_empty()),
        DataError::Row { problem: RowProblem::MissingColumn { column, found }, .. } => (column, found, false),
        _ => return error,
    };
    let takes_pairs = inputs != Inputs::Words;
    let of_question = "questions are in the column question and their texts in context, or in those that \
                       --question-column and --context-column name";
    let hint = match hint_of(columns, takes_pairs, column, found) {
        _ if inputs == Inputs::Questions => of_question.to_owned(),
        Some(hint) if takes_pairs => hint,
        Some(hint) => format!("{hint}; words from the column tokens need none"),
        // Nothing in the file looks like texts: the reader may know more, as where it has no heading.
        None if is_explained => return error,
        None if takes_pairs => "other columns are named with --text-column and --text-pair-column".to_owned(),
        None => {
            "texts of another column are read with --text-column, words from the column tokens".to_owned()
        }
    };
    match error {
        Error::Data(source) | Error::Predict(PredictError::Data(source)) => {
            Error::InputColumn { source: unexplained(source), hint }
        }
        error => error,
    }
}

/// The error without what a reader says to do, which is not about options.
fn unexplained(error: DataError) -> DataError {
    match error {
        DataError::MissingColumn { path, column, found, .. } => {
            DataError::MissingColumn { path, column, found, hint: String::new() }
        }
        error => error,
    }
}

/// What to do where the input lacks a column of texts, by the names of its columns.
fn hint_of(columns: PredictColumns<'_>, takes_pairs: bool, column: &str, found: &[String]) -> Option<String> {
    let option = if column == columns.text { "--text-column" } else { "--text-pair-column" };
    let alike = |name: &&String| name.trim().to_lowercase() == column.trim().to_lowercase();
    if let Some(name) = found.iter().find(alike) {
        return Some(format!("name the column with {option} {}", argument(name)));
    }
    match text_columns(found)? {
        (text, Some(pair)) if takes_pairs => Some(format!(
            "for pairs of texts, name their columns with --text-column {text} --text-pair-column {pair}"
        )),
        (text, _) if column == columns.text => {
            Some(format!("name the column of texts with --text-column {text}"))
        }
        _ => Some(format!("name the column of the second texts with {option}, or leave it out")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn texts(text_pair: Option<&str>) -> PredictColumns<'_> {
        PredictColumns { text: "text", text_pair }
    }

    #[test]
    fn a_missing_column_is_answered_with_the_options_for_columns() {
        let hint = |found: &[&str]| hint_of(texts(None), true, "text", &names(found));
        for (found, expected) in [
            (
                &["sentence1", "sentence2", "score"][..],
                "--text-column sentence1 --text-pair-column sentence2",
            ),
            (&["sentence", "idx"], "--text-column sentence"),
            (&["Text", "label"], "--text-column Text"),
        ] {
            let hint = hint(found).unwrap();
            assert!(hint.ends_with(expected), "{hint}");
        }
        assert_eq!(hint(&["a", "b"]), None);
        let of_tokens = hint_of(texts(None), false, "text", &names(&["sentence1", "sentence2"])).unwrap();
        assert!(of_tokens.ends_with("--text-column sentence1"), "{of_tokens}");
        let of_pair = hint_of(texts(Some("other")), true, "other", &names(&["text"])).unwrap();
        assert!(of_pair.contains("--text-pair-column"), "{of_pair}");
    }

    #[test]
    fn second_texts_that_are_not_read_are_said() {
        let row = |pair: Value| Row::from_iter([("text", Value::from("a")), ("text_pair", pair)]);
        let said = |columns, row: &Row| unread_pair(columns, Path::new("-"), None, row);
        let warning = said(texts(None), &row(Value::from("b"))).unwrap();
        assert!(warning.contains("add --text-pair-column text_pair"), "{warning}");
        assert_eq!(said(texts(Some("text_pair")), &row(Value::from("b"))), None);
        assert_eq!(said(texts(None), &row(Value::Null)), None);
        assert_eq!(said(texts(None), &Row::from_iter([("text", Value::from("a"))])), None);
    }
}
