//! [`HiddenAct`].

use burn::nn::Linear;
use burn::tensor::activation::{hard_swish, leaky_relu, mish, relu, relu6, sigmoid, silu};
use burn::tensor::{Tensor, activation};
use strum::{Display, EnumString, VariantNames};

use crate::ModelError;
use crate::ops::{self, Gelu};

/// The activation between the two dense layers of the feed-forward block, with the names of `transformers`'
/// `ACT2FN`.
///
/// Activations with weights (`prelu`, `xielu`) and two that no BERT has (`laplace`, `sqrtsoftplus`) are not
/// implemented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Display, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case", parse_err_ty = ModelError, parse_err_fn = unknown)]
pub enum HiddenAct {
    /// `x * Φ(x)` with the error function, as BERT was trained.
    #[default]
    Gelu,
    /// [`Gelu`](Self::Gelu) under the name of its former Python implementation.
    GeluPython,
    /// [`Gelu`](Self::Gelu), clipped to -10 and 10.
    #[strum(to_string = "gelu_10")]
    Gelu10,
    /// The tanh form of GELU, under its older name.
    GeluNew,
    /// The tanh form of GELU, under PyTorch's name.
    GeluPytorchTanh,
    /// The tanh form of GELU, under the name of its Python implementation.
    GeluPythonTanh,
    /// The tanh form of GELU, factored: equal up to f32's rounding.
    GeluFast,
    /// The tanh form of GELU, under another of its names.
    GeluAccurate,
    /// `x * sigmoid(1.702 x)`.
    QuickGelu,
    /// `max(x, 0)`.
    Relu,
    /// `max(x, 0)²`.
    Relu2,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `x` above 0, `0.01 x` below.
    LeakyRelu,
    /// `x * sigmoid(x)`.
    Silu,
    /// [`Silu`](Self::Silu) under its older name.
    Swish,
    /// `x * min(max(x + 3, 0), 6) / 6`.
    Hardswish,
    /// `x * tanh(softplus(x))`.
    Mish,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `x`.
    Linear,
}

impl HiddenAct {
    /// The names of all activations, for messages.
    pub(crate) fn names() -> String {
        Self::VARIANTS.join(", ")
    }

    /// The activation applied to the output of `dense`.
    ///
    /// # Shapes
    /// - `x`: `[batch, seq, in]`
    /// - output: `[batch, seq, out]`
    pub(crate) fn after(self, dense: &Linear, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Gelu | Self::GeluPython => ops::linear_gelu(x, dense, Gelu::Erf),
            Self::Gelu10 => ops::linear_gelu(x, dense, Gelu::Erf).clamp(-10.0, 10.0),
            Self::GeluNew
            | Self::GeluPytorchTanh
            | Self::GeluPythonTanh
            | Self::GeluFast
            | Self::GeluAccurate => ops::linear_gelu(x, dense, Gelu::Tanh),
            Self::QuickGelu => {
                let x = dense.forward(x);
                x.clone() * sigmoid(x * 1.702)
            }
            Self::Relu => relu(dense.forward(x)),
            Self::Relu2 => {
                let positive = relu(dense.forward(x));
                positive.clone() * positive
            }
            Self::Relu6 => relu6(dense.forward(x)),
            Self::LeakyRelu => leaky_relu(dense.forward(x), 0.01),
            Self::Silu | Self::Swish => silu(dense.forward(x)),
            Self::Hardswish => hard_swish(dense.forward(x)),
            Self::Mish => mish(dense.forward(x)),
            Self::Sigmoid => sigmoid(dense.forward(x)),
            Self::Tanh => activation::tanh(dense.forward(x)),
            Self::Linear => dense.forward(x),
        }
    }
}

fn unknown(name: &str) -> ModelError {
    ModelError::Config {
        origin: "config".to_owned(),
        key: "hidden_act".to_owned(),
        found: format!("\"{name}\""),
        expected: format!("one of {}", HiddenAct::names()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_and_written() {
        assert_eq!(
            HiddenAct::names(),
            "gelu, gelu_python, gelu_10, gelu_new, gelu_pytorch_tanh, gelu_python_tanh, gelu_fast, gelu_accurate, quick_gelu, \
             relu, relu2, relu6, leaky_relu, silu, swish, hardswish, mish, sigmoid, tanh, linear"
        );
        for name in HiddenAct::VARIANTS {
            assert_eq!(name.parse::<HiddenAct>().unwrap().to_string(), *name);
        }
    }

    #[test]
    fn a_name_that_is_not_implemented_is_refused_with_those_that_are() {
        for name in ["prelu", "xielu", "laplace", "sqrtsoftplus", "GELU", ""] {
            let error = name.parse::<HiddenAct>().unwrap_err().to_string();
            assert!(
                error.contains(&format!("\"hidden_act\" is \"{name}\", expected one of gelu, ")),
                "{error}"
            );
        }
    }
}
