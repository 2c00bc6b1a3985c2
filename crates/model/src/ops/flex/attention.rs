//! Multi-head self-attention from the hidden state to the context, one head of one text at a time.
//!
//! A head's scores never leave the cache. The backward pass computes them again from the saved queries and
//! keys, which takes less time than writing `[batch, heads, seq, seq]` scores to memory and reading them
//! back.

use burn::backend::flex::FlexTensor;
use rayon::prelude::*;

use super::buffer::{contiguous, floats, tensor};
use super::dense::{Dense, vector};
use super::matrix::{Matrix, Target, Threads, column_sums, multiply};
use super::record::Saved;
use super::vector::{LANES, exp, max, sum, sum2, widest};
use crate::ops::random::{Dropout, Mask};

/// The number of queries that a head works on at a time: as many rows of scores as fit the second-level
/// cache.
const BLOCK: usize = 64;

/// The bias below which a key counts as padding: its probability is exactly 0, unless all keys are padding.
const PADDING: f32 = -1e30;

/// The three dense layers in front of the attention, and their products.
#[derive(Clone, Debug)]
struct Projections {
    /// The layers of query, key and value.
    dense: [Dense; 3],
    biases: [FlexTensor; 3],
    /// `x weight`, `[batch, seq, hidden]`. The biases are added when a head reads its rows.
    products: [FlexTensor; 3],
}

/// The sizes of an attention, without the batch.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    seq: usize,
    hidden: usize,
    heads: usize,
    head_dim: usize,
}

/// `dropout(softmax(q k^T / sqrt(head_dim) + mask)) v`, where q, k, v are `x weight + bias`; if `save` is
/// set, also the state for the backward pass.
///
/// `x` is `[batch, seq, hidden]`, `weights` and `biases` belong to query, key and value, `mask` is
/// `[batch, 1, 1, seq]`.
pub(super) fn forward(
    x: FlexTensor,
    weights: [FlexTensor; 3],
    biases: [FlexTensor; 3],
    mask: FlexTensor,
    heads: usize,
    dropout: Option<Dropout>,
    save: bool,
) -> (FlexTensor, Option<SavedAttention>) {
    let x = contiguous(x);
    let dense = weights.map(|weight| Dense::new(x.clone(), weight));
    let shape = dense[0].output_shape();
    let [batch, seq, hidden] = shape;
    let sizes = Sizes { seq, hidden, heads, head_dim: hidden / heads };
    let products = dense.each_ref().map(|dense| tensor(dense.forward(), shape));
    let projections = Projections { dense, biases: biases.map(contiguous), products };
    let mask = contiguous(mask);

    let mut out = vec![0.0; batch * seq * hidden];
    let mut statistics = vec![Statistics::default(); batch * heads * seq];
    split_heads(&mut out, sizes)
        .into_par_iter()
        .zip(statistics.par_chunks_mut(seq))
        .enumerate()
        .for_each_init(Scratch::default, |scratch, (number, (mut out, statistics))| {
            let head = Head::new(&projections, &mask, sizes, number);
            let mut source = dropout.map(|dropout| dropout.piece(number));
            widest(
                #[inline(always)]
                || head.forward(scratch, &mut out, statistics, &mut source),
            );
        });
    let saved =
        save.then(|| SavedAttention { projections, mask, sizes, statistics: statistics.into(), dropout });
    (tensor(out, shape), saved)
}

/// The state that [`forward`] keeps for its backward pass.
#[derive(Clone, Debug)]
pub(super) struct SavedAttention {
    projections: Projections,
    mask: FlexTensor,
    sizes: Sizes,
    statistics: std::sync::Arc<[Statistics]>,
    dropout: Option<Dropout>,
}

/// A row's statistics: its probabilities are `exp(score - greatest) * inverse`.
#[derive(Clone, Copy, Debug, Default)]
struct Statistics {
    greatest: f32,
    inverse: f32,
}

