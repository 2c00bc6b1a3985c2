//! A run that was stopped and resumed ends with the bytes of a run that was never stopped.

use super::*;

/// Begins or resumes a run, and stops it after `step`.
pub(crate) fn stop_after<T: Task>(place: &Place<T>, run: &str, config: &TrainConfig, step: usize) {
    let trainer = place.trainer(run, config).unwrap();
    let signal = trainer.stop_signal();
    let outcome = trainer.observe(StopAt { step, signal }).run().unwrap();
    assert_eq!(outcome, Outcome::Interrupted { step, total_steps: 8 });
}

/// The files of a run's result, by their paths in it.
fn result_files<T: Task>(place: &Place<T>, run: &str) -> Vec<String> {
    let names = |folder: &Path| {
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect::<Vec<_>>()
    };
    let model = place.path(run).join("model");
    let mut files = Vec::new();
    for name in names(&model) {
        let path = model.join(&name);
        if path.is_dir() {
            files.extend(names(&path).into_iter().map(|inner| format!("{name}/{inner}")));
        } else {
            files.push(name);
        }
    }
    files.sort_unstable();
    files
}

pub(crate) fn same_result<T: Task>(place: &Place<T>, one: &str, other: &str) {
    let files = result_files(place, one);
    assert_eq!(files, result_files(place, other));
    for file in &files {
        let bytes = [one, other].map(|run| place.bytes(&format!("{run}/model/{file}")));
        assert!(bytes[0] == bytes[1], "{file} differs");
    }
    // The card, the config, the weights, and the tokenizer's four; a task of several labels has thresholds, and one
    // of pairs four files of sentence-transformers.
    let is_of_all = |file: &&String| {
        *file != "thresholds.json"
            && !file.contains("sentence")
            && !file.contains("odules")
            && !file.contains("Pooling")
    };
    assert_eq!(files.iter().filter(is_of_all).count(), 7, "{files:?}");
    assert_eq!(place.log(one), place.log(other));
    for file in ["facts.json", "scores.json", "examples.jsonl"] {
        let bytes = [one, other].map(|run| place.bytes(&format!("{run}/{file}")));
        assert!(bytes[0] == bytes[1], "{file} differs");
    }
}

#[test]
fn in_the_middle_of_an_epoch_of_accumulated_steps() {
    let place = Place::new();
    let mut config = TrainConfig {
        keep_checkpoints: 1,
        evaluate_every: Some(2),
        evaluate_test: true,
        metric: Some("loss".into()),
        ..place.config()
    };
    config.optimizer.head_learning_rate = Some(3e-3);
    place.train("whole", &config).unwrap();
    for step in [1, 3, 6] {
        stop_after(&place, "stopped", &config, step);
    }
    let (outcome, _) = place.train("stopped", &config).unwrap();
    assert_eq!(complete(outcome).step, 8);
    same_result(&place, "whole", "stopped");
}

#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let place = Place::new();
    let config = TrainConfig { save_every: Some(2), evaluate_every: Some(2), ..place.config() };
    place.train("whole", &config).unwrap();
    for (run, damage) in
        [("state", "step-00000005/state.json"), ("weights", "step-00000005/model.safetensors")]
    {
        stop_after(&place, run, &config, 5);
        fs::write(place.path(run).join("checkpoints").join(damage), "{").unwrap();
        place.train(run, &config).unwrap();
        same_result(&place, "whole", run);
    }
}

#[test]
fn without_a_whole_checkpoint_it_does_not_begin_again_unasked() {
    let place = Place::new();
    let config = place.config();
    stop_after(&place, "run", &config, 2);
    fs::remove_file(place.path("run/checkpoints/step-00000002/optimizer.safetensors")).unwrap();
    let log = place.log("run");
    let error = place.train("run", &config).unwrap_err();
    assert!(matches!(error, TrainError::NoCheckpoint { source: Some(_), .. }), "{error:?}");
    assert_eq!(place.log("run"), log, "the log was cut");
}

#[test]
fn best_weights_that_are_gone_show_at_once() {
    let place = Place::new();
    let config = TrainConfig { evaluate_every: Some(1), ..place.config() };
    stop_after(&place, "run", &config, 1);
    fs::remove_dir_all(place.path("run/checkpoints/best-00000001")).unwrap();
    let error = place.train("run", &config).unwrap_err();
    let TrainError::NoCheckpoint { source: Some(source), .. } = error else { panic!("{error:?}") };
    assert!(source.to_string().contains("best-00000001"), "{source}");
}

