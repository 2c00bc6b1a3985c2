//! Layer normalization with the checkpoint's parameter names.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// Layer normalization over the last dimension (Ba et al. 2016):
/// `(x - mean) / sqrt(variance + epsilon) * weight + bias`, with the biased variance.
///
/// [`ops::norm_dropout`](crate::ops::norm_dropout) computes the normalization. Burn's own module hides its
/// epsilon and calls its parameters `gamma` and `beta`; this module has the checkpoint's names and passes the
/// epsilon to the fused operation.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// Scale, `[hidden]`.
    pub weight: Param<Tensor<1>>,
    /// Shift, `[hidden]`.
    pub bias: Param<Tensor<1>>,
    /// Added to the variance; 1e-12 in BERT.
    pub epsilon: f64,
}
