//! A model split at a prefix, and new weights in its top layers.

use burn::module::Module as _;
use burn::tensor::{Device, Tensor};
use embert_model::{
    BertConfig, BertForSequenceClassification, Freeze, FrozenPrefix, Layers, PrefixOutput, named_parameters,
    state_dict,
};

use crate::support::{tiny_config, tiny_input, values};

fn without_dropout() -> BertConfig {
    let mut config = tiny_config();
    (config.hidden_dropout_prob, config.attention_probs_dropout_prob) = (0.0, 0.0);
    config
}

fn model(config: &BertConfig, device: &Device) -> BertForSequenceClassification {
    BertForSequenceClassification::from_config(config, 1, device).unwrap()
}

#[test]
fn the_frozen_prefix_ends_below_the_lowest_trainable_parameter() {
    let device = Device::default().autodiff();
    let prefix =
        |freeze: Freeze| freeze.apply(model(&tiny_config(), &device)).unwrap().train().frozen_prefix();
    let below = |count| Freeze::EmbeddingsAndEncoderBelow(Layers::Count(count));
    assert_eq!(prefix(Freeze::None), None);
    assert_eq!(prefix(Freeze::EncoderBelow(Layers::Count(2))), None, "the embeddings are trained");
    assert_eq!(prefix(Freeze::Embeddings), Some(FrozenPrefix::Layers(0)));
    assert_eq!(prefix(below(2)), Some(FrozenPrefix::Layers(2)));
    assert_eq!(prefix(below(3)), Some(FrozenPrefix::Encoder));
    assert_eq!(prefix(Freeze::AllButHead), Some(FrozenPrefix::Pooler));
}

#[test]
fn the_halves_make_the_whole() {
    let device = Device::default().autodiff();
    let model = model(&tiny_config(), &device).train();
    let whole = values(model.valid().forward(tiny_input(&device.clone().inner())));
    for prefix in
        [FrozenPrefix::Layers(0), FrozenPrefix::Layers(2), FrozenPrefix::Encoder, FrozenPrefix::Pooler]
    {
        let output = model.forward_prefix(tiny_input(&device), prefix);
        // Both sides are the same operations on the same numbers.
        assert_eq!(values(model.valid().forward_from(output)), whole, "{prefix:?}");
    }
}

/// A step that starts from a frozen prefix gives the parameters above the prefix the gradients of the whole
/// model.
#[test]
fn the_gradients_above_a_prefix_are_those_of_the_whole_model() {
    let device = Device::default().autodiff();
    let freeze = Freeze::EmbeddingsAndEncoderBelow(Layers::Count(2));
    let model = freeze.apply(model(&without_dropout(), &device)).unwrap().train();
    let whole = model.forward(tiny_input(&device)).sum().backward();
    let output = model.forward_prefix(tiny_input(&device), FrozenPrefix::Layers(2));
    let output = PrefixOutput { states: Tensor::from_inner(output.states), ..output };
    let half = model.forward_from(output).sum().backward();
    let layer = &model.bert.encoder.layer;
    let gradient =
        |grads: &burn::tensor::Gradients| values(layer[2].attention.self_.query.weight.grad(grads).unwrap());
    assert_eq!(gradient(&half), gradient(&whole));
    assert!(layer[1].attention.self_.query.weight.grad(&half).is_none());
}

#[test]
fn only_the_layers_at_the_top_are_new() {
    let device = Device::default();
    let old = model(&tiny_config(), &device);
    let changed = |layers, pooler| -> Vec<String> {
        let new = old.clone().reinitialize(&tiny_config(), layers, pooler, 9, &device).unwrap();
        let before = state_dict(&old);
        state_dict(&new)
            .into_iter()
            .zip(before)
            .filter(|(new, old)| new.1 != old.1)
            .map(|(new, _)| new.0)
            .collect()
    };
    assert!(changed(0, false).is_empty());
    // New biases and LayerNorms have the same values: only the six matrices of a layer are drawn.
    let names = changed(2, true);
    assert!(names.iter().all(|name| {
        ["bert.encoder.layer.1.", "bert.encoder.layer.2.", "bert.pooler."]
            .iter()
            .any(|part| name.starts_with(part))
    }));
    assert_eq!(names.len(), 2 * 6 + 1);
    assert_eq!(named_parameters(&old).len(), {
        let new = old.clone().reinitialize(&tiny_config(), 2, true, 9, &device).unwrap();
        named_parameters(&new).iter().filter(|parameter| parameter.trainable).count()
    });
    let error = old.reinitialize(&tiny_config(), 4, false, 9, &device).unwrap_err().to_string();
    assert!(error.contains("last 4") && error.contains("has 3"), "{error}");
}
