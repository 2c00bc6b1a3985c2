//! Freezing, stages and learning rates.

use std::collections::BTreeMap;

use embert_train::{ConfigBuilder, DropoutConfig, Keep, Stage, StageConfig, TrainStep};
use safetensors::SafeTensors;
use serde::Deserialize;

use super::*;
use crate::resume::{same_result, stop_after};
use crate::training::{backends, probabilities_of};

pub(crate) fn steps(events: &[Event]) -> Vec<&TrainStep> {
    let steps = events.iter().filter_map(|event| match event {
        Event::TrainStep(step) => Some(step),
        _ => None,
    });
    steps.collect()
}

fn stages(events: &[Event]) -> Vec<&Stage> {
    let stages = events.iter().filter_map(|event| match event {
        Event::Stage(stage) => Some(stage),
        _ => None,
    });
    stages.collect()
}

/// The bytes of each weight of a run's result, or of a checkpoint.
pub(crate) fn weights(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(folder.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    file.tensors().into_iter().map(|(name, tensor)| (name, tensor.data().to_vec())).collect()
}

pub(crate) fn moved<'a>(
    before: &'a BTreeMap<String, Vec<u8>>,
    after: &BTreeMap<String, Vec<u8>>,
) -> Vec<&'a str> {
    before.iter().filter(|(name, bytes)| after[*name] != **bytes).map(|(name, _)| name.as_str()).collect()
}

/// A run of `place` that keeps a checkpoint of each of its eight steps.
fn each_step(place: &Place) -> TrainConfig {
    TrainConfig { save_every: Some(1), keep_checkpoints: 8, keep: Keep::Last, ..place.config() }
}

fn is_layer(name: &str, layer: usize) -> bool {
    name.starts_with(&format!("bert.encoder.layer.{layer}."))
}

/// For each policy: the frozen parameters stay bit for bit, and all others move.
#[test]
fn every_policy_leaves_what_it_names_and_moves_the_rest() {
    type Frozen = fn(&str) -> bool;
    let place = Place::new();
    let policies: [(&str, &[&str], Frozen); 8] = [
        ("none", &[], |_| false),
        ("embeddings", &[], |name| name.contains(".embeddings.")),
        ("encoder_below:1", &[], |name| is_layer(name, 0)),
        ("encoder_below:100%", &[], |name| name.contains(".layer.")),
        ("embeddings+encoder_below:1", &[], |name| name.contains(".embeddings.") || is_layer(name, 0)),
        ("pooler", &[], |name| name.contains(".pooler.")),
        ("all_but_head", &[], |name| !name.starts_with("classifier.")),
        ("pooler", &["*.LayerNorm.*", "bert.encoder.layer.1.attention.self.*"], |name| {
            name.contains("pooler") || name.contains("LayerNorm") || name.contains("layer.1.attention.self")
        }),
    ];
    for (number, (freeze, patterns, frozen)) in policies.into_iter().enumerate() {
        let config = TrainConfig {
            freeze: freeze.parse().unwrap(),
            freeze_patterns: patterns.iter().map(|&pattern| pattern.to_owned()).collect(),
            ..each_step(&place)
        };
        let run = format!("run-{number}");
        place.train(&run, &config).unwrap();
        let of_step = |step: usize| weights(&place.path(&format!("{run}/checkpoints/step-{step:08}")));
        let (first, last) = (of_step(1), of_step(8));
        // Embeddings of words, positions and token types that no text has get no gradient, but weight decay
        // moves them.
        let expected: Vec<&str> = first.keys().map(String::as_str).filter(|name| !frozen(name)).collect();
        assert_eq!(moved(&first, &last), expected, "{freeze} {patterns:?}");
    }
}

/// Across two unfreezings and a freezing: in each stage, exactly the stage's trained parameters move.
#[test]
fn each_stage_moves_what_it_trains_and_nothing_else() {
    let place = Place::new();
    let stage = |from_step, freeze: &str| StageConfig {
        from_step: Some(from_step),
        freeze: freeze.parse().unwrap(),
        ..StageConfig::default()
    };
    let config = TrainConfig {
        freeze: "all_but_head".parse().unwrap(),
        stages: vec![stage(3, "embeddings+encoder_below:1"), stage(5, "none"), stage(7, "encoder_below:2")],
        ..each_step(&place)
    };
    let (_, events) = place.train("run", &config).unwrap();
    let of_step = |step: usize| weights(&place.path(&format!("run/checkpoints/step-{step:08}")));
    let frozen_in = |step: usize, name: &str| match step {
        ..=2 => !name.starts_with("classifier."),
        3..=4 => name.contains(".embeddings.") || is_layer(name, 0),
        5..=6 => false,
        _ => name.contains(".layer."),
    };
    for step in 2..=8 {
        let (before, after) = (of_step(step - 1), of_step(step));
        let expected: Vec<&str> =
            before.keys().map(String::as_str).filter(|name| !frozen_in(step, name)).collect();
        assert_eq!(moved(&before, &after), expected, "step {step}");
    }
    let seen: Vec<(usize, usize, &str)> =
        stages(&events).iter().map(|stage| (stage.step, stage.stage, stage.freeze.as_str())).collect();
    assert_eq!(
        seen,
        [
            (0, 1, "all_but_head"),
            (2, 2, "embeddings+encoder_below:1"),
            (4, 3, "none"),
            (6, 4, "encoder_below:2")
        ]
    );
    // The facts count the parameters that any stage trains; the first stage trains 16 x 2 + 2.
    assert_eq!(stages(&events)[0].trainable, 34);
    let facts: serde_json::Value = serde_json::from_slice(&place.bytes("run/facts.json")).unwrap();
    assert_eq!(facts["parameters"]["trainable"], facts["parameters"]["total"]);
}

