//! `examples.jsonl`: the predictions of the kept weights, one JSON object a line.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Lines};
use std::iter::Zip;
use std::ops::RangeFrom;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::RunError;
use crate::error::At as _;

/// An example with the model's prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// `validation` or `test`.
    pub split: String,
    /// The example's row number.
    pub id: u64,
    /// The text.
    pub text: String,
    /// The second text of a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_pair: Option<String>,
    /// The index of the true label.
    pub label: usize,
    /// The probability of each label; for a text with several windows, the mean over the windows.
    pub probabilities: Vec<f64>,
    /// The number of tokens after truncation.
    pub tokens: usize,
}

/// An iterator over the lines of `examples.jsonl`, with their numbers from 1. An item is an error if its line
/// can't be read or is not what a run writes.
#[derive(Debug)]
pub struct Examples {
    path: PathBuf,
    lines: Zip<RangeFrom<usize>, Lines<BufReader<File>>>,
}

impl Examples {
    /// Opens `examples.jsonl`; `None` if there is no such file.
    ///
    /// # Errors
    /// The file can't be opened.
    pub fn open(path: &Path) -> Result<Option<Self>, RunError> {
        let file = match File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.at(path)?,
        };
        Ok(Some(Self { path: path.to_owned(), lines: (1..).zip(BufReader::new(file).lines()) }))
    }
}

impl Iterator for Examples {
    type Item = Result<(usize, Example), RunError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, text) = self.lines.next()?;
        let damaged = |source| RunError::Damaged { path: self.path.clone(), line, source };
        let example = text.at(&self.path).and_then(|text| serde_json::from_str(&text).map_err(damaged));
        Some(example.map(|example| (line, example)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_it_was_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("examples.jsonl");
        assert!(Examples::open(&path).unwrap().is_none());
        let line = r#"{"split":"test","id":7,"text":"a","label":1,"probabilities":[0.25,0.75],"tokens":3}"#;
        std::fs::write(&path, format!("{line}\n{}\n", &line[..20])).unwrap();
        let read: Vec<_> = Examples::open(&path).unwrap().unwrap().collect();
        let (number, example) = read[0].as_ref().unwrap();
        assert_eq!((*number, serde_json::to_string(example).unwrap().as_str()), (1, line));
        let error = read[1].as_ref().unwrap_err().to_string();
        assert!(error.contains("examples.jsonl, line 2, can't be used"), "{error}");
    }
}
