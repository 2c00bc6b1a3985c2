//! [`TaggingMetric`]: the metrics of a tagger by name.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use crate::MetricsError;
use crate::named::parse;

/// A metric of a [`TaggingReport`](crate::TaggingReport), by the name that configurations, logs and the
/// command line use.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(try_from = "String", into = "&'static str")]
pub enum TaggingMetric {
    /// `f1`: micro-averaged over the entities, lenient as seqeval's default mode.
    F1,
    /// `precision`: the share of the predicted entities that are true ones.
    Precision,
    /// `recall`: the share of the true entities that were predicted.
    Recall,
    /// `accuracy`: the share of words with the right tag.
    Accuracy,
    /// `f1_strict`: micro-averaged over the entities that keep to the scheme, seqeval's `mode="strict"`.
    F1Strict,
    /// `loss`: the mean cross-entropy of a word, where smaller is better.
    Loss,
}

impl TaggingMetric {
    /// Every metric, in the order in which they are listed to users.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The name of the metric by which the weights of a tagger are chosen unless the user names another.
    pub const DEFAULT: &str = "f1";

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
            Self::F1 => "F1",
            Self::Precision => "Precision",
            Self::Recall => "Recall",
            Self::Accuracy => "Accuracy",
            Self::F1Strict => "Strict F1",
            Self::Loss => "Loss",
        }
    }

    /// The title, with what is counted.
    pub const fn long_title(self) -> &'static str {
        match self {
            Self::F1 => "F1 of entities",
            Self::Precision => "Precision of entities",
            Self::Recall => "Recall of entities",
            Self::Accuracy => "Accuracy of words",
            Self::F1Strict => "Strict F1 of entities",
            Self::Loss => "Loss",
        }
    }

    /// The Hugging Face Hub's identifier of the metric, for model cards.
    pub fn hub_name(self) -> &'static str {
        match self {
            Self::F1Strict => Self::F1.name(),
            other => other.name(),
        }
    }

    /// Whether greater is better.
    pub const fn is_higher_better(self) -> bool {
        match self {
            Self::Loss => false,
            Self::F1 | Self::Precision | Self::Recall | Self::Accuracy | Self::F1Strict => true,
        }
    }

    /// True for the metrics that sum up an evaluation: all but the strict F1, which differs from F1 where the
    /// tagger breaks the scheme.
    pub const fn is_headline(self) -> bool {
        match self {
            Self::F1 | Self::Precision | Self::Recall | Self::Accuracy | Self::Loss => true,
            Self::F1Strict => false,
        }
    }

    /// Whether `value` is strictly better than `than`: greater, or smaller where smaller is better. Always
    /// false with a NaN.
    pub fn is_better(self, value: f64, than: f64) -> bool {
        if self.is_higher_better() { value > than } else { value < than }
    }
}

impl FromStr for TaggingMetric {
    type Err = MetricsError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        parse(Self::ALL, name)
    }
}

impl TryFrom<String> for TaggingMetric {
    type Error = MetricsError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}
