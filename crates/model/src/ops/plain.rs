//! The operations in terms of Burn's own: for every backend, and what the fused ones are tested against. A test hands in
//! the mask that the fused operation drew.

use std::f64::consts::FRAC_1_SQRT_2;

use burn::nn::Linear;
use burn::tensor::activation::{gelu_approximate, softmax};
use burn::tensor::{Distribution, Tensor};

use super::Gelu;
use crate::LayerNorm;

pub(super) fn linear_gelu(x: Tensor<3>, dense: &Linear, form: Gelu) -> Tensor<3> {
    let x = dense.forward(x);
    match form {
        Gelu::Erf => gelu(x),
        Gelu::Tanh => gelu_approximate(x),
    }
}

/// `x/2 (1 + erf(x / sqrt(2)))`. Burn's own has the gradient of the tanh form on every backend but Flex: up to 9e-4 off.
fn gelu(x: Tensor<3>) -> Tensor<3> {
    x.clone() * 0.5 * ((x * FRAC_1_SQRT_2).erf() + 1.0)
}

pub(super) fn output_block(
    x: Tensor<3>,
    dense: &Linear,
    residual: Tensor<3>,
    norm: &LayerNorm,
    dropout: impl FnOnce(Tensor<3>) -> Tensor<3>,
) -> Tensor<3> {
    layer_norm(dropout(dense.forward(x)) + residual, norm)
}

pub(super) fn norm_dropout(
    x: Tensor<3>,
    norm: &LayerNorm,
    dropout: impl FnOnce(Tensor<3>) -> Tensor<3>,
) -> Tensor<3> {
    dropout(layer_norm(x, norm))
}

pub(super) fn self_attention(
    x: &Tensor<3>,
    [query, key, value]: [&Linear; 3],
    mask: Tensor<4>,
    heads: usize,
    dropout: impl FnOnce(Tensor<4>) -> Tensor<4>,
) -> Tensor<3> {
    let [batch, seq, hidden] = x.dims();
    let head_dim = hidden / heads;
    let split =
        |linear: &Linear| linear.forward(x.clone()).reshape([batch, seq, heads, head_dim]).swap_dims(1, 2);
    let scores = split(query).matmul(split(key).transpose()) / (head_dim as f64).sqrt() + mask;
    let context = dropout(softmax(scores, 3)).matmul(split(value));
    context.swap_dims(1, 2).reshape([batch, seq, hidden])
}

pub(super) fn dropout<const D: usize>(x: Tensor<D>, p: f64) -> Tensor<D> {
    if p == 0.0 {
        return x;
    }
    let keep = x.random_like(Distribution::Bernoulli(1.0 - p));
    x * keep * (1.0 / (1.0 - p))
}

fn layer_norm(x: Tensor<3>, norm: &LayerNorm) -> Tensor<3> {
    let (variance, mean) = x.clone().var_mean_bias(2);
    (x - mean) / (variance + norm.epsilon).sqrt() * norm.weight.val().unsqueeze()
        + norm.bias.val().unsqueeze()
}
