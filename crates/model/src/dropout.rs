//! [`DropoutKey`]: the source of dropout's random numbers, and when dropout is on.

use burn::nn::Dropout;
use burn::tensor::Tensor;

use crate::ops::{self, split_mix};

/// The source of all random numbers of a forward pass in training: equal keys give equal dropout masks, on
/// any number of threads, whatever other random numbers the process draws.
///
/// A key stands for one micro-batch of one step. The model forks the key for each of dropout's places, and an
/// operation draws its mask from the place's key. Masks differ between backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DropoutKey(u64);

impl DropoutKey {
    /// The key of micro-batch `micro_batch` of step `step`, in a run with seed `seed`.
    pub fn new(seed: u64, step: usize, micro_batch: usize) -> Self {
        Self(seed).fork(step as u64).fork(micro_batch as u64)
    }

    /// The key of a place within the part of the model that has the key `self`. Keys of different places are
    /// unrelated.
    #[must_use]
    pub fn fork(self, place: u64) -> Self {
        // Output number `place` of SplitMix64 (Steele et al. 2014) from the state `self`.
        Self(split_mix(self.0.wrapping_add(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(place.wrapping_add(1)))))
    }

    /// The embeddings' key, from the model's key.
    pub(crate) fn embeddings(self) -> Self {
        self.fork(0)
    }

    /// The head's key, from the model's key.
    pub(crate) fn head(self) -> Self {
        self.fork(1)
    }

    /// An encoder layer's key, from the model's key.
    pub(crate) fn layer(self, layer: usize) -> Self {
        self.fork(2 + layer as u64)
    }

    /// The attention probabilities' key, from the layer's key.
    pub(crate) fn attention_probabilities(self) -> Self {
        self.fork(0)
    }

    /// The attention output's key, from the layer's key.
    pub(crate) fn attention_output(self) -> Self {
        self.fork(1)
    }

    /// The feed-forward output's key, from the layer's key.
    pub(crate) fn feed_forward_output(self) -> Self {
        self.fork(2)
    }
}

/// The dropout to apply to `x`, or `None` outside training. Dropout is on in a model that is not `valid()`,
/// for an input on a device that records operations (the rule of Burn's own [`Dropout::forward`]), and with a
/// key to draw from.
pub(crate) fn active<const D: usize>(
    dropout: &Dropout,
    x: &Tensor<D>,
    key: Option<DropoutKey>,
) -> Option<ops::Dropout> {
    let key = key.filter(|_| dropout.training.is_enabled() && x.device().is_autodiff())?;
    ops::Dropout::new(dropout.prob, key.0)
}

/// `x` with dropout if dropout is on, else `x` itself.
pub(crate) fn dropout<const D: usize>(dropout: &Dropout, x: Tensor<D>, key: Option<DropoutKey>) -> Tensor<D> {
    let active = active(dropout, &x, key);
    ops::dropout(x, active)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_micro_batch_and_place_has_its_own_key_and_always_the_same() {
        assert_eq!(DropoutKey::new(1, 7, 0), DropoutKey::new(1, 7, 0));
        let mut keys = HashSet::new();
        let mut count = 0;
        for seed in 0..4 {
            for step in 0..20 {
                for micro_batch in 0..4 {
                    let key = DropoutKey::new(seed, step, micro_batch);
                    let layers = (0..12).map(|layer| key.layer(layer));
                    let sites = layers.flat_map(|layer| {
                        [
                            layer.attention_probabilities(),
                            layer.attention_output(),
                            layer.feed_forward_output(),
                        ]
                    });
                    for place in sites.chain([key.embeddings(), key.head()]) {
                        keys.insert(place);
                        count += 1;
                    }
                }
            }
        }
        assert_eq!(keys.len(), count, "two places share a key");
    }
}
