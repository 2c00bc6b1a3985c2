//! [`SummaryMetric`]: the metrics of summaries by name.

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::read_by_name;

/// A metric of a [`SummaryReport`](crate::SummaryReport), by the name that configurations, logs and the
/// command line use: ROUGE's in the spelling of `rouge_score`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(try_from = "String", into = "&'static str")]
pub enum SummaryMetric {
    /// `rouge1`: the mean ROUGE-1 of the summaries.
    Rouge1,
    /// `rouge2`: the mean ROUGE-2.
    Rouge2,
    /// `rougeL`: the mean ROUGE-L of whole summaries.
    #[strum(serialize = "rougeL")]
    RougeL,
    /// `rougeLsum`: the mean ROUGE-L of summaries sentence by sentence.
    #[strum(serialize = "rougeLsum")]
    RougeLsum,
    /// `oracle_hits`: the share of chosen sentences that are the oracle's.
    OracleHits,
    /// `loss`: the mean loss of a sentence, where smaller is better.
    Loss,
}

read_by_name!(SummaryMetric);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NamedMetric as _;

    #[test]
    fn names_are_spelled_as_rouge_score_spells_them() {
        let names: Vec<&str> = SummaryMetric::ALL.iter().map(|metric| metric.name()).collect();
        assert_eq!(names, ["rouge1", "rouge2", "rougeL", "rougeLsum", "oracle_hits", "loss"]);
        for &metric in SummaryMetric::ALL {
            assert_eq!(metric.to_string().parse(), Ok(metric));
        }
        assert!("rougel".parse::<SummaryMetric>().is_err());
        assert!(SummaryMetric::DEFAULT.parse::<SummaryMetric>().is_ok());
    }
}
