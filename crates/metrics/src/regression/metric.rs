//! [`RegressionMetric`]: the metrics of a regression by name.

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::read_by_name;

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

read_by_name!(RegressionMetric);
