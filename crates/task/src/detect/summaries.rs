//! The columns of texts with summaries.

use embert_data::{CardColumns, Row, Value};

/// Names of the column of a text's sentences.
const SENTENCES: [&str; 3] = ["sentences", "source", "src"];

/// Names of the column that says which sentences are in the summary.
const SENTENCE_LABELS: [&str; 2] = ["source_labels", "sentence_labels"];

/// Names of the column of a text that has a summary.
const SUMMARIZED: [&str; 3] = ["article", "document", "text"];

/// Names of the column of the summary; the last two of them beside lists of sentences alone.
const SUMMARIES: [&str; 4] = ["summary", "highlights", "target", "tgt"];

/// Whether a row has sentences, or a text, with a summary; and, of a text, no label: `labels` are names of its column
/// besides `label`.
pub(super) fn is_summarized(row: &Row, labels: &[&str]) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| row.get(name).is_some());
    if sentences_column(row).is_some() {
        return has(&SENTENCE_LABELS) || has(&SUMMARIES);
    }
    let is_text = |name: &&str| matches!(row.get(name), Some(Value::Text(_)));
    SUMMARIZED.iter().any(|name| is_text(&name)) && has(&SUMMARIES[..2]) && !has(labels) && !has(&["label"])
}

/// The column of a text's sentences, which are a list of texts or of words.
fn sentences_column(row: &Row) -> Option<&'static str> {
    let is_list = |name: &&&str| matches!(row.get(name), Some(Value::List(values)) if matches!(values.first(), Some(Value::Text(_) | Value::List(_))));
    SENTENCES.iter().find(is_list).copied()
}

/// Names the columns of a text or its sentences, and of its summary.
pub(super) fn name_columns(columns: &mut CardColumns, row: &Row, notes: &mut Vec<String>) {
    let find = |names: &[&'static str]| names.iter().find(|name| row.get(name).is_some()).copied();
    let (what, text) = match sentences_column(row) {
        Some(sentences) => {
            columns.sentences = Some(sentences.to_owned());
            columns.sentence_labels = find(&SENTENCE_LABELS).map(str::to_owned);
            ("sentences", Some(sentences))
        }
        None => ("texts", find(&SUMMARIZED)),
    };
    if let Some(text) = text.filter(|_| columns.sentences.is_none()) {
        text.clone_into(&mut columns.text);
    }
    columns.summary = find(&SUMMARIES).map(str::to_owned);
    let named = columns.sentence_labels.iter().map(|name| format!("their labels in \"{name}\""));
    let named = named.chain(columns.summary.iter().map(|name| format!("the summaries in \"{name}\"")));
    let named: Vec<String> = named.collect();
    if let Some(text) = text.filter(|_| !named.is_empty()) {
        notes.push(format!("the {what} are in the column \"{text}\", {}", named.join(", ")));
    }
}
