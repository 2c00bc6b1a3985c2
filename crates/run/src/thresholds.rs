//! [`Thresholds`]: the content of `thresholds.json` in a checkpoint's folder.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::format::{first, read_json};
use crate::{Metrics, RunError};

/// What was fitted on the validation split: a file beside the weights, `model/thresholds.json` of a run.
///
/// A file has thresholds of labels or a null threshold; one that has neither is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Content")]
pub struct Thresholds {
    /// The file's format.
    pub format: u64,
    /// The probability from which on a text has each label, by the label's name, in the order of the model's
    /// outputs; empty for another task than several labels a text.
    #[serde(skip_serializing_if = "Metrics::is_empty")]
    pub labels: Metrics,
    /// The null odds above which a question is given no answer, in logits; `None` for another task than
    /// question answering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_score_diff_threshold: Option<f64>,
}

/// What a file may state.
#[derive(Deserialize)]
struct Content {
    #[serde(default = "first")]
    format: u64,
    labels: Option<Metrics>,
    null_score_diff_threshold: Option<f64>,
}

impl TryFrom<Content> for Thresholds {
    type Error = &'static str;

    fn try_from(content: Content) -> Result<Self, Self::Error> {
        let Content { format, labels, null_score_diff_threshold } = content;
        if labels.is_none() && null_score_diff_threshold.is_none() {
            return Err("expected `labels` or a number `null_score_diff_threshold`, found neither");
        }
        Ok(Self { format, labels: labels.unwrap_or_default(), null_score_diff_threshold })
    }
}

impl Thresholds {
    /// The name of the file.
    pub const FILE: &'static str = "thresholds.json";

    /// Reads the thresholds of the checkpoint in `folder`; `None` if there is no such file.
    ///
    /// # Errors
    /// The file can't be read, is damaged, has neither kind of threshold, or has a newer format.
    pub fn read(folder: &Path) -> Result<Option<Self>, RunError> {
        read_json(&folder.join(Self::FILE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FORMAT;

    #[test]
    fn thresholds_keep_the_order_of_the_labels() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Thresholds::read(folder.path()).unwrap(), None);
        let labels = [("joy", 0.25), ("anger", 0.7)].into_iter().collect();
        let thresholds = Thresholds { format: FORMAT, labels, null_score_diff_threshold: None };
        let text = serde_json::to_string(&thresholds).unwrap();
        assert_eq!(text, r#"{"format":2,"labels":{"joy":0.25,"anger":0.7}}"#);
        std::fs::write(folder.path().join(Thresholds::FILE), &text).unwrap();
        assert_eq!(Thresholds::read(folder.path()).unwrap(), Some(thresholds));
        std::fs::write(folder.path().join(Thresholds::FILE), &text[..text.len() - 3]).unwrap();
        let error = Thresholds::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("thresholds.json, line 1, can't be used"), "{error}");
    }
    #[test]
    fn a_null_threshold_stands_alone_and_a_file_without_thresholds_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(Thresholds::FILE);
        let null =
            Thresholds { format: FORMAT, labels: Metrics::default(), null_score_diff_threshold: Some(-1.5) };
        let text = serde_json::to_string(&null).unwrap();
        assert_eq!(text, r#"{"format":2,"null_score_diff_threshold":-1.5}"#);
        std::fs::write(&path, &text).unwrap();
        assert_eq!(Thresholds::read(folder.path()).unwrap(), Some(null));
        // Format 1 states no number, and unknown keys are another version's.
        std::fs::write(&path, r#"{"labels": {}, "later": 1}"#).unwrap();
        assert_eq!(Thresholds::read(folder.path()).unwrap().map(|read| read.format), Some(1));
        for none in ["{}", r#"{"null_score_diff_threshold": null}"#, r#"{"format": 2, "label": {"a": 1}}"#] {
            std::fs::write(&path, none).unwrap();
            let error = Thresholds::read(folder.path()).unwrap_err();
            assert!(error.to_string().contains("thresholds.json, line 1, can't be used"), "{error}");
            let RunError::Damaged { source, .. } = error else { panic!("{error}") };
            assert!(source.to_string().contains("found neither"), "{none}: {source}");
        }
        for bad in ["\"x\"", "1e999"] {
            std::fs::write(&path, format!(r#"{{"null_score_diff_threshold": {bad}}}"#)).unwrap();
            assert!(Thresholds::read(folder.path()).is_err(), "{bad}");
        }
    }
}
