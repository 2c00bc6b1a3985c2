//! A limit on the windows of a text.

/// The largest number of windows of one text or pair that are held at once. With 512 tokens a window, they
/// cover a thick book and take about 100 MiB.
pub const MOST_WINDOWS: usize = 4096;