/// A run that is stopped within stages and where a stage begins, with and without the cache, ends with the
/// bytes of a run that was never stopped.
#[test]
fn a_staged_run_goes_on_where_it_was() {
    let place = Place::new();
    for (name, cache_frozen, cache_memory) in [("plain", false, 1024), ("cached", true, 1024)] {
        let config = TrainConfig {
            freeze: "all_but_head".parse().unwrap(),
            unfreeze_every: Some(2),
            cache_frozen,
            cache_memory,
            evaluate_every: Some(2),
            ..place.config()
        };
        let whole = format!("{name}-whole");
        let (_, events) = place.train(&whole, &config).unwrap();
        assert_eq!(stages(&events).len(), 4);
        let run = format!("{name}-stopped");
        for step in [1, 2, 5, 7] {
            stop_after(&place, &run, &config, step);
        }
        place.train(&run, &config).unwrap();
        same_result(&place, &whole, &run);
    }
}

/// Without dropout the cache changes nothing but the rounding; with it, dropout in the frozen part is gone.
#[test]
fn training_on_the_cache_is_training_on_the_model() {
    let place = Place::new();
    for freeze in ["embeddings", "embeddings+encoder_below:1", "embeddings+encoder_below:2", "all_but_head"] {
        let losses = |cache_frozen: bool| {
            let config = TrainConfig {
                freeze: freeze.parse().unwrap(),
                cache_frozen,
                dropout: DropoutConfig { hidden: Some(0.0), attention: Some(0.0), classifier: Some(0.0) },
                ..place.config()
            };
            let (_, events) = place.train(&format!("{freeze}-{cache_frozen}"), &config).unwrap();
            let filled = events.iter().filter(|event| matches!(event, Event::CacheProgress { .. })).count();
            // 44 examples and 20 to validate, 32 at a time.
            assert_eq!(filled, if cache_frozen { 3 } else { 0 });
            let evals: Vec<f64> = events
                .iter()
                .filter_map(
                    |event| if let Event::Eval(eval) = event { eval.metrics.get("loss") } else { None },
                )
                .collect();
            assert_eq!(evals.len(), 2);
            let steps = steps(&events).into_iter();
            let steps =
                steps.map(|step| (step.loss, step.grad_norm, step.examples, step.tokens)).collect::<Vec<_>>();
            (steps, evals)
        };
        let ((plain, plain_evals), (cached, cached_evals)) = (losses(false), losses(true));
        for (a, b) in plain_evals.iter().zip(cached_evals) {
            assert!((a - b).abs() < 1e-5, "{freeze}: {a} against {b}");
        }
        assert_eq!((plain.len(), cached.len()), (8, 8));
        for (plain, cached) in plain.iter().zip(&cached) {
            assert_eq!((plain.2, plain.3), (cached.2, cached.3));
            for (a, b) in [(plain.0, cached.0), (plain.1, cached.1)] {
                // Rows of another padded length are summed in another order.
                assert!((a - b).abs() < 1e-5 * a.abs(), "{freeze}: {a} against {b}");
            }
        }
    }
}

#[test]
fn a_cache_of_nothing_and_a_pattern_for_nothing_are_refused() {
    let place = Place::new();
    let config =
        TrainConfig { cache_frozen: true, freeze: "encoder_below:1".parse().unwrap(), ..place.config() };
    let error = place.train("cache", &config).unwrap_err().to_string();
    assert!(error.contains("cache_frozen = true with freeze = \"encoder_below:1\""), "{error}");
    let config = TrainConfig { freeze_patterns: vec!["encoder.*".to_owned()], ..place.config() };
    let error = place.train("pattern", &config).unwrap_err().to_string();
    assert!(error.contains("\"encoder.*\" matches no parameter"), "{error}");
    let stages = vec![StageConfig { from_epoch: Some(3), ..StageConfig::default() }];
    let error = place.train("late", &TrainConfig { stages, ..place.config() }).unwrap_err().to_string();
    assert!(error.contains("stages") && error.contains("of 8"), "{error}");
}

