//! Dropout, in which no two programs agree number for number: its five places (after the embeddings, on the
//! attention probabilities, after the attention output, after the feed-forward output, before the classifier)
//! and no other, the rate, the scaling, and that evaluation has no dropout.
//!
//! Weights are set so that each place's mask is visible in the output. Kept elements are counted against the
//! rate; a binomial count is five standard deviations off once in two million times.

use burn::module::Module;
use burn::nn::{Dropout, Linear};
use burn::tensor::{Device, Tensor, TensorData};
use embert_model::{
    Backend, BertConfig, BertForSequenceClassification, BertInput, DropoutKey, FrozenPrefix, PrefixOutput,
    load_state_dict, state_dict,
};

use crate::support::{assert_close, tiny_config, tiny_input, values};

/// A rate far from 0.5, so that keeping and dropping can't be mixed up.
const RATE: f64 = 0.2;
const KEPT: f32 = 1.25;

/// The CPU backends of this build, since each has its own kernels.
fn devices() -> Vec<Device> {
    let devices: Vec<Device> =
        [Backend::Flex, Backend::NdArray].into_iter().flat_map(Backend::devices).collect();
    devices.into_iter().map(Device::autodiff).collect()
}

/// The key of micro-batch `micro_batch`.
fn key(micro_batch: usize) -> DropoutKey {
    DropoutKey::new(11, 3, micro_batch)
}

/// The input of a training step, with dropout.
fn training_input(micro_batch: usize, device: &Device) -> BertInput {
    tiny_input(device).with_dropout(key(micro_batch))
}

/// A model whose config has [`RATE`] for every dropout, and whose five dropouts are then switched off: any
/// dropout left is in a sixth place.
fn switched_off(device: &Device) -> BertForSequenceClassification {
    let config = BertConfig {
        hidden_dropout_prob: RATE,
        attention_probs_dropout_prob: RATE,
        classifier_dropout: Some(RATE),
        initializer_range: 0.3,
        ..tiny_config()
    };
    let mut model = BertForSequenceClassification::from_config(&config, 1, device).unwrap();
    let off = |dropout: &mut Dropout| {
        assert!((dropout.prob - RATE).abs() < f64::EPSILON, "the config's rate is not in force");
        dropout.prob = 0.0;
    };
    off(&mut model.bert.embeddings.dropout);
    for layer in &mut model.bert.encoder.layer {
        off(&mut layer.attention.self_.dropout);
        off(&mut layer.attention.output.dropout);
        off(&mut layer.output.dropout);
    }
    off(&mut model.head.dropout);
    model
}

/// The number of elements that are not 0. These elements must equal `scaled`.
#[track_caller]
fn count_kept(found: &[f32], scaled: &[f32], what: &str) -> usize {
    assert_eq!(found.len(), scaled.len(), "{what}");
    let mut kept = 0;
    for (found, scaled) in found.iter().zip(scaled) {
        if found.abs() > 1e-6 * scaled.abs() {
            assert!((found - scaled).abs() <= 1e-4 * scaled.abs() + 1e-6, "{what}: {found} against {scaled}");
            kept += 1;
        }
    }
    kept
}

#[track_caller]
fn assert_rate(kept: usize, of: usize, what: &str) {
    let (count, deviation) = (of as f64, (of as f64 * RATE * (1.0 - RATE)).sqrt());
    assert!(of >= 400, "{what}: too few to count");
    let off = (kept as f64 - count * (1.0 - RATE)).abs() / deviation;
    assert!(off < 5.0, "{what}: {kept} of {of} kept, {off:.1} standard deviations off");
}

/// A tensor `[1, seq, width]` filled with one number.
fn full(seq: usize, width: usize, value: f32, device: &Device) -> Tensor<3> {
    Tensor::full([1, seq, width], value, device)
}

#[test]
fn there_is_no_sixth() {
    for device in devices() {
        let model = switched_off(&device);
        let evaluated = values(model.valid().forward(tiny_input(&device.clone().inner())));
        let trained = model.forward(training_input(0, &device));
        assert_close(trained.clone(), &evaluated, 1e-5, "training with the five places off");
        assert_eq!(values(trained), values(model.forward(training_input(1, &device))));
    }
}

