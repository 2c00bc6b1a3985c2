//! [`MaskScorer`]: metrics of predicted masked words.

use embert_metrics::MaskedAccumulator;

/// Metrics over the masked tokens of all examples.
#[derive(Clone, Debug, Default)]
pub struct MaskScorer(pub(super) MaskedAccumulator);
