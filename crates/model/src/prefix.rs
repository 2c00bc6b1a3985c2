//! [`FrozenPrefix`]: a model split into its frozen lower part and the rest.

use burn::module::Module as _;
use burn::tensor::{Int, Tensor};

use crate::{BertInput, Depth, DropoutKey, Head, Layout, ModelFor, Reads, named_parameters};

/// The frozen lower part of the model: the embeddings and the first `n` layers, or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrozenPrefix {
    /// The embeddings and a number of layers from the first, smaller than the model's number of layers.
    Layers(usize),
    /// The embeddings and all layers.
    Encoder,
    /// The embeddings, all layers and the pooler.
    Pooler,
}

impl FrozenPrefix {
    /// Whether a model whose head reads `reads` needs every row of the prefix's output, and not only one row
    /// a feature.
    pub fn keeps_all_rows(self, reads: Reads) -> bool {
        match self {
            Self::Layers(_) => true,
            Self::Encoder => matches!(reads, Reads::AllTokens | Reads::WholeFeature),
            Self::Pooler => false,
        }
    }
}

/// The output of a [`FrozenPrefix`] for a batch, as far as the rest of the model needs it.
#[derive(Clone, Debug)]
pub struct PrefixOutput {
    /// The prefix that computed the states.
    pub prefix: FrozenPrefix,
    /// `[rows, hidden]`: every row of the batch if [`FrozenPrefix::keeps_all_rows`], else one row a feature
    /// (the first token's state, or the pooler's output).
    pub states: Tensor<2>,
    /// The layout of the batch.
    pub layout: Layout,
    /// The key from which the random numbers of dropout above the prefix follow; `None` switches dropout off.
    pub dropout: Option<DropoutKey>,
}

impl PrefixOutput {
    /// The output with dropout above the prefix switched on, for a step of training. Dropout's random numbers
    /// follow from `key`.
    #[must_use]
    pub fn with_dropout(self, key: DropoutKey) -> Self {
        Self { dropout: Some(key), ..self }
    }
}

impl<H: Head> ModelFor<H> {
    /// The longest prefix in which every parameter is frozen; `None` if the embeddings are trained.
    pub fn frozen_prefix(&self) -> Option<FrozenPrefix> {
        let trainable = named_parameters(self).into_iter().filter(|parameter| parameter.trainable);
        match trainable.map(|parameter| parameter.depth).min() {
            Some(Depth::Embeddings) => None,
            Some(Depth::Layer(layer)) => Some(FrozenPrefix::Layers(layer)),
            Some(Depth::Head) | None if H::READS == Reads::Pooled => Some(FrozenPrefix::Pooler),
            Some(Depth::Pooler | Depth::Head) | None => Some(FrozenPrefix::Encoder),
        }
    }

    /// The output of `prefix` for an input, without dropout and without gradients, on the input's device
    /// without autodiff.
    ///
    /// # Panics
    /// As [`BertModel::forward`](crate::BertModel::forward); also if the prefix has more layers than the
    /// model, or has a pooler and the model has none.
    pub fn forward_prefix(&self, input: BertInput, prefix: FrozenPrefix) -> PrefixOutput {
        let BertInput { input_ids, token_type_ids, layout, .. } = input;
        let bert = self.bert.valid();
        let x =
            bert.embeddings.forward(without_gradients(input_ids), without_gradients(token_type_ids), None);
        let bias = layout.attention_bias(&x);
        let layers = match prefix {
            FrozenPrefix::Layers(layers) => layers,
            FrozenPrefix::Encoder | FrozenPrefix::Pooler => bert.encoder.layer.len(),
        };
        let hidden_state = bert.encoder.forward_layers(0..layers, x, &bias, None);
        let states = match prefix {
            FrozenPrefix::Pooler => self.pooler().valid().forward(layout.first_tokens(hidden_state)),
            _ if prefix.keeps_all_rows(H::READS) => layout.all_rows(hidden_state),
            _ => layout.first_tokens(hidden_state),
        };
        PrefixOutput { prefix, states, layout, dropout: None }
    }

    /// The head's outputs, `[rows, outputs]`, from the output of a prefix. They equal the outputs of
    /// [`forward`](Self::forward) for the same input, except that the prefix has no dropout.
    pub fn forward_from(&self, output: PrefixOutput) -> Tensor<2> {
        let PrefixOutput { prefix, states, layout, dropout } = output;
        match (prefix, H::READS) {
            (FrozenPrefix::Layers(layers), _) => {
                let x = layout.hidden_state(states);
                let bias = layout.attention_bias(&x);
                let rest = layers..self.bert.encoder.layer.len();
                let last = self.bert.encoder.forward_layers(rest, x, &bias, dropout);
                self.forward_head(last, &layout, dropout)
            }
            (FrozenPrefix::Encoder, Reads::Pooled) => {
                self.forward_states(self.pooler().forward(states), &layout, dropout)
            }
            (FrozenPrefix::Encoder | FrozenPrefix::Pooler, _) => {
                self.forward_states(states, &layout, dropout)
            }
        }
    }
}

/// The tensor on a device that records no operations.
fn without_gradients(tensor: Tensor<2, Int>) -> Tensor<2, Int> {
    if tensor.device().is_autodiff() { tensor.inner() } else { tensor }
}
