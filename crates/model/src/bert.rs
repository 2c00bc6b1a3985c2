//! The encoder without a task: embeddings, layers, pooler.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor};

use crate::init::Initializer;
use crate::{BertConfig, BertEmbeddings, BertEncoder, ModelError};

/// What BERT reads: one batch of tokenized texts.
#[derive(Clone, Debug)]
pub struct BertInput {
    /// Tokens, `[batch, seq]`, below the config's `vocab_size`.
    pub input_ids: Tensor<2, Int>,
    /// Segments, `[batch, seq]`: 0 in the first text of a pair, 1 in the second.
    pub token_type_ids: Tensor<2, Int>,
    /// `[batch, seq]`: 1 at real tokens, 0 at padding.
    pub attention_mask: Tensor<2, Int>,
}

/// What BERT makes of it.
#[derive(Clone, Debug)]
pub struct BertOutput {
    /// The last layer's output, `[batch, seq, hidden]`.
    pub last_hidden_state: Tensor<3>,
    /// The pooler's, `[batch, hidden]`; `None` without a pooler.
    pub pooled: Option<Tensor<2>>,
}

/// The encoder of Devlin et al. 2018, with the parts and names of `transformers`' `BertModel`.
#[derive(Module, Debug)]
pub struct BertModel {
    /// Token ids to the first hidden state.
    pub embeddings: BertEmbeddings,
    /// The layers.
    pub encoder: BertEncoder,
    /// The first token's summary; absent in checkpoints that were saved without one.
    pub pooler: Option<BertPooler>,
}

impl BertModel {
    /// A model with new weights and a pooler. The weights depend on `config` and `seed` alone.
    pub fn new(config: &BertConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        config.validate()?;
        Ok(Self::build(config, &Initializer::new(config, seed, device), true))
    }

    pub(crate) fn build(config: &BertConfig, init: &Initializer<'_>, pooler: bool) -> Self {
        Self {
            embeddings: BertEmbeddings::new(config, init),
            encoder: BertEncoder::new(config, init),
            pooler: pooler.then(|| BertPooler { dense: init.linear(config.hidden_size, config.hidden_size) }),
        }
    }

    /// # Panics
    /// If `seq` is more than the config's `max_position_embeddings`, or an id is not below its vocabulary's size.
    pub fn forward(&self, input: BertInput) -> BertOutput {
        let x = self.embeddings.forward(input.input_ids, input.token_type_ids);
        let bias = attention_bias(input.attention_mask, &x);
        let last_hidden_state = self.encoder.forward(x, &bias);
        let pooled = self.pooler.as_ref().map(|pooler| pooler.forward(last_hidden_state.clone()));
        BertOutput { last_hidden_state, pooled }
    }

    /// The embeddings' output and each layer's after it: `num_hidden_layers + 1` tensors `[batch, seq, hidden]`.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn forward_hidden_states(&self, input: BertInput) -> Vec<Tensor<3>> {
        let x = self.embeddings.forward(input.input_ids, input.token_type_ids);
        let bias = attention_bias(input.attention_mask, &x);
        let mut states = vec![x.clone()];
        self.encoder.layer.iter().fold(x, |x, layer| {
            let x = layer.forward(x, bias.clone());
            states.push(x.clone());
            x
        });
        states
    }
}

/// The mask as a term of the attention scores, `[batch, 1, 1, seq]`: 0 at real tokens and the dtype's minimum at padding,
/// whose probability is then exactly 0. Not minus infinity, which would make a row of padding alone NaN.
pub(crate) fn attention_bias(attention_mask: Tensor<2, Int>, like: &Tensor<3>) -> Tensor<4> {
    let [batch, seq] = attention_mask.dims();
    let dtype = like.dtype();
    let minimum = dtype.finfo().map_or(f64::from(f32::MIN), |info| info.min);
    let padding = attention_mask.equal_elem(0).reshape([batch, 1, 1, seq]);
    Tensor::zeros([batch, 1, 1, seq], (&like.device(), dtype)).mask_fill(padding, minimum)
}

/// Dense and tanh over the first token's hidden state.
#[derive(Module, Debug)]
pub struct BertPooler {
    /// `[hidden, hidden]`.
    pub dense: Linear,
}

impl BertPooler {
    /// # Shapes
    /// - input: `[batch, seq, hidden]`
    /// - output: `[batch, hidden]`
    pub fn forward(&self, hidden_state: Tensor<3>) -> Tensor<2> {
        let [batch, _, hidden] = hidden_state.dims();
        self.forward_first(hidden_state.slice([0..batch, 0..1]).reshape([batch, hidden]))
    }

    /// The same of the first token's hidden state alone, `[batch, hidden]`.
    pub(crate) fn forward_first(&self, first: Tensor<2>) -> Tensor<2> {
        self.dense.forward(first).tanh()
    }
}
