//! Saved files: names, shapes, bits, and no partly written files.

use std::collections::BTreeMap;
use std::fs;

use burn::tensor::Device;
use embert_model::{
    BertConfig, BertForSequenceClassification, LoadOptions, SaveDtype, load_state_dict, named_parameters,
    save_pretrained, state_dict,
};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::loading::written;
use crate::support::{bits, fixture, fixture_weights, load, saved, tiny_config};

#[test]
fn names_shapes_and_bytes_are_the_references() {
    let loaded = load(&fixture("model"));
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(&loaded.model, &loaded.config, dir.path(), SaveDtype::F32).unwrap();

    let bytes = fs::read(dir.path().join("model.safetensors")).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(header.metadata().as_ref().unwrap()["format"], "pt");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let expected = fixture_weights("model");
    assert_eq!(file.len(), expected.len());
    for (name, (shape, data)) in expected {
        let found = file.tensor(&name).unwrap();
        assert_eq!((found.dtype(), found.shape(), found.data()), (Dtype::F32, &*shape, &*data), "{name}");
    }
    // The order of names is the order of the module tree.
    let order: Vec<_> = named_parameters(&loaded.model).into_iter().map(|parameter| parameter.name).collect();
    assert!(order[0].contains("word_embeddings") && order.last().unwrap() == "classifier.bias", "{order:?}");
}

#[test]
fn the_config_keeps_every_key_and_says_what_the_model_is() {
    let loaded = load(&fixture("model"));
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(&loaded.model, &loaded.config, dir.path(), SaveDtype::F32).unwrap();
    let read = |dir: &std::path::Path| -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(&fs::read_to_string(dir.join("config.json")).unwrap()).unwrap()
    };
    let written = read(dir.path());
    for (key, value) in read(&fixture("model")) {
        assert_eq!(written[&key], value, "{key}");
    }
    assert_eq!(written["problem_type"], "single_label_classification");
    assert_eq!(written["architectures"], serde_json::json!(["BertForSequenceClassification"]));
    assert_eq!(written["num_labels"], 3);
}

/// `tests/reference/written.py` wrote the weights and keys that `save_pretrained` of `transformers` saves for
/// the same checkpoints.
#[test]
fn weights_and_keys_are_those_that_transformers_writes() {
    for (checkpoint, expected) in written("saved.json") {
        let labels = expected["config"]["id2label"].as_object().unwrap();
        let labels = labels.values().map(|label| label.as_str().unwrap().to_owned()).collect();
        let options = LoadOptions { labels: Some(labels), ..LoadOptions::default() };
        let loaded = BertForSequenceClassification::from_pretrained(
            &fixture(&checkpoint),
            &options,
            &Device::default(),
        )
        .unwrap();
        let dir = tempfile::tempdir().unwrap();
        save_pretrained(&loaded.model, &loaded.config, dir.path(), SaveDtype::F32).unwrap();

        let (found, mut config) = saved(dir.path());
        let weights: BTreeMap<String, Vec<usize>> =
            serde_json::from_value(expected["weights"].clone()).unwrap();
        assert_eq!(found, weights, "{checkpoint}");

        // Only embert writes these two keys: `transformers` derives `num_labels`, and chooses `problem_type`
        // in training.
        assert_eq!(config.remove("num_labels"), Some(3.into()), "{checkpoint}");
        assert_eq!(config.remove("problem_type"), Some("single_label_classification".into()), "{checkpoint}");
        let mut expected: BTreeMap<String, Value> =
            serde_json::from_value(expected["config"].clone()).unwrap();
        // `transformers` keeps the file's dtype, which is f16 in one of the checkpoints.
        expected.insert("dtype".to_owned(), "float32".into());
        assert_eq!(config, expected, "{checkpoint}");
    }
}

