//! [`MicroBatches`]: the model's inputs, from tokens or from cached outputs of the model's frozen prefix.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use embert_data::tokenize::Padding;
use embert_data::{Batch, BatchLoader, Batcher, EncodedDataset};
use embert_model::{BertInput, DropoutKey, Head, Layout, ModelFor, PrefixOutput};
use embert_task::Target;

use crate::TrainError;
use crate::cache::PrefixCache;
use crate::epoch::{EpochPlan, windows_in};

/// A micro-batch of features, or of texts.
pub(crate) struct MicroBatch<T> {
    pub(crate) input: Input,
    /// The features of each text, by their places in the micro-batch, where a text is one example of the loss;
    /// `None` where a feature is.
    pub(crate) windows: Option<Vec<Range<usize>>>,
    /// The target of each feature or text.
    pub(crate) targets: Vec<T>,
    /// The row number of each feature's example, or of each text.
    pub(crate) ids: Vec<u64>,
    /// Tokens, without padding.
    pub(crate) tokens: usize,
}

/// The model's input: tokens, or the output of a frozen prefix.
#[derive(Clone)]
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
    /// What each remaining micro-batch is to say: a step's weight is needed before its first forward pass.
    planned: VecDeque<Planned<T>>,
    /// The number of micro-batches in each remaining step.
    steps: VecDeque<usize>,
}

struct Planned<T> {
    windows: Option<Vec<Range<usize>>>,
    targets: Vec<T>,
}

enum Source<T> {
    Computed(BatchLoader<T>),
    Cached {
        cache: Arc<PrefixCache>,
        data: Arc<EncodedDataset<T>>,
        plan: std::vec::IntoIter<Vec<usize>>,
        padding: Padding,
        device: Device,
    },
}

impl<T: Target> MicroBatches<T> {
    /// The micro-batches of `plan` on `device`; read from `cache`, which must be a cache of `data`, if there is
    /// one. With `of_texts`, the features of a text, which follow each other in a micro-batch, are one example.
    pub(crate) fn new(
        data: &Arc<EncodedDataset<T>>,
        cache: Option<&Arc<PrefixCache>>,
        batcher: Batcher,
        plan: EpochPlan,
        of_texts: bool,
        device: &Device,
    ) -> Self {
        let EpochPlan { micro_batches, steps } = plan;
        let planned = |indices: &Vec<usize>| {
            let target = |&place: &usize| data.features()[place].target.clone();
            if !of_texts {
                return Planned { windows: None, targets: indices.iter().map(target).collect() };
            }
            let windows = windows_in(data, indices);
            let targets = windows.iter().map(|windows| target(&indices[windows.start])).collect();
            Planned { windows: Some(windows), targets }
        };
        let planned = micro_batches.iter().map(planned).collect();
        let (data, device) = (Arc::clone(data), device.clone());
        let source = match cache.map(Arc::clone) {
            None => Source::Computed(BatchLoader::new(data, batcher, micro_batches, 0, device)),
            Some(cache) => {
                let (plan, padding) = (micro_batches.into_iter(), batcher.padding());
                Source::Cached { cache, data, plan, padding, device }
            }
        };
        Self { source, planned, steps: steps.into() }
    }

    /// Begins the next step: the targets of each of its micro-batches.
    pub(crate) fn begin_step(&mut self) -> impl ExactSizeIterator<Item = &[T]> {
        let micro_batches = self.steps.pop_front().unwrap_or(0).min(self.planned.len());
        self.planned.range(..micro_batches).map(|planned| planned.targets.as_slice())
    }
}

impl<T: Target> Iterator for MicroBatches<T> {
    type Item = Result<MicroBatch<T>, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Planned { windows, targets } = self.planned.pop_front()?;
        let mut batch = match &mut self.source {
            Source::Computed(batches) => match batches.next()? {
                Ok(batch) => {
                    let Batch { input_ids, token_type_ids, attention_mask, lengths, ids, .. } = batch;
                    let tokens = lengths.iter().sum();
                    let layout = Layout::padded(attention_mask, lengths);
                    let input = Input::Tokens(BertInput::with_layout(input_ids, token_type_ids, layout));
                    MicroBatch { input, windows, targets, ids, tokens }
                }
                Err(error) => return Some(Err(error.into())),
            },
            Source::Cached { cache, data, plan, padding, device } => {
                let indices = plan.next()?;
                let features: Vec<_> = indices.iter().map(|&index| &data.features()[index]).collect();
                match cache.batch(&indices, *padding, device) {
                    Ok(output) => MicroBatch {
                        input: Input::Prefix(output),
                        windows,
                        targets,
                        ids: features.iter().map(|feature| feature.id).collect(),
                        tokens: features.iter().map(|feature| feature.ids.len()).sum(),
                    },
                    Err(error) => return Some(Err(error)),
                }
            }
        };
        if let Some(windows) = &batch.windows {
            batch.ids = windows.iter().map(|windows| batch.ids[windows.start]).collect();
        }
        Some(Ok(batch))
    }
}
