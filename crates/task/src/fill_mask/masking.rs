//! [`mask`]: which tokens of a feature are masked, and by what.

use std::ops::Range;

use embert_data::EncodedFeature;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

use super::target::{MaskTarget, MaskedToken, TokenKind};
use super::vocabulary::Vocabulary;
use crate::Draw;

/// The share of a feature's tokens that is masked, the special ones not counted.
pub(super) const MASKED: f64 = 0.15;

/// The probability that a masked token becomes the mask token.
pub(super) const BY_MASK: f64 = 0.8;

/// The probability that a masked token becomes a random one; otherwise it stays.
pub(super) const BY_RANDOM: f64 = 0.1;

/// The tokens of a feature after masking, and the masked ones, in the order in which they were drawn; `None`
/// for a feature that is masked already.
///
/// `round(0.15 n)` of the `n` tokens that are not special are masked, at least one. As in
/// `create_masked_lm_predictions` of Google's BERT, words (or single tokens) are taken in a random order, and a
/// word that would make too many is passed over. Each masked token by itself becomes the mask token in 80 of
/// 100 cases, any token of the vocabulary in 10, and stays in 10.
///
/// The random numbers follow from `draw`, the example's number and the feature's tokens alone: not from the
/// batch, nor from what was drawn before.
pub(super) fn mask(
    feature: &EncodedFeature<MaskTarget>,
    vocabulary: &Vocabulary,
    whole_word: bool,
    draw: Draw,
) -> Option<(Vec<u32>, Vec<MaskedToken>)> {
    let MaskTarget::Whole(kinds) = &feature.target else { return None };
    let mut words = words(kinds, whole_word);
    let tokens: usize = words.iter().map(Range::len).sum();
    let wanted = ((tokens as f64 * MASKED).round() as usize).max(1);
    let mut random = generator(draw, feature);
    words.shuffle(&mut random);
    let (mut ids, mut masked) = (feature.ids.clone(), Vec::with_capacity(wanted));
    for word in words {
        if masked.len() >= wanted {
            break;
        }
        if masked.len() + word.len() > wanted {
            continue;
        }
        for position in word {
            masked.push(MaskedToken { position: position as u32, token: ids[position] });
            let kind: f64 = random.random();
            if kind < BY_MASK {
                ids[position] = vocabulary.mask_id;
            } else if kind < BY_MASK + BY_RANDOM {
                ids[position] = random.random_range(0..vocabulary.size);
            }
        }
    }
    Some((ids, masked))
}

/// What is masked together: the places of each word's tokens, or of each token.
fn words(kinds: &[TokenKind], whole_word: bool) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (position, kind) in kinds.iter().enumerate() {
        match (kind, words.last_mut()) {
            (TokenKind::Special, _) => {}
            // A window may begin within a word.
            (TokenKind::Continues, Some(word)) if whole_word && word.end == position => word.end += 1,
            _ => words.push(position..position + 1),
        }
    }
    words
}

/// A generator for one feature.
fn generator(draw: Draw, feature: &EncodedFeature<MaskTarget>) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    match draw {
        Draw::Training { seed, epoch } => {
            hash.update(b"training");
            hash.update(seed.to_le_bytes());
            hash.update((epoch as u64).to_le_bytes());
        }
        Draw::Evaluation => hash.update(b"evaluation"),
    }
    hash.update(feature.id.to_le_bytes());
    for id in &feature.ids {
        hash.update(id.to_le_bytes());
    }
    ChaCha8Rng::from_seed(hash.finalize().into())
}
