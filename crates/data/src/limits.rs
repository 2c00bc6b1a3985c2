//! Limits on what a file may ask for.

/// The longest row, in bytes after decompression. A longer row is refused before it fills the memory: it
/// comes from a quote that isn't closed, or from a file that is no text.
pub(crate) const MAX_ROW: usize = 64 << 20;

/// The largest number of tokens and tags of a sentence in CoNLL columns: short tokens need many times their
/// bytes in memory.
pub(crate) const MAX_SENTENCE: usize = 1 << 21;
