//! The numeric parts of BERT, as functions of tensors.

use burn::tensor::activation::{self, softmax};
use burn::tensor::{Distribution, Tensor};

/// `x Phi(x)`, element by element: the activation of BERT's feed-forward part (Hendrycks and Gimpel 2016), with the error
/// function, not its tanh approximation.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activation::gelu(x)
}

/// The tanh approximation of [`gelu`]: `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`.
pub fn gelu_tanh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activation::gelu_approximate(x)
}

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` over the last dimension (Ba et al. 2016), with the biased
/// variance. `x` is `[batch, seq, hidden]`, `weight` and `bias` are `[hidden]`.
pub fn layer_norm(x: Tensor<3>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<3> {
    let (variance, mean) = x.clone().var_mean_bias(2);
    (x - mean) / (variance + epsilon).sqrt() * weight.unsqueeze() + bias.unsqueeze()
}

/// Scaled dot-product attention (Vaswani et al. 2017): `dropout(softmax(q k^T / sqrt(head_dim) + bias)) v`.
///
/// `query`, `key`, `value` and the output are `[batch, heads, seq, head_dim]`; `bias` is `[batch, 1, 1, seq]`, 0 where a key
/// may be attended to and very negative where it is padding.
pub fn attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    bias: Tensor<4>,
    dropout_prob: f64,
) -> Tensor<4> {
    let [.., head_dim] = query.dims();
    let scores = query.matmul(key.transpose()) / (head_dim as f64).sqrt() + bias;
    dropout(softmax(scores, 3), dropout_prob).matmul(value)
}

/// Zeroes each element with probability `p` and scales the rest by `1 / (1 - p)` (Srivastava et al. 2014). `p` = 0 returns
/// `x` as it is.
pub fn dropout<const D: usize>(x: Tensor<D>, p: f64) -> Tensor<D> {
    if p == 0.0 {
        return x;
    }
    let keep = x.random_like(Distribution::Bernoulli(1.0 - p));
    x * keep * (1.0 / (1.0 - p))
}

/// `x weight + bias`. `x` is `[batch, seq, in]`, `weight` `[in, out]`, `bias` `[out]`.
pub fn linear<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<D> {
    burn::tensor::module::linear(x, weight, Some(bias))
}

/// `layer_norm(dropout(x) + residual)`: how both halves of a layer end. All are `[batch, seq, hidden]`.
pub fn dropout_add_layer_norm(
    x: Tensor<3>,
    residual: Tensor<3>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    p: f64,
) -> Tensor<3> {
    layer_norm(dropout(x, p) + residual, weight, bias, epsilon)
}
