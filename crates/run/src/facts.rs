//! `facts.json`: model, data and metrics of a run, known when it begins.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::format::{first, first_task, read_json};
use crate::{MetricInfo, RunError};

/// The model, the data and the metrics of a run. A resumed run has the same facts and may write them again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The format of the folder's files; 1 if the file states none.
    #[serde(default = "first")]
    pub format: u64,
    /// The task, by the hub's name (`text-classification`).
    #[serde(default = "first_task")]
    pub task: String,
    /// The kind of labels of text classification, as `problem_type` of a `config.json`:
    /// `multi_label_classification` or `regression`. `None` for one label a text, and for other tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem_type: Option<String>,
    /// The checkpoint that the run started from.
    pub model: String,
    /// The data set.
    pub dataset: String,
    /// The labels' names, in the order of the model's outputs: in token classification, the tags.
    pub labels: Vec<String>,
    /// The label that precision, recall and F1 are about; `None` with more than two labels.
    #[serde(default)]
    pub positive: Option<String>,
    /// Numbers of parameters.
    pub parameters: Parameters,
    /// The splits of the data set.
    pub splits: Splits,
    /// How many validation and test examples have a text that is in the training split too.
    #[serde(default)]
    pub shared: usize,
    /// How many rows were skipped because they could not be used.
    #[serde(default)]
    pub skipped: usize,
    /// The skipped rows in the files of train, validation and test.
    #[serde(default)]
    pub skipped_by_split: [usize; 3],
    /// The lengths of the training texts.
    pub lengths: Lengths,
    /// The metrics that settings and logs may name, in the order of display. The first is the default by
    /// which runs are compared. Empty in format 1.
    #[serde(default)]
    pub metrics: Vec<MetricInfo>,
}

/// Numbers of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// All parameters.
    pub total: usize,
    /// The trained parameters.
    pub trainable: usize,
}

/// The splits of a data set; a split without examples is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splits {
    /// The training split.
    pub train: Split,
    /// The validation split, which decides on the best weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Split>,
    /// The test split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Split>,
}

/// A split in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The number of examples.
    pub examples: usize,
    /// The number of examples of each label, in the order of [`Facts::labels`]: with several labels an example
    /// counts for each of its labels; in token classification the number of words of each tag.
    pub labels: Vec<usize>,
    /// The number of examples whose text occurs earlier in the split.
    pub duplicates: usize,
}

/// A histogram of the training texts' lengths in tokens, after truncation; a text that is trained on in windows
/// is not truncated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lengths {
    /// The length at which texts are cut, or the length of a window, in tokens.
    pub max_length: usize,
    /// How many texts were cut; of texts in windows, how many have windows that are not trained on.
    pub truncated: usize,
    /// The number of windows that all texts have together; `None` where the windows of long texts are not
    /// trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<usize>,
    /// The width of a bin in tokens.
    pub bin_width: usize,
    /// The number of texts in each bin; the first bin covers 1 to `bin_width` tokens.
    pub counts: Vec<usize>,
    /// The histogram before truncation; `None` in runs of older versions.
    #[serde(default, rename = "uncut", skip_serializing_if = "Option::is_none")]
    pub untruncated: Option<UntruncatedLengths>,
}

/// A histogram of the training texts' lengths in tokens before truncation. The last bin is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UntruncatedLengths {
    /// The width of a bin in tokens.
    pub bin_width: usize,
    /// The number of texts in each bin; the first bin covers 1 to `bin_width` tokens.
    pub counts: Vec<usize>,
    /// The length of the longest text in tokens.
    pub longest: usize,
}

impl Facts {
    /// Reads `facts.json`; `None` if there is no such file.
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
        assert!(facts.metrics.is_empty() && facts.lengths.untruncated.is_none());
        assert!(Facts::read("none/facts.json".as_ref()).unwrap().is_none());
    }

    /// A newer format is reported even if the file lacks a field that this version needs.
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
