//! [`MaskedMetric`]: the metrics of predicted masked words by name.

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::read_by_name;

/// A metric of a [`MaskedReport`](crate::MaskedReport), by the name that configurations, logs and the command
/// line use.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(try_from = "String", into = "&'static str")]
pub enum MaskedMetric {
    /// `perplexity`: e to the power of the mean loss, where smaller is better.
    Perplexity,
    /// `masked_accuracy`: the share of masked tokens whose most probable token is the true one.
    MaskedAccuracy,
    /// `loss`: the mean cross-entropy of a masked token, in nats.
    Loss,
}

read_by_name!(MaskedMetric);
