//! [`MaskTarget`]: what the tokens of a feature are, or which of them are masked.

use embert_data::tokenize::Encoding;

use super::vocabulary::Vocabulary;
use crate::Target;

/// What masking has to know of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TokenKind {
    /// A special token, which is never masked.
    Special,
    /// The first token of a word.
    Begins,
    /// A token that goes on with the word of the token before it: it begins with `##`.
    Continues,
}

/// A masked token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskedToken {
    /// The token's place in the feature, from 0.
    pub position: u32,
    /// The id of the true token.
    pub token: u32,
}

/// The target of a feature: before masking, what its tokens are; after masking, the masked ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MaskTarget {
    /// The kind of each token, `[seq]`.
    Whole(Vec<TokenKind>),
    /// The masked tokens, in the order of their places, and their places alone.
    Masked {
        /// The places, ascending.
        positions: Vec<usize>,
        /// The id of the true token at each place.
        tokens: Vec<u32>,
    },
}

impl MaskTarget {
    /// The target of an encoding before masking.
    pub(super) fn of(encoding: &Encoding, vocabulary: Option<&Vocabulary>) -> Self {
        let is_special = |id: u32| vocabulary.is_some_and(|vocabulary| vocabulary.is_special(id));
        let tokens = encoding.ids.iter().zip(&encoding.word_ids).zip(&encoding.pieces);
        let kinds = tokens.map(|((id, word), piece)| match (word, piece) {
            _ if is_special(*id) => TokenKind::Special,
            (None, _) => TokenKind::Special,
            (Some(_), 0) => TokenKind::Begins,
            (Some(_), _) => TokenKind::Continues,
        });
        Self::Whole(kinds.collect())
    }

    /// The target with these masked tokens, in any order.
    pub(super) fn masked(mut masked: Vec<MaskedToken>) -> Self {
        masked.sort_unstable_by_key(|token| token.position);
        Self::Masked {
            positions: masked.iter().map(|token| token.position as usize).collect(),
            tokens: masked.iter().map(|token| token.token).collect(),
        }
    }

    /// The ids of the masked tokens, in the order of their places; none before masking.
    pub fn tokens(&self) -> &[u32] {
        match self {
            Self::Whole(_) => &[],
            Self::Masked { tokens, .. } => tokens,
        }
    }

    /// The places of the masked tokens, ascending; none before masking.
    pub fn positions(&self) -> &[usize] {
        match self {
            Self::Whole(_) => &[],
            Self::Masked { positions, .. } => positions,
        }
    }
}

impl Target for MaskTarget {
    /// The kinds of the tokens, or their places and ids.
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Whole(kinds) => kinds.iter().map(|kind| *kind as u8).collect(),
            Self::Masked { positions, tokens } => positions
                .iter()
                .zip(tokens)
                .flat_map(|(position, token)| [*position as u64, u64::from(*token)])
                .flat_map(u64::to_le_bytes)
                .collect(),
        }
    }
}
