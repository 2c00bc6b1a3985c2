//! [`MaskPrediction`]: the words that a model finds behind the masked tokens of a text.

use super::alignment::MaskAlignment;

/// What a model finds behind a masked token.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictedMask {
    /// The ids of the tokens of the feature that the model read.
    pub ids: std::sync::Arc<[u32]>,
    /// The number of masked tokens in that feature.
    pub masks: usize,
    /// The masked token's place in the feature.
    pub position: usize,
    /// The masked token's place in its text, where the truth is not known.
    place: Option<(usize, usize)>,
    /// The most probable tokens with their probabilities, the most probable one first; of equals, the one with the
    /// smaller id.
    pub best: Vec<(u32, f64)>,
    /// The id of the true token, and the negative logarithm of its probability.
    pub truth: Option<(u32, f64)>,
}

impl PredictedMask {
    /// Tokens to the nearer end of the feature: how much of the text the model saw on the lesser side.
    fn context(&self) -> usize {
        self.position.min(self.ids.len() - 1 - self.position)
    }
}

/// The predictions for the masked tokens of a text, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MaskPrediction {
    /// One for each masked token.
    pub masks: Vec<PredictedMask>,
    /// Whether the model has read only a part of the text; of a feature, whether it has less than the text.
    pub is_cut: bool,
}

impl MaskPrediction {
    /// The predictions for a feature, from its outputs: a row of `vocab_size` logits for each masked token.
    pub(super) fn of_feature(
        alignment: &MaskAlignment,
        outputs: &[f32],
        vocab_size: usize,
        most: usize,
    ) -> Self {
        let ids: std::sync::Arc<[u32]> = alignment.ids.as_slice().into();
        let rows = outputs.chunks_exact(vocab_size).zip(&alignment.positions).enumerate();
        let masks = rows.map(|(number, (logits, position))| {
            let normalizer = log_sum_exp(logits);
            let probability = |logit: f32| (f64::from(logit) - normalizer).exp();
            let best = best(logits, most).into_iter();
            let truth = alignment.truth.get(number);
            PredictedMask {
                ids: std::sync::Arc::clone(&ids),
                masks: alignment.positions.len(),
                position: *position,
                place: alignment.places.get(number).copied(),
                best: best.map(|(token, logit)| (token, probability(logit))).collect(),
                truth: truth.map(|token| (*token, normalizer - f64::from(logits[*token as usize]))),
            }
        });
        Self { masks: masks.collect(), is_cut: alignment.is_cut }
    }

    /// The predictions for a text, from those of its windows in their order. A mask that several windows have
    /// counts in the one with most context on the lesser side, of equals in the first.
    pub(super) fn join(parts: Vec<Self>) -> Self {
        // Windows are whole together.
        let is_cut = matches!(parts.as_slice(), [only] if only.is_cut);
        let mut joined = Self { masks: Vec::new(), is_cut };
        for part in parts {
            for mask in part.masks {
                let known =
                    joined.masks.iter_mut().find(|one| one.place.is_some() && one.place == mask.place);
                match known {
                    Some(one) if one.context() >= mask.context() => {}
                    Some(one) => *one = mask,
                    None => joined.masks.push(mask),
                }
            }
        }
        joined
    }
}

/// The logarithm of the sum of the powers of e.
fn log_sum_exp(logits: &[f32]) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from((logit - largest).exp())).sum();
    f64::from(largest) + sum.ln()
}

/// The `most` greatest logits with their places, the greatest first; of equals, the first.
fn best(logits: &[f32], most: usize) -> Vec<(u32, f32)> {
    let mut best: Vec<(u32, f32)> = Vec::with_capacity(most + 1);
    for (token, &logit) in (0_u32..).zip(logits) {
        if best.len() == most && best.last().is_none_or(|(_, least)| logit <= *least) {
            continue;
        }
        let place = best.partition_point(|(_, other)| *other >= logit);
        best.insert(place, (token, logit));
        best.truncate(most);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_come_first_and_equals_in_their_order() {
        let logits = [0.5, 2.0, -1.0, 2.0, 1.0, 0.5];
        assert_eq!(best(&logits, 4), [(1, 2.0), (3, 2.0), (4, 1.0), (0, 0.5)]);
        assert_eq!(best(&logits, 9).len(), 6);
        assert!((log_sum_exp(&[1000.0, 1000.0]) - (1000.0 + 2.0_f64.ln())).abs() < 1e-9);
    }
}