#[test]
fn other_data_is_refused() {
    let place = Place::new();
    let config = place.config();
    stop_after(&place, "run", &config, 1);
    let file = place.path("reviews/train.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.lines().skip(1).flat_map(|line| [line, "\n"]).collect::<String>()).unwrap();
    let error = place.train("run", &config).unwrap_err();
    assert!(matches!(error, TrainError::DataChanged { .. }), "{error:?}");
}

/// The validation split chooses the weights, so a run must not go on with another validation split.
#[test]
fn data_that_changed_are_named_and_refused() {
    let place = Place::new();
    let config = TrainConfig { evaluate_test: true, save_every: Some(2), ..place.config() };
    stop_after(&place, "run", &config, 3);
    let change = |file: &str| {
        let path = place.path("reviews").join(file);
        let before = fs::read_to_string(&path).unwrap();
        fs::write(&path, before.replacen("\"text\": \"", "\"text\": \"good ", 1)).unwrap();
        (path, before)
    };
    for (file, split) in [
        ("train.jsonl", "training split"),
        ("validation.jsonl", "validation split"),
        ("test.jsonl", "test split"),
    ] {
        let (path, before) = change(file);
        let error = place.train("run", &config).unwrap_err();
        assert!(matches!(error, TrainError::DataChanged { what, .. } if what == split), "{error}");
        fs::write(path, before).unwrap();
    }
    // The checkpoint of an older version has a fingerprint of the training split alone.
    for entry in fs::read_dir(place.path("run/checkpoints")).unwrap() {
        let path = entry.unwrap().path().join("state.json");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let mut state: serde_json::Value = serde_json::from_str(&text).unwrap();
        let state = state.as_object_mut().unwrap();
        assert!(state.remove("data").is_some() && state.contains_key("data_fingerprint"));
        state.remove("peak_memory");
        fs::write(&path, serde_json::to_vec(state).unwrap()).unwrap();
    }
    let (path, before) = change("train.jsonl");
    assert!(matches!(place.train("run", &config), Err(TrainError::DataChanged { .. })));
    fs::write(path, before).unwrap();
    change("validation.jsonl");
    let (outcome, _) = place.train("run", &config).unwrap();
    assert_eq!(complete(outcome).step, 8);
}

/// The metrics of the kept weights are neither made up nor missing: they are measured again.
#[test]
fn a_damaged_evaluation_in_the_log_is_measured_again() {
    let place = Place::new();
    let config = TrainConfig {
        evaluate_every: Some(2),
        save_every: Some(2),
        metric: Some("loss".into()),
        early_stopping: embert_train::EarlyStoppingConfig { patience: Some(9), min_delta: 0.0 },
        ..place.config()
    };
    place.train("whole", &config).unwrap();
    stop_after(&place, "damaged", &config, 8 - 1);
    let path = place.path("damaged/metrics.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let broken: String = text
        .lines()
        .map(
            |line| {
                if line.contains("\"eval\"") { "{\"event\":\"ev\n".to_owned() } else { format!("{line}\n") }
            },
        )
        .collect();
    assert_ne!(text, broken);
    fs::write(&path, broken).unwrap();
    place.train("damaged", &config).unwrap();
    for file in ["model/README.md", "model/model.safetensors", "scores.json", "examples.jsonl"] {
        assert!(place.bytes(&format!("whole/{file}")) == place.bytes(&format!("damaged/{file}")), "{file}");
    }
    let kept = |run: &str| {
        let log = place.log(run);
        let best = log.last().unwrap()["best_step"].clone();
        log.into_iter().find(|line| line["event"] == "eval" && line["step"] == best)
    };
    assert_eq!(kept("whole"), kept("damaged"));
    assert!(kept("whole").is_some());
}

/// The peak is over all processes of the run, not over the last process alone.
#[test]
fn the_peak_of_memory_is_that_of_all_processes() {
    let place = Place::new();
    let config = TrainConfig { save_every: Some(2), ..place.config() };
    stop_after(&place, "run", &config, 3);
    let most = 1_u64 << 50;
    for entry in fs::read_dir(place.path("run/checkpoints")).unwrap() {
        let path = entry.unwrap().path().join("state.json");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let mut state: serde_json::Value = serde_json::from_str(&text).unwrap();
        state["peak_memory"] = most.into();
        fs::write(&path, state.to_string()).unwrap();
    }
    let (outcome, _) = place.train("run", &config).unwrap();
    assert_eq!(complete(outcome).peak_memory, Some(most));
}
