//! Loading checkpoints in every form, and refusing invalid ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use burn::tensor::Device;
use embert_model::{
    BertConfig, BertForSequenceClassification, BertModel, HeadFunction, HeadSource, LoadOptions, ModelError,
    NewHead, SaveDtype, named_parameters, save_pretrained, state_dict,
};
use serde_json::Value;

use crate::support::{bits, checkpoint_with, fixture, fixture_weights, load, write_weights};

fn with_labels(labels: &[&str]) -> LoadOptions {
    LoadOptions {
        labels: Some(labels.iter().map(|label| (*label).to_owned()).collect()),
        ..LoadOptions::default()
    }
}

fn try_load(
    dir: &std::path::Path,
    options: &LoadOptions,
) -> Result<embert_model::Pretrained<BertForSequenceClassification>, ModelError> {
    BertForSequenceClassification::from_pretrained(dir, options, &Device::default())
}

fn error(dir: &std::path::Path) -> String {
    try_load(dir, &LoadOptions::default()).unwrap_err().to_string()
}

/// The cases that `tests/reference/written.py` wrote, by checkpoint or architecture.
pub(crate) fn written(file: &str) -> BTreeMap<String, Value> {
    let text = fs::read_to_string(fixture("written").join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_whole_checkpoint_leaves_nothing_over_and_nothing_new() {
    let loaded = load(&fixture("model"));
    assert_eq!(loaded.report.loaded.len(), fixture_weights("model").len());
    assert!(loaded.report.newly_initialized.is_empty());
    assert!(loaded.report.leftover.is_empty());
    assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
    assert_eq!(loaded.config.id2label, ["negative", "neutral", "positive"]);
}

#[test]
fn other_spellings_and_shards_give_the_same_bits() {
    let expected = state_dict(&load(&fixture("model")).model);

    let spelled = checkpoint_with("model", |weights| {
        *weights = std::mem::take(weights)
            .into_iter()
            .map(|(name, weight)| {
                let name = name
                    .replace("LayerNorm.weight", "LayerNorm.gamma")
                    .replace("LayerNorm.bias", "LayerNorm.beta");
                (name.strip_prefix("bert.").unwrap_or(&name).to_owned(), weight)
            })
            .collect();
        weights.insert("embeddings.position_ids".to_owned(), (vec![1, 16], vec![0; 64]));
    });

    let sharded = tempfile::tempdir().unwrap();
    fs::copy(fixture("model").join("config.json"), sharded.path().join("config.json")).unwrap();
    let mut first = fixture_weights("model");
    let second = first.split_off("bert.encoder.layer.1");
    let shards = [("model-00001-of-00002.safetensors", first), ("model-00002-of-00002.safetensors", second)];
    let mut index = serde_json::Map::new();
    for (file, weights) in &shards {
        write_weights(&sharded.path().join(file), weights);
        index.extend(weights.keys().map(|name| (name.clone(), (*file).into())));
    }
    let index = serde_json::json!({"metadata": {"total_size": 1}, "weight_map": index});
    fs::write(sharded.path().join("model.safetensors.index.json"), index.to_string()).unwrap();

    for dir in [spelled.path(), sharded.path()] {
        let loaded = load(dir);
        assert!(loaded.report.leftover.is_empty(), "{}", loaded.report);
        for ((name, found), (_, expected)) in state_dict(&loaded.model).iter().zip(&expected) {
            assert_eq!(bits(found), bits(expected), "{name}");
        }
    }
}

#[test]
fn an_encoder_gets_a_new_pooler_and_head_and_says_so() {
    let options = LoadOptions { seed: 3, ..with_labels(&["neg", "pos"]) };
    let loaded = try_load(&fixture("model-legacy"), &options).unwrap();
    assert_eq!(
        loaded.report.newly_initialized,
        ["bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight", "classifier.bias"]
    );
    assert_eq!(loaded.report.head, Some(HeadSource::New(NewHead::NoneThere)));
    assert!(
        loaded.report.to_string().contains("newly initialized: bert.pooler.dense.weight"),
        "{}",
        loaded.report
    );
    assert_eq!(loaded.config.id2label, ["neg", "pos"]);
    let again = try_load(&fixture("model-legacy"), &options).unwrap();
    let other = try_load(&fixture("model-legacy"), &LoadOptions { seed: 4, ..options }).unwrap();
    let head = |model| bits(&state_dict::<BertForSequenceClassification>(model).pop().unwrap().1);
    let weight = |model: &BertForSequenceClassification| bits(&model.head.classifier.weight.to_data());
    assert_eq!(weight(&loaded.model), weight(&again.model));
    assert_ne!(weight(&loaded.model), weight(&other.model));
    assert!(head(&loaded.model).iter().all(|bits| *bits == 0), "the bias starts at zero");
}

#[test]
fn leftover_weights_are_listed() {
    let dir = checkpoint_with("model", |weights| {
        weights.insert("cls.predictions.bias".to_owned(), (vec![2], vec![0; 8]));
        weights.remove("classifier.weight");
        weights.remove("classifier.bias");
    });
    let loaded = load(dir.path());
    assert_eq!(loaded.report.leftover, ["cls.predictions.bias"]);
    assert_eq!(loaded.report.newly_initialized, ["classifier.weight", "classifier.bias"]);
    let encoder =
        BertModel::from_pretrained(&fixture("model"), &LoadOptions::default(), &Device::default()).unwrap();
    assert_eq!(encoder.report.leftover, ["classifier.bias", "classifier.weight"]);
    assert!(encoder.model.pooler.is_some());
}

/// Sentence encoders and masked language models: weights that `transformers` reports as missing are new, and
/// weights that it did not expect are left over.
#[test]
fn what_is_new_and_left_over_is_what_transformers_says() {
    for (checkpoint, expected) in written("saved.json") {
        let labels =
            if checkpoint == "model" { LoadOptions::default() } else { with_labels(&["a", "b", "c"]) };
        let report = try_load(&fixture(&checkpoint), &labels).unwrap().report;
        for (what, found) in [("new", &report.newly_initialized), ("leftover", &report.leftover)] {
            let names: BTreeSet<String> = serde_json::from_value(expected[what].clone()).unwrap();
            assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), names, "{checkpoint}, {what}");
            assert_eq!(found.len(), names.len(), "{checkpoint}, {what}: a name twice");
        }
        // The report's text has all of these names and no others.
        let said = report.to_string();
        for name in report.newly_initialized.iter().chain(&report.leftover) {
            assert!(said.contains(name.as_str()), "{said}");
        }
        assert_eq!(said.contains("left over:"), checkpoint == "model-masked-lm", "{said}");
    }
}

