//! [`TokenTarget`]: the tag of each token of a feature.

use embert_data::tokenize::Encoding;

use super::windows::{Place, chosen};
use crate::Target;

/// The head's label number of each token of a feature, the special ones included; `None` for a token that the
/// loss leaves out: special tokens and, unless all tokens are labelled, a word's tokens but the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenTarget(pub Vec<Option<usize>>);

impl Target for TokenTarget {
    fn to_bytes(&self) -> Vec<u8> {
        let number = |label: &Option<usize>| label.map_or(u64::MAX, |label| label as u64);
        self.0.iter().flat_map(|label| number(label).to_le_bytes()).collect()
    }
}

/// The targets of a text's windows, of which each token keeps its label in the window alone that it is
/// [`chosen`] from.
pub(super) fn label_once(targets: &[TokenTarget], windows: &[Encoding]) -> Vec<TokenTarget> {
    // Each token of the text with its index among all tokens of the window.
    let tokens = |window: &Encoding| -> Vec<(usize, Place)> {
        let places = window.word_ids.iter().zip(&window.pieces).enumerate();
        places.filter_map(|(index, (word, piece))| Some((index, ((*word)?, *piece)))).collect()
    };
    let tokens: Vec<Vec<(usize, Place)>> = windows.iter().map(tokens).collect();
    let places: Vec<Vec<Place>> =
        tokens.iter().map(|window| window.iter().map(|(_, place)| *place).collect()).collect();
    let mut once: Vec<TokenTarget> =
        targets.iter().map(|target| TokenTarget(vec![None; target.0.len()])).collect();
    for (window, number) in chosen(&places) {
        let (index, _) = tokens[window][number];
        once[window].0[index] = targets[window].0[index];
    }
    once
}
