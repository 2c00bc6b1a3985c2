//! [`Depth`]: the part of a model that a parameter belongs to.

use std::fmt;

/// The part of the model that a parameter belongs to, from the inputs up: a greater depth is nearer to the
/// output.
///
/// Freezing, the frozen prefix, the module tree and the optimizer's parameter groups use the depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// The embeddings and their normalization.
    Embeddings,
    /// The encoder layer with this index.
    Layer(usize),
    /// The pooler.
    Pooler,
    /// The head. A parameter outside a BERT model counts as part of a head.
    Head,
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embeddings => f.write_str("embeddings"),
            Self::Layer(layer) => write!(f, "layer {layer}"),
            Self::Pooler => f.write_str("pooler"),
            Self::Head => f.write_str("head"),
        }
    }
}