/// Like all-MiniLM-L6-v2: no prefix, a pooler, positions as integers, a class without a head.
#[test]
fn a_sentence_encoder_lacks_a_classifier_and_nothing_else() {
    let dir = checkpoint_with("model", |weights| {
        *weights = std::mem::take(weights)
            .into_iter()
            .filter_map(|(name, weight)| Some((name.strip_prefix("bert.")?.to_owned(), weight)))
            .collect();
        weights.insert("embeddings.position_ids".to_owned(), (vec![1, 16], vec![0; 64]));
    });
    let path = dir.path().join("config.json");
    let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    config["architectures"] = serde_json::json!(["BertModel"]);
    fs::write(&path, config.to_string()).unwrap();
    let loaded = try_load(dir.path(), &with_labels(&["neg", "pos"])).unwrap();
    assert_eq!(loaded.report.newly_initialized, ["classifier.weight", "classifier.bias"]);
    assert!(loaded.report.leftover.is_empty(), "{}", loaded.report);
    let whole = load(&fixture("model")).model.bert;
    for ((name, found), (_, expected)) in state_dict(&loaded.model.bert).iter().zip(&state_dict(&whole)) {
        assert_eq!(bits(found), bits(expected), "{name}");
    }
}

/// The `config.json` of other architectures, with and without `model_type`.
#[test]
fn other_architectures_are_refused_by_the_name_that_people_know() {
    let known = BTreeMap::from([
        ("albert", "ALBERT"),
        ("camembert", "CamemBERT"),
        ("deberta", "DeBERTa"),
        ("deberta-v2", "DeBERTa-v2"),
        ("distilbert", "DistilBERT"),
        ("electra", "ELECTRA"),
        ("gpt2", "GPT-2"),
        ("modernbert", "ModernBERT"),
        ("mpnet", "MPNet"),
        ("roberta", "RoBERTa"),
        ("t5", "T5"),
        ("xlm-roberta", "XLM-RoBERTa"),
    ]);
    let foreign = written("foreign.json");
    assert!(known.keys().all(|kind| foreign.contains_key(*kind)));
    for (kind, mut config) in foreign {
        let name = known.get(kind.as_str()).copied().unwrap_or(&kind);
        let class = config["architectures"][0].as_str().unwrap().to_owned();
        let refused = |config: &Value, name: &str| {
            let error = BertConfig::from_json(&config.to_string()).unwrap_err();
            assert!(
                matches!(&error, ModelError::Architecture { found, .. } if found == name),
                "{kind}: {error}"
            );
            assert!(error.to_string().contains(&format!("a {name} checkpoint")), "{error}");
        };
        refused(&config, name);
        config.as_object_mut().unwrap().remove("model_type");
        refused(&config, &class);
    }
}

