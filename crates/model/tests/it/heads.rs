//! The parts of a model depend on what its head reads: here a head over every token, without a pooler.

use std::collections::BTreeMap;
use std::fs;

use burn::module::Module as _;
use burn::tensor::Device;
use embert_model::{
    BertForSequenceClassification, BertForTokenClassification, BertInput, Depth, Freeze, FrozenPrefix,
    HeadSource, Layers, LoadOptions, NewHead, PrefixOutput, SaveDtype, named_parameters, part_counts,
    save_pretrained,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::support::{assert_close, fixture, input_of, saved, tiny_config, tiny_input, values};

/// The numbers that `tests/reference/token_classification.py` wrote.
#[derive(Deserialize)]
struct Expected {
    config: Map<String, Value>,
    input_ids: [[i64; 6]; 2],
    token_type_ids: [[i64; 6]; 2],
    attention_mask: [[i64; 6]; 2],
    logits: Vec<f32>,
    leftover: Vec<String>,
    saved_config: BTreeMap<String, Value>,
    saved_weights: BTreeMap<String, Vec<usize>>,
}

impl Expected {
    fn read() -> Self {
        let path = fixture("heads").join("token_classification.json");
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    fn input(&self, device: &Device) -> BertInput {
        input_of([self.input_ids, self.token_type_ids, self.attention_mask], device)
    }

    /// A folder with the fixture's weights and a config that names the class.
    fn checkpoint(&self) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let source = fixture("model");
        fs::copy(source.join("model.safetensors"), dir.path().join("model.safetensors")).unwrap();
        let text = fs::read_to_string(source.join("config.json")).unwrap();
        let mut config: Map<String, Value> = serde_json::from_str(&text).unwrap();
        config.extend(self.config.clone());
        fs::write(dir.path().join("config.json"), serde_json::to_string(&config).unwrap()).unwrap();
        dir
    }
}

fn model(device: &Device) -> BertForTokenClassification {
    BertForTokenClassification::from_config(&tiny_config(), 1, device).unwrap()
}

#[test]
fn a_head_over_every_token_agrees_with_transformers() {
    let expected = Expected::read();
    let dir = expected.checkpoint();
    let device = Device::default();
    let loaded =
        BertForTokenClassification::from_pretrained(dir.path(), &LoadOptions::default(), &device).unwrap();
    let mut leftover = loaded.report.leftover.clone();
    leftover.sort_unstable();
    assert_eq!(leftover, expected.leftover, "a pooler that the head does not read is left over");
    assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
    assert!(loaded.report.newly_initialized.is_empty(), "{}", loaded.report);
    assert!(loaded.model.bert.pooler.is_none());

    let logits = loaded.model.forward(expected.input(&device));
    assert_eq!(logits.dims(), [12, 3]);
    assert_close(logits, &expected.logits, 1e-5, "logits");
}

#[test]
fn a_head_over_every_token_is_saved_as_transformers_saves_it() {
    let expected = Expected::read();
    let source = expected.checkpoint();
    let device = Device::default();
    let load =
        |dir| BertForTokenClassification::from_pretrained(dir, &LoadOptions::default(), &device).unwrap();
    let loaded = load(source.path());
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(&loaded.model, &loaded.config, dir.path(), SaveDtype::F32).unwrap();

    let (weights, mut found) = saved(dir.path());
    assert_eq!(weights, expected.saved_weights);
    // `transformers` does not write the number of labels, which it derives, or a key that is null by default.
    assert_eq!(found.remove("num_labels"), Some(3.into()));
    if !expected.saved_config.contains_key("problem_type") {
        assert_eq!(found.remove("problem_type"), Some(Value::Null));
    }
    assert_eq!(found, expected.saved_config);

    let again = load(dir.path());
    assert!(again.report.leftover.is_empty(), "{}", again.report);
    let logits = |model: &BertForTokenClassification| values(model.forward(expected.input(&device)));
    assert_eq!(logits(&again.model), logits(&loaded.model));
}

/// Both classes call their layer `classifier`; `architectures` tells which class the layer was trained in.
#[test]
fn a_head_of_another_class_is_not_taken() {
    let device = Device::default();
    let options = LoadOptions::default();
    let loaded = BertForTokenClassification::from_pretrained(&fixture("model"), &options, &device).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::New(NewHead::NoneThere)));
    assert_eq!(loaded.report.newly_initialized, ["classifier.weight", "classifier.bias"]);
    let dir = Expected::read().checkpoint();
    let loaded = BertForSequenceClassification::from_pretrained(dir.path(), &options, &device).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::New(NewHead::NoneThere)));
}

