//! [`HeadFunction`].

use std::fmt;

/// The function that turns a head's outputs into scores, as `transformers`' `text-classification` pipeline chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeadFunction {
    /// Probabilities that sum to 1: a text has one of the labels.
    Softmax,
    /// A probability for each label by itself.
    Sigmoid,
    /// The outputs as they are.
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
