//! Layer normalization, with the dropout, the bias and the residual connection around it.

use burn::backend::flex::FlexTensor;
use rayon::prelude::*;

use super::buffer::{contiguous, floats, floats_mut, owned, tensor};
use super::dense::{Dense, vector};
use super::matrix::{ROWS, add, sum_parts};
use super::record::Saved;
use super::vector::{sum, sum2, widest};
use crate::ops::random::{Dropout, Mask};

/// The weight, bias and epsilon of a layer normalization.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    weight: FlexTensor,
    bias: FlexTensor,
    epsilon: f32,
}

impl Norm {
    pub(super) fn new(weight: FlexTensor, bias: FlexTensor, epsilon: f64) -> Self {
        Self { weight: contiguous(weight), bias: contiguous(bias), epsilon: epsilon as f32 }
    }

    fn columns(&self) -> usize {
        self.weight.layout().num_elements()
    }

    /// Normalizes `row` in place, writes the scaled and shifted row to `out`, and returns 1 / standard
    /// deviation.
    #[inline(always)]
    fn row(&self, row: &mut [f32], out: &mut [f32]) -> f32 {
        let columns = row.len() as f32;
        let mean = sum(row, |x| x) / columns;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / columns;
        let inverse = 1.0 / (variance + self.epsilon).sqrt();
        for (((x, out), weight), bias) in
            row.iter_mut().zip(out).zip(floats(&self.weight)).zip(floats(&self.bias))
        {
            *x = (*x - mean) * inverse;
            *out = x.mul_add(*weight, *bias);
        }
        inverse
    }

    /// Replaces `grad`, the gradient of the output, by the gradient of the input; adds to the gradients of
    /// weight and bias in `sums`.
    #[inline(always)]
    fn row_backward(&self, grad: &mut [f32], normalized: &[f32], inverse: f32, sums: &mut [f32]) {
        let columns = grad.len();
        let (weight_sums, bias_sums) = sums.split_at_mut(columns);
        let iter = grad.iter_mut().zip(normalized).zip(floats(&self.weight));
        for (((grad, x), weight), (weight_sum, bias_sum)) in iter.zip(weight_sums.iter_mut().zip(bias_sums)) {
            *weight_sum += *grad * x;
            *bias_sum += *grad;
            *grad *= weight;
        }
        let mean = sum(grad, |g| g) / columns as f32;
        let slope = sum2(grad, normalized, |g, x| g * x) / columns as f32;
        for (grad, x) in grad.iter_mut().zip(normalized) {
            *grad = (*grad - mean - x * slope) * inverse;
        }
    }
}

/// Fills `mask` with the next row's factors; without dropout, leaves `mask` unchanged.
#[inline(always)]
fn next_mask(source: &mut Option<Mask>, mask: &mut [f32]) {
    if let Some(source) = source {
        source.fill(mask);
    }
}

/// `layer_norm(dropout(x weight + bias) + residual)`; if `save` is set, also the state for the backward pass.
/// `x` is `[batch, seq, in]`, `residual` is `[batch, seq, hidden]`.
pub(super) fn output_block(
    [x, weight, bias, residual]: [FlexTensor; 4],
    norm: Norm,
    dropout: Option<Dropout>,
    save: bool,
) -> (FlexTensor, Option<SavedOutputBlock>) {
    let dense = Dense::new(x, weight);
    let (bias, residual) = (contiguous(bias), contiguous(residual));
    let columns = norm.columns();
    let mut hidden = dense.forward();
    let mut out = vec![0.0; hidden.len()];
    let mut inverses = vec![0.0; dense.rows()];
    let chunk = ROWS * columns;
    hidden
        .par_chunks_mut(chunk)
        .zip(out.par_chunks_mut(chunk))
        .zip(floats(&residual).par_chunks(chunk))
        .zip(inverses.par_chunks_mut(ROWS))
        .enumerate()
        .for_each(|(piece, (((hidden, out), residual), inverses))| {
            let mut source = dropout.map(|dropout| dropout.piece(piece));
            let mut mask = vec![1.0; columns];
            widest(
                #[inline(always)]
                || {
                    let rows = hidden.chunks_exact_mut(columns).zip(out.chunks_exact_mut(columns));
                    let rows = rows.zip(residual.chunks_exact(columns)).zip(inverses);
                    for (((hidden, out), residual), inverse) in rows {
                        next_mask(&mut source, &mut mask);
                        let terms = hidden.iter_mut().zip(floats(&bias)).zip(&mask).zip(residual);
                        for (((x, bias), mask), residual) in terms {
                            *x = (*x + bias).mul_add(*mask, *residual);
                        }
                        *inverse = norm.row(hidden, out);
                    }
                },
            );
        });
    let shape = dense.output_shape();
    let saved = save.then(|| SavedOutputBlock {
        dense,
        norm,
        normalized: tensor(hidden, shape),
        inverses: vector(inverses),
        dropout,
    });
    (tensor(out, shape), saved)
}

/// The state that [`output_block`] keeps for its backward pass.
#[derive(Clone, Debug)]
pub(super) struct SavedOutputBlock {
    dense: Dense,
    norm: Norm,
    normalized: FlexTensor,
    inverses: FlexTensor,
    dropout: Option<Dropout>,
}

