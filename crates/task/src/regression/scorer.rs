//! [`RegressionScorer`]: metrics of predicted numbers.

use embert_metrics::RegressionAccumulator;

/// Metrics of all examples' numbers.
#[derive(Clone, Debug, Default)]
pub struct RegressionScorer(pub(super) RegressionAccumulator);
