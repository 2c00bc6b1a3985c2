//! The forward pass against `transformers`' numbers (`tests/reference/model.py`).

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use embert_model::{Backend, BertForSequenceClassification, BertModel, LoadOptions};

use crate::support::{Expected, assert_close, fixture};

/// Sums of some dozens of products in f32, added in another order, through at most three layers; values are
/// of size 1.
const TOLERANCE: f32 = 1e-5;

/// The CPU backends of this build, each with its tolerance.
fn devices() -> Vec<(Device, f32)> {
    let with =
        |backend: Backend, tolerance| backend.devices().into_iter().map(move |device| (device, tolerance));
    // Burn's older backend adds in yet another order.
    with(Backend::Flex, TOLERANCE).chain(with(Backend::NdArray, 10.0 * TOLERANCE)).collect()
}

/// The embeddings' output, each layer's output, and the outputs of the usual forward pass.
#[track_caller]
fn encoder_agrees(name: &str, model: &BertModel, device: &Device, tolerance: f32) {
    let expected = Expected::of(name);
    let states = model.forward_hidden_states(expected.input(device));
    let layers = model.encoder.layer.len();
    assert_eq!(states.len(), 1 + layers);
    for (index, state) in states.into_iter().enumerate() {
        let key = format!("hidden_states.{index}");
        assert_close(state, &expected.floats(&key), tolerance, &format!("{name}: {key}"));
    }
    let output = model.forward(expected.input(device));
    let last = expected.floats(&format!("hidden_states.{layers}"));
    assert_close(output.last_hidden_state, &last, tolerance, &format!("{name}: last hidden state"));
    if let Some(pooled) = output.pooled {
        assert_close(pooled, &expected.floats("pooled"), tolerance, &format!("{name}: pooled"));
    }
}

#[test]
fn hidden_states_pooled_output_and_logits_agree() {
    for (device, tolerance) in devices() {
        for (name, labels) in [("model", 3), ("model-sharded", 2), ("model-bf16", 4), ("model-odd", 3)] {
            let options = LoadOptions::default();
            let loaded =
                BertForSequenceClassification::from_pretrained(&fixture(name), &options, &device).unwrap();
            assert!(loaded.report.leftover.is_empty(), "{name}: {}", loaded.report);
            assert!(loaded.report.newly_initialized.is_empty(), "{name}: {}", loaded.report);
            encoder_agrees(name, &loaded.model.bert, &device, tolerance);
            let expected = Expected::of(name);
            let logits = loaded.model.forward(expected.input(&device));
            assert_eq!(logits.dims()[1], labels);
            assert_close(logits, &expected.floats("logits"), tolerance, &format!("{name}: logits"));
        }
    }
}

#[test]
fn encoders_without_a_pooler_agree() {
    for (device, tolerance) in devices() {
        for (name, left_over) in [("model-legacy", 0), ("model-masked-lm", 5)] {
            let loaded =
                BertModel::from_pretrained(&fixture(name), &LoadOptions::default(), &device).unwrap();
            assert!(loaded.model.pooler.is_none());
            assert_eq!(loaded.report.leftover.len(), left_over, "{name}: {}", loaded.report);
            assert!(loaded.report.newly_initialized.is_empty(), "{name}: {}", loaded.report);
            encoder_agrees(name, &loaded.model, &device, tolerance);
        }
    }
}

/// Padding must not matter: other tokens at padding positions, and less padding, change nothing.
#[test]
fn padding_does_not_matter() {
    let device = Device::default();
    let expected = Expected::of("model-odd");
    let model =
        BertModel::from_pretrained(&fixture("model-odd"), &LoadOptions::default(), &device).unwrap().model;
    let input = expected.input(&device);
    let mask = expected.attention_mask(&device);
    let [batch, seq] = mask.dims();
    // All features but the longest, cut to the length of the longest of them.
    let shorter = |tensor: Tensor<2, burn::tensor::Int>| tensor.slice([1..batch, 0..33]);
    let mut other = input.clone();
    other.input_ids = input.input_ids * mask.clone() + (mask.clone() * -1 + 1) * 9;
    let cut = embert_model::BertInput::new(
        shorter(other.input_ids.clone()),
        shorter(input.token_type_ids),
        shorter(mask),
    );
    let pooled = expected.floats("pooled");
    let width = pooled.len() / batch;
    assert!(seq > 33);
    assert_close(model.forward(other).pooled.unwrap(), &pooled, TOLERANCE, "other tokens at the padding");
    assert_close(model.forward(cut).pooled.unwrap(), &pooled[width..], TOLERANCE, "less padding");
}

#[test]
fn a_training_model_put_to_evaluation_agrees_too() {
    let device = Device::default().autodiff();
    let expected = Expected::of("model");
    let options = LoadOptions::default();
    let model =
        BertForSequenceClassification::from_pretrained(&fixture("model"), &options, &device).unwrap().model;
    let logits = model.valid().forward(expected.input(&Device::default()));
    assert_close(logits, &expected.floats("logits"), TOLERANCE, "logits");
}
