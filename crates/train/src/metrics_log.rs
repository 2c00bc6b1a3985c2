//! `metrics.jsonl`: one JSON object a line for each step, each evaluation and the end.

use std::fs;
use std::path::Path;

use embert_files::Appender;
use embert_run::LogLine;
use serde::Deserialize;

use crate::error::IoContext as _;
use crate::{Eval, Event, Observer, TrainError};

/// Appends steps, evaluations, stages and the end to `metrics.jsonl`, each line at once, so that other
/// programs can follow the log. All lines are synced to the disk before a checkpoint gets its name: after a
/// power failure, the log has every step up to the checkpoint from which the run is resumed.
#[derive(Debug)]
pub(crate) struct MetricsLog {
    file: Appender,
}

/// The keys of a log line that decide whether the line stays.
#[derive(Deserialize)]
struct Line {
    step: usize,
    event: String,
    split: Option<String>,
}

impl Line {
    /// Whether the line stays when a run is resumed after `step`. The end, the test split's evaluation and a
    /// stage that begins at `step` are logged again.
    fn stays(&self, step: usize) -> bool {
        let again = match self.event.as_str() {
            "end" => true,
            "stage" => self.step == step,
            _ => self.split.as_deref() == Some("test"),
        };
        self.step <= step && !again
    }
}

/// The lines of a log with their numbers, from 1. A last line without a line break is left out: a killed
/// process left the line half-written.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    (1..).zip(lines).filter_map(|(number, line)| Some((number, line.strip_suffix(b"\n")?)))
}

impl MetricsLog {
    /// Opens the log of a run that goes on after `step`. Lines of later steps are dropped, since the run
    /// takes these steps again. A half-written last line of a killed process is dropped too; any other line
    /// that can't be read is left out with a warning.
    ///
    /// Returns the log and the evaluations in the lines that stay.
    pub(crate) fn open(path: &Path, step: usize) -> Result<(Self, Vec<Eval>), TrainError> {
        let (mut kept, mut evaluations) = (Vec::new(), Vec::new());
        if path.is_file() {
            for (number, line) in lines(&fs::read(path).at("read", path)?) {
                match serde_json::from_slice::<Line>(line) {
                    Ok(parsed) if parsed.stays(step) => {
                        kept.extend_from_slice(line);
                        kept.push(b'\n');
                        if let Ok(LogLine::Eval(eval)) = serde_json::from_slice(line) {
                            evaluations.push(eval);
                        }
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(
                            "{}, line {number} can't be read and is left out of the log: {error}",
                            path.display()
                        );
                    }
                }
            }
        }
        embert_files::write(path, &kept)?;
        Ok((Self { file: Appender::open(path)? }, evaluations))
    }
}

/// The content of a log, written by any of the run's processes.
pub(crate) type Logged = embert_run::Log;

/// The log line of an event; `None` for an event that is not logged.
fn line_of(event: &Event) -> Option<LogLine> {
    match event {
        Event::Stage(stage) => Some(LogLine::Stage(stage.clone())),
        Event::TrainStep(step) => Some(LogLine::TrainStep(step.clone())),
        Event::Eval(eval) => Some(LogLine::Eval(eval.clone())),
        Event::End(end) => Some(LogLine::End(end.clone())),
        _ => None,
    }
}

impl Observer for MetricsLog {
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
        if let Some(line) = line_of(event) {
            let path = self.file.path();
            let mut line = serde_json::to_vec(&line).map_err(std::io::Error::from).at("write", path)?;
            line.push(b'\n');
            self.file.append(&line)?;
        }
        if event.comes_before_a_save() {
            self.file.sync()?;
        }
        Ok(())
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
        let (mut log, _) = MetricsLog::open(&path, 0).unwrap();
        for n in 1..=5 {
            log.on_event(&step(n)).unwrap();
        }
        // A run that was killed at its end, and an unfinished line.
        log.file.append(b"{\"event\":\"eval\",\"split\":\"test\",\"step\":2}\n").unwrap();
        log.file.append(b"{\"event\":\"end\",\"step\":2}\n{\"event\":\"train_st").unwrap();
        drop(log);
        let (mut log, _) = MetricsLog::open(&path, 3).unwrap();
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
        let line = serde_json::to_string(&line_of(&step(1)).unwrap()).unwrap();
        assert_eq!(
            line,
            r#"{"event":"train_step","step":1,"epoch":1,"loss":0.5,"grad_norm":1.0,"learning_rate":0.00002,"examples":16,"tokens":300,"seconds":1.5}"#
        );
    }
    /// A damaged line is lost; the lines after it stay.
    #[test]
    fn a_damaged_line_is_left_out_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        let (mut log, _) = MetricsLog::open(&path, 0).unwrap();
        for n in 1..=4 {
            log.on_event(&step(n)).unwrap();
        }
        drop(log);
        let mut bytes = fs::read(&path).unwrap();
        let second = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        bytes[second] = 0xff;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(Logged::read(&path).unwrap().damaged, [2]);
        MetricsLog::open(&path, 4).unwrap();
        let steps: Vec<usize> = fs::read_to_string(&path)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Line>(line).unwrap().step)
            .collect();
        assert_eq!(steps, [1, 3, 4]);
    }
}
