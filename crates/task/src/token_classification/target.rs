//! [`TokenTarget`]: the tag of each token of a feature.

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
