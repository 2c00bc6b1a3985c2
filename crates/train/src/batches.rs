//! [`MicroBatches`]: examples on their way through the model, from the tokens or from what its frozen part has made of them.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use embert_data::tokenize::Padding;
use embert_data::{Batch, BatchLoader, Batcher, DataError, EncodedDataset, EncodedExample};
use embert_model::{BertForSequenceClassification, BertInput, PrefixOutput};

use crate::TrainError;
use crate::cache::PrefixCache;

/// Some examples.
pub(crate) struct MicroBatch {
    pub(crate) input: Input,
    /// The label of each example: there are as many as rows of `input`.
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
        /// The label of each example of `data`.
        targets: Vec<usize>,
        plan: std::iter::Skip<std::vec::IntoIter<Vec<usize>>>,
        padding: Padding,
        device: Device,
    },
}

impl MicroBatches {
    /// Those of `plan` from the one with index `skip` on, on `device`; from `cache` where there is one of the same data.
    ///
    /// # Errors
    /// An example has no label: a loss over fewer targets than examples would be that of others.
    pub(crate) fn new(
        data: &Arc<EncodedDataset>,
        cache: Option<&Arc<PrefixCache>>,
        batcher: Batcher,
        plan: Vec<Vec<usize>>,
        skip: usize,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let label = |example: &EncodedExample| example.label.ok_or(DataError::Unlabelled { id: example.id });
        let targets = data.examples().iter().map(label).collect::<Result<_, _>>()?;
        let (data, device) = (Arc::clone(data), device.clone());
        Ok(match cache.map(Arc::clone) {
            None => Self::Computed(BatchLoader::new(data, batcher, plan, skip, device)),
            Some(cache) => {
                let (plan, padding) = (plan.into_iter().skip(skip), batcher.padding());
                Self::Cached { cache, data, targets, plan, padding, device }
            }
        })
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
            Self::Cached { cache, data, targets, plan, padding, device } => {
                let indices = plan.next()?;
                let examples: Vec<_> = indices.iter().map(|&index| &data.examples()[index]).collect();
                Some(cache.batch(&indices, *padding, device).map(|output| MicroBatch {
                    input: Input::Prefix(output),
                    targets: indices.iter().map(|&index| targets[index]).collect(),
                    ids: examples.iter().map(|example| example.id).collect(),
                    tokens: examples.iter().map(|example| example.ids.len()).sum(),
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_without_a_label_is_refused_before_the_first_batch() {
        let example =
            |id, label| EncodedExample { id, ids: vec![2, 3], type_ids: vec![0, 0], label, uncut: 2 };
        let data = Arc::new(EncodedDataset::new(vec![example(4, Some(0)), example(7, None)]));
        let batcher = Batcher::new(0, Padding::Longest);
        let batches = MicroBatches::new(&data, None, batcher, vec![vec![0]], 0, &Device::flex());
        assert!(matches!(batches, Err(TrainError::Data(DataError::Unlabelled { id: 7 }))));
    }
}