#[test]
fn a_head_for_the_same_labels_keeps_its_own_order() {
    let options = with_labels(&["positive", "negative", "neutral"]);
    let loaded = try_load(&fixture("model"), &options).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
    assert_eq!(loaded.config.id2label, ["negative", "neutral", "positive"]);
}

#[test]
fn a_head_for_other_labels_is_refused_unless_a_new_one_is_asked_for() {
    let found = "has 3 labels (negative, neutral, positive)";
    for (labels, wanted) in [
        (&["a", "b", "c"][..], "the data has 3 (a, b, c)"),
        (&["negative", "neutral", "Positive"], "the data has 3 (negative, neutral, Positive)"),
        (&["a", "b"], "the data has 2 (a, b)"),
    ] {
        let message = try_load(&fixture("model"), &with_labels(labels)).unwrap_err().to_string();
        for part in [found, wanted, "(new_head=true)"] {
            assert!(message.contains(part), "{message}");
        }
    }

    let new = LoadOptions { new_head: true, ..with_labels(&["a", "b"]) };
    let loaded = try_load(&fixture("model"), &new).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::New(NewHead::Wanted)));
    assert_eq!(loaded.report.leftover, ["classifier.bias", "classifier.weight"]);
    assert_eq!(loaded.config.id2label, ["a", "b"]);
    assert_eq!(loaded.model.head.classifier.weight.dims(), [32, 2]);
}

#[test]
fn labels_without_names_take_the_callers() {
    let dir = checkpoint_with("model", |_| {});
    let text = fs::read_to_string(dir.path().join("config.json")).unwrap();
    let mut config: serde_json::Map<_, _> = serde_json::from_str(&text).unwrap();
    config.remove("id2label");
    config.remove("label2id");
    config.insert("num_labels".to_owned(), 3.into());
    fs::write(dir.path().join("config.json"), serde_json::Value::from(config).to_string()).unwrap();
    let loaded = try_load(dir.path(), &with_labels(&["a", "b", "c"])).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::CheckpointUnnamed));
    assert_eq!(loaded.config.id2label, ["a", "b", "c"]);
    assert!(loaded.report.newly_initialized.is_empty());
}

/// The fixture's folder with `key` set to `value` in its config.
fn with_key(key: &str, value: Value) -> tempfile::TempDir {
    let dir = checkpoint_with("model", |_| {});
    let text = fs::read_to_string(dir.path().join("config.json")).unwrap();
    let mut config: serde_json::Map<_, _> = serde_json::from_str(&text).unwrap();
    config.insert(key.to_owned(), value);
    fs::write(dir.path().join("config.json"), Value::from(config).to_string()).unwrap();
    dir
}

#[test]
fn a_head_for_another_task_is_not_taken() {
    let dir = with_key("architectures", serde_json::json!(["BertForTokenClassification"]));
    let loaded = try_load(dir.path(), &LoadOptions::default()).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::New(NewHead::NoneThere)));
}

#[test]
fn a_head_without_classes_is_taken_for_what_it_is_and_not_for_classes() {
    let labels = ["negative", "neutral", "positive"];
    for (kind, function, said) in [
        ("multi_label_classification", HeadFunction::Sigmoid, "has 3 outputs (sigmoid)"),
        ("regression", HeadFunction::Identity, "has 3 outputs (raw number)"),
    ] {
        let dir = with_key("problem_type", kind.into());
        let loaded = load(dir.path());
        assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
        assert_eq!(loaded.config.head_function(), function);
        // The problem type stays when the model is saved.
        let place = tempfile::tempdir().unwrap();
        save_pretrained(&loaded.model, &loaded.config, place.path(), SaveDtype::F32).unwrap();
        assert_eq!(load(place.path()).config.problem_type.map(Into::into), Some(kind));

        let error = try_load(dir.path(), &with_labels(&labels)).unwrap_err().to_string();
        for part in ["3 classes (negative, neutral, positive)", said, "new_head"] {
            assert!(error.contains(part), "{error}");
        }
        let new = LoadOptions { new_head: true, ..with_labels(&labels) };
        let loaded = try_load(dir.path(), &new).unwrap();
        assert_eq!(loaded.config.head_function(), HeadFunction::Softmax, "{kind} stays with a new head");
    }
}

