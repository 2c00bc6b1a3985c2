//! [`PairTarget`]: the target of a pair of texts.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use embert_data::tokenize::Encoding;

use crate::Target;

/// The target of a pair of texts: its score, and which texts it has.
#[derive(Clone, Debug, PartialEq)]
pub struct PairTarget {
    /// The score on a scale from 0 to 1; `None` for pairs without scores.
    pub score: Option<f64>,
    /// A number for each text, the same for texts that are the same to the model.
    texts: Vec<u64>,
}

impl PairTarget {
    /// The target of a pair whose texts have these tokens.
    pub(super) fn new(score: Option<f64>, texts: &[Encoding]) -> Self {
        let number = |text: &Encoding| {
            // The number is compared within a run and goes to no file.
            let mut hasher = DefaultHasher::new();
            text.ids.hash(&mut hasher);
            hasher.finish()
        };
        Self { score, texts: texts.iter().map(number).collect() }
    }

    /// The numbers of the first text, its partner, and the other text if there is one.
    pub(super) fn texts(&self) -> &[u64] {
        &self.texts
    }
}

impl Target for PairTarget {
    /// The score: the tokens are in the fingerprint themselves.
    fn to_bytes(&self) -> Vec<u8> {
        self.score.map_or_else(Vec::new, |score| score.to_le_bytes().into())
    }
}
