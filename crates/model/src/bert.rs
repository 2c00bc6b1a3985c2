//! The encoder without a head: embeddings, layers, pooler.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor};

use crate::init::Initializer;
use crate::{BertConfig, BertEmbeddings, BertEncoder, DropoutKey, Layout, ModelError};

/// A batch of tokenized texts.
#[derive(Clone, Debug)]
pub struct BertInput {
    /// Token ids below the config's `vocab_size`, `[batch, seq]`.
    pub input_ids: Tensor<2, Int>,
    /// Segment ids, `[batch, seq]`: 0 in the first text of a pair, 1 in the second.
    pub token_type_ids: Tensor<2, Int>,
    /// Where the tokens of each feature stand.
    pub layout: Layout,
    /// The key from which dropout's random numbers follow; `None` switches dropout off.
    pub dropout: Option<DropoutKey>,
}

impl BertInput {
    /// A padded batch, from three tensors `[batch, seq]`; `attention_mask` is 1 at real tokens and 0 at
    /// padding.
    pub fn new(
        input_ids: Tensor<2, Int>,
        token_type_ids: Tensor<2, Int>,
        attention_mask: Tensor<2, Int>,
    ) -> Self {
        Self::with_layout(input_ids, token_type_ids, Layout::from_attention_mask(attention_mask))
    }

    /// A batch with the layout `layout`, from two tensors `[batch, seq]`.
    pub fn with_layout(input_ids: Tensor<2, Int>, token_type_ids: Tensor<2, Int>, layout: Layout) -> Self {
        Self { input_ids, token_type_ids, layout, dropout: None }
    }

    /// The input with dropout switched on, for a step of training. Dropout's random numbers follow from
    /// `key`.
    #[must_use]
    pub fn with_dropout(self, key: DropoutKey) -> Self {
        Self { dropout: Some(key), ..self }
    }
}

/// The encoder's output.
#[derive(Clone, Debug)]
pub struct BertOutput {
    /// The last layer's output, `[batch, seq, hidden]`.
    pub last_hidden_state: Tensor<3>,
    /// The pooler's output, `[batch, hidden]`; `None` without a pooler.
    pub pooled: Option<Tensor<2>>,
}

/// The encoder of Devlin et al. 2018, with the parts and names of `transformers`' `BertModel`.
#[derive(Module, Debug)]
pub struct BertModel {
    /// Turns token ids into the first hidden state.
    pub embeddings: BertEmbeddings,
    /// The encoder layers.
    pub encoder: BertEncoder,
    /// A dense layer over the first token's state; `None` in checkpoints that were saved without a pooler.
    pub pooler: Option<BertPooler>,
}

impl BertModel {
    /// A model with new weights and a pooler. The weights depend on `config` and `seed` alone.
    ///
    /// # Errors
    /// `config` is invalid: see [`BertConfig::validate`].
    pub fn new(config: &BertConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        config.validate()?;
        Ok(Self::build(config, &Initializer::new(config, seed, device), true))
    }

    pub(crate) fn build(config: &BertConfig, init: &Initializer<'_>, pooler: bool) -> Self {
        Self {
            embeddings: BertEmbeddings::new(config, init),
            encoder: BertEncoder::new(config, init),
            pooler: pooler.then(|| BertPooler::new(config, init)),
        }
    }

    /// The last layer's hidden states and the pooler's output.
    ///
    /// # Panics
    /// If `seq` is more than the config's `max_position_embeddings`, or an id is not below its embedding's
    /// number of rows.
    pub fn forward(&self, input: BertInput) -> BertOutput {
        let layout = input.layout.clone();
        let last_hidden_state = self.last_hidden_state(input);
        let first_tokens = || layout.first_tokens(last_hidden_state.clone());
        let pooled = self.pooler.as_ref().map(|pooler| pooler.forward(first_tokens()));
        BertOutput { last_hidden_state, pooled }
    }

    /// The last layer's hidden states, `[batch, seq, hidden]`.
    pub(crate) fn last_hidden_state(&self, input: BertInput) -> Tensor<3> {
        let BertInput { input_ids, token_type_ids, layout, dropout } = input;
        let x = self.embeddings.forward(input_ids, token_type_ids, dropout.map(DropoutKey::embeddings));
        let bias = layout.attention_bias(&x);
        self.encoder.forward(x, &bias, dropout)
    }

    /// The output of the embeddings and of each layer: `num_hidden_layers + 1` tensors
    /// `[batch, seq, hidden]`.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn forward_hidden_states(&self, input: BertInput) -> Vec<Tensor<3>> {
        let BertInput { input_ids, token_type_ids, layout, dropout } = input;
        let x = self.embeddings.forward(input_ids, token_type_ids, dropout.map(DropoutKey::embeddings));
        let bias = layout.attention_bias(&x);
        let mut states = vec![x.clone()];
        (0..self.encoder.layer.len()).fold(x, |x, layer| {
            let x = self.encoder.forward_layers(layer..layer + 1, x, &bias, dropout);
            states.push(x.clone());
            x
        });
        states
    }
}

/// The pooler: a dense layer and tanh over the first token's hidden state.
#[derive(Module, Debug)]
pub struct BertPooler {
    /// The dense layer; its weight is `[hidden, hidden]`.
    pub dense: Linear,
}

impl BertPooler {
    pub(crate) fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self { dense: init.linear(config.hidden_size, config.hidden_size) }
    }

    /// Applies the dense layer and tanh.
    ///
    /// # Shapes
    /// - input: the first token's hidden state, `[batch, hidden]`
    /// - output: `[batch, hidden]`
    pub fn forward(&self, first_token: Tensor<2>) -> Tensor<2> {
        self.dense.forward(first_token).tanh()
    }
}
