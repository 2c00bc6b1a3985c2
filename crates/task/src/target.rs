//! [`Target`]: what a feature is trained towards.

use std::fmt;

/// The target of a feature: the loss compares the feature's outputs with the target.
pub trait Target: Clone + fmt::Debug + Send + Sync + Unpin + 'static {
    /// The target as bytes, equal on every machine. A run's fingerprint hashes these bytes, so that a resumed
    /// run sees whether its data have changed.
    fn to_bytes(&self) -> Vec<u8>;
}

/// The head's number of a label.
impl Target for usize {
    fn to_bytes(&self) -> Vec<u8> {
        (*self as u64).to_le_bytes().into()
    }
}