impl Saved<7> for SavedAttention {
    /// The gradients of `x`, the three weights and the three biases.
    fn backward(self, grad: FlexTensor, wanted: [bool; 7]) -> [Option<FlexTensor>; 7] {
        let Self { projections, mask, sizes, statistics, dropout } = self;
        let grad = contiguous(grad);
        let grad = floats(&grad);
        let mut grads: [Vec<f32>; 3] = std::array::from_fn(|_| vec![0.0; grad.len()]);
        let [query, key, value] = grads.each_mut().map(|grads| split_heads(grads, sizes));
        query
            .into_par_iter()
            .zip(key)
            .zip(value)
            .zip(statistics.par_chunks(sizes.seq))
            .enumerate()
            .for_each_init(Scratch::default, |scratch, (number, (((query, key), value), statistics))| {
                let head = Head::new(&projections, &mask, sizes, number);
                let mut source = dropout.map(|dropout| dropout.piece(number));
                widest(
                    #[inline(always)]
                    || head.backward(scratch, grad, statistics, [query, key, value], &mut source),
                );
            });

        let Projections { dense, products, .. } = projections;
        drop(products);
        let x = wanted[0].then(|| {
            let mut target = dense[0].x_gradient(&grads[0]);
            for (dense, grads) in dense.iter().zip(&grads).skip(1) {
                dense.add_x_gradient(&mut target, grads);
            }
            tensor(target, dense[0].input_shape())
        });
        let weight = |i: usize| wanted[1 + i].then(|| dense[i].weight_gradient(&grads[i]));
        let bias = |i: usize| wanted[4 + i].then(|| vector(column_sums(&grads[i], sizes.hidden)));
        [x, weight(0), weight(1), weight(2), bias(0), bias(1), bias(2)]
    }
}

/// The rows of each head of each text, which interleave in memory: `[batch][heads][seq]` rows of `head_dim`
/// numbers.
fn split_heads(data: &mut [f32], sizes: Sizes) -> Vec<Vec<&mut [f32]>> {
    let mut all = Vec::with_capacity(data.len() / (sizes.seq * sizes.head_dim).max(1));
    for text in data.chunks_exact_mut(sizes.seq * sizes.hidden) {
        let first = all.len();
        all.resize_with(first + sizes.heads, || Vec::with_capacity(sizes.seq));
        for row in text.chunks_exact_mut(sizes.hidden) {
            for (head, part) in all[first..].iter_mut().zip(row.chunks_exact_mut(sizes.head_dim)) {
                head.push(part);
            }
        }
    }
    all
}

/// A thread's working memory, reused from head to head.
#[derive(Debug, Default)]
struct Scratch {
    /// `[seq, head_dim]`, multiplied by `1 / sqrt(head_dim)`.
    query: Vec<f32>,
    /// `[keys, head_dim]`.
    key: Vec<f32>,
    value: Vec<f32>,
    /// `[head_dim, keys]`: the order in which the products read keys and values.
    key_columns: Vec<f32>,
    value_columns: Vec<f32>,
    /// `[keys]`, padded with minus infinity to whole [`LANES`].
    bias: Vec<f32>,
    /// `[BLOCK, keys]`, each row padded to whole [`LANES`].
    scores: Vec<f32>,
    score_grads: Vec<f32>,
    /// The dropout mask's factors for one row.
    factors: Vec<f32>,
    /// `[BLOCK, head_dim]`.
    rows: Vec<f32>,
    /// `[seq, head_dim]`.
    grad: Vec<f32>,
    /// `[keys, head_dim]`.
    key_grad: Vec<f32>,
    value_grad: Vec<f32>,
}

/// One head of one text.
#[derive(Debug)]
struct Head<'a> {
    projections: &'a Projections,
    sizes: Sizes,
    /// The index of the text in the batch.
    text: usize,
    /// The index of the head in the text.
    number_in_text: usize,
    mask: &'a [f32],
    /// The number of keys up to the last one that isn't padding.
    keys: usize,
    /// `keys`, rounded up to a multiple of [`LANES`].
    width: usize,
}

impl<'a> Head<'a> {
    fn new(projections: &'a Projections, mask: &'a FlexTensor, sizes: Sizes, number: usize) -> Self {
        let (text, head) = (number / sizes.heads, number % sizes.heads);
        let mask = &floats(mask)[text * sizes.seq..][..sizes.seq];
        let keys = mask.iter().rposition(|&bias| bias > PADDING).map_or(sizes.seq, |last| last + 1);
        Self {
            projections,
            sizes,
            text,
            number_in_text: head,
            mask,
            keys,
            width: keys.next_multiple_of(LANES),
        }
    }

