//! The event files of a run, read with the test's own message types.

use std::collections::BTreeMap;

use prost::Message;

use super::*;

#[derive(Clone, PartialEq, Message)]
struct EventMessage {
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, tag = "3")]
    file_version: String,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    session_log: Option<SessionLog>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    scalar: Option<f32>,
}

/// The events of a file; a record that isn't whole, or has another checksum than its content, fails.
fn events(path: &Path) -> Vec<EventMessage> {
    let checksum =
        |bytes: &[u8]| crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
    let bytes = fs::read(path).unwrap();
    let mut rest = bytes.as_slice();
    let mut events = Vec::new();
    while !rest.is_empty() {
        let (header, tail) = rest.split_at(12);
        assert_eq!(checksum(&header[..8]), header[8..]);
        let length = u64::from_le_bytes(header[..8].try_into().unwrap()) as usize;
        let (content, tail) = tail.split_at(length);
        assert_eq!(checksum(content), tail[..4]);
        events.push(EventMessage::decode(content).unwrap());
        rest = &tail[4..];
    }
    events
}

/// The scalars that TensorBoard shows: in the order of the files, without the steps that a later process
/// takes again.
fn shown(folder: &Path) -> BTreeMap<String, Vec<(i64, f32)>> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut shown: BTreeMap<String, Vec<(i64, f32)>> = BTreeMap::new();
    for file in files {
        for event in events(&file) {
            if event.session_log.is_some_and(|log| log.status == 1) {
                for points in shown.values_mut() {
                    points.retain(|(step, _)| *step < event.step);
                }
            }
            for value in event.summary.into_iter().flat_map(|summary| summary.values) {
                if let Some(scalar) = value.scalar {
                    shown.entry(value.tag).or_default().push((event.step, scalar));
                }
            }
        }
    }
    shown
}

fn config(place: &Place) -> TrainConfig {
    let mut config = TrainConfig {
        log: vec![embert_train::LogFormat::Tensorboard],
        evaluate_every: Some(3),
        save_every: Some(3),
        evaluate_test: true,
        ..place.config()
    };
    config.optimizer.head_learning_rate = Some(3e-3);
    config
}

#[test]
fn a_run_that_was_killed_shows_each_step_once() {
    /// Fails after the step: as after a kill, the steps since the newest checkpoint are lost.
    struct FailAfter(usize);
    impl Observer for FailAfter {
        fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
            match event {
                Event::TrainStep(step) if step.step == self.0 => {
                    Err(TrainError::Observer { source: "killed".into() })
                }
                _ => Ok(()),
            }
        }
    }
    let place = Place::new();
    let config = config(&place);
    place.trainer("killed", &config).unwrap().observe(FailAfter(5)).run().unwrap_err();
    place.train("killed", &config).unwrap();

    let shown = shown(&place.path("killed/tensorboard"));
    let mut expected: BTreeMap<String, Vec<(i64, f32)>> = BTreeMap::new();
    for line in place.log("killed") {
        let (prefix, names): (_, &[&str]) = match line["event"].as_str().unwrap() {
            "train_step" => ("train", &["loss", "grad_norm", "learning_rate"]),
            "eval" => (
                line["split"].as_str().unwrap(),
                &["loss", "accuracy", "precision", "recall", "f1", "mcc", "roc_auc"],
            ),
            _ => continue,
        };
        let step = line["step"].as_i64().unwrap();
        let mut expect = |tag: String, value: &serde_json::Value| {
            if let Some(value) = value.as_f64() {
                expected.entry(tag).or_default().push((step, value as f32));
            }
        };
        for name in names {
            expect(format!("{prefix}/{name}"), &line[name]);
        }
        expect("train/learning_rate/head".into(), &line["head_learning_rate"]);
    }
    let steps: Vec<i64> = shown["train/tokens_per_second"].iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(shown["train/tokens_per_second"].iter().all(|(_, speed)| *speed > 0.0));
    let rest: BTreeMap<_, _> =
        shown.into_iter().filter(|(tag, _)| tag != "train/tokens_per_second").collect();
    assert_eq!(rest, expected);
}

#[test]
fn what_was_written_can_be_read_while_the_run_goes_on() {
    struct Follow(PathBuf);
    impl Observer for Follow {
        fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
            if let Event::TrainStep(step) = event {
                let last = shown(&self.0)["train/loss"].last().copied();
                assert_eq!(last, Some((i64::try_from(step.step).unwrap(), step.loss as f32)));
            }
            Ok(())
        }
    }
    let place = Place::new();
    let folder = place.path("run/tensorboard");
    place.trainer("run", &config(&place)).unwrap().observe(Follow(folder)).run().unwrap();
}

#[test]
fn only_a_run_that_asks_for_it_has_event_files_and_overwriting_takes_them_away() {
    let place = Place::new();
    let config = config(&place);
    place.train("run", &config).unwrap();
    assert!(place.path("run/tensorboard").is_dir());
    let plain = TrainConfig { log: Vec::new(), ..config };
    let claim = Claim::run(&place.path("run"), Existing::Overwrite).unwrap();
    let task = place.prepared(&plain).unwrap();
    Trainer::begin(task, claim, Device::flex()).unwrap().run().unwrap();
    assert!(!place.path("run/tensorboard").exists());
}