#[test]
fn after_the_embeddings_normalization() {
    for device in devices() {
        let mut model = switched_off(&device);
        model.bert.embeddings.dropout.prob = RATE;
        let (mut kept, mut all) = (0, 0);
        for micro_batch in 0..8 {
            let states = model.bert.forward_hidden_states(training_input(micro_batch, &device));
            let plain = model.valid().bert.forward_hidden_states(tiny_input(&device.clone().inner()));
            let scaled: Vec<f32> = values(plain[0].clone()).iter().map(|value| value * KEPT).collect();
            kept += count_kept(&values(states[0].clone()), &scaled, "the embeddings' output");
            all += scaled.len();
        }
        assert_rate(kept, all, "embeddings");
    }
}

/// With all keys equal the probabilities are `1 / seq`, and with all values 1 a head's output is
/// `kept / (seq (1 - p))`. Whole probabilities are dropped, independently for each head and query.
#[test]
fn on_the_attention_probabilities() {
    const SEQ: usize = 40;
    for device in devices() {
        let mut model = switched_off(&device);
        let mut attention = model.bert.encoder.layer.remove(0).attention.self_;
        for linear in [&mut attention.query, &mut attention.key, &mut attention.value] {
            *linear = constant(linear, 0.0, 0.0);
        }
        attention.value = constant(&attention.value, 0.0, 1.0);
        attention.dropout.prob = RATE;
        let bias = Tensor::zeros([1, 1, 1, SEQ], &device);
        let output = values(attention.forward(&full(SEQ, 12, 0.5, &device), bias, Some(key(0))));
        // Three heads of width 4.
        let counts: Vec<f32> = output.chunks(4).map(|head| head[0] * SEQ as f32 / KEPT).collect();
        assert!(output.chunks(4).all(|head| head.iter().all(|value| (value - head[0]).abs() < 1e-5)));
        assert!(counts.iter().all(|count| (count - count.round()).abs() < 1e-3), "{counts:?}");
        assert!(counts.chunks(3).any(|heads| heads[0].round() as i32 != heads[1].round() as i32));
        let kept: f32 = counts.iter().map(|count| count.round()).sum();
        assert_rate(kept as usize, counts.len() * SEQ, "attention");
    }
}

#[test]
fn after_the_two_dense_outputs_and_before_the_residual_sum() {
    for device in devices() {
        // The width is so large that no row keeps all of its elements, or none.
        let config =
            BertConfig { hidden_size: 96, intermediate_size: 40, hidden_dropout_prob: RATE, ..tiny_config() };
        let model = BertForSequenceClassification::from_config(&config, 1, &device).unwrap();
        let layer = &model.bert.encoder.layer[0];
        let blocks =
            [(&layer.attention.output, 96, "attention output"), (&layer.output, 40, "feed-forward output")];
        for (block, input, what) in blocks {
            let mut block = block.clone();
            block.dense = constant(&block.dense, 0.0, 1.0);
            // So large an epsilon makes the normalization a shift and a division by 1e6, through which the
            // mask is visible.
            block.layer_norm.epsilon = 1e12;
            let residual: Vec<f32> = (0..96_u8).map(|column| f32::from(column) / 96.0).collect();
            let row = Tensor::<3>::from_data(TensorData::new(residual.clone(), [1, 1, 96]), &device);
            let output = block.forward(full(64, input, 0.5, &device), row.repeat_dim(1, 64), Some(key(0)));
            let seen = values(output * 1e6);
            let mut kept = 0;
            for row in seen.chunks(96) {
                let masked: Vec<f32> =
                    row.iter().zip(&residual).map(|(seen, residual)| seen - residual).collect();
                // The shift moves dropped elements below 0, to the least value.
                let least = masked.iter().copied().fold(f32::INFINITY, f32::min);
                let raised: Vec<f32> = masked
                    .iter()
                    .map(|value| value - least)
                    .map(|value| if value < 0.01 { 0.0 } else { value })
                    .collect();
                kept += count_kept(&raised, &[KEPT; 96], what);
            }
            assert_rate(kept, seen.len(), what);
        }
    }
}

#[test]
fn before_the_classifier() {
    for device in devices() {
        let mut model = switched_off(&device);
        model.head.dropout.prob = RATE;
        // The classifier is the identity, so that its output is its input.
        let mut identity = constant(&model.head.classifier, 0.0, 0.0);
        identity.weight = identity.weight.map(|_| Tensor::eye(12, &device));
        identity.bias = None;
        model.head.classifier = identity;
        let pooled = values(model.valid().bert.forward(tiny_input(&device.clone().inner())).pooled.unwrap());
        let scaled: Vec<f32> = pooled.iter().map(|value| value * KEPT).collect();
        let (mut kept, mut all) = (0, 0);
        for micro_batch in 0..40 {
            let found = values(model.forward(training_input(micro_batch, &device)));
            kept += count_kept(&found, &scaled, "the classifier's input");
            all += scaled.len();
        }
        assert_rate(kept, all, "classifier");
    }
}

