//! [`MicroBatches`]: the model's inputs, from tokens or from cached outputs of the model's frozen prefix.

use std::collections::VecDeque;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use embert_data::tokenize::Padding;
use embert_data::{Batch, BatchLoader, Batcher, EncodedDataset};
use embert_model::{BertInput, DropoutKey, Head, Layout, ModelFor, PrefixOutput};
use embert_task::Target;

use crate::TrainError;
use crate::cache::PrefixCache;

/// A micro-batch of features.
pub(crate) struct MicroBatch<T> {
    pub(crate) input: Input,
    /// The target of each feature.
    pub(crate) targets: Vec<T>,
    /// The row number of each feature's example.
    pub(crate) ids: Vec<u64>,
    /// Tokens, without padding.
    pub(crate) tokens: usize,
}

/// The model's input: tokens, or the output of a frozen prefix.
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and its tensors are what is large")]
pub(crate) enum Input {
    Tokens(BertInput),
    Prefix(PrefixOutput),
}

impl Input {
    /// The shape `[features, padded length]`; the length is 1 if the prefix's output has one row a feature.
    pub(crate) fn shape(&self) -> [usize; 2] {
        match self {
            Self::Tokens(input) => input.layout.padded_shape(),
            Self::Prefix(output) => {
                let features = output.layout.features();
                [features, output.states.dims()[0] / features.max(1)]
            }
        }
    }

    /// The layout of the batch.
    pub(crate) fn layout(&self) -> Layout {
        match self {
            Self::Tokens(input) => input.layout.clone(),
            Self::Prefix(output) => output.layout.clone(),
        }
    }

    /// The input for a training step: dropout draws its random numbers from `key`.
    pub(crate) fn with_dropout(self, key: DropoutKey) -> Self {
        match self {
            Self::Tokens(input) => Self::Tokens(input.with_dropout(key)),
            Self::Prefix(output) => Self::Prefix(output.with_dropout(key)),
        }
    }

    /// The head's outputs, `[rows, outputs]`.
    pub(crate) fn forward<H: Head>(self, model: &ModelFor<H>) -> Tensor<2> {
        match self {
            Self::Tokens(input) => model.forward(input),
            Self::Prefix(output) => model.forward_from(output),
        }
    }
}

/// The micro-batches of a plan.
pub(crate) struct MicroBatches<T> {
    source: Source<T>,
    /// The targets of each remaining micro-batch: a step's weight is needed before its first forward pass.
    targets: VecDeque<Vec<T>>,
}

enum Source<T> {
    Computed(BatchLoader<T>),
    Cached {
        cache: Arc<PrefixCache>,
        data: Arc<EncodedDataset<T>>,
        plan: std::iter::Skip<std::vec::IntoIter<Vec<usize>>>,
        padding: Padding,
        device: Device,
    },
}

impl<T: Target> MicroBatches<T> {
    /// The micro-batches of `plan` from index `skip` on, on `device`; read from `cache`, which must be a
    /// cache of `data`, if there is one.
    pub(crate) fn new(
        data: &Arc<EncodedDataset<T>>,
        cache: Option<&Arc<PrefixCache>>,
        batcher: Batcher,
        plan: Vec<Vec<usize>>,
        skip: usize,
        device: &Device,
    ) -> Self {
        let of_batch = |indices: &Vec<usize>| {
            indices.iter().map(|&index| data.features()[index].target.clone()).collect()
        };
        let targets = plan.iter().skip(skip).map(of_batch).collect();
        let (data, device) = (Arc::clone(data), device.clone());
        let source = match cache.map(Arc::clone) {
            None => Source::Computed(BatchLoader::new(data, batcher, plan, skip, device)),
            Some(cache) => {
                let (plan, padding) = (plan.into_iter().skip(skip), batcher.padding());
                Source::Cached { cache, data, plan, padding, device }
            }
        };
        Self { source, targets }
    }

    /// The targets of the next `count` micro-batches, or of all that remain.
    pub(crate) fn next_targets(&self, count: usize) -> impl ExactSizeIterator<Item = &[T]> {
        self.targets.range(..count.min(self.targets.len())).map(Vec::as_slice)
    }
}

impl<T: Target> Iterator for MicroBatches<T> {
    type Item = Result<MicroBatch<T>, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        let targets = self.targets.pop_front()?;
        match &mut self.source {
            Source::Computed(batches) => Some(match batches.next()? {
                Ok(batch) => {
                    let Batch { input_ids, token_type_ids, attention_mask, lengths, ids, .. } = batch;
                    let tokens = lengths.iter().sum();
                    let layout = Layout::padded(attention_mask, lengths);
                    let input = Input::Tokens(BertInput::with_layout(input_ids, token_type_ids, layout));
                    Ok(MicroBatch { input, targets, ids, tokens })
                }
                Err(error) => Err(error.into()),
            }),
            Source::Cached { cache, data, plan, padding, device } => {
                let indices = plan.next()?;
                let features: Vec<_> = indices.iter().map(|&index| &data.features()[index]).collect();
                Some(cache.batch(&indices, *padding, device).map(|output| MicroBatch {
                    input: Input::Prefix(output),
                    targets,
                    ids: features.iter().map(|feature| feature.id).collect(),
                    tokens: features.iter().map(|feature| feature.ids.len()).sum(),
                }))
            }
        }
    }
}