#[test]
fn a_missing_encoder_weight_is_named() {
    let name = "bert.encoder.layer.1.attention.self.key.bias";
    let dir = checkpoint_with("model", |weights| {
        weights.remove(name).unwrap();
    });
    let message = error(dir.path());
    assert!(message.contains(name) && message.contains(&*dir.path().to_string_lossy()), "{message}");
    // A pooler without its bias is damaged, not absent.
    let dir = checkpoint_with("model", |weights| {
        weights.remove("bert.pooler.dense.bias").unwrap();
    });
    assert!(error(dir.path()).contains("bert.pooler.dense.bias"));
}

#[test]
fn a_wrong_shape_names_the_weight_and_both_shapes() {
    let dir = checkpoint_with("model", |weights| {
        weights.get_mut("bert.encoder.layer.0.intermediate.dense.weight").unwrap().0.reverse();
    });
    let message = error(dir.path());
    for part in ["encoder.layer.0.intermediate.dense.weight", "[32, 48]", "[48, 32]", "model.safetensors"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_truncated_file_and_a_foreign_config_are_refused() {
    let dir = checkpoint_with("model", |_| {});
    let path = dir.path().join("model.safetensors");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(error(dir.path()).contains("it was cut off"), "{}", error(dir.path()));
    fs::write(dir.path().join("config.json"), r#"{"model_type": "distilbert"}"#).unwrap();
    assert!(error(dir.path()).contains("DistilBERT"), "{}", error(dir.path()));
    fs::remove_file(dir.path().join("config.json")).unwrap();
    assert!(error(dir.path()).contains("config.json"), "{}", error(dir.path()));
}

#[test]
fn dropout_options_go_into_the_config_and_the_model() {
    let options = LoadOptions {
        hidden_dropout: Some(0.2),
        attention_dropout: Some(0.3),
        classifier_dropout: Some(0.4),
        ..LoadOptions::default()
    };
    let loaded = try_load(&fixture("model"), &options).unwrap();
    let layer = &loaded.model.bert.encoder.layer[1];
    let found = [
        loaded.model.bert.embeddings.dropout.prob,
        layer.attention.self_.dropout.prob,
        layer.attention.output.dropout.prob,
        layer.output.dropout.prob,
        loaded.model.head.dropout.prob,
    ];
    assert_eq!(found.map(|rate| (rate * 10.0).round() as u8), [2, 3, 2, 2, 4]);
    assert_eq!(loaded.config.classifier_dropout, Some(0.4));
    let bad = LoadOptions { hidden_dropout: Some(1.5), ..LoadOptions::default() };
    assert!(try_load(&fixture("model"), &bad).unwrap_err().to_string().contains("hidden_dropout_prob"));
}

#[test]
fn new_weights_are_as_bert_starts() {
    let config = BertConfig { num_hidden_layers: 1, ..BertConfig::default() };
    let model = BertForSequenceClassification::from_config(&config, 0, &Device::default()).unwrap();
    let word = model.bert.embeddings.word_embeddings.weight.to_data();
    let word = word.as_slice::<f32>().unwrap();
    assert!(word[..768].iter().all(|value| *value == 0.0), "the padding row is zero");
    let rest = &word[768..];
    let mean = rest.iter().map(|value| f64::from(*value)).sum::<f64>() / rest.len() as f64;
    let variance = rest.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / rest.len() as f64;
    assert!(mean.abs() < 1e-4, "{mean}");
    assert!((variance.sqrt() - 0.02).abs() < 1e-4, "{}", variance.sqrt());
    for (name, data) in state_dict(&model) {
        let values = data.as_slice::<f32>().unwrap().to_vec();
        if name.ends_with("LayerNorm.weight") {
            assert!(values.iter().all(|value| value.to_bits() == 1.0_f32.to_bits()), "{name}");
        } else if name.ends_with("bias") {
            assert!(values.iter().all(|value| *value == 0.0), "{name}");
        } else {
            assert!(values.iter().skip(768).any(|value| *value != 0.0), "{name}");
        }
    }
    assert_eq!(
        named_parameters(&model).iter().map(embert_model::NamedParameter::elements).sum::<usize>(),
        31_517_186
    );
}
