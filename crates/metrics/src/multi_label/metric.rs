//! [`MultiLabelMetric`]: the metrics for several labels on one example, by name.

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::read_by_name;

/// A metric of a [`MultiLabelReport`](crate::MultiLabelReport), by the name that configurations, logs and the
/// command line use.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(try_from = "String", into = "&'static str")]
pub enum MultiLabelMetric {
    /// `micro_f1`: F1 of the counts summed over the labels.
    MicroF1,
    /// `macro_f1`: the mean of the labels' F1.
    MacroF1,
    /// `samples_f1`: the mean of the examples' F1.
    SamplesF1,
    /// `jaccard`: the mean over the examples of the labels that are true and predicted, divided by those that
    /// are one of the two.
    Jaccard,
    /// `subset_accuracy`: the share of examples with exactly the right labels.
    SubsetAccuracy,
    /// `roc_auc`: the mean of the labels' areas under the ROC curve.
    RocAuc,
    /// `loss`: the mean binary cross-entropy, where smaller is better.
    Loss,
}

read_by_name!(MultiLabelMetric);

impl MultiLabelMetric {
    /// The average with which the hub's metric computes this one, by scikit-learn's name for it.
    pub const fn average(self) -> Option<&'static str> {
        match self {
            Self::MicroF1 => Some("micro"),
            Self::MacroF1 | Self::RocAuc => Some("macro"),
            Self::SamplesF1 | Self::Jaccard => Some("samples"),
            Self::SubsetAccuracy | Self::Loss => None,
        }
    }
}