    #[inline(always)]
    fn forward(
        &self,
        scratch: &mut Scratch,
        out: &mut [&mut [f32]],
        statistics: &mut [Statistics],
        source: &mut Option<Mask>,
    ) {
        let Sizes { seq, head_dim, .. } = self.sizes;
        let (keys, width) = (self.keys, self.width);
        self.load(0, seq, self.scale(), &mut scratch.query);
        self.load(1, keys, 1.0, &mut scratch.key);
        self.load(2, keys, 1.0, &mut scratch.value);
        transpose(&scratch.key, head_dim, &mut scratch.key_columns);
        self.prepare(scratch);
        let value = Matrix::new(&scratch.value, keys, head_dim);

        for first in (0..seq).step_by(BLOCK) {
            let rows = BLOCK.min(seq - first);
            let query = Matrix::new(&scratch.query[first * head_dim..], rows, head_dim);
            let key = Matrix::new(&scratch.key_columns, head_dim, keys);
            multiply(Target::new(&mut scratch.scores, width), query, key, Threads::One);
            let score_rows = scratch.scores.chunks_exact_mut(width).take(rows);
            for (row, statistics) in score_rows.zip(&mut statistics[first..]) {
                row.iter_mut().zip(&scratch.bias).for_each(|(score, bias)| *score += bias);
                let greatest = max(row);
                for score in row.iter_mut() {
                    *score = exp(*score - greatest);
                }
                let inverse = 1.0 / sum(row, |x| x);
                *statistics = Statistics { greatest, inverse };
                if let Some(source) = source {
                    source.fill(&mut scratch.factors);
                    row.iter_mut().zip(&scratch.factors).for_each(|(p, factor)| *p *= factor * inverse);
                } else {
                    for p in row {
                        *p *= inverse;
                    }
                }
            }
            let probabilities = Matrix::with_strides(&scratch.scores, [rows, keys], [width, 1]);
            multiply(Target::new(&mut scratch.rows, head_dim), probabilities, value, Threads::One);
            store(&scratch.rows, 1.0, &mut out[first..first + rows]);
        }
    }

    #[inline(always)]
    fn backward(
        &self,
        scratch: &mut Scratch,
        grad: &[f32],
        statistics: &[Statistics],
        [mut query_out, mut key_out, mut value_out]: [Vec<&mut [f32]>; 3],
        source: &mut Option<Mask>,
    ) {
        let Sizes { seq, head_dim, .. } = self.sizes;
        let (keys, width) = (self.keys, self.width);
        self.load(0, seq, self.scale(), &mut scratch.query);
        self.load(1, keys, 1.0, &mut scratch.key);
        self.load(2, keys, 1.0, &mut scratch.value);
        transpose(&scratch.key, head_dim, &mut scratch.key_columns);
        transpose(&scratch.value, head_dim, &mut scratch.value_columns);
        self.prepare(scratch);
        scratch.score_grads.clear();
        scratch.score_grads.resize(BLOCK * width, 0.0);
        self.load_from(grad, seq, &mut scratch.grad, |x, _| x);
        for grads in [&mut scratch.key_grad, &mut scratch.value_grad] {
            grads.clear();
            grads.resize(keys * head_dim, 0.0);
        }

        for first in (0..seq).step_by(BLOCK) {
            let rows = BLOCK.min(seq - first);
            let query = Matrix::new(&scratch.query[first * head_dim..], rows, head_dim);
            let grad = Matrix::new(&scratch.grad[first * head_dim..], rows, head_dim);
            let key_columns = Matrix::new(&scratch.key_columns, head_dim, keys);
            let value_columns = Matrix::new(&scratch.value_columns, head_dim, keys);
            multiply(Target::new(&mut scratch.scores, width), query, key_columns, Threads::One);
            multiply(Target::new(&mut scratch.score_grads, width), grad, value_columns, Threads::One);
            let score_rows = scratch.scores.chunks_exact_mut(width);
            let grad_rows = scratch.score_grads.chunks_exact_mut(width).take(rows);
            for ((row, grads), statistics) in score_rows.zip(grad_rows).zip(&statistics[first..]) {
                for (score, bias) in row.iter_mut().zip(&scratch.bias) {
                    *score = exp(*score + bias - statistics.greatest) * statistics.inverse;
                }
                if let Some(source) = source {
                    source.fill(&mut scratch.factors);
                    grads.iter_mut().zip(&scratch.factors).for_each(|(grad, factor)| *grad *= factor);
                }
                let mean = sum2(row, grads, |p, grad| p * grad);
                grads.iter_mut().zip(row.iter()).for_each(|(grad, p)| *grad = p * (*grad - mean));
                if source.is_some() {
                    row.iter_mut().zip(&scratch.factors).for_each(|(p, factor)| *p *= factor);
                }
            }
            let dropped = Matrix::with_strides(&scratch.scores, [rows, keys], [width, 1]);
            let score_grads = Matrix::with_strides(&scratch.score_grads, [rows, keys], [width, 1]);
            let target = Target::new(&mut scratch.value_grad, head_dim).accumulate(true);
            multiply(target, dropped.transposed(), grad, Threads::One);
            let target = Target::new(&mut scratch.key_grad, head_dim).accumulate(true);
            multiply(target, score_grads.transposed(), query, Threads::One);
            let key = Matrix::new(&scratch.key, keys, head_dim);
            multiply(Target::new(&mut scratch.rows, head_dim), score_grads, key, Threads::One);
            store(&scratch.rows, self.scale(), &mut query_out[first..first + rows]);
        }
        store(&scratch.key_grad, 1.0, &mut key_out[..keys]);
        store(&scratch.value_grad, 1.0, &mut value_out[..keys]);
    }

