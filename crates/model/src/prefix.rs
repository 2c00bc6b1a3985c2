//! A classification model in two halves: what is frozen from the inputs up, and the rest.

use burn::module::Module as _;
use burn::tensor::{Int, Tensor};

use crate::bert::attention_bias;
use crate::freeze::layer_of;
use crate::names::PREFIX;
use crate::{BertForSequenceClassification, BertInput, named_parameters};

/// The part of a classification model from the inputs up to a point that all that comes after it can go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// The embeddings and so many of the first encoder layers, but not all.
    Layers(usize),
    /// The embeddings and all encoder layers.
    Encoder,
    /// All but the classifier.
    Pooler,
}

/// What a [`Prefix`] makes of an input: as much as the rest of the model needs of it.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and its tensors are what is large")]
pub enum PrefixOutput {
    /// Of [`Prefix::Layers`].
    Layers {
        /// How many layers it has been through.
        layers: usize,
        /// `[batch, seq, hidden]`.
        hidden_state: Tensor<3>,
        /// The input's, `[batch, seq]`.
        attention_mask: Tensor<2, Int>,
    },
    /// Of [`Prefix::Encoder`]: the first token's hidden state, `[batch, hidden]`.
    Encoder(Tensor<2>),
    /// Of [`Prefix::Pooler`]: the pooler's output, `[batch, hidden]`.
    Pooler(Tensor<2>),
}

impl BertForSequenceClassification {
    /// The longest prefix in which every parameter is frozen; `None` where training changes the embeddings.
    pub fn frozen_prefix(&self) -> Option<Prefix> {
        let layers = self.bert.encoder.layer.len();
        // The depth of the lowest trainable parameter: the embeddings, the layers, the pooler, the classifier.
        let depth = |name: &str| {
            let inner = name.strip_prefix(PREFIX).unwrap_or(name);
            match layer_of(inner) {
                Some(layer) => layer + 1,
                None if inner.starts_with("embeddings.") => 0,
                None if inner.starts_with("pooler.") => layers + 1,
                None => layers + 2,
            }
        };
        let trainable = named_parameters(self).into_iter().filter(|parameter| parameter.trainable);
        match trainable.map(|parameter| depth(&parameter.name)).min().unwrap_or(layers + 2) {
            0 => None,
            depth if depth <= layers => Some(Prefix::Layers(depth - 1)),
            depth if depth == layers + 1 => Some(Prefix::Encoder),
            _ => Some(Prefix::Pooler),
        }
    }

    /// What `prefix` makes of an input, without dropout and without gradients, on the device of the input's values.
    ///
    /// # Panics
    /// As [`BertModel::forward`](crate::BertModel::forward), and where the prefix has more layers than the model.
    pub fn forward_prefix(&self, input: BertInput, prefix: Prefix) -> PrefixOutput {
        let BertInput { input_ids, token_type_ids, attention_mask } = input;
        let (input_ids, token_type_ids) = (plain(input_ids), plain(token_type_ids));
        let attention_mask = plain(attention_mask);
        let bert = self.bert.valid();
        let x = bert.embeddings.forward(input_ids, token_type_ids);
        let bias = attention_bias(attention_mask.clone(), &x);
        let layers = match prefix {
            Prefix::Layers(layers) => layers,
            Prefix::Encoder | Prefix::Pooler => bert.encoder.layer.len(),
        };
        let hidden_state =
            bert.encoder.layer[..layers].iter().fold(x, |x, layer| layer.forward(x, bias.clone()));
        match prefix {
            Prefix::Layers(layers) => PrefixOutput::Layers { layers, hidden_state, attention_mask },
            Prefix::Encoder => {
                let [batch, _, hidden] = hidden_state.dims();
                PrefixOutput::Encoder(hidden_state.slice([0..batch, 0..1]).reshape([batch, hidden]))
            }
            Prefix::Pooler => PrefixOutput::Pooler(self.pooler().valid().forward(hidden_state)),
        }
    }

    /// Logits, `[batch, labels]`, from where a prefix has stopped: [`forward`](Self::forward) of the same input, but for the
    /// dropout in the prefix.
    pub fn forward_from(&self, output: PrefixOutput) -> Tensor<2> {
        let pooled = match output {
            PrefixOutput::Layers { layers, hidden_state, attention_mask } => {
                let bias = attention_bias(attention_mask, &hidden_state);
                let rest = &self.bert.encoder.layer[layers..];
                let last = rest.iter().fold(hidden_state, |x, layer| layer.forward(x, bias.clone()));
                self.pooler().forward(last)
            }
            PrefixOutput::Encoder(first) => self.pooler().forward_first(first),
            PrefixOutput::Pooler(pooled) => pooled,
        };
        self.classify(pooled)
    }
}

/// The same tensor where no gradients are followed.
fn plain(tensor: Tensor<2, Int>) -> Tensor<2, Int> {
    if tensor.device().is_autodiff() { tensor.inner() } else { tensor }
}
