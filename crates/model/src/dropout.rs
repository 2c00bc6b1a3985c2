//! When dropout is on.

use burn::nn::Dropout;
use burn::tensor::Tensor;

use crate::ops;

/// The dropout probability in force for `x`: 0 in evaluation, which is a model after `valid()`, or one whose input does
/// not carry gradients. The same rule as Burn's own [`Dropout::forward`].
pub(crate) fn active_rate<const D: usize>(dropout: &Dropout, x: &Tensor<D>) -> f64 {
    if dropout.training.is_enabled() && x.device().is_autodiff() { dropout.prob } else { 0.0 }
}

/// Dropout where it is on, `x` itself where it is off.
pub(crate) fn dropout<const D: usize>(dropout: &Dropout, x: Tensor<D>) -> Tensor<D> {
    match active_rate(dropout, &x) {
        0.0 => x,
        rate => ops::dropout(x, rate),
    }
}