    fn scale(&self) -> f32 {
        1.0 / (self.sizes.head_dim as f32).sqrt()
    }

    /// Copies the first `rows` rows of a projection of this head to `target`, with the bias added, multiplied
    /// by `scale`.
    #[inline(always)]
    fn load(&self, projection: usize, rows: usize, scale: f32, target: &mut Vec<f32>) {
        let bias = floats(&self.projections.biases[projection]);
        let bias = &bias[self.number_in_text * self.sizes.head_dim..][..self.sizes.head_dim];
        self.load_from(floats(&self.projections.products[projection]), rows, target, |x, i| {
            (x + bias[i]) * scale
        });
    }

    /// Copies this head's first `rows` rows in `[batch, seq, hidden]` numbers to `target`; `f` maps each
    /// number and its column.
    #[inline(always)]
    fn load_from(&self, data: &[f32], rows: usize, target: &mut Vec<f32>, f: impl Fn(f32, usize) -> f32) {
        let Sizes { seq, hidden, head_dim, .. } = self.sizes;
        target.resize(rows * head_dim, 0.0);
        let data = data[self.text * seq * hidden..].chunks_exact(hidden);
        for (row, target) in data.zip(target.chunks_exact_mut(head_dim)) {
            let part = &row[self.number_in_text * head_dim..];
            target.iter_mut().zip(part).enumerate().for_each(|(i, (target, &x))| *target = f(x, i));
        }
    }

    /// Resizes the working memory to this head's sizes.
    fn prepare(&self, scratch: &mut Scratch) {
        scratch.bias.clear();
        scratch.bias.extend_from_slice(&self.mask[..self.keys]);
        scratch.bias.resize(self.width, f32::NEG_INFINITY);
        // No product writes the columns after the keys, and they must be finite.
        scratch.scores.clear();
        scratch.scores.resize(BLOCK * self.width, 0.0);
        scratch.factors.resize(self.width, 0.0);
        scratch.rows.resize(BLOCK * self.sizes.head_dim, 0.0);
    }
}

/// `target[j][i] = rows[i][j]`, for rows of `width` numbers.
#[inline(always)]
fn transpose(rows: &[f32], width: usize, target: &mut Vec<f32>) {
    let height = rows.len() / width;
    target.resize(rows.len(), 0.0);
    for (j, column) in target.chunks_exact_mut(height).enumerate() {
        for (x, row) in column.iter_mut().zip(rows.chunks_exact(width)) {
            *x = row[j];
        }
    }
}

/// Writes `rows`, multiplied by `scale`, to `targets`.
#[inline(always)]
fn store(rows: &[f32], scale: f32, targets: &mut [&mut [f32]]) {
    let Some(width) = targets.first().map(|target| target.len()) else { return };
    for (target, row) in targets.iter_mut().zip(rows.chunks_exact(width)) {
        target.iter_mut().zip(row).for_each(|(target, x)| *target = x * scale);
    }
}
