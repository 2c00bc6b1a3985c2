//! `scores.json`: what the last evaluation of the kept weights said.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::format::{first, read_json};
use crate::{Metrics, RunError};

/// The figures of the weights that a run kept, for each split that it evaluated them on.
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

/// The figures of one split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitScores {
    /// `validation` or `test`.
    pub split: String,
    /// Its examples.
    pub examples: usize,
    /// Every figure of the whole split, in the order in which they are shown; one that is not defined is absent.
    pub metrics: Metrics,
    /// What there is to say beyond single figures.
    #[serde(default)]
    pub detail: Detail,
}

/// The figures of parts of a split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// One for each label, in the order of the model's outputs.
    #[serde(default)]
    pub classes: Vec<ClassScores>,
    /// Averages over the labels.
    #[serde(default)]
    pub averages: Vec<Average>,
    /// Counts: a row for each true label, in it a column for each predicted one.
    #[serde(default)]
    pub confusion_matrix: Vec<Vec<usize>>,
}

/// What was achieved on one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// Its figures.
    pub metrics: Metrics,
    /// The examples that have this label.
    pub examples: usize,
}

/// The average of the labels' figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Average {
    /// How it is weighted: `macro`, `micro` or `weighted`.
    pub name: String,
    /// The averaged figures.
    pub metrics: Metrics,
}

impl Scores {
    /// Reads `scores.json`; `None` where there is none.
    ///
    /// # Errors
    /// The file can't be read, is damaged, or has a newer format.
    pub fn read(path: &Path) -> Result<Option<Self>, RunError> {
        read_json(path)
    }

    /// The figures of that split.
    pub fn split(&self, name: &str) -> Option<&SplitScores> {
        self.splits.iter().find(|scores| scores.split == name)
    }
}

impl Detail {
    /// The examples of one label that were taken for another, 0 beyond the matrix.
    pub fn count(&self, target: usize, predicted: usize) -> usize {
        self.confusion_matrix.get(target).and_then(|row| row.get(predicted)).copied().unwrap_or(0)
    }
}
