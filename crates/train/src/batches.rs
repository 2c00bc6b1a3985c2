//! [`MicroBatches`]: examples on their way through the model, from the tokens or from what its frozen part has made of them.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use embert_data::tokenize::Padding;
use embert_data::{Batch, BatchLoader, Batcher, EncodedDataset};
use embert_model::{BertForSequenceClassification, BertInput, PrefixOutput};

use crate::TrainError;
use crate::cache::PrefixCache;

/// Some examples.
pub(crate) struct MicroBatch {
    pub(crate) input: Input,
    pub(crate) targets: Vec<usize>,
    /// The examples' row numbers.
    pub(crate) ids: Vec<u64>,
    /// Without padding.
    pub(crate) tokens: usize,
}

/// What the model starts from.
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and its tensors are what is large")]
pub(crate) enum Input {
    Tokens(BertInput),
    Prefix(PrefixOutput),
}

impl Input {
    /// Examples and their padded length, which is 1 where a vector of each is all that is left.
    pub(crate) fn shape(&self) -> [usize; 2] {
        match self {
            Self::Tokens(input) => input.input_ids.dims(),
            Self::Prefix(PrefixOutput::Layers { attention_mask, .. }) => attention_mask.dims(),
            Self::Prefix(PrefixOutput::Encoder(first) | PrefixOutput::Pooler(first)) => [first.dims()[0], 1],
        }
    }

    /// Logits, `[batch, labels]`.
    pub(crate) fn forward(self, model: &BertForSequenceClassification) -> Tensor<2> {
        match self {
            Self::Tokens(input) => model.forward(input),
            Self::Prefix(output) => model.forward_from(output),
        }
    }
}

/// The micro-batches of a plan.
pub(crate) enum MicroBatches {
    Computed(BatchLoader),
    Cached {
        cache: Arc<PrefixCache>,
        data: Arc<EncodedDataset>,
        plan: std::iter::Skip<std::vec::IntoIter<Vec<usize>>>,
        padding: Padding,
        device: Device,
    },
}

impl MicroBatches {
    /// Those of `plan` from the one with index `skip` on, on `device`; from `cache` where there is one of the same data.
    pub(crate) fn new(
        data: &Arc<EncodedDataset>,
        cache: Option<&Arc<PrefixCache>>,
        batcher: Batcher,
        plan: Vec<Vec<usize>>,
        skip: usize,
        device: &Device,
    ) -> Self {
        let (data, device) = (Arc::clone(data), device.clone());
        match cache.map(Arc::clone) {
            None => Self::Computed(BatchLoader::new(data, batcher, plan, skip, device)),
            Some(cache) => {
                let (plan, padding) = (plan.into_iter().skip(skip), batcher.padding());
                Self::Cached { cache, data, plan, padding, device }
            }
        }
    }
}

impl Iterator for MicroBatches {
    type Item = Result<MicroBatch, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Computed(batches) => Some(match batches.next()? {
                Ok(Batch { input_ids, token_type_ids, attention_mask, targets, ids, tokens, .. }) => {
                    let input = Input::Tokens(BertInput { input_ids, token_type_ids, attention_mask });
                    Ok(MicroBatch { input, targets, ids, tokens })
                }
                Err(error) => Err(error.into()),
            }),
            Self::Cached { cache, data, plan, padding, device } => {
                let indices = plan.next()?;
                let examples: Vec<_> = indices.iter().map(|&index| &data.examples()[index]).collect();
                Some(cache.batch(&indices, *padding, device).map(|output| MicroBatch {
                    input: Input::Prefix(output),
                    targets: examples.iter().filter_map(|example| example.label).collect(),
                    ids: examples.iter().map(|example| example.id).collect(),
                    tokens: examples.iter().map(|example| example.ids.len()).sum(),
                }))
            }
        }
    }
}
