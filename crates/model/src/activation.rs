//! [`HiddenAct`].

use std::fmt;
use std::str::FromStr;

use burn::nn::Linear;
use burn::tensor::activation::{hard_swish, leaky_relu, mish, relu, relu6, sigmoid, silu};
use burn::tensor::{Tensor, activation};

use crate::ModelError;
use crate::ops::{self, Gelu};

/// The activation between the two dense layers of the feed-forward block, under the names of `transformers`' `ACT2FN`.
///
/// Those with weights of their own (`prelu`, `xielu`) and two that no BERT has (`laplace`, `sqrtsoftplus`) are not
/// implemented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HiddenAct {
    /// `x * Φ(x)` with the error function, as BERT was trained.
    #[default]
    Gelu,
    /// [`Gelu`](Self::Gelu) under the name of the Python code that computed it once.
    GeluPython,
    /// [`Gelu`](Self::Gelu), clipped to -10 and 10.
    Gelu10,
    /// The tanh form of GELU, under its older name.
    GeluNew,
    /// The tanh form of GELU, under PyTorch's name.
    GeluPytorchTanh,
    /// The tanh form of GELU, under the name of the Python code.
    GeluPythonTanh,
    /// The tanh form of GELU, factored: the same up to f32's rounding.
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
    const ALL: [(Self, &'static str); 20] = [
        (Self::Gelu, "gelu"),
        (Self::GeluPython, "gelu_python"),
        (Self::Gelu10, "gelu_10"),
        (Self::GeluNew, "gelu_new"),
        (Self::GeluPytorchTanh, "gelu_pytorch_tanh"),
        (Self::GeluPythonTanh, "gelu_python_tanh"),
        (Self::GeluFast, "gelu_fast"),
        (Self::GeluAccurate, "gelu_accurate"),
        (Self::QuickGelu, "quick_gelu"),
        (Self::Relu, "relu"),
        (Self::Relu2, "relu2"),
        (Self::Relu6, "relu6"),
        (Self::LeakyRelu, "leaky_relu"),
        (Self::Silu, "silu"),
        (Self::Swish, "swish"),
        (Self::Hardswish, "hardswish"),
        (Self::Mish, "mish"),
        (Self::Sigmoid, "sigmoid"),
        (Self::Tanh, "tanh"),
        (Self::Linear, "linear"),
    ];

    /// The name in `config.json`.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(act, _)| *act == self).map_or("", |(_, name)| name)
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(act, _)| *act)
    }

    /// What [`Self::named`] knows, for messages.
    pub(crate) fn names() -> String {
        Self::ALL.map(|(_, name)| name).join(", ")
    }

    /// The activation of a dense layer's output.
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

impl fmt::Display for HiddenAct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HiddenAct {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        Self::named(text).ok_or_else(|| ModelError::Config {
            origin: "config".to_owned(),
            key: "hidden_act".to_owned(),
            found: format!("\"{text}\""),
            expected: format!("one of {}", Self::names()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_and_written() {
        for (act, name) in HiddenAct::ALL {
            assert_eq!(name.parse::<HiddenAct>().unwrap(), act);
            assert_eq!(act.to_string(), name);
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
