//! [`Beside`]: what stands below the evaluation of a split in the table of results.

use embert_run::SplitScores;
use embert_task::CardMetric;
use serde::Serialize;

use super::markdown::escaped;

/// Other figures for the same split: with fitted thresholds, or of a rule without a model.
#[derive(Debug, Serialize)]
pub(super) struct Beside {
    /// What the figures are of.
    name: String,
    /// One value for each metric of the table.
    values: Vec<String>,
}

impl Beside {
    /// The rows for the scores of one split; none for a task without thresholds and rules.
    pub(super) fn of(scores: &SplitScores, shown: &[CardMetric]) -> Vec<Self> {
        let fitted = (!scores.detail.at_thresholds.is_empty())
            .then(|| ("with the fitted thresholds".to_owned(), &scores.detail.at_thresholds));
        let rules = scores
            .baselines
            .iter()
            .map(|rule| (format!("without a model: {}", escaped(&rule.name)), &rule.metrics));
        let rows = fitted.into_iter().chain(rules).map(|(name, metrics)| Self {
            name,
            // A threshold does not change each metric, and a rule does not have each.
            values: shown
                .iter()
                .map(|metric| metrics.get(&metric.name))
                .map(|value| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}")))
                .collect(),
        });
        rows.collect()
    }

    /// Sentences on these rows, each after a space; empty without rows.
    pub(super) fn about(scores: &[SplitScores]) -> String {
        let mut about = String::new();
        if scores.iter().any(|scores| !scores.detail.at_thresholds.is_empty()) {
            about += " The rows with the fitted thresholds are of that file: it was fitted on the validation split, whose \
                      figures in them flatter.";
        }
        if scores.iter().any(|scores| !scores.baselines.is_empty()) {
            about +=
                " The rows without a model are simple rules that have learnt from the training split alone.";
        }
        about
    }
}
