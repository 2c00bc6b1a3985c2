//! The steps of a run, and the files that it leaves in its folder.

use std::collections::BTreeSet;

use embert_data::Card;
use embert_model::SaveDtype;
use embert_train::{ClassWeights, DropoutConfig, Eval, Keep, TrainStep, evaluate_checkpoint};
use serde_json::Value;

use super::*;

pub(crate) fn evals(events: &[Event]) -> Vec<&Eval> {
    let evals = events.iter().filter_map(|event| match event {
        Event::Eval(eval) => Some(eval),
        _ => None,
    });
    evals.collect()
}

/// The validation loss of a run's result.
fn loss_of_result(place: &Place, run: &str, config: &TrainConfig) -> f64 {
    let root = place.path("reviews");
    let data = load::<TextClassification>(
        &Card::for_folder(&root).unwrap(),
        &root,
        &config.load_options(),
        &config.label_options(),
    )
    .unwrap();
    let (model, options) = (place.path(run).join("model"), config.window_options());
    let evaluation = evaluate_checkpoint::<TextClassification>(
        &model,
        data.splits.validation,
        &data.labels,
        &options,
        7,
        &Device::flex(),
        |_| {},
    );
    evaluation.unwrap().report.loss
}

/// Both losses are means over the same examples in f32, in batches of different sizes.
fn assert_same_loss(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-5, "{found} against {expected}");
}

#[test]
fn the_result_is_the_best_or_the_last_as_asked() {
    let place = Place::new();
    // So high that the loss rises again after a few steps.
    let mut config = TrainConfig { metric: Some("loss".into()), evaluate_every: Some(1), ..place.config() };
    config.optimizer.learning_rate = 0.03;
    let (outcome, events) = place.train("best", &config).unwrap();
    let losses: Vec<f64> = evals(&events).iter().map(|eval| eval.metrics.get("loss").unwrap()).collect();
    assert_eq!(losses.len(), 8);
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(best < losses[7], "the last weights are the best: {losses:?}");
    let end = complete(outcome);
    assert_eq!(end.best_metric, Some(best));
    assert_eq!(losses.iter().position(|loss| *loss <= best), end.best_step.map(|step| step - 1));
    assert_same_loss(loss_of_result(&place, "best", &config), best);

    let config = TrainConfig { keep: Keep::Last, ..config };
    place.train("last", &config).unwrap();
    assert_same_loss(loss_of_result(&place, "last", &config), losses[7]);
}

