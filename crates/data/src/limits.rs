//! Limits on what a file may ask for.

/// The longest row, in bytes of its file. A longer one is taken for a quote that isn't closed, or for a file that is no text at
/// all, before it fills the memory.
pub(crate) const MAX_ROW: usize = 64 << 20;
