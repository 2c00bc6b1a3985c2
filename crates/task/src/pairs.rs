//! Texts and pairs of texts: [`example_of_row`], and [`sentences`], which tie pairs together.

use std::borrow::Cow;

use embert_data::{Card, Example, Row, Texts};

use crate::ExampleProblem;

/// The example of a row with its label: the text, or the pair of texts, of the card's columns.
///
/// # Errors
/// The row has no text.
pub(crate) fn example_of_row<L>(
    card: &Card,
    id: u64,
    row: Row,
    label: L,
) -> Result<Example<Option<L>>, ExampleProblem> {
    let (text, text_pair) = (&card.columns.text, card.columns.text_pair.as_deref());
    Ok(Example::from_row(id, row, text, text_pair, Some(label))?)
}

/// The two sentences of a pair: pairs that share one stay on one side where splits are cut. Nothing for a
/// single text.
pub(crate) fn sentences(example: &impl Texts) -> Vec<Cow<'_, str>> {
    match example.text_pair() {
        None => Vec::new(),
        Some(second) => vec![example.text().into(), second.into()],
    }
}
