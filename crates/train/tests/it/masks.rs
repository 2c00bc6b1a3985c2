//! Masked words: forty steps on given masks against PyTorch's (`tests/reference/fill_mask.py`), and what the masks of
//! a run follow from.

use burn::module::Module as _;
use burn::tensor::{Int, Tensor, TensorData};
use embert_model::{BertForMaskedLM, BertInput, Depth, Layout, LoadOptions, named_parameters, state_dict};
use embert_task::fill_mask::{MaskOptions, MaskTarget};
use embert_task::{FillMask, rows_of};
use embert_train::optim::{
    AdamW, AdamWConfig, Decay, GradientAccumulator, GradientsParams, Schedule, ScheduleConfig, Shards,
    TrainedParameter, Warmup, build_groups, clip_factor, global_norm,
};
use serde::Deserialize;

use super::*;
use crate::strategies::steps;
use crate::training::backends;

#[derive(Deserialize)]
struct Reference {
    settings: Settings,
    batches: Vec<MaskedBatch>,
    steps: Vec<Step>,
    weights: std::collections::BTreeMap<String, Vec<f32>>,
}

#[derive(Deserialize)]
struct Settings {
    learning_rate: f64,
    head_learning_rate: f64,
    weight_decay: f64,
    warmup_steps: usize,
    max_grad_norm: f64,
}

#[derive(Deserialize)]
struct MaskedBatch {
    lengths: Vec<usize>,
    input_ids: Vec<Vec<i64>>,
    labels: Vec<Vec<i64>>,
}

#[derive(Deserialize)]
struct Step {
    loss: f64,
    grad_norm: f64,
    learning_rate: f64,
}

impl MaskedBatch {
    /// The targets of the rows.
    fn targets(&self, rows: std::ops::Range<usize>) -> Vec<MaskTarget> {
        let of_row = |labels: &Vec<i64>| {
            let masked = labels.iter().enumerate().filter(|(_, label)| **label >= 0);
            let (positions, tokens) = masked.map(|(place, label)| (place, *label as u32)).unzip();
            MaskTarget::Masked { positions, tokens }
        };
        self.labels[rows].iter().map(of_row).collect()
    }

    fn input(&self, rows: std::ops::Range<usize>, device: &Device) -> BertInput {
        let (lengths, seq) = (self.lengths[rows.clone()].to_vec(), self.input_ids[0].len());
        let ids: Vec<i64> = self.input_ids[rows].concat();
        let mask: Vec<i64> =
            lengths.iter().flat_map(|length| (0..seq).map(move |place| i64::from(place < *length))).collect();
        let of = |values: Vec<i64>| {
            Tensor::<2, Int>::from_data(TensorData::new(values, [lengths.len(), seq]), device)
        };
        let (ids, mask) = (of(ids), of(mask));
        let types = Tensor::zeros([lengths.len(), seq], device);
        BertInput::with_layout(ids, types, Layout::padded(mask, lengths))
    }
}

/// The loss is over the masked tokens of the whole step: micro-batches have unequal numbers of them, and one may have
/// none. The tied embeddings are one parameter, in one group.
#[test]
fn forty_steps_on_given_masks_agree() {
    let folder = fixture("fill-mask");
    let text = fs::read_to_string(folder.join("expected.json")).unwrap();
    let reference: Reference = serde_json::from_str(&text).unwrap();
    let settings = &reference.settings;
    let schedule =
        ScheduleConfig { schedule: Schedule::Linear, warmup: Warmup::Steps(settings.warmup_steps) };
    assert_eq!((reference.steps.len(), reference.batches.len()), (40, 10));
    let mut without = 0;
    for (backend, device, tolerance) in backends() {
        for micro_batch in [8, 2, 1] {
            let device = device.clone().autodiff();
            let loaded =
                BertForMaskedLM::from_pretrained(&folder.join("model"), &LoadOptions::default(), &device)
                    .unwrap();
            let task = FillMask::new(loaded.config.vocab_size, MaskOptions::default());
            let mut model = loaded.model.train();
            let trained = named_parameters(&model).into_iter().map(|parameter| TrainedParameter {
                part: if parameter.depth == Depth::Head { "head" } else { "base" },
                id: parameter.id,
                name: parameter.name,
            });
            let rate = |part: &&str| match *part {
                "head" => settings.head_learning_rate,
                _ => settings.learning_rate,
            };
            let groups = build_groups(trained, rate, settings.weight_decay, Decay::Standard);
            let mut optimizer = AdamW::new(AdamWConfig::default(), groups).unwrap();
            let mut worst = 0.0_f64;
            for (step, expected) in reference.steps.iter().enumerate() {
                let batch = &reference.batches[step % reference.batches.len()];
                let parts: Vec<_> =
                    (0..8).step_by(micro_batch).map(|first| first..first + micro_batch).collect();
                let weight = task.weight(&batch.targets(0..8));
                let mut accumulator = GradientAccumulator::new(parts.len(), Shards::new(1).unwrap());
                let mut loss = 0.0;
                for rows in parts {
                    let (input, targets) = (batch.input(rows.clone(), &device), batch.targets(rows));
                    without += usize::from(task.weight(&targets) < 0.5);
                    let layout = input.layout.clone();
                    let positions = targets.iter().map(MaskTarget::positions);
                    let chosen = rows_of(&layout, positions, &device);
                    let of_part = task.loss(model.forward_rows(input, chosen), &layout, &targets, weight);
                    accumulator.add(&model, GradientsParams::from_grads(of_part.backward(), &model));
                    loss += f64::from(of_part.into_scalar::<f32>());
                }
                let gradients = accumulator.finish(&model);
                let norm = global_norm(&model, &gradients);
                let factor = schedule.factor(step, 40);
                let clip = clip_factor(norm, settings.max_grad_norm);
                model = optimizer.step(model, gradients, factor, clip);
                assert!((settings.learning_rate * factor - expected.learning_rate).abs() < 1e-12);
                for (a, b) in [(loss, expected.loss), (norm, expected.grad_norm)] {
                    let difference = (a - b).abs() / b.abs();
                    assert!(difference <= tolerance, "{backend}, {micro_batch}, step {step}: {a} for {b}");
                    worst = worst.max(difference);
                }
            }
            let state: std::collections::BTreeMap<_, _> = state_dict(&model).into_iter().collect();
            for (name, expected) in &reference.weights {
                let found = state[name].iter::<f32>().zip(expected);
                // AdamW's steps of up to 0.01 may turn where a gradient is almost 0.
                let largest = found.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(largest < 2e-3, "{backend}, {micro_batch}: {name} differs by {largest}");
            }
            println!("{backend}, micro-batches of {micro_batch}: differ by at most {worst:.1e}");
        }
    }
    assert!(without > 0, "each micro-batch has a masked token");
}

