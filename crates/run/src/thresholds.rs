//! [`Thresholds`]: the content of `thresholds.json` in a checkpoint's folder.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::format::{first, read_json};
use crate::{Metrics, RunError};

/// The probabilities from which on a text has each label, fitted on the validation split: a file beside the
/// weights, `model/thresholds.json` of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// The file's format.
    #[serde(default = "first")]
    pub format: u64,
    /// The threshold of each label by the label's name, in the order of the model's outputs.
    pub labels: Metrics,
}

impl Thresholds {
    /// The name of the file.
    pub const FILE: &'static str = "thresholds.json";

    /// Reads the thresholds of the checkpoint in `folder`; `None` if there is no such file.
    ///
    /// # Errors
    /// The file can't be read, is damaged, or has a newer format.
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
        let thresholds = Thresholds { format: FORMAT, labels };
        let text = serde_json::to_string(&thresholds).unwrap();
        std::fs::write(folder.path().join(Thresholds::FILE), &text).unwrap();
        assert_eq!(Thresholds::read(folder.path()).unwrap(), Some(thresholds));
        std::fs::write(folder.path().join(Thresholds::FILE), &text[..text.len() - 3]).unwrap();
        let error = Thresholds::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("thresholds.json, line 1, can't be used"), "{error}");
    }
}