#[test]
fn every_parameter_has_a_depth() {
    let device = Device::default();
    let depths = |parameters: Vec<embert_model::NamedParameter>| {
        let mut depths: Vec<Depth> = parameters.into_iter().map(|parameter| parameter.depth).collect();
        assert!(depths.is_sorted(), "from the embeddings up: {depths:?}");
        depths.dedup();
        depths
    };
    let encoder = [Depth::Embeddings, Depth::Layer(0), Depth::Layer(1), Depth::Layer(2)];
    assert_eq!(depths(named_parameters(&model(&device))), [&encoder[..], &[Depth::Head]].concat());
    let pooled = BertForSequenceClassification::from_config(&tiny_config(), 1, &device).unwrap();
    let all = [&encoder[..], &[Depth::Pooler, Depth::Head]].concat();
    assert_eq!(depths(named_parameters(&pooled)), all);
    assert_eq!(depths(named_parameters(&pooled.bert)), all[..all.len() - 1]);
    assert_eq!(depths(named_parameters(&pooled.head)), [Depth::Head]);

    let parts: Vec<String> = part_counts(&model(&device)).into_iter().map(|part| part.name).collect();
    assert_eq!(parts.last().map(String::as_str), Some("classifier"));
    assert!(!parts.contains(&"pooler".to_owned()));
}

/// A setting on the pooler would do nothing without a word.
#[test]
fn a_pooler_that_is_not_there_is_neither_frozen_nor_reinitialized() {
    let device = Device::default();
    let message = Freeze::Pooler.apply(model(&device)).unwrap_err().to_string();
    assert!(message.starts_with("freeze = \"pooler\": the model has no pooler"), "{message}");
    let error = model(&device).reinitialize(&tiny_config(), 1, true, 7, &device).unwrap_err();
    assert!(error.to_string().starts_with("reinit_pooler = true: the model has no pooler"), "{error}");
    assert!(model(&device).reinitialize(&tiny_config(), 1, false, 7, &device).is_ok());
    assert!(
        Freeze::Pooler
            .apply(BertForSequenceClassification::from_config(&tiny_config(), 1, &device).unwrap())
            .is_ok()
    );
}

/// Without a pooler the whole encoder is the longest prefix, and its output keeps every row.
#[test]
fn a_prefix_keeps_every_row_for_a_head_that_reads_them() {
    let device = Device::default().autodiff();
    let frozen = |freeze: Freeze| freeze.apply(model(&device)).unwrap().train().frozen_prefix();
    assert_eq!(frozen(Freeze::None), None);
    assert_eq!(frozen(Freeze::EmbeddingsAndEncoderBelow(Layers::Count(2))), Some(FrozenPrefix::Layers(2)));
    assert_eq!(frozen(Freeze::EmbeddingsAndEncoderBelow(Layers::Count(3))), Some(FrozenPrefix::Encoder));
    assert_eq!(frozen(Freeze::AllButHead), Some(FrozenPrefix::Encoder));

    let model = model(&device).train();
    let whole = values(model.valid().forward(tiny_input(&device.clone().inner())));
    for prefix in [FrozenPrefix::Layers(0), FrozenPrefix::Layers(2), FrozenPrefix::Encoder] {
        let output: PrefixOutput = model.forward_prefix(tiny_input(&device), prefix);
        assert_eq!(output.states.dims(), [8, 12], "{prefix:?}");
        assert_eq!(values(model.valid().forward_from(output)), whole, "{prefix:?}");
    }
}