impl Saved<6> for SavedOutputBlock {
    /// The gradients of `x`, weight, bias and residual, and of the normalization's weight and bias.
    fn backward(self, grad: FlexTensor, wanted: [bool; 6]) -> [Option<FlexTensor>; 6] {
        let columns = self.norm.columns();
        let chunk = ROWS * columns;
        let mut residual = owned(grad);
        // The normalized rows are read for the last time: the product's gradient overwrites them.
        let mut product = owned(self.normalized);
        let (norm, dropout) = (&self.norm, self.dropout);
        let parts: Vec<Vec<f32>> = floats_mut(&mut residual)
            .par_chunks_mut(chunk)
            .zip(floats_mut(&mut product).par_chunks_mut(chunk))
            .zip(floats(&self.inverses).par_chunks(ROWS))
            .enumerate()
            .map(|(piece, ((grad, product), inverses))| {
                let mut source = dropout.map(|dropout| dropout.piece(piece));
                let mut mask = vec![1.0; columns];
                let mut sums = vec![0.0; 3 * columns];
                let (norm_sums, bias_sums) = sums.split_at_mut(2 * columns);
                widest(
                    #[inline(always)]
                    || {
                        let rows = grad.chunks_exact_mut(columns).zip(product.chunks_exact_mut(columns));
                        for ((grad, product), inverse) in rows.zip(inverses) {
                            norm.row_backward(grad, product, *inverse, norm_sums);
                            next_mask(&mut source, &mut mask);
                            for ((product, grad), mask) in product.iter_mut().zip(grad).zip(&mask) {
                                *product = *grad * mask;
                            }
                            add(bias_sums, product);
                        }
                    },
                );
                sums
            })
            .collect();
        let sums = sum_parts(&parts, 3 * columns);
        let part = |number: usize| vector(sums[number * columns..(number + 1) * columns].to_vec());
        let [x, weight] = self.dense.backward(floats(&product), [wanted[0], wanted[1]]);
        [
            x,
            weight,
            wanted[2].then(|| part(2)),
            wanted[3].then_some(residual),
            wanted[4].then(|| part(0)),
            wanted[5].then(|| part(1)),
        ]
    }
}

/// `dropout(layer_norm(x))`; if `save` is set, also the state for the backward pass. `x` is
/// `[batch, seq, hidden]`.
pub(super) fn norm_dropout(
    x: FlexTensor,
    norm: Norm,
    dropout: Option<Dropout>,
    save: bool,
) -> (FlexTensor, Option<SavedNormDropout>) {
    let shape = x.layout().shape().clone();
    let columns = norm.columns();
    let mut normalized = owned(x);
    let mut out = vec![0.0; shape.num_elements()];
    let mut inverses = vec![0.0; out.len() / columns.max(1)];
    let chunk = ROWS * columns;
    floats_mut(&mut normalized)
        .par_chunks_mut(chunk)
        .zip(out.par_chunks_mut(chunk))
        .zip(inverses.par_chunks_mut(ROWS))
        .enumerate()
        .for_each(|(piece, ((normalized, out), inverses))| {
            let mut source = dropout.map(|dropout| dropout.piece(piece));
            let mut mask = vec![1.0; columns];
            widest(
                #[inline(always)]
                || {
                    let rows = normalized.chunks_exact_mut(columns).zip(out.chunks_exact_mut(columns));
                    for ((normalized, out), inverse) in rows.zip(inverses) {
                        *inverse = norm.row(normalized, out);
                        next_mask(&mut source, &mut mask);
                        out.iter_mut().zip(&mask).for_each(|(out, mask)| *out *= mask);
                    }
                },
            );
        });
    let saved = save.then(|| SavedNormDropout { norm, normalized, inverses: vector(inverses), dropout });
    (tensor(out, shape), saved)
}

/// The state that [`norm_dropout`] keeps for its backward pass.
#[derive(Clone, Debug)]
pub(super) struct SavedNormDropout {
    norm: Norm,
    normalized: FlexTensor,
    inverses: FlexTensor,
    dropout: Option<Dropout>,
}

impl Saved<3> for SavedNormDropout {
    /// The gradients of `x`, and of the normalization's weight and bias.
    fn backward(self, grad: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let columns = self.norm.columns();
        let chunk = ROWS * columns;
        let mut grad = owned(grad);
        let (norm, dropout) = (&self.norm, self.dropout);
        let parts: Vec<Vec<f32>> = floats_mut(&mut grad)
            .par_chunks_mut(chunk)
            .zip(floats(&self.normalized).par_chunks(chunk))
            .zip(floats(&self.inverses).par_chunks(ROWS))
            .enumerate()
            .map(|(piece, ((grad, normalized), inverses))| {
                let mut source = dropout.map(|dropout| dropout.piece(piece));
                let mut mask = vec![1.0; columns];
                let mut sums = vec![0.0; 2 * columns];
                widest(
                    #[inline(always)]
                    || {
                        let rows = grad.chunks_exact_mut(columns).zip(normalized.chunks_exact(columns));
                        for ((grad, normalized), inverse) in rows.zip(inverses) {
                            next_mask(&mut source, &mut mask);
                            grad.iter_mut().zip(&mask).for_each(|(grad, mask)| *grad *= mask);
                            norm.row_backward(grad, normalized, *inverse, &mut sums);
                        }
                    },
                );
                sums
            })
            .collect();
        let mut weight = sum_parts(&parts, 2 * columns);
        let bias = weight.split_off(columns);
        [wanted[0].then_some(grad), wanted[1].then(|| vector(weight)), wanted[2].then(|| vector(bias))]
    }
}
