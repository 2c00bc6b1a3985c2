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
    /// The confusion matrix: a row for each true label, a column for each predicted label.
    #[serde(default)]
    pub confusion_matrix: Vec<Vec<usize>>,
}

/// The metrics of one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// The label's metrics.
    pub metrics: Metrics,
    /// The number of examples with this label.
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