#[test]
fn what_a_dtype_cannot_hold_is_an_error_that_names_the_weight() {
    let config = tiny_config();
    let with = |value: f32| {
        let model = BertForSequenceClassification::from_config(&config, 5, &Device::default()).unwrap();
        let mut tensors = state_dict(&model);
        let bias = tensors.iter_mut().find(|(name, _)| name == "bert.pooler.dense.bias").unwrap();
        bias.1.as_mut_slice::<f32>().unwrap()[7] = value;
        load_state_dict(model, tensors).unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("result");
    // 65,520 is halfway between the largest f16 and the next number that a larger exponent would give; f32's
    // largest number is beyond bf16's.
    for (value, dtype) in [(65_520.0, SaveDtype::F16), (-1e5, SaveDtype::F16), (f32::MAX, SaveDtype::Bf16)] {
        let error = save_pretrained(&with(value), &config, &place, dtype).unwrap_err().to_string();
        assert!(error.contains("bert.pooler.dense.bias") && error.contains(&format!("{value:e}")), "{error}");
        assert!(error.contains(&dtype.to_string()), "{error}");
        assert!(!place.exists(), "something was written");
    }
    for (value, dtype) in [
        (65_519.0, SaveDtype::F16),
        (1e38, SaveDtype::Bf16),
        (f32::MAX, SaveDtype::F32),
        (f32::INFINITY, SaveDtype::F16),
    ] {
        save_pretrained(&with(value), &config, &place, dtype).unwrap();
    }
}

#[test]
fn saving_twice_gives_the_same_bytes_and_loading_the_same_bits() {
    let config = tiny_config();
    let model = BertForSequenceClassification::from_config(&config, 5, &Device::default()).unwrap();
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for dir in &dirs {
        save_pretrained(&model, &config, dir.path(), SaveDtype::F32).unwrap();
    }
    for file in ["config.json", "model.safetensors"] {
        let [first, second] = [0, 1].map(|index: usize| fs::read(dirs[index].path().join(file)).unwrap());
        assert_eq!(first, second, "{file}");
    }
    assert_eq!(fs::read_dir(dirs[0].path()).unwrap().count(), 2, "no temporary file stays");

    let loaded = load(dirs[0].path());
    assert_eq!(loaded.config.id2label, config.id2label);
    for ((name, found), (_, expected)) in state_dict(&loaded.model).iter().zip(&state_dict(&model)) {
        assert_eq!(bits(found), bits(expected), "{name}");
    }
}

#[test]
fn half_precision_is_rounded_and_said() {
    let config = tiny_config();
    let model = BertForSequenceClassification::from_config(&config, 5, &Device::default()).unwrap();
    for (dtype, name, stored, epsilon) in
        [(SaveDtype::F16, "float16", Dtype::F16, 1e-3), (SaveDtype::Bf16, "bfloat16", Dtype::BF16, 8e-3)]
    {
        let dir = tempfile::tempdir().unwrap();
        save_pretrained(&model, &config, dir.path(), dtype).unwrap();
        let bytes = fs::read(dir.path().join("model.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        assert!(file.iter().all(|(_, tensor)| tensor.dtype() == stored));
        let loaded = load(dir.path());
        assert_eq!(loaded.config.extra["dtype"], name);
        for ((name, found), (_, expected)) in state_dict(&loaded.model).iter().zip(&state_dict(&model)) {
            let pairs: Vec<(f32, f32)> = found.iter().zip(expected.iter()).collect();
            assert!(pairs.iter().all(|(a, b)| (a - b).abs() <= epsilon * b.abs() + 1e-7), "{name}");
            assert!(
                !name.ends_with("query.weight") || pairs.iter().any(|(a, b)| a.to_bits() != b.to_bits()),
                "{name}"
            );
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_changes_nothing() {
    let config = tiny_config();
    let model = BertForSequenceClassification::from_config(&config, 5, &Device::default()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("taken");
    fs::write(&file, "x").unwrap();
    let error = save_pretrained(&model, &config, &file, SaveDtype::F32).unwrap_err().to_string();
    assert!(error.contains("taken"), "{error}");
    assert_eq!(fs::read(&file).unwrap(), b"x");
}

#[cfg(unix)]
#[test]
fn others_may_read_what_was_saved() {
    use std::os::unix::fs::PermissionsExt;
    let config = tiny_config();
    let model = BertForSequenceClassification::from_config(&config, 5, &Device::default()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(&model, &config, dir.path(), SaveDtype::F32).unwrap();
    fs::write(dir.path().join("plain"), "x").unwrap();
    let mode = |file: &str| fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
    assert_eq!(mode("model.safetensors"), mode("plain"));
    assert_eq!(mode("config.json"), mode("plain"));
}

#[test]
fn a_state_dict_goes_into_another_model_bit_for_bit() {
    let config = tiny_config();
    let build = |seed| BertForSequenceClassification::from_config(&config, seed, &Device::default()).unwrap();
    let (source, target) = (build(1), build(2));
    let ids =
        |model: &_| named_parameters(model).into_iter().map(|parameter| parameter.id).collect::<Vec<_>>();
    let before = ids(&target);
    let loaded = load_state_dict(target, state_dict(&source)).unwrap();
    assert_eq!(ids(&loaded), before, "an optimizer's state stays with its parameter");
    for ((name, found), (_, expected)) in state_dict(&loaded).iter().zip(&state_dict(&source)) {
        assert_eq!(bits(found), bits(expected), "{name}");
    }

    let error = |tensors| load_state_dict(build(3), tensors).unwrap_err().to_string();
    let mut missing = state_dict(&source);
    let (name, data) = missing.pop().unwrap();
    assert!(error(missing.clone()).contains(&name));
    missing.push((name.clone(), data.clone()));
    missing.push(("bert.extra".to_owned(), data));
    assert!(error(missing).contains("bert.extra"));
    let other = BertConfig { intermediate_size: 30, ..config.clone() };
    let other = BertForSequenceClassification::from_config(&other, 1, &Device::default()).unwrap();
    assert!(error(state_dict(&other)).contains("[30, 12]"));
}

#[test]
fn an_encoder_alone_is_saved_as_one() {
    let options = LoadOptions::default();
    let loaded =
        embert_model::BertModel::from_pretrained(&fixture("model"), &options, &Device::default()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(&loaded.model, &loaded.config, dir.path(), SaveDtype::F32).unwrap();
    let config = BertConfig::from_file(&dir.path().join("config.json")).unwrap();
    assert_eq!(config.architectures, ["BertModel"]);
    let bytes = fs::read(dir.path().join("model.safetensors")).unwrap();
    assert!(SafeTensors::deserialize(&bytes).unwrap().names().contains(&"embeddings.word_embeddings.weight"));
}
