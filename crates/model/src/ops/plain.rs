//! The operations as Burn's own operations, for every backend. The fused operations are tested against these:
//! a test passes the mask that the fused operation drew.

use std::f64::consts::FRAC_1_SQRT_2;

use burn::nn::Linear;
use burn::tensor::activation::{gelu_approximate, softmax};
use burn::tensor::{Int, Tensor, TensorData};
use rayon::prelude::*;

use super::gelu::Gelu;
use super::random::Dropout;
use crate::LayerNorm;

pub(super) fn linear_gelu(x: Tensor<3>, dense: &Linear, form: Gelu) -> Tensor<3> {
    let x = dense.forward(x);
    match form {
        Gelu::Erf => gelu(x),
        Gelu::Tanh => gelu_approximate(x),
    }
}

/// `x/2 (1 + erf(x / sqrt(2)))`. Burn's own GELU has the tanh form's gradient on every backend but Flex,
/// which is up to 9e-4 off.
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

pub(super) fn dropout<const D: usize>(x: Tensor<D>, dropout: Option<Dropout>) -> Tensor<D> {
    let Some(dropout) = dropout else { return x };
    let shape = x.dims();
    let elements = shape.iter().product();
    let bits = kept_bits(dropout, elements);
    let words = bits.len();
    let (device, dtype) = (x.device(), x.dtype());
    // Bit b of word w belongs to element 32 w + b.
    let words_by_bit =
        Tensor::<2, Int>::from_data(TensorData::new(bits, [words, 1]), &device).expand([words, WORD]);
    let shifts =
        Tensor::<1, Int>::arange(0..i64::from(i32::BITS), &device).reshape([1, WORD]).expand([words, WORD]);
    let kept = words_by_bit.bitwise_right_shift(shifts).bitwise_and_scalar(1);
    let kept = kept.reshape([words * WORD]).slice_dim(0, 0..elements).reshape(shape);
    x * kept.float().cast(dtype) * f64::from(dropout.scale())
}

/// The number of bits in an `i32`.
const WORD: usize = 32;

/// The kept elements among `elements`: one bit an element, 32 bits a word, the first element in the lowest
/// bit.
fn kept_bits(dropout: Dropout, elements: usize) -> Vec<i32> {
    /// The number of words that one generator draws.
    const PIECE: usize = 1024;
    let mut words = vec![0_i32; elements.div_ceil(WORD)];
    words.par_chunks_mut(PIECE).enumerate().for_each(|(number, words)| {
        let mut mask = dropout.piece(number);
        let mut factors = [0.0; WORD];
        for word in words {
            mask.fill(&mut factors);
            let bits = factors.iter().zip(0..).map(|(factor, bit)| u32::from(*factor != 0.0) << bit);
            *word = bits.fold(0, |word, bit| word | bit).cast_signed();
        }
    });
    words
}

fn layer_norm(x: Tensor<3>, norm: &LayerNorm) -> Tensor<3> {
    let (variance, mean) = x.clone().var_mean_bias(2);
    (x - mean) / (variance + norm.epsilon).sqrt() * norm.weight.val().unsqueeze()
        + norm.bias.val().unsqueeze()
}
