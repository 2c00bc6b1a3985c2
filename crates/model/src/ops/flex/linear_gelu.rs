//! A dense layer with GELU: the first half of the feed-forward block.

use burn::backend::flex::FlexTensor;
use rayon::prelude::*;

use super::buffer::{contiguous, floats, floats_mut, owned, tensor};
use super::dense::{self, Dense};
use super::matrix::{ROWS, sum_parts};
use super::record::Saved;
use super::vector::{erf, exp, widest};
use crate::ops::gelu::Gelu;

/// `gelu(x weight + bias)`; if `save` is set, also the state for the backward pass. `x` is
/// `[batch, seq, in]`.
pub(super) fn forward(
    x: FlexTensor,
    weight: FlexTensor,
    bias: FlexTensor,
    form: Gelu,
    save: bool,
) -> (FlexTensor, Option<SavedLinearGelu>) {
    let dense = Dense::new(x, weight);
    let bias = contiguous(bias);
    let mut product = dense.forward();
    let columns = dense.columns();
    let shape = dense.output_shape();
    let chunk = ROWS * columns;
    if !save {
        product.par_chunks_mut(chunk).for_each(|rows| {
            widest(
                #[inline(always)]
                || activate_in_place(form, rows, floats(&bias)),
            );
        });
        return (tensor(product, shape), None);
    }
    let mut out = vec![0.0; product.len()];
    out.par_chunks_mut(chunk).zip(product.par_chunks(chunk)).for_each(|(out, rows)| {
        widest(
            #[inline(always)]
            || {
                out.copy_from_slice(rows);
                activate_in_place(form, out, floats(&bias));
            },
        );
    });
    let product = tensor(product, shape);
    (tensor(out, shape), Some(SavedLinearGelu { dense, bias, product, form }))
}

#[inline(always)]
fn activate_in_place(form: Gelu, rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        match form {
            Gelu::Erf => row.iter_mut().zip(bias).for_each(|(x, b)| *x = gelu(*x + b)),
            Gelu::Tanh => row.iter_mut().zip(bias).for_each(|(x, b)| *x = gelu_tanh(*x + b)),
        }
    }
}

/// The state that [`forward`] keeps for its backward pass.
#[derive(Clone, Debug)]
pub(super) struct SavedLinearGelu {
    dense: Dense,
    bias: FlexTensor,
    /// `x weight`.
    product: FlexTensor,
    form: Gelu,
}

impl Saved<3> for SavedLinearGelu {
    /// The gradients of `x`, `weight` and `bias`.
    fn backward(self, grad: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let grad = contiguous(grad);
        let mut product = owned(self.product);
        let columns = self.dense.columns();
        let (bias, form) = (floats(&self.bias), self.form);
        let chunk = ROWS * columns;
        let parts: Vec<Vec<f32>> = floats_mut(&mut product)
            .par_chunks_mut(chunk)
            .zip(floats(&grad).par_chunks(chunk))
            .map(|(rows, grad)| {
                let mut sums = vec![0.0; columns];
                widest(
                    #[inline(always)]
                    || differentiate(form, rows, grad, bias, &mut sums),
                );
                sums
            })
            .collect();
        drop(grad);
        let [x, weight] = self.dense.backward(floats(&product), [wanted[0], wanted[1]]);
        [x, weight, wanted[2].then(|| dense::vector(sum_parts(&parts, columns)))]
    }
}

/// Replaces the product `x weight` by its gradient, and adds the rows of that gradient to `sums`.
#[inline(always)]
fn differentiate(form: Gelu, rows: &mut [f32], grad: &[f32], bias: &[f32], sums: &mut [f32]) {
    #[inline(always)]
    fn each(rows: &mut [f32], grad: &[f32], bias: &[f32], sums: &mut [f32], slope: impl Fn(f32) -> f32) {
        let width = bias.len();
        for (row, grad) in rows.chunks_exact_mut(width).zip(grad.chunks_exact(width)) {
            for (((x, g), b), sum) in row.iter_mut().zip(grad).zip(bias).zip(sums.iter_mut()) {
                *x = g * slope(*x + b);
                *sum += *x;
            }
        }
    }
    match form {
        Gelu::Erf => each(rows, grad, bias, sums, gelu_slope),
        Gelu::Tanh => each(rows, grad, bias, sums, gelu_tanh_slope),
    }
}

/// `x Phi(x)`, with the distribution function Phi of the standard normal distribution.
#[inline(always)]
fn gelu(x: f32) -> f32 {
    x * normal_cdf(x)
}

/// The derivative of [`gelu`]: `Phi(x) + x phi(x)`.
#[inline(always)]
fn gelu_slope(x: f32) -> f32 {
    const INVERSE_SQRT_2_PI: f32 = 0.398_942_3;
    normal_cdf(x) + x * INVERSE_SQRT_2_PI * exp(-0.5 * x * x)
}

#[inline(always)]
fn normal_cdf(x: f32) -> f32 {
    erf(x * std::f32::consts::FRAC_1_SQRT_2).mul_add(0.5, 0.5)
}

const SQRT_8_OVER_PI: f32 = 1.595_769;
const CUBIC: f32 = 0.044_715;

/// `x/2 (1 + tanh(u))` with `u = sqrt(2/pi) (x + 0.044715 x^3)`, which is `x sigmoid(2u)`.
#[inline(always)]
fn gelu_tanh(x: f32) -> f32 {
    x * tanh_sigmoid(x)
}

#[inline(always)]
fn gelu_tanh_slope(x: f32) -> f32 {
    let s = tanh_sigmoid(x);
    s + x * s * (1.0 - s) * SQRT_8_OVER_PI * (3.0 * CUBIC * x).mul_add(x, 1.0)
}

#[inline(always)]
fn tanh_sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-SQRT_8_OVER_PI * (CUBIC * x * x).mul_add(x, x)))
}
