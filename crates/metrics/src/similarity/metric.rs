//! [`SimilarityMetric`]: the metrics of pairs of texts by name.

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::read_by_name;

/// A metric of a [`SimilarityReport`](crate::SimilarityReport), by the name that configurations, logs and the
/// command line use; the names are those of sentence-transformers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(try_from = "String", into = "&'static str")]
pub enum SimilarityMetric {
    /// `spearman_cosine`: Spearman's correlation of the cosines with the scores.
    SpearmanCosine,
    /// `pearson_cosine`: Pearson's correlation of the cosines with the scores.
    PearsonCosine,
    /// `mrr@10`: the mean over the first texts of 1 / the rank of their nearest partner, 0 beyond rank 10.
    #[strum(serialize = "mrr@10")]
    Mrr10,
    /// `recall@1`: the mean over the first texts of the share of their partners that are the nearest text.
    #[strum(serialize = "recall@1")]
    Recall1,
    /// `recall@10`: the mean over the first texts of the share of their partners among the ten nearest texts.
    #[strum(serialize = "recall@10")]
    Recall10,
    /// `loss`: the mean squared difference of cosines and scaled scores.
    Loss,
}

impl SimilarityMetric {
    /// The metrics of pairs with a score.
    pub const OF_SCORES: [Self; 3] = [Self::SpearmanCosine, Self::PearsonCosine, Self::Loss];
    /// The metrics of pairs without scores.
    pub const OF_PAIRS: [Self; 3] = [Self::Mrr10, Self::Recall1, Self::Recall10];
}

read_by_name!(SimilarityMetric);