fn place() -> Place<FillMask> {
    let words = ["good", "bad", "film", "never", "again", "lovely", "story", "soup"];
    let row = |n: usize| {
        let text: Vec<&str> = (0..4 + n * 7 % 30).map(|word| words[(word * word + n) % 8]).collect();
        serde_json::json!({"text": text.join(" ")}).to_string() + "\n"
    };
    Place::with(|split, count| (0..count).map(|n| row(n + split.len() * 100)).collect())
}

/// Texts fill blocks, which are what is counted; nothing is cut.
#[test]
fn a_run_on_blocks_counts_blocks_and_loses_nothing() {
    let place = place();
    let mut config = place.config();
    config.data.max_length = 32;
    config.evaluate_test = true;
    let prepared = place.prepared(&config).unwrap();
    let notes = prepared.notes();
    let said = notes.iter().find(|note| note.starts_with("44 texts fill ")).unwrap();
    let blocks: usize = said.split(' ').nth(3).unwrap().parse().unwrap();
    assert!(blocks < 44 && !notes.iter().any(|note| note.contains("were cut")), "{notes:?}");
    let (outcome, events) = place.train("run", &config).unwrap();
    complete(outcome);
    let of_epoch = |epoch| -> usize {
        steps(&events).iter().filter(|step| step.epoch == epoch).map(|step| step.examples).sum()
    };
    assert_eq!((of_epoch(1), of_epoch(2)), (blocks, blocks));
    let facts: serde_json::Value = serde_json::from_slice(&place.bytes("run/facts.json")).unwrap();
    assert_eq!(facts["splits"]["train"]["examples"], blocks);
    assert_eq!(facts["lengths"]["truncated"], 0);
    let scores: serde_json::Value = serde_json::from_slice(&place.bytes("run/scores.json")).unwrap();
    let rule = &scores["splits"][0]["baselines"][0];
    assert!(rule["name"].as_str().unwrap().starts_with("always \""), "{rule}");
    // The tokens of each epoch are the same, but the masks are others: so are the losses at a rate of almost 0.
    let mut still = config.clone();
    (still.optimizer.learning_rate, still.max_grad_norm) = (1e-30, 0.0);
    still.dropout = embert_train::DropoutConfig { hidden: Some(0.0), attention: Some(0.0), classifier: None };
    still.data.order = embert_data::Order::Sequential;
    let (_, events) = place.train("still", &still).unwrap();
    let found = steps(&events);
    let (first, second) = found.split_at(found.len() / 2);
    assert!(first.iter().zip(second).all(|(one, other)| one.tokens == other.tokens));
    assert!(first.iter().zip(second).all(|(one, other)| (one.loss - other.loss).abs() > 1e-6));
    let evaluated: Vec<f64> = events
        .iter()
        .filter_map(|event| match event {
            Event::Eval(eval) if eval.split == "validation" => eval.metrics.get("loss"),
            _ => None,
        })
        .collect();
    assert!(evaluated.len() > 1 && evaluated.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-9));
}

#[test]
fn what_the_frozen_part_makes_of_masked_texts_is_not_cached() {
    let place = place();
    let config =
        TrainConfig { freeze: "all_but_head".parse().unwrap(), cache_frozen: true, ..place.config() };
    let error = place.train("refused", &config).unwrap_err().to_string();
    let said =
        "cache_frozen = true: expected false: fill-mask trains on other tokens of each text in each epoch";
    assert!(error.starts_with(said), "{error}");
}
