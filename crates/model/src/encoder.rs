//! The stack of transformer layers.

use burn::module::Module;
use burn::nn::{Dropout, Linear};
use burn::tensor::Tensor;

use crate::dropout::active_rate;
use crate::init::Initializer;
use crate::{BertConfig, HiddenAct, LayerNorm, ops};

/// The layers, one after the other.
#[derive(Module, Debug)]
pub struct BertEncoder {
    /// From the embeddings up.
    pub layer: Vec<BertLayer>,
}

impl BertEncoder {
    pub(crate) fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self { layer: (0..config.num_hidden_layers).map(|_| BertLayer::new(config, init)).collect() }
    }

    /// # Shapes
    /// - `x` and output: `[batch, seq, hidden]`
    /// - `bias`: `[batch, 1, 1, seq]`, see [`BertSelfAttention::forward`]
    pub fn forward(&self, x: Tensor<3>, bias: &Tensor<4>) -> Tensor<3> {
        self.layer.iter().fold(x, |x, layer| layer.forward(x, bias.clone()))
    }
}

/// Attention, then the feed-forward block, each with a residual connection and normalized after it.
#[derive(Module, Debug)]
pub struct BertLayer {
    /// Self-attention and its output.
    pub attention: BertAttention,
    /// The feed-forward block's first half.
    pub intermediate: BertIntermediate,
    /// The feed-forward block's second half.
    pub output: BertOutputBlock,
}

impl BertLayer {
    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self {
            attention: BertAttention::new(config, init),
            intermediate: BertIntermediate::new(config, init),
            output: BertOutputBlock::new(config.intermediate_size, config, init),
        }
    }

    /// Shapes as in [`BertEncoder::forward`].
    pub fn forward(&self, x: Tensor<3>, bias: Tensor<4>) -> Tensor<3> {
        let attended = self.attention.forward(x, bias);
        let inner = self.intermediate.forward(attended.clone());
        self.output.forward(inner, attended)
    }
}

/// Self-attention with its output block.
#[derive(Module, Debug)]
pub struct BertAttention {
    /// `self` in the checkpoint.
    pub self_: BertSelfAttention,
    /// Projection, residual connection, normalization.
    pub output: BertOutputBlock,
}

impl BertAttention {
    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self {
            self_: BertSelfAttention::new(config, init),
            output: BertOutputBlock::new(config.hidden_size, config, init),
        }
    }

    fn forward(&self, x: Tensor<3>, bias: Tensor<4>) -> Tensor<3> {
        self.output.forward(self.self_.forward(&x, bias), x)
    }
}

/// Multi-head scaled dot-product attention (Vaswani et al. 2017, section 3.2).
#[derive(Module, Debug)]
pub struct BertSelfAttention {
    /// `[hidden, hidden]`.
    pub query: Linear,
    /// `[hidden, hidden]`.
    pub key: Linear,
    /// `[hidden, hidden]`.
    pub value: Linear,
    /// On the attention probabilities: the second of the five places.
    pub dropout: Dropout,
    heads: usize,
}

impl BertSelfAttention {
    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        let linear = || init.linear(config.hidden_size, config.hidden_size);
        Self {
            query: linear(),
            key: linear(),
            value: linear(),
            dropout: Initializer::dropout(config.attention_probs_dropout_prob),
            heads: config.num_attention_heads,
        }
    }

    /// `softmax(query · keyᵀ / √head_dim + bias) · value`, for each head.
    ///
    /// # Shapes
    /// - `x` and output: `[batch, seq, hidden]`
    /// - `bias`: `[batch, 1, 1, seq]`, added to the scores: 0 at real tokens, the dtype's minimum at padding
    pub fn forward(&self, x: &Tensor<3>, bias: Tensor<4>) -> Tensor<3> {
        let projections = [&self.query, &self.key, &self.value];
        ops::self_attention(x, projections, bias, self.heads, active_rate(&self.dropout, x))
    }
}

/// The feed-forward block's widening half: dense, then the activation. No dropout here.
#[derive(Module, Debug)]
pub struct BertIntermediate {
    /// `[hidden, intermediate]`.
    pub dense: Linear,
    #[module(skip)]
    activation: HiddenAct,
}

impl BertIntermediate {
    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self {
            dense: init.linear(config.hidden_size, config.intermediate_size),
            activation: config.hidden_act,
        }
    }

    /// # Shapes
    /// - input: `[batch, seq, hidden]`
    /// - output: `[batch, seq, intermediate]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.activation.after(&self.dense, x)
    }
}

/// Dense, dropout, residual connection, normalization: the end of the attention block and of the feed-forward block.
#[derive(Module, Debug)]
pub struct BertOutputBlock {
    /// `[input, hidden]`.
    pub dense: Linear,
    /// Over the sum with the residual.
    pub layer_norm: LayerNorm,
    /// After the dense layer: the third of the five places in the attention block, the fourth in the feed-forward block.
    pub dropout: Dropout,
}

impl BertOutputBlock {
    fn new(input: usize, config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self {
            dense: init.linear(input, config.hidden_size),
            layer_norm: init.layer_norm(config.hidden_size),
            dropout: Initializer::dropout(config.hidden_dropout_prob),
        }
    }

    /// # Shapes
    /// - `x`: `[batch, seq, input]`
    /// - `residual` and output: `[batch, seq, hidden]`
    pub fn forward(&self, x: Tensor<3>, residual: Tensor<3>) -> Tensor<3> {
        let rate = active_rate(&self.dropout, &x);
        ops::output_block(x, &self.dense, residual, &self.layer_norm, rate)
    }
}
