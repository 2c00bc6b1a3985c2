//! [`sentences`]: what ties pairs of texts together.

use std::borrow::Cow;

use embert_data::Texts;

/// The two sentences of a pair: pairs that share one stay on one side where splits are cut. Nothing for a
/// single text.
pub(crate) fn sentences(example: &impl Texts) -> Vec<Cow<'_, str>> {
    match example.text_pair() {
        None => Vec::new(),
        Some(second) => vec![example.text().into(), second.into()],
    }
}
