//! [`SimilarityReport`]: the metrics of pairs of texts.

use serde::Serialize;

use super::metric::SimilarityMetric;
use super::retrieval::RetrievalReport;
use crate::{NamedMetric, RegressionReport};

/// The name of the default metric.
const SPEARMAN: &str = "spearman_cosine";

/// The scores of pairs of texts: of pairs with a score, or of pairs without.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SimilarityReport {
    /// The number of pairs.
    pub examples: usize,
    /// The cosines beside the scores, scaled to 0..1; `None` where pairs have no scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<RegressionReport>,
    /// How well first texts find their partners; `None` where pairs have scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retrieval: Option<RetrievalReport>,
}

impl NamedMetric for SimilarityMetric {
    type Report = SimilarityReport;
    const DEFAULT: &'static str = SPEARMAN;

    fn title(self) -> &'static str {
        match self {
            Self::SpearmanCosine => "Spearman",
            Self::PearsonCosine => "Pearson",
            Self::Mrr10 => "MRR@10",
            Self::Recall1 => "Recall@1",
            Self::Recall10 => "Recall@10",
            Self::Loss => "Loss",
        }
    }

    fn long_title(self) -> &'static str {
        match self {
            Self::SpearmanCosine => "Spearman correlation of cosines and scores",
            Self::PearsonCosine => "Pearson correlation of cosines and scores",
            Self::Mrr10 => "Mean reciprocal rank (MRR@10)",
            other => other.title(),
        }
    }

    fn is_higher_better(self) -> bool {
        self != Self::Loss
    }

    fn is_headline(self) -> bool {
        self != Self::Loss
    }

    /// `None` where the metric is not defined, or is of the other kind of pairs.
    fn value(self, report: &SimilarityReport) -> Option<f64> {
        let (scores, retrieval) = (report.scores.as_ref(), report.retrieval.as_ref());
        match self {
            Self::SpearmanCosine => scores?.spearman,
            Self::PearsonCosine => scores?.pearson,
            Self::Mrr10 => retrieval?.mrr_at_10,
            Self::Recall1 => retrieval?.recall_at_1,
            Self::Recall10 => retrieval?.recall_at_10,
            Self::Loss => scores?.mse,
        }
    }
}
