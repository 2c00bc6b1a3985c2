//! A run that was stopped ends with the bytes of one that was not.

use super::*;

/// Begins or goes on with a run and stops it after `step`.
pub(crate) fn stop_after(place: &Place, run: &str, config: &TrainConfig, step: usize) {
    let trainer = place.trainer(run, config).unwrap();
    let signal = trainer.stop_signal();
    let outcome = trainer.observe(StopAt { step, signal }).run().unwrap();
    assert_eq!(outcome, Outcome::Interrupted { step, total_steps: 8 });
}

pub(crate) fn same_result(place: &Place, one: &str, other: &str) {
    let mut files = 0;
    for entry in fs::read_dir(place.path(one).join("model")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let bytes = [one, other].map(|run| place.bytes(&format!("{run}/model/{file}")));
        assert!(bytes[0] == bytes[1], "{file} differs");
        files += 1;
    }
    // The card, the config, the weights, and the tokenizer's four.
    assert_eq!(files, 7);
    assert_eq!(place.log(one), place.log(other));
    for file in ["facts.json", "examples.jsonl"] {
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
        metric: embert_metrics::Metric::Loss,
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
