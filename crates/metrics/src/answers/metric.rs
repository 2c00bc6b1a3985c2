//! [`AnswerMetric`]: the metrics of answers by name.

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::read_by_name;

/// A metric of an [`AnswerReport`](crate::AnswerReport), by the name that configurations, logs and the
/// command line use: those of SQuAD's scripts, in their spelling.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(try_from = "String", into = "&'static str")]
pub enum AnswerMetric {
    /// `f1`: the mean of the questions' F1 of words.
    F1,
    /// `exact_match`: the share of questions answered exactly.
    ExactMatch,
    /// `HasAns_f1`: F1 over the questions that have an answer.
    #[strum(serialize = "HasAns_f1")]
    HasAnsF1,
    /// `HasAns_exact`: exact match over the questions that have an answer.
    #[strum(serialize = "HasAns_exact")]
    HasAnsExact,
    /// `NoAns_f1`: F1 over the questions that have none.
    #[strum(serialize = "NoAns_f1")]
    NoAnsF1,
    /// `NoAns_exact`: exact match over the questions that have none.
    #[strum(serialize = "NoAns_exact")]
    NoAnsExact,
    /// `best_f1`: F1 at the null threshold that is best for it.
    BestF1,
    /// `best_f1_thresh`: that threshold, which is no score.
    BestF1Thresh,
    /// `best_exact`: exact match at the null threshold that is best for it.
    BestExact,
    /// `best_exact_thresh`: that threshold, which is no score.
    BestExactThresh,
    /// `loss`: the mean loss of a question, where smaller is better.
    Loss,
}

read_by_name!(AnswerMetric);

impl AnswerMetric {
    /// False for the two thresholds, by which nothing can be compared: they say where a score was reached.
    pub const fn is_score(self) -> bool {
        !matches!(self, Self::BestF1Thresh | Self::BestExactThresh)
    }

    /// True for the scores that the null threshold decides: F1 and exact match, of all questions and of those
    /// with and without an answer.
    pub const fn depends_on_threshold(self) -> bool {
        match self {
            Self::F1
            | Self::ExactMatch
            | Self::HasAnsF1
            | Self::HasAnsExact
            | Self::NoAnsF1
            | Self::NoAnsExact => true,
            Self::BestF1 | Self::BestF1Thresh | Self::BestExact | Self::BestExactThresh | Self::Loss => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NamedMetric as _;

    #[test]
    fn names_are_spelled_as_the_scripts_spell_them() {
        let names: Vec<&str> = AnswerMetric::ALL.iter().map(|metric| metric.name()).collect();
        assert_eq!(
            names.join(" "),
            "f1 exact_match HasAns_f1 HasAns_exact NoAns_f1 NoAns_exact best_f1 best_f1_thresh best_exact \
             best_exact_thresh loss"
        );
        for &metric in AnswerMetric::ALL {
            assert_eq!(metric.to_string().parse(), Ok(metric));
            let json = serde_json::to_string(&metric).unwrap();
            assert_eq!(serde_json::from_str::<AnswerMetric>(&json).unwrap(), metric);
        }
        assert!("hasans_f1".parse::<AnswerMetric>().is_err());
        assert!(AnswerMetric::DEFAULT.parse::<AnswerMetric>().is_ok());
    }

    #[test]
    fn a_threshold_is_never_better() {
        for &metric in AnswerMetric::ALL {
            let better = (metric.is_better(0.5, 0.4), metric.is_better(0.4, 0.5));
            let expected = (metric.is_score() && metric != AnswerMetric::Loss, metric == AnswerMetric::Loss);
            assert_eq!(better, expected, "{metric}");
            assert!(!metric.is_better(f64::NAN, 0.5) && !metric.is_better(0.5, 0.5), "{metric}");
        }
        let thresholds = AnswerMetric::ALL.iter().filter(|metric| !metric.is_score());
        assert!(thresholds.clone().all(|metric| metric.name().ends_with("_thresh") && !metric.is_headline()));
        assert_eq!(thresholds.count(), 2);
        let decided = AnswerMetric::ALL.iter().filter(|metric| metric.depends_on_threshold());
        assert!(decided.clone().all(|metric| metric.is_score()) && decided.count() == 6);
    }
}
