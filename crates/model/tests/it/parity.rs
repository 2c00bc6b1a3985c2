//! The forward pass against `transformers`' numbers (`tests/reference/model.py`).

use burn::module::Module;
use burn::tensor::Device;
use embert_model::{BertForSequenceClassification, BertModel, LoadOptions};

use crate::support::{Expected, assert_close, fixture, load};

const TOLERANCE: f32 = 1e-5;

#[test]
fn hidden_states_pooled_output_and_logits_agree() {
    let device = Device::default();
    let expected = Expected::of("model");
    let loaded = load(&fixture("model"));
    let states = loaded.model.bert.forward_hidden_states(expected.input(&device));
    assert_eq!(states.len(), 3);
    for (index, state) in states.into_iter().enumerate() {
        let name = format!("hidden_states.{index}");
        assert_close(state, &expected.floats(&name), TOLERANCE, &name);
    }
    let output = loaded.model.bert.forward(expected.input(&device));
    assert_close(
        output.last_hidden_state,
        &expected.floats("hidden_states.2"),
        TOLERANCE,
        "last hidden state",
    );
    assert_close(output.pooled.unwrap(), &expected.floats("pooled"), TOLERANCE, "pooled");
    let logits = loaded.model.forward(expected.input(&device));
    assert_eq!(logits.dims(), [4, 3]);
    assert_close(logits, &expected.floats("logits"), TOLERANCE, "logits");
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

#[test]
fn an_old_half_precision_encoder_agrees() {
    let device = Device::default();
    let expected = Expected::of("model-legacy");
    let loaded =
        BertModel::from_pretrained(&fixture("model-legacy"), &LoadOptions::default(), &device).unwrap();
    assert!(loaded.model.pooler.is_none());
    assert!(loaded.report.leftover.is_empty(), "{}", loaded.report);
    assert!(loaded.report.newly_initialized.is_empty(), "{}", loaded.report);
    let states = loaded.model.forward_hidden_states(expected.input(&device));
    for (index, state) in states.into_iter().enumerate() {
        let name = format!("hidden_states.{index}");
        assert_close(state, &expected.floats(&name), TOLERANCE, &name);
    }
}
