//! [`RegressionMetric`]: the metrics of a regression by name.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use crate::MetricsError;
use crate::named::parse;

/// A metric of a [`RegressionReport`](crate::RegressionReport), by the name that configurations, logs and the
/// command line use.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(try_from = "String", into = "&'static str")]
pub enum RegressionMetric {
    /// `pearson`: Pearson's correlation coefficient.
    Pearson,
    /// `spearman`: Spearman's rank correlation coefficient.
    Spearman,
    /// `mse`: the mean squared error, where smaller is better.
    Mse,
    /// `mae`: the mean absolute error, where smaller is better.
    Mae,
    /// `r2`: the coefficient of determination.
    R2,
    /// `loss`: the mean squared error under the name that every task's log has.
    Loss,
}

impl RegressionMetric {
    /// Every metric, in the order in which they are listed to users.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The name of the metric by which the weights of a regression are chosen unless the user names another.
    pub const DEFAULT: &str = "pearson";

    /// The metrics that an evaluation logs, in the order of the log line.
    pub const LOGGED: &[Self] = Self::ALL;

    /// The name, which [`FromStr`] parses.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Every metric in the order of display, without the loss, which is the MSE. Runs are compared by the
    /// first metric by default.
    pub fn displayed() -> impl Iterator<Item = Self> + Clone {
        Self::ALL.iter().copied().filter(|metric| *metric != Self::Loss)
    }

    /// The name in headings.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Pearson => "Pearson",
            Self::Spearman => "Spearman",
            Self::Mse => "MSE",
            Self::Mae => "MAE",
            Self::R2 => "R²",
            Self::Loss => "Loss",
        }
    }

    /// The title, written out.
    pub const fn long_title(self) -> &'static str {
        match self {
            Self::Pearson => "Pearson correlation",
            Self::Spearman => "Spearman correlation",
            Self::Mse => "Mean squared error",
            Self::Mae => "Mean absolute error",
            Self::R2 => "Coefficient of determination (R²)",
            Self::Loss => "Loss",
        }
    }

    /// The Hugging Face Hub's identifier of the metric, for model cards.
    pub fn hub_name(self) -> &'static str {
        match self {
            Self::Pearson => "pearsonr",
            Self::Spearman => "spearmanr",
            Self::R2 => "r_squared",
            other => other.name(),
        }
    }

    /// Whether greater is better.
    pub const fn is_higher_better(self) -> bool {
        match self {
            Self::Mse | Self::Mae | Self::Loss => false,
            Self::Pearson | Self::Spearman | Self::R2 => true,
        }
    }

    /// True for the metrics that sum up an evaluation: all but the loss, which is the MSE once more.
    pub const fn is_headline(self) -> bool {
        match self {
            Self::Pearson | Self::Spearman | Self::Mse | Self::Mae | Self::R2 => true,
            Self::Loss => false,
        }
    }

    /// Whether `value` is strictly better than `than`: greater, or smaller where smaller is better. Always
    /// false with a NaN.
    pub fn is_better(self, value: f64, than: f64) -> bool {
        if self.is_higher_better() { value > than } else { value < than }
    }
}

impl FromStr for RegressionMetric {
    type Err = MetricsError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        parse(Self::ALL, name)
    }
}

impl TryFrom<String> for RegressionMetric {
    type Error = MetricsError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}
