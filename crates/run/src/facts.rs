//! `facts.json`: what a run knows when it begins.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::format::{first, first_task, read_json};
use crate::{MetricInfo, RunError};

/// The model, the data and the metrics of a run. The same for a run that goes on, so it may be written again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The format of the folder's files; 1 where the file states none.
    #[serde(default = "first")]
    pub format: u64,
    /// What is learnt, by the hub's name for it.
    #[serde(default = "first_task")]
    pub task: String,
    /// The model that it started from.
    pub model: String,
    /// The data set.
    pub dataset: String,
    /// The labels' names, in the order of the model's outputs.
    pub labels: Vec<String>,
    /// The one that precision, recall and F1 are about; none with more than two.
    #[serde(default)]
    pub positive: Option<String>,
    /// Numbers of parameters.
    pub parameters: Parameters,
    /// The splits that it has.
    pub splits: Splits,
    /// Validation and test examples whose text the training split has too.
    #[serde(default)]
    pub shared: usize,
    /// Rows that could not be used.
    #[serde(default)]
    pub skipped: usize,
    /// The same of the files of train, validation and test.
    #[serde(default)]
    pub skipped_by_split: [usize; 3],
    /// How long the training texts are.
    pub lengths: Lengths,
    /// Every metric that settings and logs may name, in the order in which they are shown; the first is the one by which runs are
    /// judged unless their settings say otherwise. Empty in format 1.
    #[serde(default)]
    pub metrics: Vec<MetricInfo>,
}

/// Numbers of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// All.
    pub total: usize,
    /// Those that are trained.
    pub trainable: usize,
}

/// The splits of a data set; those without examples are absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splits {
    /// What is trained on.
    pub train: Split,
    /// What the best weights are chosen on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Split>,
    /// What the result is measured on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Split>,
}

/// A split in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Its examples.
    pub examples: usize,
    /// Those of each label.
    pub labels: Vec<usize>,
    /// Those whose text another one before them has.
    pub duplicates: usize,
}

/// A histogram of the training texts' tokens, after cutting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lengths {
    /// Where texts are cut.
    pub max_length: usize,
    /// How many were.
    pub truncated: usize,
    /// Tokens in a bin.
    pub bin_width: usize,
    /// Texts in each bin: the first has 1 to `bin_width` tokens.
    pub counts: Vec<usize>,
    /// The same before cutting; absent in runs of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncut: Option<Uncut>,
}

/// A histogram of the training texts' tokens before cutting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uncut {
    /// Tokens in a bin.
    pub bin_width: usize,
    /// Texts in each bin: the first has 1 to `bin_width` tokens.
    pub counts: Vec<usize>,
    /// The tokens of the longest.
    pub longest: usize,
}

impl Facts {
    /// Reads `facts.json`; `None` where there is none.
    ///
    /// # Errors
    /// The file can't be read, is damaged, or has a newer format.
    pub fn read(path: &Path) -> Result<Option<Self>, RunError> {
        read_json(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FORMAT, TEXT_CLASSIFICATION};

    const OLD: &str = r#"{"model": "m", "dataset": "d", "labels": ["a", "b"], "positive": null,
        "parameters": {"total": 9, "trainable": 9},
        "splits": {"train": {"examples": 10, "labels": [5, 5], "duplicates": 0}},
        "lengths": {"max_length": 32, "truncated": 3, "bin_width": 16, "counts": [4, 6]}}"#;

    fn read(text: &str) -> Result<Option<Facts>, RunError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.json");
        std::fs::write(&path, text).unwrap();
        Facts::read(&path)
    }

    #[test]
    fn format_1_has_a_task_all_the_same() {
        let facts = read(OLD).unwrap().unwrap();
        assert_eq!((facts.format, facts.task.as_str()), (1, TEXT_CLASSIFICATION));
        assert!(facts.metrics.is_empty() && facts.lengths.uncut.is_none());
        assert!(Facts::read("none/facts.json".as_ref()).unwrap().is_none());
    }

    /// Also where the newer file lacks what this version wants.
    #[test]
    fn a_newer_format_is_refused_before_all_else() {
        let error = read(&format!("{{\"format\": {}}}", FORMAT + 1)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("facts.json has format 3") && text.contains("none above 2"), "{text}");
        assert!(text.ends_with("use a newer version of embert"), "{text}");
        let half = read(&OLD[..OLD.len() - 40]).unwrap_err();
        assert!(half.to_string().contains("facts.json, line 4, can't be used"), "{half}");
    }
}
