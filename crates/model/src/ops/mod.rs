//! The numeric parts of BERT, as functions of tensors and layers.
//!
//! On Flex with f32 each function is one fused, parallel operation with its own backward pass (feature
//! `flex`); on every other backend it consists of Burn's operations. The two implementations agree up to
//! rounding, and draw different dropout masks from the same seed.
//!
//! Dropout (Srivastava et al. 2014) zeroes each element with probability `p` and scales the rest by
//! `1 / (1 - p)`; `None` switches dropout off. The mask is a function of a seed that the caller passes, and
//! of no state of the device or the process. If the operation is not fused, the mask is drawn on the host and
//! uploaded, one bit an element.

#[cfg(feature = "flex")]
mod flex;
mod gelu;
mod plain;
mod random;

use burn::nn::Linear;
use burn::tensor::Tensor;

pub use self::gelu::Gelu;
pub use self::random::Dropout;
pub(crate) use self::random::split_mix;
use crate::LayerNorm;

/// `gelu(x weight + bias)`: the first half of the feed-forward block.
///
/// # Shapes
/// - `x`: `[batch, seq, in]`
/// - output: `[batch, seq, out]`
pub fn linear_gelu(x: Tensor<3>, dense: &Linear, form: Gelu) -> Tensor<3> {
    #[cfg(feature = "flex")]
    if let Some(bias) = fused_bias(&x, dense) {
        use self::flex::FusedOps;
        return Tensor::from_dispatch(burn::backend::Dispatch::linear_gelu(
            x.into_dispatch(),
            dense.weight.val().into_dispatch(),
            bias.into_dispatch(),
            form,
        ));
    }
    plain::linear_gelu(x, dense, form)
}

/// `layer_norm(dropout(x weight + bias) + residual)`: the end of the attention block and of the feed-forward
/// block.
///
/// # Shapes
/// - `x`: `[batch, seq, in]`
/// - `residual` and output: `[batch, seq, hidden]`
pub fn output_block(
    x: Tensor<3>,
    dense: &Linear,
    residual: Tensor<3>,
    norm: &LayerNorm,
    dropout: Option<Dropout>,
) -> Tensor<3> {
    #[cfg(feature = "flex")]
    if let Some(bias) = fused_bias(&x, dense) {
        use self::flex::FusedOps;
        return Tensor::from_dispatch(burn::backend::Dispatch::output_block(
            x.into_dispatch(),
            dense.weight.val().into_dispatch(),
            bias.into_dispatch(),
            residual.into_dispatch(),
            norm.weight.val().into_dispatch(),
            norm.bias.val().into_dispatch(),
            norm.epsilon,
            dropout,
        ));
    }
    plain::output_block(x, dense, residual, norm, |x| plain::dropout(x, dropout))
}

/// `dropout(layer_norm(x))`: the end of the embeddings. Layer normalization (Ba et al. 2016) is
/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` over the last dimension, with the biased variance.
///
/// # Shapes
/// - `x` and output: `[batch, seq, hidden]`
pub fn norm_dropout(x: Tensor<3>, norm: &LayerNorm, dropout: Option<Dropout>) -> Tensor<3> {
    #[cfg(feature = "flex")]
    if flex::available(&x.device(), x.dtype()) {
        use self::flex::FusedOps;
        return Tensor::from_dispatch(burn::backend::Dispatch::norm_dropout(
            x.into_dispatch(),
            norm.weight.val().into_dispatch(),
            norm.bias.val().into_dispatch(),
            norm.epsilon,
            dropout,
        ));
    }
    plain::norm_dropout(x, norm, |x| plain::dropout(x, dropout))
}

/// Multi-head scaled dot-product attention (Vaswani et al. 2017, section 3.2):
/// `dropout(softmax(q k^T / sqrt(head_dim) + mask)) v` in each head, where q, k and v are dense layers of
/// `x`.
///
/// # Shapes
/// - `x` and output: `[batch, seq, hidden]`
/// - `mask`: `[batch, 1, 1, seq]`, 0 at real tokens and the dtype's minimum at padding
pub fn self_attention(
    x: &Tensor<3>,
    [query, key, value]: [&Linear; 3],
    mask: Tensor<4>,
    heads: usize,
    dropout: Option<Dropout>,
) -> Tensor<3> {
    #[cfg(feature = "flex")]
    if let (Some(query_bias), Some(key_bias), Some(value_bias)) =
        (fused_bias(x, query), fused_bias(x, key), fused_bias(x, value))
    {
        use self::flex::FusedOps;
        return Tensor::from_dispatch(burn::backend::Dispatch::self_attention(
            x.clone().into_dispatch(),
            query.weight.val().into_dispatch(),
            key.weight.val().into_dispatch(),
            value.weight.val().into_dispatch(),
            query_bias.into_dispatch(),
            key_bias.into_dispatch(),
            value_bias.into_dispatch(),
            mask.into_dispatch(),
            heads,
            dropout,
        ));
    }
    plain::self_attention(x, [query, key, value], mask, heads, |x| plain::dropout(x, dropout))
}

/// Applies dropout to `x`; `None` returns `x`.
pub fn dropout<const D: usize>(x: Tensor<D>, dropout: Option<Dropout>) -> Tensor<D> {
    plain::dropout(x, dropout)
}

/// The bias of `dense` if the fused operations can be used, which depends on the device, the dtype and
/// whether there is a bias.
#[cfg(feature = "flex")]
fn fused_bias<const D: usize>(x: &Tensor<D>, dense: &Linear) -> Option<Tensor<1>> {
    let bias = dense.bias.as_ref()?;
    flex::available(&x.device(), x.dtype()).then(|| bias.val())
}
