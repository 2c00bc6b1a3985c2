//! Masked words: the loss, perplexity and accuracy of predicted tokens.

mod accumulator;
mod metric;
mod report;

pub use accumulator::MaskedAccumulator;
pub use metric::MaskedMetric;
pub use report::MaskedReport;
