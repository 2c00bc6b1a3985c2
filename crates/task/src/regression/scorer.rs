//! [`RegressionScorer`]: metrics of predicted numbers.

use embert_metrics::{RegressionAccumulator, RegressionReport};

use super::{NumberedText, TextRegression};
use crate::{Scorer, TaskError};

/// Metrics of all examples' numbers.
#[derive(Clone, Debug, Default)]
pub struct RegressionScorer(RegressionAccumulator);

impl Scorer<TextRegression> for RegressionScorer {
    fn add(&mut self, example: &NumberedText, prediction: &f64) -> Result<(), TaskError> {
        let number = example.label.ok_or(TaskError::Unlabelled { id: example.id })?;
        Ok(self.0.add(number, *prediction)?)
    }

    fn merge(&mut self, other: Self) -> Result<(), TaskError> {
        self.0.merge(other.0);
        Ok(())
    }

    fn finish(&self) -> RegressionReport {
        self.0.report()
    }
}