#[test]
fn evaluations_and_checkpoints_come_when_they_are_due() {
    let place = Place::new();
    let config = TrainConfig {
        evaluate_every: Some(3),
        save_every: Some(2),
        keep_checkpoints: 3,
        evaluate_test: true,
        ..place.config()
    };
    let (_, events) = place.train("run", &config).unwrap();
    let steps: Vec<(&str, usize, usize)> =
        evals(&events).iter().map(|eval| (eval.split.as_str(), eval.step, eval.epoch)).collect();
    let best = steps[3].1;
    assert_eq!(steps[..3], [("validation", 3, 1), ("validation", 6, 2), ("validation", 8, 2)]);
    assert_eq!((steps.len(), steps[3].0), (4, "test"));
    let mut left: Vec<String> = fs::read_dir(place.path("run/checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("step-"))
        .collect();
    left.sort();
    assert_eq!(left, ["step-00000004", "step-00000006", "step-00000008"]);
    assert!(place.path(&format!("run/checkpoints/best-{best:08}")).is_dir());
    let examples: usize = events
        .iter()
        .filter_map(|event| match event {
            Event::TrainStep(step) => Some(step.examples),
            _ => None,
        })
        .sum();
    assert_eq!(examples, 2 * 44, "the unfinished tail of an epoch was dropped");
}

/// The mean is over examples with their labels' weights, not over micro-batches, and a tail is a step of its
/// own.
#[test]
fn micro_batches_make_the_step_of_one_batch() {
    let place = Place::new();
    let steps = |run: &str, batch_size: usize, gradient_accumulation_steps: usize| {
        let mut config = TrainConfig { batch_size, gradient_accumulation_steps, ..place.config() };
        config.class_weights = ClassWeights::Given(vec![0.25, 3.0]);
        config.data.order = embert_data::Order::Shuffled;
        config.dropout = DropoutConfig { hidden: Some(0.0), attention: Some(0.0), classifier: Some(0.0) };
        let (_, events) = place.train(run, &config).unwrap();
        let steps = events.into_iter().filter_map(|event| match event {
            Event::TrainStep(step) => Some(step),
            _ => None,
        });
        steps.collect::<Vec<_>>()
    };
    // 44 examples: three steps of 12 and one of 8.
    let (one, many) = (steps("one", 12, 1), steps("many", 4, 3));
    assert_eq!((one.len(), many.len()), (8, 8));
    for (one, many) in one.iter().zip(&many) {
        assert_eq!((one.examples, one.tokens), (many.examples, many.tokens));
        // f32 sums in another order, over eight updates.
        for (a, b) in [(one.loss, many.loss), (one.grad_norm, many.grad_norm)] {
            assert!((a - b).abs() < 1e-4 * a.abs(), "step {}: {a} against {b}", one.step);
        }
    }
}

/// `examples.jsonl`, which a report reads, is complete, and its loss is the logged loss of the kept weights.
#[test]
fn the_examples_give_the_figures_of_the_kept_weights() {
    let place = Place::new();
    let mut config = TrainConfig { metric: Some("loss".into()), evaluate_every: Some(1), ..place.config() };
    config.optimizer.learning_rate = 0.03;
    config.optimizer.head_learning_rate = Some(0.06);
    for (run, keep, evaluate_test) in [("best", Keep::Best, true), ("last", Keep::Last, false)] {
        let config = TrainConfig { keep, evaluate_test, ..config.clone() };
        let (outcome, events) = place.train(run, &config).unwrap();
        let end = complete(outcome);
        let kept = if keep == Keep::Best { end.best_step.unwrap() } else { 8 };
        assert!(kept < 8 || keep == Keep::Last, "the best weights are the last");
        let text = String::from_utf8(place.bytes(&format!("{run}/examples.jsonl"))).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let splits =
            if evaluate_test { vec![("validation", 20), ("test", 10)] } else { vec![("validation", 20)] };
        assert_eq!(lines.len(), splits.iter().map(|(_, count)| count).sum::<usize>());
        let mut rest = lines.as_slice();
        for (split, count) in splits {
            let (part, others) = rest.split_at(count);
            rest = others;
            assert!(part.iter().all(|line| line["split"] == split));
            assert!(part.windows(2).all(|pair| pair[0]["id"].as_u64() < pair[1]["id"].as_u64()));
            let eval =
                evals(&events).into_iter().find(|eval| eval.split == split && eval.step == kept).unwrap();
            let of_label = |line: &Value| {
                line["probabilities"][line["label"].as_u64().unwrap() as usize].as_f64().unwrap()
            };
            let loss = part.iter().map(|line| -of_label(line).ln()).sum::<f64>() / count as f64;
            // The same numbers, summed in another order.
            let logged = eval.metrics.get("loss").unwrap();
            assert!((loss - logged).abs() < 1e-12, "{split}: {loss} against {logged}");
            // The texts of the split's file, in the file's order.
            let file = String::from_utf8(place.bytes(&format!("reviews/{split}.jsonl"))).unwrap();
            for (line, row) in part.iter().zip(file.lines()) {
                let row: Value = serde_json::from_str(row).unwrap();
                assert_eq!(line["text"], row["text"]);
                assert!((3..=24).contains(&line["tokens"].as_u64().unwrap()), "{line}");
            }
        }
        let phases = end.phases.unwrap();
        let parts = [phases.prepare, phases.train, phases.evaluate, phases.save];
        assert!(parts.iter().all(|seconds| *seconds > 0.0), "{phases:?}");
        assert!(phases.train + phases.evaluate + phases.save <= end.seconds, "{phases:?} of {}", end.seconds);
        let head = |step: &TrainStep| (step.learning_rate, step.head_learning_rate);
        let rates = events
            .iter()
            .filter_map(|event| if let Event::TrainStep(step) = event { Some(head(step)) } else { None });
        assert!(
            rates.into_iter().all(|(base, head)| head.is_some_and(|head| (head - 2.0 * base).abs() < 1e-12))
        );
    }
}

#[test]
fn the_facts_count_what_there_is() {
    let place = Place::new();
    let lines = place.bytes("reviews/train.jsonl");
    let first: Vec<u8> = lines.iter().copied().take_while(|byte| *byte != b'\n').chain(*b"\n").collect();
    fs::write(place.path("reviews/train.jsonl"), [lines.as_slice(), &first].concat()).unwrap();
    fs::write(
        place.path("reviews/validation.jsonl"),
        [&place.bytes("reviews/validation.jsonl"), first.as_slice(), &first].concat(),
    )
    .unwrap();
    let config = TrainConfig { freeze: "all_but_head".parse().unwrap(), ..place.config() };
    place.train("run", &config).unwrap();
    let facts: Value = serde_json::from_slice(&place.bytes("run/facts.json")).unwrap();
    assert_eq!(
        (&facts["dataset"], &facts["labels"]),
        (&"reviews".into(), &serde_json::json!(["neg", "pos"]))
    );
    assert_eq!(
        (&facts["positive"], &facts["shared"], &facts["skipped"]),
        (&"pos".into(), &2.into(), &0.into())
    );
    let count = |split: &str| {
        let text = String::from_utf8(place.bytes(&format!("reviews/{split}.jsonl"))).unwrap();
        let of = |label: &str| {
            text.lines().filter(|line| line.contains(&format!("\"label\": \"{label}\""))).count()
        };
        (text.lines().count(), [of("neg"), of("pos")])
    };
    for (split, duplicates) in [("train", 1), ("validation", 1), ("test", 0)] {
        let (examples, labels) = count(split);
        assert_eq!(
            labels.iter().sum::<usize>(),
            examples,
            "the sample's lines are not as this test reads them"
        );
        let expected = serde_json::json!({"examples": examples, "labels": labels, "duplicates": duplicates});
        assert_eq!(facts["splits"][split], expected, "{split}");
    }
    let lengths = &facts["lengths"];
    assert_eq!((&lengths["max_length"], &lengths["bin_width"]), (&24.into(), &1.into()));
    let bins: Vec<u64> =
        lengths["counts"].as_array().unwrap().iter().map(|bin| bin.as_u64().unwrap()).collect();
    assert_eq!((bins.len(), bins.iter().sum::<u64>()), (24, 45));
    assert!(lengths["truncated"].as_u64().unwrap() <= bins[23]);
    // Hidden size 16, two labels.
    assert_eq!(facts["parameters"]["trainable"], 16 * 2 + 2);
    assert!(facts["parameters"]["total"].as_u64().unwrap() > 16 * 2 + 2);
}

/// The card has the metrics of the weights that are in the folder, and names no path.
#[test]
fn the_card_is_about_the_weights_beside_it() {
    let place = Place::new();
    let mut config = TrainConfig { metric: Some("loss".into()), evaluate_every: Some(1), ..place.config() };
    config.optimizer.learning_rate = 0.03;
    config.evaluate_test = true;
    for (run, keep) in [("best", Keep::Best), ("last", Keep::Last)] {
        let (outcome, events) = place.train(run, &TrainConfig { keep, ..config.clone() }).unwrap();
        let kept = if keep == Keep::Best { complete(outcome).best_step.unwrap() } else { 8 };
        let card = String::from_utf8(place.bytes(&format!("{run}/model/README.md"))).unwrap();
        for split in ["validation", "test"] {
            let eval =
                evals(&events).into_iter().find(|eval| eval.split == split && eval.step == kept).unwrap();
            let figure = |name: &str| eval.metrics.get(name).unwrap();
            let row = format!(
                "| {split} | {} | {:.4} | {:.4} |",
                eval.examples,
                figure("loss"),
                figure("accuracy")
            );
            assert_eq!(card.matches(&row).count(), 1, "{row}\n\n{card}");
        }
        assert!(card.contains(&format!("those after step {kept}, the {run}")), "{card}");
        assert!(card.contains("| 0 | neg | ") && card.contains("# tiny trained on reviews"), "{card}");
        let here = place.dir.path().to_string_lossy().into_owned();
        assert!(!card.contains(&here), "{card}");
    }
}

#[test]
fn half_precision_is_for_the_result_alone() {
    let place = Place::new();
    let of = |path: &str| {
        let bytes = place.bytes(path);
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let dtypes: BTreeSet<String> = file.iter().map(|(_, tensor)| tensor.dtype().to_string()).collect();
        dtypes.into_iter().collect::<Vec<_>>().join(", ")
    };
    for (save_dtype, name) in [(SaveDtype::F16, "F16"), (SaveDtype::Bf16, "BF16")] {
        let config = TrainConfig { save_dtype, ..place.config() };
        place.train(name, &config).unwrap();
        assert_eq!(of(&format!("{name}/model/model.safetensors")), name);
        assert_eq!(of(&format!("{name}/checkpoints/step-00000008/model.safetensors")), "F32");
    }
}

/// Our own result is a checkpoint like any other: no weight is new or left over, and a run from the result
/// equals a run from the last checkpoint's weights with the first tokenizer's files.
#[test]
fn training_goes_on_from_our_own_result() {
    let place = Place::new();
    let first = TrainConfig { keep: Keep::Last, ..place.config() };
    place.train("first", &first).unwrap();
    // The same weights, straight from the training, with the first tokenizer's files.
    let raw = place.path("raw");
    fs::create_dir(&raw).unwrap();
    for file in ["vocab.txt", "tokenizer_config.json"] {
        fs::copy(place.path("tiny").join(file), raw.join(file)).unwrap();
    }
    for file in ["config.json", "model.safetensors"] {
        fs::copy(place.path("first/checkpoints/step-00000008").join(file), raw.join(file)).unwrap();
    }
    let weights = "model.safetensors";
    assert!(place.bytes(&format!("first/model/{weights}")) == place.bytes(&format!("raw/{weights}")));

    for (run, from) in [("second", "first/model"), ("third", "raw")] {
        let model = place.path(from);
        let config =
            TrainConfig { model: model.to_string_lossy().into_owned(), from_scratch: false, ..first.clone() };
        let root = place.path("reviews");
        let data = load::<TextClassification>(
            &Card::for_folder(&root).unwrap(),
            &root,
            &config.load_options(),
            &config.label_options(),
        )
        .unwrap();
        let task = Prepared::<TextClassification>::new(&config, &model, data, &Device::flex()).unwrap();
        assert!(!task.notes().iter().any(|note| note.contains("newly") || note.contains("left over")));
        let claim = Claim::run(&place.path(run), Existing::Keep).unwrap();
        Trainer::begin(task, claim, Device::flex()).unwrap().run().unwrap();
    }
    let files = [
        "config.json",
        weights,
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "vocab.txt",
    ];
    for file in files {
        let [first, second, third] =
            ["first", "second", "third"].map(|run| place.bytes(&format!("{run}/model/{file}")));
        assert!(second == third, "{file} depends on who read the tokenizer");
        // Only the weights have moved.
        assert_eq!(first == second, file != weights, "{file}");
    }
}

#[test]
fn patience_ends_a_run() {
    let place = Place::new();
    let mut config = TrainConfig { metric: Some("loss".into()), evaluate_every: Some(1), ..place.config() };
    config.early_stopping.patience = Some(2);
    // The loss never improves by 10.
    config.early_stopping.min_delta = 10.0;
    let (outcome, events) = place.train("run", &config).unwrap();
    let end = complete(outcome);
    assert_eq!((end.step, end.early_stopped), (3, true));
    assert!(events.contains(&Event::EarlyStop { step: 3, evaluations: 2 }));
    assert!(place.path("run/model/config.json").is_file());
}

#[test]
fn a_loss_that_is_not_finite_stops_with_all_that_helps_to_find_it() {
    let place = Place::new();
    let mut config = TrainConfig { max_grad_norm: 0.0, ..place.config() };
    config.optimizer.learning_rate = 1e30;
    config.optimizer.warmup_ratio = 0.0;
    let error = place.train("run", &config).unwrap_err();
    let TrainError::NotFinite { step, learning_rate, examples, .. } = &error else { panic!("{error:?}") };
    assert!((2..=4).contains(step), "{step}");
    assert!(*learning_rate > 1e29 && (8..=12).contains(&examples.len()), "{error}");
    assert!(!place.path("run/model").exists());
}

#[test]
fn what_is_frozen_stays_and_the_rest_moves() {
    let place = Place::new();
    let mut config = TrainConfig { freeze: "embeddings+encoder_below:1".parse().unwrap(), ..place.config() };
    config.keep = Keep::Last;
    let task = place.prepared(&config).unwrap();
    assert!(task.notes()[0].contains(" of "), "{:?}", task.notes());
    // Stopped and resumed, since a resumed run must freeze the same parameters.
    let trainer = place.trainer("run", &config).unwrap();
    let signal = trainer.stop_signal();
    trainer.observe(StopAt { step: 1, signal }).run().unwrap();
    let after_one = place.bytes("run/checkpoints/step-00000001/model.safetensors");
    place.train("run", &config).unwrap();
    let after_all = place.bytes("run/model/model.safetensors");
    let (before, after) = (
        safetensors::SafeTensors::deserialize(&after_one).unwrap(),
        safetensors::SafeTensors::deserialize(&after_all).unwrap(),
    );
    let mut moved = 0;
    for (name, tensor) in before.iter() {
        let same = tensor.data() == after.tensor(name).unwrap().data();
        let frozen = name.contains("embeddings") || name.contains("layer.0");
        // The bias of the attention's keys does not change the softmax: its gradient is rounding error.
        if !name.ends_with("key.bias") {
            assert_eq!(same, frozen, "{name}");
        }
        moved += usize::from(!same);
    }
    assert!(moved > 10, "{moved}");
}

#[test]
fn weights_of_labels_must_fit_the_labels() {
    let place = Place::new();
    let config = TrainConfig { class_weights: ClassWeights::Given(vec![1.0, 2.0, 3.0]), ..place.config() };
    let error = place.prepared(&config).unwrap_err();
    assert!(error.to_string().contains("neg, pos"), "{error}");
}

#[test]
fn a_length_beyond_the_models_positions_is_refused() {
    let place = Place::new();
    let mut config = place.config();
    config.data.max_length = 129;
    let error = place.prepared(&config).unwrap_err();
    assert!(error.to_string().contains("at most 128"), "{error}");
}

#[test]
fn settings_that_nobody_checked_are_checked() {
    let place = Place::new();
    let error = place.prepared(&TrainConfig { batch_size: 0, ..place.config() }).unwrap_err();
    assert!(matches!(error, TrainError::Config(_)), "{error:?}");
}

#[test]
fn cut_texts_are_counted() {
    let place = Place::new();
    let mut config = place.config();
    config.data.max_length = 8;
    let notes = place.prepared(&config).unwrap().notes();
    assert!(notes.iter().any(|note| note.ends_with("% of training texts were cut at 8 tokens")), "{notes:?}");
}
