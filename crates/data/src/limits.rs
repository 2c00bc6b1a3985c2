//! Limits on what a file may ask for.

/// The longest row, in bytes after decompression. A longer row is refused before it fills the memory: it
/// comes from a quote that isn't closed, or from a file that is no text.
pub(crate) const MAX_ROW: usize = 64 << 20;
