//! Layer normalization under the checkpoint's names.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::ops;

/// Layer normalization over the last dimension (Ba et al. 2016): `(x - mean) / sqrt(variance + epsilon) * weight + bias`,
/// with the biased variance.
///
/// Burn's own keeps its epsilon to itself and calls its parameters `gamma` and `beta`; ours are the checkpoint's, and the
/// epsilon goes to the fused kernel.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// Scale, `[hidden]`.
    pub weight: Param<Tensor<1>>,
    /// Shift, `[hidden]`.
    pub bias: Param<Tensor<1>>,
    /// Added to the variance; 1e-12 in BERT.
    pub epsilon: f64,
}

impl LayerNorm {
    /// # Shapes
    /// - input and output: `[batch, seq, hidden]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        ops::norm_dropout(x, self, 0.0)
    }
}
