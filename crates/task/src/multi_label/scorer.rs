//! [`MultiLabelScorer`]: metrics of several labels a text.

use embert_metrics::{MultiLabelAccumulator, MultiLabelReport};
use serde::Serialize;

use crate::TaskError;

/// The metrics with the threshold 0.5 and, where thresholds are fitted, with these.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MultiLabelOutcome {
    /// With the threshold 0.5 for each label.
    #[serde(flatten)]
    pub report: MultiLabelReport,
    /// With the fitted thresholds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_thresholds: Option<MultiLabelReport>,
}

/// Metrics of all examples.
#[derive(Clone, Debug)]
pub struct MultiLabelScorer {
    scores: MultiLabelAccumulator,
    fitted: Option<MultiLabelAccumulator>,
}

impl MultiLabelScorer {
    pub(super) fn new(labels: usize, fitted: Option<&[f64]>) -> Result<Self, TaskError> {
        let at = |thresholds| MultiLabelAccumulator::new(labels, thresholds);
        let fitted = fitted.map(|thresholds| at(Some(thresholds.to_vec()))).transpose()?;
        Ok(Self { scores: at(None)?, fitted })
    }
}

impl MultiLabelScorer {
    /// Adds the example with its binary cross-entropy in nats, the mean over the labels, without weights.
    pub(super) fn add_labels(&mut self, labels: &[usize], prediction: &[f64]) -> Result<(), TaskError> {
        let truth: Vec<bool> = (0..prediction.len()).map(|label| labels.contains(&label)).collect();
        let entry = |(has, probability): (&bool, &f64)| {
            -(if *has { *probability } else { 1.0 - probability }).max(f64::MIN_POSITIVE).ln()
        };
        let loss = truth.iter().zip(prediction).map(entry).sum::<f64>() / prediction.len().max(1) as f64;
        self.scores.add(&truth, prediction, loss)?;
        if let Some(fitted) = &mut self.fitted {
            fitted.add(&truth, prediction, loss)?;
        }
        Ok(())
    }

    /// Adds the examples of another scorer.
    pub(super) fn merge_scores(&mut self, other: Self) -> Result<(), TaskError> {
        self.scores.merge(other.scores)?;
        if let (Some(fitted), Some(other)) = (&mut self.fitted, other.fitted) {
            fitted.merge(other)?;
        }
        Ok(())
    }

    /// The metrics.
    pub(super) fn outcome(&self) -> MultiLabelOutcome {
        let at_thresholds = self.fitted.as_ref().map(MultiLabelAccumulator::report);
        MultiLabelOutcome { report: self.scores.report(), at_thresholds }
    }
}
