//! Predicted numbers: the metrics as scipy and scikit-learn define them.

mod accumulator;
mod metric;
mod moments;
mod ranks;
mod report;

pub use accumulator::RegressionAccumulator;
pub use metric::RegressionMetric;
pub use report::RegressionReport;
