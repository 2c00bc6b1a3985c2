//! [`MaskAlignment`]: the masked tokens of a feature.

use embert_data::tokenize::Encoding;

/// The masked tokens of a feature, as the model reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaskAlignment {
    /// The ids of the feature's tokens, `[seq]`.
    pub ids: Vec<u32>,
    /// The places of the masked tokens, ascending.
    pub positions: Vec<usize>,
    /// The id of the true token at each place; empty where they are not known.
    pub truth: Vec<u32>,
    /// Where each masked token stands in its text: which text of a pair, and its first character; empty where
    /// the truth is known.
    pub places: Vec<(usize, usize)>,
    /// Whether the feature has only a part of its text.
    pub is_cut: bool,
}

impl MaskAlignment {
    /// The mask tokens that a text spells out.
    pub(super) fn of(encoding: &Encoding, mask_id: u32) -> Self {
        let is_mask = |(position, id): (usize, &u32)| (*id == mask_id).then_some(position);
        let positions: Vec<usize> = encoding.ids.iter().enumerate().filter_map(is_mask).collect();
        let place =
            |position: &usize| (encoding.sequence_ids[*position].unwrap_or(0), encoding.offsets[*position].0);
        Self {
            places: positions.iter().map(place).collect(),
            ids: encoding.ids.clone(),
            truth: Vec::new(),
            is_cut: encoding.truncated(),
            positions,
        }
    }
}