/// The top gets new weights, from the seed, and only once: a resumed run keeps its trained weights.
#[test]
fn layers_that_start_anew_start_once() {
    let place = Place::new();
    let first = TrainConfig { epochs: 1, ..place.config() };
    place.train("first", &first).unwrap();
    let trained = place.path("first/model");
    let config = TrainConfig {
        model: trained.to_string_lossy().into_owned(),
        from_scratch: false,
        // Another seed than the first run's, which would give the first run's initial weights again.
        seed: 8,
        reinit_layers: 1,
        reinit_pooler: true,
        ..each_step(&place)
    };
    let task = |config: &TrainConfig| {
        let root = place.path("reviews");
        let data =
            load(&Card::for_folder(&root).unwrap(), &root, &config.load_options(), &config.label_options())
                .unwrap();
        Prepared::<TextClassification>::new(config, &trained, data, &Device::flex()).unwrap()
    };
    assert!(task(&config).notes().contains(&"starts anew: the last encoder layer, the pooler".to_owned()));
    let run = |name: &str, stop: Option<usize>| {
        let path = place.path(name);
        let trainer = if path.is_dir() {
            Trainer::resume(task(&config), RunFolder::open(&path).unwrap(), Device::flex()).unwrap()
        } else {
            let claim = Claim::run(&path, Existing::Keep).unwrap();
            Trainer::begin(task(&config), claim, Device::flex()).unwrap()
        };
        let signal = trainer.stop_signal();
        trainer.observe(StopAt { step: stop.unwrap_or(99), signal }).run().unwrap()
    };
    run("whole", None);
    run("stopped", Some(3));
    run("stopped", None);
    assert_eq!(weights(&place.path("whole/model")), weights(&place.path("stopped/model")));
    // The learning rate moves no weight far in a step: layer 0 is still near the checkpoint's, layer 1 is
    // not.
    let (before, after) = (weights(&trained), weights(&place.path("whole/checkpoints/step-00000001")));
    let distance = |name: &str| {
        let values = |bytes: &[u8]| -> Vec<f32> {
            bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect()
        };
        let (one, other) = (values(&before[name]), values(&after[name]));
        one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    assert!(distance("bert.encoder.layer.0.attention.self.query.weight") < 2e-3);
    assert!(distance("bert.encoder.layer.1.attention.self.query.weight") > 1e-2);
    assert!(distance("bert.pooler.dense.weight") > 1e-2);
}

#[derive(Deserialize)]
struct Reference {
    name: String,
    config: String,
    steps: Vec<ReferenceStep>,
    probabilities: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct ReferenceStep {
    loss: f64,
    grad_norm: f64,
    learning_rates: BTreeMap<String, f64>,
}

/// Layer-wise rates, stages with rates of their own and micro-batches, gradual unfreezing, against parameter
/// groups of PyTorch (`tests/reference/strategies.py`). The tolerances are those of the runs in
/// `training.rs`, for the reasons stated there.
#[test]
fn rates_and_stages_agree_with_parameter_groups_of_pytorch() {
    let root = fixture("training");
    let text = fs::read_to_string(root.join("strategies.json")).unwrap();
    let references: Vec<Reference> = serde_json::from_str(&text).unwrap();
    assert_eq!(references.len(), 3);
    for (backend, device, tolerance) in backends() {
        for Reference { name, config, steps: expected, probabilities } in &references {
            let config = ConfigBuilder::new().text(config, Path::new(name)).unwrap().build().unwrap();
            let config = TrainConfig {
                model: root.join("model").to_string_lossy().into_owned(),
                dataset: root.to_string_lossy().into_owned(),
                ..config
            };
            let dir = tempfile::tempdir().unwrap();
            let run = dir.path().join("run");
            let found = crate::training::steps::<TextClassification>(&config, &run, &device);
            assert_eq!(found.len(), expected.len());
            let mut worst = 0.0_f64;
            for (found, expected) in found.iter().zip(expected) {
                let rates = if found.learning_rates.is_empty() {
                    let head = found.head_learning_rate.unwrap_or(found.learning_rate);
                    BTreeMap::from([("base".to_owned(), found.learning_rate), ("head".to_owned(), head)])
                } else {
                    found.learning_rates.clone()
                };
                for (part, rate) in &expected.learning_rates {
                    // The same products in f64, in another order.
                    assert!((rates[part] - rate).abs() < 1e-15, "{name} step {}: {part}", found.step);
                }
                for (what, a, b) in
                    [("loss", found.loss, expected.loss), ("norm", found.grad_norm, expected.grad_norm)]
                {
                    let difference = (a - b).abs() / b.abs();
                    assert!(difference <= tolerance, "{name} step {}: {what} {a} against {b}", found.step);
                    worst = worst.max(difference);
                }
            }
            let after = probabilities_of(&config, &run, &device, probabilities);
            assert!(after <= tolerance, "{name}: a probability differs by {after}");
            println!(
                "{name} on {backend}: steps differ by at most {worst:.1e}, probabilities by {after:.1e}"
            );
        }
    }
}
