//! `metrics.jsonl`: one JSON object a line for each step, each evaluation and the end.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::IoContext as _;
use crate::run_folder::write_atomically;
use crate::{End, Eval, Event, Observer, TrainError};

/// Appends the events that stay to `metrics.jsonl`, each line flushed as it happens, so that it can be followed.
#[derive(Debug)]
pub(crate) struct MetricsLog {
    path: PathBuf,
    file: File,
}

/// What every line has, whatever else.
#[derive(Deserialize)]
struct Line {
    step: usize,
    event: String,
    split: Option<String>,
}

impl Line {
    /// Whether a run that goes on after `step` leaves it as it is. The end, the test split before it and a stage that begins just
    /// there come again.
    fn stays(&self, step: usize) -> bool {
        let again = match self.event.as_str() {
            "end" => true,
            "stage" => self.step == step,
            _ => self.split.as_deref() == Some("test"),
        };
        self.step <= step && !again
    }
}

impl MetricsLog {
    /// Opens the log of a run that goes on after `step`: what was logged beyond it is dropped, since it will happen
    /// again. A line that a killed process left half-written is dropped too.
    pub(crate) fn open(path: &Path, step: usize) -> Result<Self, TrainError> {
        let mut kept = Vec::new();
        if path.is_file() {
            for line in BufReader::new(File::open(path).at("read", path)?).lines() {
                let line = line.at("read", path)?;
                let Ok(parsed) = serde_json::from_str::<Line>(&line) else { break };
                if parsed.stays(step) {
                    kept.extend_from_slice(line.as_bytes());
                    kept.push(b'\n');
                }
            }
        }
        write_atomically(path, &kept)?;
        let file = fs::OpenOptions::new().append(true).open(path).at("write", path)?;
        Ok(Self { path: path.to_owned(), file })
    }
}

/// The evaluation of a split after `step` that the log holds, whichever process wrote it there.
pub(crate) fn logged_evaluation(path: &Path, split: &str, step: usize) -> Result<Option<Eval>, TrainError> {
    let text = fs::read_to_string(path).at("read", path)?;
    let mut evaluations = text.lines().rev().filter_map(|line| {
        let parsed: Line = serde_json::from_str(line).ok()?;
        let wanted = parsed.event == "eval" && parsed.step == step && parsed.split.as_deref() == Some(split);
        wanted.then(|| serde_json::from_str(line).ok()).flatten()
    });
    Ok(evaluations.next())
}

/// The end of a run, if the log has it.
pub(crate) fn logged_end(path: &Path) -> Result<Option<End>, TrainError> {
    let text = fs::read_to_string(path).at("read", path)?;
    let mut ends = text.lines().rev().filter_map(|line| {
        let parsed: Line = serde_json::from_str(line).ok()?;
        (parsed.event == "end").then(|| serde_json::from_str(line).ok()).flatten()
    });
    Ok(ends.next())
}

impl Observer for MetricsLog {
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
        if event.logged_step().is_none() {
            return Ok(());
        }
        let mut line = serde_json::to_vec(event).map_err(std::io::Error::from).at("write", &self.path)?;
        line.push(b'\n');
        self.file.write_all(&line).at("write", &self.path)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::TrainStep;

    fn step(step: usize) -> Event {
        Event::TrainStep(TrainStep {
            step,
            epoch: 1,
            loss: 0.5,
            grad_norm: 1.0,
            learning_rate: 2e-5,
            head_learning_rate: None,
            learning_rates: BTreeMap::new(),
            examples: 16,
            tokens: 300,
            seconds: 1.5,
        })
    }

    #[test]
    fn a_resumed_log_has_each_step_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        let mut log = MetricsLog::open(&path, 0).unwrap();
        for n in 1..=5 {
            log.on_event(&step(n)).unwrap();
        }
        // A run that was killed while it ended, and a line that it did not finish.
        log.file.write_all(b"{\"event\":\"eval\",\"split\":\"test\",\"step\":2}\n").unwrap();
        log.file.write_all(b"{\"event\":\"end\",\"step\":2}\n{\"event\":\"train_st").unwrap();
        drop(log);
        let mut log = MetricsLog::open(&path, 3).unwrap();
        for n in 4..=6 {
            log.on_event(&step(n)).unwrap();
        }
        let steps: Vec<usize> = fs::read_to_string(&path)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Line>(line).unwrap().step)
            .collect();
        assert_eq!(steps, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn the_names_are_those_that_others_read() {
        let line = serde_json::to_string(&step(1)).unwrap();
        assert_eq!(
            line,
            r#"{"event":"train_step","step":1,"epoch":1,"loss":0.5,"grad_norm":1.0,"learning_rate":0.00002,"examples":16,"tokens":300,"seconds":1.5}"#
        );
    }
}
