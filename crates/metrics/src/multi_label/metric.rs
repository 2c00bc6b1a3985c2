//! [`MultiLabelMetric`]: the metrics for several labels on one example, by name.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use crate::MetricsError;
use crate::named::parse;

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

impl MultiLabelMetric {
    /// Every metric, in the order in which they are listed to users.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The name of the metric by which the weights of a classifier with several labels are chosen unless the
    /// user names another.
    pub const DEFAULT: &str = "micro_f1";

    /// The metrics that an evaluation logs, in the order of the log line.
    pub const LOGGED: &[Self] = Self::ALL;

    /// The name, which [`FromStr`] parses.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Every metric in the order of display: the loss last. Runs are compared by the first metric by default.
    pub fn displayed() -> impl Iterator<Item = Self> + Clone {
        Self::ALL.iter().copied()
    }

    /// The name in headings.
    pub const fn title(self) -> &'static str {
        match self {
            Self::MicroF1 => "Micro F1",
            Self::MacroF1 => "Macro F1",
            Self::SamplesF1 => "Samples F1",
            Self::Jaccard => "Jaccard",
            Self::SubsetAccuracy => "Subset accuracy",
            Self::RocAuc => "ROC AUC",
            Self::Loss => "Loss",
        }
    }

    /// The title, with the average where it does not say so.
    pub const fn long_title(self) -> &'static str {
        match self {
            Self::Jaccard => "Jaccard index (samples)",
            Self::RocAuc => "ROC AUC (macro)",
            other => other.title(),
        }
    }

    /// The Hugging Face Hub's identifier of the metric, for model cards, without the average.
    pub fn hub_name(self) -> &'static str {
        match self {
            Self::MicroF1 | Self::MacroF1 | Self::SamplesF1 => "f1",
            Self::SubsetAccuracy => "accuracy",
            other => other.name(),
        }
    }

    /// The average with which the hub's metric computes this one, by scikit-learn's name for it.
    pub const fn average(self) -> Option<&'static str> {
        match self {
            Self::MicroF1 => Some("micro"),
            Self::MacroF1 | Self::RocAuc => Some("macro"),
            Self::SamplesF1 | Self::Jaccard => Some("samples"),
            Self::SubsetAccuracy | Self::Loss => None,
        }
    }

    /// Whether greater is better.
    pub const fn is_higher_better(self) -> bool {
        match self {
            Self::Loss => false,
            Self::MicroF1
            | Self::MacroF1
            | Self::SamplesF1
            | Self::Jaccard
            | Self::SubsetAccuracy
            | Self::RocAuc => true,
        }
    }

    /// True for the metrics that sum up an evaluation: all but the means over examples.
    pub const fn is_headline(self) -> bool {
        match self {
            Self::MicroF1 | Self::MacroF1 | Self::SubsetAccuracy | Self::RocAuc | Self::Loss => true,
            Self::SamplesF1 | Self::Jaccard => false,
        }
    }

    /// Whether `value` is strictly better than `than`: greater, or smaller where smaller is better. Always
    /// false with a NaN.
    pub fn is_better(self, value: f64, than: f64) -> bool {
        if self.is_higher_better() { value > than } else { value < than }
    }
}

impl FromStr for MultiLabelMetric {
    type Err = MetricsError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        parse(Self::ALL, name)
    }
}

impl TryFrom<String> for MultiLabelMetric {
    type Error = MetricsError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}
