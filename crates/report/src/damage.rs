//! The damage of a run's files in sentences: the file, the damage, and the remedy.

use std::path::Path;

use embert_run::{RunError, RunFiles};

use crate::ReportError;

/// The damage found in a run's folder.
#[derive(Default)]
pub(crate) struct Damaged(Vec<String>);

impl Damaged {
    /// The content of a file; `None` if the file is damaged, and a sentence with `remedy` is added.
    pub(crate) fn unless<T>(
        &mut self,
        read: Result<Option<T>, RunError>,
        remedy: &str,
    ) -> Result<Option<T>, RunError> {
        match read {
            Err(error @ RunError::Damaged { .. }) => {
                self.0.push(of_file(&error, remedy));
                Ok(None)
            }
            read => read,
        }
    }

    /// Reads the settings; a damaged file gives none.
    pub(crate) fn settings(&mut self, path: &Path) -> Result<toml::Table, ReportError> {
        let bytes =
            std::fs::read(path).map_err(|source| ReportError::Io { path: path.to_owned(), source })?;
        let (line, problem) = match std::str::from_utf8(&bytes) {
            Err(error) => (line_of(&bytes, error.valid_up_to()), "it is no text in UTF-8".to_owned()),
            Ok(text) => match text.parse::<toml::Table>() {
                Ok(table) => return Ok(table),
                Err(error) => {
                    (line_of(&bytes, error.span().map_or(0, |span| span.start)), error.message().to_owned())
                }
            },
        };
        self.0.push(format!(
            "{}, line {line}, can't be used: {problem}; settings are missing here, and model/README.md of a complete run states them",
            RunFiles::CONFIG
        ));
        Ok(toml::Table::new())
    }

    /// Adds a sentence about unreadable lines of the log.
    pub(crate) fn lines(&mut self, numbers: &[usize]) {
        let text: Vec<String> = numbers.iter().take(MOST_LINES).map(ToString::to_string).collect();
        let (text, more) = (text.join(", "), numbers.len().saturating_sub(MOST_LINES));
        let what = match numbers.len() {
            0 => return,
            1 => format!("line {text} can't be read and was skipped: its content is missing here"),
            _ if more == 0 => {
                format!("lines {text} can't be read and were skipped: their content is missing here")
            }
            _ => format!(
                "lines {text} and {more} more can't be read and were skipped: their content is missing here"
            ),
        };
        self.0.push(format!("{}, {what}", RunFiles::METRICS));
    }

    pub(crate) fn into_sentences(self) -> Vec<String> {
        self.0
    }
}

/// How many damaged lines are listed by number; more lines are only counted.
const MOST_LINES: usize = 10;

/// The number, from 1, of the line that contains the byte `end`.
fn line_of(bytes: &[u8], end: usize) -> usize {
    bytes[..end.min(bytes.len())].split(|byte| *byte == b'\n').count()
}

/// A sentence about a damaged file. The file's name stands without its folder: a page does not tell where the
/// run is stored.
pub(crate) fn of_file(error: &RunError, remedy: &str) -> String {
    match error {
        RunError::Damaged { path, line, source } => {
            format!("{}, line {line}, can't be used ({source}): {remedy}", name(path))
        }
        other => format!("{other}: {remedy}"),
    }
}

/// A sentence about an example that does not fit the labels.
pub(crate) fn of_examples(error: &ReportError) -> String {
    match error {
        ReportError::Example { path, line, problem } => {
            format!("{}, line {line}, can't be used ({problem}): single examples are left out", name(path))
        }
        other => other.to_string(),
    }
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
