//! What ties texts, and pairs of texts, together: a document, and sentences.

use std::borrow::Cow;

use embert_data::{Card, Example, Row, RowProblem, Value};

/// The example of a row, with the document that the card's column names.
///
/// # Errors
/// The row lacks a text, or a value is no text.
pub(crate) fn example_of_row<L>(card: &Card, id: u64, row: Row, label: L) -> Result<Example<L>, RowProblem> {
    let document = document(card, &row);
    let (text, text_pair) = (&card.columns.text, card.columns.text_pair.as_deref());
    Ok(Example { document, ..Example::from_row(id, row, text, text_pair, label)? })
}

/// The document that a row is from; `None` where the card names no column of documents, and where the row has
/// none.
pub(crate) fn document(card: &Card, row: &Row) -> Option<String> {
    let document = row.get(card.columns.document.as_ref()?)?;
    (*document != Value::Null).then(|| document.to_string())
}

/// The document of an example: its texts stay on one side where splits are cut.
pub(crate) fn of_document<L>(example: &Example<L>) -> Option<Cow<'_, str>> {
    // No sentence begins so: a document of a sentence's name is none.
    example.document.as_ref().map(|document| format!("\0{document}").into())
}

/// The two sentences of a pair, and its document: pairs that share one of them stay on one side where splits
/// are cut. A single text has no sentences.
pub(crate) fn sentences<L>(example: &Example<L>) -> Vec<Cow<'_, str>> {
    let pair =
        example.text_pair.as_ref().map(|second| [example.text.as_str().into(), second.as_str().into()]);
    pair.into_iter().flatten().chain(of_document(example)).collect()
}
