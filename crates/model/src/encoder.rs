//! The encoder layers.

use std::ops::Range;

use burn::module::Module;
use burn::nn::{Dropout, Linear};
use burn::tensor::Tensor;

use crate::dropout::active;
use crate::init::Initializer;
use crate::{BertConfig, DropoutKey, HiddenAct, LayerNorm, ops};

/// The stack of encoder layers.
#[derive(Module, Debug)]
pub struct BertEncoder {
    /// The layers, from the embeddings up.
    pub layer: Vec<BertLayer>,
}

impl BertEncoder {
    pub(crate) fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self { layer: (0..config.num_hidden_layers).map(|_| BertLayer::new(config, init)).collect() }
    }

    /// Runs all layers. `dropout` is the model's key; `None` means evaluation.
    ///
    /// # Shapes
    /// - `x` and output: `[batch, seq, hidden]`
    /// - `bias`: `[batch, 1, 1, seq]`, see [`BertSelfAttention::forward`]
    pub fn forward(&self, x: Tensor<3>, bias: &Tensor<4>, dropout: Option<DropoutKey>) -> Tensor<3> {
        self.forward_layers(0..self.layer.len(), x, bias, dropout)
    }

    /// Runs the layers `layers`. Shapes and key as in [`forward`](Self::forward).
    pub(crate) fn forward_layers(
        &self,
        layers: Range<usize>,
        x: Tensor<3>,
        bias: &Tensor<4>,
        dropout: Option<DropoutKey>,
    ) -> Tensor<3> {
        layers.fold(x, |x, number| {
            self.layer[number].forward(x, bias.clone(), dropout.map(|key| key.layer(number)))
        })
    }
}

/// One encoder layer: attention, then the feed-forward block, each followed by a residual connection and a
/// normalization.
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

    /// Runs the layer. Shapes as in [`BertEncoder::forward`]. `dropout` is the layer's key; `None` means
    /// evaluation.
    pub fn forward(&self, x: Tensor<3>, bias: Tensor<4>, dropout: Option<DropoutKey>) -> Tensor<3> {
        let attended = self.attention.forward(x, bias, dropout);
        let inner = self.intermediate.forward(attended.clone());
        self.output.forward(inner, attended, dropout.map(DropoutKey::feed_forward_output))
    }
}

/// Self-attention with its output block.
#[derive(Module, Debug)]
pub struct BertAttention {
    /// Self-attention; the checkpoint's name for this field is `self`.
    pub self_: BertSelfAttention,
    /// The output projection with its residual connection and normalization.
    pub output: BertOutputBlock,
}

impl BertAttention {
    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self {
            self_: BertSelfAttention::new(config, init),
            output: BertOutputBlock::new(config.hidden_size, config, init),
        }
    }

    /// Runs self-attention and its output block. `dropout` is the layer's key.
    fn forward(&self, x: Tensor<3>, bias: Tensor<4>, dropout: Option<DropoutKey>) -> Tensor<3> {
        let context = self.self_.forward(&x, bias, dropout.map(DropoutKey::attention_probabilities));
        self.output.forward(context, x, dropout.map(DropoutKey::attention_output))
    }
}

/// Multi-head scaled dot-product attention (Vaswani et al. 2017, section 3.2).
#[derive(Module, Debug)]
pub struct BertSelfAttention {
    /// The query projection; its weight is `[hidden, hidden]`.
    pub query: Linear,
    /// The key projection; its weight is `[hidden, hidden]`.
    pub key: Linear,
    /// The value projection; its weight is `[hidden, hidden]`.
    pub value: Linear,
    /// Applied to the attention probabilities: the second of dropout's five places.
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

    /// `softmax(query · keyᵀ / √head_dim + bias) · value`, for each head. `dropout` is the attention
    /// probabilities' key; `None` means evaluation.
    ///
    /// # Shapes
    /// - `x` and output: `[batch, seq, hidden]`
    /// - `bias`: `[batch, 1, 1, seq]`, added to the scores: 0 at real tokens, the dtype's minimum at padding
    pub fn forward(&self, x: &Tensor<3>, bias: Tensor<4>, dropout: Option<DropoutKey>) -> Tensor<3> {
        let projections = [&self.query, &self.key, &self.value];
        ops::self_attention(x, projections, bias, self.heads, active(&self.dropout, x, dropout))
    }
}

/// The first half of the feed-forward block: a dense layer, then the activation. There is no dropout after
/// the activation.
#[derive(Module, Debug)]
pub struct BertIntermediate {
    /// The dense layer; its weight is `[hidden, intermediate]`.
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

    /// Applies the dense layer and the activation.
    ///
    /// # Shapes
    /// - input: `[batch, seq, hidden]`
    /// - output: `[batch, seq, intermediate]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.activation.after(&self.dense, x)
    }
}

/// Dense layer, dropout, residual connection, normalization: the end of the attention block and of the
/// feed-forward block.
#[derive(Module, Debug)]
pub struct BertOutputBlock {
    /// The dense layer; its weight is `[input, hidden]`.
    pub dense: Linear,
    /// Normalizes the sum of the dense layer's output and the residual.
    pub layer_norm: LayerNorm,
    /// Applied after the dense layer: the third of dropout's five places in the attention block, the fourth
    /// in the feed-forward block.
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

    /// `layer_norm(dropout(dense(x)) + residual)`. `dropout` is the block's key; `None` means evaluation.
    ///
    /// # Shapes
    /// - `x`: `[batch, seq, input]`
    /// - `residual` and output: `[batch, seq, hidden]`
    pub fn forward(&self, x: Tensor<3>, residual: Tensor<3>, dropout: Option<DropoutKey>) -> Tensor<3> {
        let dropout = active(&self.dropout, &x, dropout);
        ops::output_block(x, &self.dense, residual, &self.layer_norm, dropout)
    }
}