/// There is no dropout after the activation, where Burn's own encoder has one.
#[test]
fn not_after_the_activation() {
    for device in devices() {
        let config = BertConfig { hidden_dropout_prob: RATE, ..tiny_config() };
        let model = BertForSequenceClassification::from_config(&config, 1, &device).unwrap();
        let intermediate = &model.bert.encoder.layer[0].intermediate;
        let x = full(5, 12, 0.7, &device);
        let plain = model.valid().bert.encoder.layer[0].intermediate.forward(x.clone().inner());
        let plain = values(plain);
        let trained = values(intermediate.forward(x));
        assert!(trained.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-6), "{trained:?} {plain:?}");
    }
}

#[test]
fn evaluation_has_none_and_training_has_it_again() {
    for device in devices() {
        let config = BertConfig { initializer_range: 0.3, ..tiny_config() };
        let model = BertForSequenceClassification::from_config(&config, 1, &device).unwrap();
        let evaluated = model.valid();
        let plain = device.clone().inner();
        let reference = values(switched_off(&device).valid().forward(tiny_input(&plain)));
        for micro_batch in 0..3 {
            assert_eq!(values(evaluated.forward(training_input(micro_batch, &plain))), reference);
        }
        let trained = evaluated.train();
        assert_close(trained.forward(tiny_input(&device)), &reference, 1e-5, "without a key");
        let logits = |micro_batch| values(trained.forward(training_input(micro_batch, &device)));
        assert_ne!(logits(0), logits(1));
    }
}

/// The layer with all weights set to `weight` and all biases to `bias`.
fn constant(linear: &Linear, weight: f32, bias: f32) -> Linear {
    let state = state_dict(linear).into_iter().map(|(name, data)| {
        let value = if name == "weight" { weight } else { bias };
        let shape = data.shape().to_vec();
        (name, TensorData::full(shape, value))
    });
    load_state_dict(linear.clone(), state).unwrap()
}

/// The masks follow from the key alone, whatever else is drawn from the device, and in whichever order
/// micro-batches come.
#[test]
fn the_same_key_gives_the_same_masks() {
    for device in devices() {
        let config = BertConfig { initializer_range: 0.3, ..tiny_config() };
        let model = BertForSequenceClassification::from_config(&config, 1, &device).unwrap();
        let logits = |key| values(model.forward(tiny_input(&device).with_dropout(key)));
        let [first, second] = [0, 1].map(|micro_batch| logits(key(micro_batch)));
        device.seed(5);
        let _ = Tensor::<1>::random([3], burn::tensor::Distribution::Default, &device);
        assert_eq!([1, 0].map(|micro_batch| logits(key(micro_batch))), [second, first.clone()]);
        assert_ne!(logits(DropoutKey::new(11, 4, 0)), first, "another step");
        assert_ne!(logits(DropoutKey::new(12, 3, 0)), first, "another seed");
    }
}

/// A step that starts from a frozen prefix draws the masks that the whole model draws above the prefix.
#[test]
fn masks_above_a_prefix_are_those_of_the_whole_model() {
    for device in devices() {
        let config = BertConfig { initializer_range: 0.3, ..tiny_config() };
        let mut model = BertForSequenceClassification::from_config(&config, 1, &device).unwrap();
        // The prefix runs without dropout, so the whole model must have none there.
        model.bert.embeddings.dropout.prob = 0.0;
        for layer in &mut model.bert.encoder.layer[..2] {
            layer.attention.self_.dropout.prob = 0.0;
            layer.attention.output.dropout.prob = 0.0;
            layer.output.dropout.prob = 0.0;
        }
        let whole = values(model.forward(training_input(0, &device)));
        let output = model.forward_prefix(tiny_input(&device), FrozenPrefix::Layers(2));
        let output = PrefixOutput { states: Tensor::from_inner(output.states), ..output };
        assert_close(model.forward_from(output.with_dropout(key(0))), &whole, 1e-5, "from the prefix");
    }
}
