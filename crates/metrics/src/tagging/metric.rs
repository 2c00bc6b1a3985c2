//! [`TaggingMetric`]: the metrics of a tagger by name.

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::read_by_name;

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

read_by_name!(TaggingMetric);
