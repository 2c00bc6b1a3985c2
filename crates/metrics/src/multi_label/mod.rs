//! Several labels on one example: the metrics as scikit-learn defines them, and thresholds.

mod accumulator;
mod frequent;
mod metric;
mod report;
mod thresholds;

pub use accumulator::MultiLabelAccumulator;
pub use frequent::most_frequent_labels;
pub use metric::MultiLabelMetric;
pub use report::{LabelScores, MultiLabelReport};
pub use thresholds::{DEFAULT_THRESHOLD, fit_thresholds, is_predicted};
