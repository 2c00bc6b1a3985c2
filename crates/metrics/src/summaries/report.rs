//! [`SummaryReport`]: all metrics of summaries.

use serde::Serialize;

use super::metric::SummaryMetric;
use super::rouge::RougeScores;
use crate::NamedMetric;
use crate::names::ROUGE1;

/// All metrics over the examples of a [`SummaryAccumulator`](crate::SummaryAccumulator).
///
/// Every number is finite; what is not defined is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SummaryReport {
    /// The number of examples, each with one summary.
    pub examples: usize,
    /// The plain mean of the examples' ROUGE F-measures, 0 to 1. (`rouge_score`'s own command takes the middle
    /// of a bootstrap instead.) 0 without examples.
    #[serde(flatten)]
    pub rouge: RougeScores,
    /// The share of chosen sentences that are the oracle's, 0 to 1. `None` if no sentence is chosen.
    pub oracle_hits: Option<f64>,
    /// The number of chosen sentences.
    pub chosen: usize,
    /// The number of examples whose summary, or each of whose references, has neither a Latin letter nor a
    /// digit: ROUGE sees nothing in them and is 0.
    pub without_tokens: usize,
    /// The mean loss of a sentence. `None` without sentences.
    pub loss: Option<f64>,
}

impl NamedMetric for SummaryMetric {
    type Report = SummaryReport;
    const DEFAULT: &'static str = ROUGE1;

    fn title(self) -> &'static str {
        match self {
            Self::Rouge1 => "ROUGE-1",
            Self::Rouge2 => "ROUGE-2",
            Self::RougeL => "ROUGE-L",
            Self::RougeLsum => "ROUGE-Lsum",
            Self::OracleHits => "Oracle hits",
            Self::Loss => "Loss",
        }
    }

    /// The title, with what is counted.
    fn long_title(self) -> &'static str {
        match self {
            Self::OracleHits => "Share of chosen sentences that are the oracle's",
            other => other.title(),
        }
    }

    /// `rouge` for each ROUGE: the hub has one metric for them all.
    fn hub_name(self) -> &'static str {
        match self {
            Self::Rouge1 | Self::Rouge2 | Self::RougeL | Self::RougeLsum => "rouge",
            other => other.name(),
        }
    }

    fn is_higher_better(self) -> bool {
        match self {
            Self::Loss => false,
            Self::Rouge1 | Self::Rouge2 | Self::RougeL | Self::RougeLsum | Self::OracleHits => true,
        }
    }

    /// True for all but ROUGE-Lsum.
    fn is_headline(self) -> bool {
        self != Self::RougeLsum
    }

    fn value(self, report: &SummaryReport) -> Option<f64> {
        let of_all = |value: f64| (report.examples > 0).then_some(value);
        match self {
            Self::Rouge1 => of_all(report.rouge.rouge1),
            Self::Rouge2 => of_all(report.rouge.rouge2),
            Self::RougeL => of_all(report.rouge.rouge_l),
            Self::RougeLsum => of_all(report.rouge.rouge_lsum),
            Self::OracleHits => report.oracle_hits,
            Self::Loss => report.loss,
        }
    }
}
