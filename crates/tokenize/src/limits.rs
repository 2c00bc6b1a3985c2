//! Limits on what a text may ask for.

/// The largest number of windows of one text or pair that are held at a time: with 512 tokens each, those of a thick book, in
/// some hundred MiB.
pub const MOST_WINDOWS: usize = 4096;
