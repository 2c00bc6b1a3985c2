//! `scores.json`: the metrics of the weights that a run kept.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::format::{first, read_json};
use crate::{Metrics, RunError};

/// The metrics of the weights that a run kept, for each evaluated split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// The file's format.
    #[serde(default = "first")]
    pub format: u64,
    /// The step after which the weights were taken.
    pub step: usize,
    /// The splits, validation first.
    pub splits: Vec<SplitScores>,
}

/// The metrics of one split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitScores {
    /// `validation` or `test`.
    pub split: String,
    /// The number of examples.
    pub examples: usize,
    /// The metrics of the whole split, in the order of display; an undefined metric is absent.
    pub metrics: Metrics,
    /// Metrics of parts of the split.
    #[serde(default)]
    pub detail: Detail,
    /// What simple rules without a model would get on the split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<Baseline>,
}

/// The metrics of a rule that needs no model, as a measure of what training has won.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// What the rule does, as a phrase: `each word's most frequent tag in the training split`.
    pub name: String,
    /// The rule's metrics on the split; an undefined metric is absent.
    pub metrics: Metrics,
}

/// Metrics of single labels, their averages, and the confusion matrix.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// The metrics of each label, in the order of the model's outputs.
    #[serde(default)]
    pub classes: Vec<ClassScores>,
    /// Averages over the labels.
    #[serde(default)]
    pub averages: Vec<Average>,
    /// The confusion matrix: a row for each true label, a column for each predicted label. In token
    /// classification the labels are types of entities, and the last row and column stand for no entity.
    #[serde(default)]
    pub confusion_matrix: Vec<Vec<usize>>,
    /// The threshold of each label, fitted on the validation split, in the order of the model's outputs; in
    /// question answering the null threshold alone. Empty for a task without thresholds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<f64>,
    /// The metrics with the fitted thresholds; [`SplitScores::metrics`] are those with 0.5, and in question
    /// answering with a null threshold of 0.
    #[serde(default, skip_serializing_if = "Metrics::is_empty")]
    pub at_thresholds: Metrics,
}

/// The metrics of one label, or of one type of entities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// The type's name; `None` for the label of the same number in `facts.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The label's metrics.
    pub metrics: Metrics,
    /// The number of examples with this label, or of entities of this type.
    pub examples: usize,
}

/// The average of the labels' metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Average {
    /// The kind of average: `macro`, `micro` or `weighted`.
    pub name: String,
    /// The averaged metrics.
    pub metrics: Metrics,
}

impl Scores {
    /// Reads `scores.json`; `None` if there is no such file.
    ///
    /// # Errors
    /// The file can't be read, is damaged, or has a newer format.
    pub fn read(path: &Path) -> Result<Option<Self>, RunError> {
        read_json(path)
    }

    /// The metrics of the split `name`.
    pub fn split(&self, name: &str) -> Option<&SplitScores> {
        self.splits.iter().find(|scores| scores.split == name)
    }
}

impl Detail {
    /// The number of examples with the true label `target` that were predicted as `predicted`; 0 beyond the
    /// matrix.
    pub fn count(&self, target: usize, predicted: usize) -> usize {
        self.confusion_matrix.get(target).and_then(|row| row.get(predicted)).copied().unwrap_or(0)
    }
}
