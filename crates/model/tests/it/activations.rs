//! Logits and gradients with every activation, against `transformers`' numbers (`tests/reference/heads.py`).

use std::fs;

use burn::tensor::{Int, Tensor, TensorData};
use embert_model::{Backend, BertForSequenceClassification, BertInput, LoadOptions};
use serde::Deserialize;
use serde_json::Value;

use crate::support::{checkpoint_with, fixture, values};

#[derive(Deserialize)]
struct Expected {
    scale: f32,
    rows: Vec<Vec<i32>>,
    activations: serde_json::Map<String, Value>,
}

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

/// Sums are added in f32 in another order, and the scale makes the values large; relative to the largest
/// value.
const TOLERANCE: f32 = 2e-5;

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().copied().fold(0.0, |a: f32, b| a.max(b.abs()));
    let difference = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest;
    assert!(difference <= TOLERANCE, "{what} differs by {difference}");
    println!("{what}: at most {difference:.1e}");
}

#[test]
fn logits_and_gradients_of_every_activation_agree() {
    let text = fs::read_to_string(fixture("heads").join("expected.json")).unwrap();
    let expected: Expected = serde_json::from_str(&text).unwrap();
    let dir = checkpoint_with("model", |weights| {
        for (name, (_, bytes)) in weights {
            if name.ends_with("intermediate.dense.weight") {
                for value in bytes.as_chunks_mut().0 {
                    *value = (f32::from_le_bytes(*value) * expected.scale).to_le_bytes();
                }
            }
        }
    });
    let config = fs::read_to_string(dir.path().join("config.json")).unwrap();
    let ids: Vec<i32> = expected.rows.iter().flatten().copied().collect();
    let shape = [expected.rows.len(), expected.rows[0].len()];
    assert_eq!(expected.activations.len(), 20);
    for device in Backend::Flex.devices().into_iter().chain(Backend::NdArray.devices()) {
        let device = device.autodiff();
        for (name, expected) in &expected.activations {
            let config = config.replace("\"gelu\"", &format!("\"{name}\""));
            fs::write(dir.path().join("config.json"), config).unwrap();
            let options = LoadOptions {
                hidden_dropout: Some(0.0),
                attention_dropout: Some(0.0),
                classifier_dropout: Some(0.0),
                ..LoadOptions::default()
            };
            let model = BertForSequenceClassification::from_pretrained(dir.path(), &options, &device);
            let model = model.unwrap().model;
            let logits = model.forward(BertInput::new(
                Tensor::<2, Int>::from_data(TensorData::new(ids.clone(), shape), &device),
                Tensor::zeros(shape, &device),
                Tensor::ones(shape, &device),
            ));
            let gradients = logits.clone().sum().backward();
            let bias = model.bert.encoder.layer[0].intermediate.dense.bias.as_ref().unwrap().val();
            assert_close(&values(logits.inner()), &floats(&expected["logits"]), &format!("{name}: logits"));
            let gradient = values(bias.grad(&gradients).unwrap());
            assert_close(&gradient, &floats(&expected["gradient"]), &format!("{name}: gradient"));
        }
    }
}
