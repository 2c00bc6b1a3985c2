//! [`RegressionReport`]: all metrics of a regression's evaluation.

use serde::Serialize;

use super::metric::RegressionMetric;
use super::moments::{Centred, finite, sum};
use super::ranks::mean_ranks;
use crate::NamedMetric;
use crate::names::PEARSON;

/// All metrics over the examples of a [`RegressionAccumulator`](crate::RegressionAccumulator).
///
/// Every number is finite; what is not defined, or too large for an `f64`, is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RegressionReport {
    /// The number of examples.
    pub examples: usize,
    /// Pearson's correlation coefficient, -1 to 1. `None` with fewer than two examples, or if all true
    /// numbers or all predictions are equal.
    pub pearson: Option<f64>,
    /// Spearman's rank correlation coefficient, -1 to 1: Pearson's of the ranks, equal numbers having the
    /// mean of theirs. `None` as for [`pearson`](Self::pearson).
    pub spearman: Option<f64>,
    /// The mean squared error, which is the loss too. `None` without examples.
    pub mse: Option<f64>,
    /// The mean absolute error. `None` without examples.
    pub mae: Option<f64>,
    /// The coefficient of determination: the share of the variance of the true numbers that is explained; 1
    /// at most, negative where their mean predicts better. `None` with fewer than two examples, or if all
    /// true numbers are equal (scikit-learn's `r2_score(force_finite=False)`).
    pub r2: Option<f64>,
    /// The mean of the true numbers. `None` without examples.
    pub truth_mean: Option<f64>,
    /// Their sample standard deviation. `None` with fewer than two examples.
    pub truth_standard_deviation: Option<f64>,
    /// The mean of the predictions. `None` without examples.
    pub predicted_mean: Option<f64>,
    /// Their sample standard deviation. `None` with fewer than two examples.
    pub predicted_standard_deviation: Option<f64>,
}

impl RegressionReport {
    pub(super) fn new(truths: &[f64], predicted: &[f64]) -> Self {
        let count = truths.len() as f64;
        let errors = || truths.iter().zip(predicted).map(|(truth, predicted)| truth - predicted);
        let squares = sum(errors().map(|error| error * error));
        let (truth, prediction) = (Centred::new(truths), Centred::new(predicted));
        let ranks = |values| Centred::new(&mean_ranks(values));
        Self {
            examples: truths.len(),
            pearson: truth.correlation(&prediction),
            spearman: ranks(truths).correlation(&ranks(predicted)),
            mse: finite(squares / count),
            mae: finite(sum(errors().map(f64::abs)) / count),
            r2: truth.determination(squares),
            truth_mean: truth.mean,
            truth_standard_deviation: truth.standard_deviation(),
            predicted_mean: prediction.mean,
            predicted_standard_deviation: prediction.standard_deviation(),
        }
    }

    /// The metrics that are not defined on these examples.
    pub fn undefined(&self) -> impl Iterator<Item = RegressionMetric> {
        RegressionMetric::displayed().filter(|metric| metric.value(self).is_none())
    }
}

impl NamedMetric for RegressionMetric {
    type Report = RegressionReport;
    const DEFAULT: &'static str = PEARSON;

    fn title(self) -> &'static str {
        match self {
            Self::Pearson => "Pearson",
            Self::Spearman => "Spearman",
            Self::Mse => "MSE",
            Self::Mae => "MAE",
            Self::R2 => "R²",
            Self::Loss => "Loss",
        }
    }

    fn long_title(self) -> &'static str {
        match self {
            Self::Pearson => "Pearson correlation",
            Self::Spearman => "Spearman correlation",
            Self::Mse => "Mean squared error",
            Self::Mae => "Mean absolute error",
            Self::R2 => "Coefficient of determination (R²)",
            Self::Loss => "Loss",
        }
    }

    fn hub_name(self) -> &'static str {
        match self {
            Self::Pearson => "pearsonr",
            Self::Spearman => "spearmanr",
            Self::R2 => "r_squared",
            other => other.name(),
        }
    }

    fn is_higher_better(self) -> bool {
        match self {
            Self::Mse | Self::Mae | Self::Loss => false,
            Self::Pearson | Self::Spearman | Self::R2 => true,
        }
    }

    /// True for all but the loss, which is the MSE once more.
    fn is_headline(self) -> bool {
        match self {
            Self::Pearson | Self::Spearman | Self::Mse | Self::Mae | Self::R2 => true,
            Self::Loss => false,
        }
    }

    /// `None` where the metric is not defined. The loss is the MSE.
    fn value(self, report: &RegressionReport) -> Option<f64> {
        match self {
            Self::Pearson => report.pearson,
            Self::Spearman => report.spearman,
            Self::Mse | Self::Loss => report.mse,
            Self::Mae => report.mae,
            Self::R2 => report.r2,
        }
    }

    /// The metrics that are shown, without the loss, which is the MSE.
    fn displayed() -> impl Iterator<Item = Self> + Clone {
        Self::ALL.iter().copied().filter(|metric| !metric.is_loss())
    }
}
