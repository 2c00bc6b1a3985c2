//! Fused operations for Flex, Burn's CPU backend, each with its own backward pass.
//!
//! On Flex, Burn's element-wise operations and their backward passes run on one thread, with one pass over
//! memory each. Here a block of BERT is a matrix product and one parallel pass over the product, and little
//! is kept for the backward pass.
//!
//! - [`record`] adds an operation with its saved tensors to the graph of Burn's autodiff.
//! - [`linear_gelu`], [`norm`] and [`attention`] are the operations.
//! - [`dense`], [`matrix`], [`vector`] and [`buffer`] are the parts of the operations, with the masks of
//!   [`Dropout`].
//!
//! The same seed gives the same bits, whatever the number of threads.

#![allow(clippy::inline_always, reason = "what isn't inlined is compiled for the default instruction set")]

mod attention;
mod buffer;
mod dense;
mod linear_gelu;
mod matrix;
mod norm;
mod record;
#[cfg(test)]
mod tests;
mod vector;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, DispatchDevice, Flex, backend_extension};
use burn::tensor::{DType, Device};

use self::norm::Norm;
use self::record::record;
use crate::ops::gelu::Gelu;
use crate::ops::random::Dropout;

/// Whether the fused operations can be used on `device` with `dtype`.
pub(super) fn available(device: &Device, dtype: DType) -> bool {
    dtype == DType::F32 && matches!(device.clone().without_autodiff().as_dispatch(), DispatchDevice::Flex(_))
}

/// The operations of [`crate::ops`] on a backend's own tensors.
#[backend_extension(Flex, Autodiff)]
#[allow(clippy::too_many_arguments, reason = "the macro knows tensors as arguments only")]
pub(super) trait FusedOps: Backend {
    /// `gelu(x weight + bias)`.
    fn linear_gelu(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        form: Gelu,
    ) -> FloatTensor<Self>;

    /// `layer_norm(dropout(x weight + bias) + residual)`.
    fn output_block(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        norm_weight: FloatTensor<Self>,
        norm_bias: FloatTensor<Self>,
        epsilon: f64,
        dropout: Option<Dropout>,
    ) -> FloatTensor<Self>;

    /// `dropout(layer_norm(x))`.
    fn norm_dropout(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
        dropout: Option<Dropout>,
    ) -> FloatTensor<Self>;

    /// `dropout(softmax(q k^T / sqrt(head_dim) + mask)) v` in each head, where q, k, v are dense layers of
    /// `x`.
    fn self_attention(
        x: FloatTensor<Self>,
        query_weight: FloatTensor<Self>,
        key_weight: FloatTensor<Self>,
        value_weight: FloatTensor<Self>,
        query_bias: FloatTensor<Self>,
        key_bias: FloatTensor<Self>,
        value_bias: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        heads: usize,
        dropout: Option<Dropout>,
    ) -> FloatTensor<Self>;
}

impl FusedOps for Flex {
    fn linear_gelu(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        form: Gelu,
    ) -> FloatTensor<Self> {
        linear_gelu::forward(x, weight, bias, form, false).0
    }

    fn output_block(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        norm_weight: FloatTensor<Self>,
        norm_bias: FloatTensor<Self>,
        epsilon: f64,
        dropout: Option<Dropout>,
    ) -> FloatTensor<Self> {
        let norm = Norm::new(norm_weight, norm_bias, epsilon);
        norm::output_block([x, weight, bias, residual], norm, dropout, false).0
    }

    fn norm_dropout(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
        dropout: Option<Dropout>,
    ) -> FloatTensor<Self> {
        norm::norm_dropout(x, Norm::new(weight, bias, epsilon), dropout, false).0
    }

    fn self_attention(
        x: FloatTensor<Self>,
        query_weight: FloatTensor<Self>,
        key_weight: FloatTensor<Self>,
        value_weight: FloatTensor<Self>,
        query_bias: FloatTensor<Self>,
        key_bias: FloatTensor<Self>,
        value_bias: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        heads: usize,
        dropout: Option<Dropout>,
    ) -> FloatTensor<Self> {
        let weights = [query_weight, key_weight, value_weight];
        let biases = [query_bias, key_bias, value_bias];
        attention::forward(x, weights, biases, mask, heads, dropout, false).0
    }
}

impl<C: CheckpointStrategy> FusedOps for Autodiff<Flex, C> {
    fn linear_gelu(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        form: Gelu,
    ) -> FloatTensor<Self> {
        let ((x, x_node), (weight, weight_node), (bias, bias_node)) =
            (x.into_parts(), weight.into_parts(), bias.into_parts());
        record::<C, _, 3>([x_node, weight_node, bias_node], |save| {
            linear_gelu::forward(x, weight, bias, form, save)
        })
    }

    fn output_block(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        norm_weight: FloatTensor<Self>,
        norm_bias: FloatTensor<Self>,
        epsilon: f64,
        dropout: Option<Dropout>,
    ) -> FloatTensor<Self> {
        let inputs = [x, weight, bias, residual, norm_weight, norm_bias];
        let nodes = inputs.each_ref().map(FloatTensor::<Self>::node);
        let [x, weight, bias, residual, norm_weight, norm_bias] =
            inputs.map(FloatTensor::<Self>::into_primitive);
        let norm = Norm::new(norm_weight, norm_bias, epsilon);
        record::<C, _, 6>(nodes, |save| norm::output_block([x, weight, bias, residual], norm, dropout, save))
    }

    fn norm_dropout(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
        dropout: Option<Dropout>,
    ) -> FloatTensor<Self> {
        let ((x, x_node), (weight, weight_node), (bias, bias_node)) =
            (x.into_parts(), weight.into_parts(), bias.into_parts());
        record::<C, _, 3>([x_node, weight_node, bias_node], |save| {
            norm::norm_dropout(x, Norm::new(weight, bias, epsilon), dropout, save)
        })
    }

    fn self_attention(
        x: FloatTensor<Self>,
        query_weight: FloatTensor<Self>,
        key_weight: FloatTensor<Self>,
        value_weight: FloatTensor<Self>,
        query_bias: FloatTensor<Self>,
        key_bias: FloatTensor<Self>,
        value_bias: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        heads: usize,
        dropout: Option<Dropout>,
    ) -> FloatTensor<Self> {
        let inputs = [x, query_weight, key_weight, value_weight, query_bias, key_bias, value_bias];
        let nodes = inputs.each_ref().map(FloatTensor::<Self>::node);
        let [x, query_weight, key_weight, value_weight, query_bias, key_bias, value_bias] =
            inputs.map(FloatTensor::<Self>::into_primitive);
        let weights = [query_weight, key_weight, value_weight];
        let biases = [query_bias, key_bias, value_bias];
        record::<C, _, 7>(nodes, |save| {
            attention::forward(x, weights, biases, mask.into_primitive(), heads, dropout, save)
        })
    }
}
