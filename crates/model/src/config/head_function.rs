//! [`HeadFunction`].

use std::fmt;

/// The function that turns a head's outputs into scores, as `transformers`' `text-classification` pipeline
/// chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeadFunction {
    /// A softmax: probabilities that sum to 1, for a text with one label.
    Softmax,
    /// A sigmoid: an independent probability for each label.
    Sigmoid,
    /// No function: the outputs themselves.
    Identity,
}

impl fmt::Display for HeadFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Softmax => "softmax",
            Self::Sigmoid => "sigmoid",
            Self::Identity => "raw number",
        })
    }
}
