//! The files, keys and weights of a checkpoint's folder: each row of the tables in docs/fidelity.md, tried
//! out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use burn::tensor::Device;
use embert_model::{BertConfig, BertForSequenceClassification, LoadOptions, ModelError, Pretrained};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

use crate::support::{Expected, bits, checkpoint_with, fixture, fixture_weights, write_weights};

/// The effect of a change to the folder.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    /// The config, the weights and the logits do not change.
    Nothing,
    /// The config or the logits change.
    Read,
    /// Loading fails with an error that contains this text.
    Refused(&'static str),
}

use Outcome::{Nothing, Read, Refused};

/// The error after reading a config that needs weights of another shape.
const SHAPE: Outcome = Refused("has shape");

/// The key, the change to `config.json` (null counts as missing), and the effect.
#[allow(clippy::too_many_lines, reason = "one table")]
fn keys() -> Vec<(&'static str, Value, Outcome)> {
    let labels = json!({"0": "a", "1": "b", "2": "c"});
    vec![
        ("model_type", json!({"model_type": "roberta"}), Refused("a RoBERTa checkpoint")),
        ("model_type", json!({"model_type": 7}), Refused("\"model_type\" is 7")),
        ("architectures", json!({"architectures": ["BertForTokenClassification"]}), Read),
        ("architectures", json!({"architectures": "Bert"}), Refused("an array of class names")),
        ("vocab_size", json!({"vocab_size": 101}), SHAPE),
        ("hidden_size", json!({"hidden_size": 64}), SHAPE),
        ("hidden_size", json!({"hidden_size": 33}), Refused("a multiple of \"num_attention_heads\" (4)")),
        ("hidden_size", json!({"hidden_size": "big"}), Refused("\"hidden_size\" is \"big\"")),
        ("num_hidden_layers", json!({"num_hidden_layers": 1}), Read),
        ("num_hidden_layers", json!({"num_hidden_layers": 3}), Refused("no weight \"bert.encoder.layer.2.")),
        ("num_attention_heads", json!({"num_attention_heads": 2}), Read),
        ("intermediate_size", json!({"intermediate_size": 40}), SHAPE),
        ("max_position_embeddings", json!({"max_position_embeddings": 8}), SHAPE),
        ("type_vocab_size", json!({"type_vocab_size": 1}), SHAPE),
        ("hidden_act", json!({"hidden_act": "relu"}), Read),
        ("hidden_act", json!({"hidden_act": "gelu_python"}), Read),
        (
            "hidden_act",
            json!({"hidden_act": "xielu"}),
            Refused("\"hidden_act\" is \"xielu\", expected one of gelu"),
        ),
        ("layer_norm_eps", json!({"layer_norm_eps": 0.1}), Read),
        ("layer_norm_eps", json!({"layer_norm_eps": 0}), Refused("a finite number above 0")),
        ("hidden_dropout_prob", json!({"hidden_dropout_prob": 0.3}), Read),
        ("attention_probs_dropout_prob", json!({"attention_probs_dropout_prob": 0.3}), Read),
        ("classifier_dropout", json!({"classifier_dropout": 0.3}), Read),
        ("initializer_range", json!({"initializer_range": 0.5}), Read),
        ("pad_token_id", json!({"pad_token_id": 1}), Read),
        ("pad_token_id", json!({"pad_token_id": -1}), Refused("\"pad_token_id\" is -1")),
        ("id2label", json!({"id2label": labels, "label2id": null}), Read),
        ("id2label", json!({"id2label": {"0": 0, "1": 1, "2": 2}}), Read),
        ("id2label", json!({"id2label": ["a", "b", "c"]}), Refused("an object of names by number")),
        ("id2label", json!({"id2label": {"1": "a", "2": "b", "3": "c"}}), Refused("without gaps")),
        ("id2label", json!({"id2label": {"0": "a", "1": "b", "2": "a"}}), Refused("\"a\" twice")),
        ("id2label", json!({"id2label": {"0": null, "1": "b"}}), Refused("\"id2label.0\" is null")),
        ("id2label", json!({"id2label": {"0": true, "1": "b"}}), Refused("\"id2label.0\" is true")),
        ("id2label", json!({"id2label": {"0": "a", "1": "b"}}), SHAPE),
        ("id2label", json!({"id2label": {}}), Refused("at least one label")),
        ("label2id", json!({"label2id": {"LABEL_0": 0}}), Nothing),
        ("label2id", json!({"label2id": {"negative": "0"}}), Nothing),
        ("label2id", json!({"label2id": {"negative": 1}}), Refused("\"label2id.negative\" is 1, expected 0")),
        ("label2id", json!({"id2label": null, "label2id": {"x": 0, "y": "1", "z": 2}}), Read),
        ("num_labels", json!({"num_labels": 3}), Nothing),
        ("num_labels", json!({"num_labels": 4}), Refused("\"num_labels\" is 4, expected 3")),
        ("num_labels", json!({"num_labels": "3"}), Refused("\"num_labels\" is \"3\"")),
        ("num_labels", json!({"id2label": null, "label2id": null, "num_labels": 3}), Read),
        ("problem_type", json!({"problem_type": "regression"}), Read),
        ("problem_type", json!({"problem_type": "multi_label_classification"}), Read),
        ("problem_type", json!({"problem_type": "ranking"}), Refused("\"problem_type\" is \"ranking\"")),
        ("sentence_transformers", json!({"sentence_transformers": {"activation_fn": "x.Tanh"}}), Nothing),
        (
            "sentence_transformers",
            json!({"id2label": {"0": "a"}, "sentence_transformers": {"activation_fn": "x.Tanh"}}),
            Refused("\"sentence_transformers.activation_fn\" is \"x.Tanh\""),
        ),
        (
            "sbert_ce_default_activation_function",
            json!({"sbert_ce_default_activation_function": "x.Tanh"}),
            Nothing,
        ),
        (
            "sbert_ce_default_activation_function",
            json!({"id2label": {"0": "a"}, "sbert_ce_default_activation_function": "x.Tanh"}),
            Refused("\"sbert_ce_default_activation_function\" is \"x.Tanh\""),
        ),
        ("position_embedding_type", json!({"position_embedding_type": "absolute"}), Nothing),
        (
            "position_embedding_type",
            json!({"position_embedding_type": "relative_key"}),
            Refused("\"absolute\""),
        ),
        ("is_decoder", json!({"is_decoder": true}), Refused("only the encoder is implemented")),
        ("add_cross_attention", json!({"add_cross_attention": true}), Refused("only the encoder")),
        ("pruned_heads", json!({"pruned_heads": {}}), Nothing),
        ("pruned_heads", json!({"pruned_heads": {"0": [1]}}), Refused("no pruned heads")),
        (
            "quantization_config",
            json!({"quantization_config": {"quant_method": "gptq"}}),
            Refused("quantized"),
        ),
        ("per_layer_config", json!({"per_layer_config": {"0": {"intermediate_size": 9}}}), Refused("differ")),
        ("fusion_config", json!({"fusion_config": {"qkv": true}}), Refused("fusions")),
        ("transformers_weights", json!({"transformers_weights": "best.safetensors"}), Refused("rename")),
        ("configuration_files", json!({"configuration_files": ["config.4.0.0.json"]}), Refused("rename")),
        ("attribute_map", json!({"attribute_map": {"hidden_size": "dim"}}), Refused("their own names")),
        ("auto_map", json!({"auto_map": {"AutoModel": "modeling.Model"}}), Refused("can't be run")),
        ("auto_map", json!({"auto_map": {"AutoConfig": "x--modeling.Config"}}), Refused("can't be run")),
        ("auto_map", json!({"auto_map": {"AutoModelForTokenClassification": "own.Model"}}), Refused("run")),
        ("auto_map", json!({"auto_map": {"AutoModelForQuestionAnswering": "own.Model"}}), Refused("run")),
        ("auto_map", json!({"auto_map": {"AutoModelForMaskedLM": "modeling.Model"}}), Refused("run")),
        ("auto_map", json!({"auto_map": {"AutoModelForPreTraining": "modeling.Model"}}), Nothing),
        ("dtype", json!({"dtype": "float16"}), Nothing),
        ("dtype", json!({"dtype": "int8"}), Refused("\"dtype\" is \"int8\"")),
        ("torch_dtype", json!({"torch_dtype": "bfloat16"}), Nothing),
        (
            "torch_dtype",
            json!({"torch_dtype": "float8_e4m3fn"}),
            Refused("\"torch_dtype\" is \"float8_e4m3fn\""),
        ),
        ("attn_implementation", json!({"attn_implementation": "eager"}), Nothing),
        ("attn_implementation", json!({"attn_implementation": "some/kernel"}), Refused("flex_attention")),
        ("_attn_implementation", json!({"_attn_implementation": "sdpa"}), Nothing),
        ("_attn_implementation", json!({"_attn_implementation": "some/kernel"}), Refused("flex_attention")),
        ("tie_word_embeddings", json!({"tie_word_embeddings": false}), Nothing),
        ("use_cache", json!({"use_cache": false}), Nothing),
        ("is_encoder_decoder", json!({"is_encoder_decoder": true}), Nothing),
        ("bos_token_id", json!({"bos_token_id": 5}), Nothing),
        ("eos_token_id", json!({"eos_token_id": [5]}), Nothing),
        ("chunk_size_feed_forward", json!({"chunk_size_feed_forward": 2}), Nothing),
        ("gradient_checkpointing", json!({"gradient_checkpointing": true}), Nothing),
        ("experts_implementation", json!({"experts_implementation": "eager"}), Nothing),
        ("output_attentions", json!({"output_attentions": true}), Nothing),
        ("output_hidden_states", json!({"output_hidden_states": true}), Nothing),
        ("return_dict", json!({"return_dict": false}), Nothing),
        ("torchscript", json!({"torchscript": true}), Nothing),
        ("use_bfloat16", json!({"use_bfloat16": true}), Nothing),
        ("function_to_apply", json!({"function_to_apply": "none"}), Nothing),
        ("custom_pipelines", json!({"custom_pipelines": {"x": {"impl": "x.X"}}}), Nothing),
        ("task_specific_params", json!({"task_specific_params": {"x": {"num_labels": 9}}}), Nothing),
        ("num_beams", json!({"num_beams": 4}), Nothing),
        ("finetuning_task", json!({"finetuning_task": "sst2"}), Nothing),
        ("_num_labels", json!({"_num_labels": 9}), Nothing),
        ("_name_or_path", json!({"_name_or_path": "x/y"}), Nothing),
        ("transformers_version", json!({"transformers_version": "2.3.0"}), Nothing),
    ]
}

type Change = fn(&Path);

/// The file, the change to the folder, and the effect.
fn files() -> Vec<(&'static str, Change, Outcome)> {
    const WHOLE: &str = "model.safetensors";
    fn write(dir: &Path, name: &str) {
        fs::write(dir.join(name), "{}").unwrap();
    }
    fn alone(dir: &Path, name: &str) {
        fs::rename(dir.join(WHOLE), dir.join(name)).unwrap();
    }
    fn other_weights(dir: &Path, name: &str) {
        let mut weights = fixture_weights("model");
        weights.get_mut("classifier.bias").unwrap().1.fill(1);
        write_weights(&dir.join(name), &weights);
    }
    vec![
        ("config.json", |dir| fs::remove_file(dir.join("config.json")).unwrap(), Refused("config.json")),
        ("config.json", |dir| fs::write(dir.join("config.json"), "").unwrap(), Refused("not valid JSON")),
        ("config.json", |dir| fs::write(dir.join("config.json"), "{\"hidden").unwrap(), Refused("JSON")),
        (WHOLE, |dir| other_weights(dir, WHOLE), Read),
        (WHOLE, |dir| fs::write(dir.join(WHOLE), "").unwrap(), Refused("is empty")),
        (WHOLE, |dir| fs::remove_file(dir.join(WHOLE)).unwrap(), Refused("has neither model.safetensors")),
        ("model.safetensors.index.json", |dir| write(dir, "model.safetensors.index.json"), Nothing),
        (
            "model.safetensors.index.json",
            |dir| {
                fs::remove_file(dir.join(WHOLE)).unwrap();
                other_weights(dir, "shard.safetensors");
                let map: BTreeMap<_, _> =
                    fixture_weights("model").into_keys().map(|name| (name, "shard.safetensors")).collect();
                let index = json!({"metadata": {}, "weight_map": map}).to_string();
                fs::write(dir.join("model.safetensors.index.json"), index).unwrap();
            },
            Read,
        ),
        ("pytorch_model.bin", |dir| write(dir, "pytorch_model.bin"), Nothing),
        ("pytorch_model.bin", |dir| alone(dir, "pytorch_model.bin"), Refused("found pytorch_model.bin")),
        ("model.fp16.safetensors", |dir| other_weights(dir, "model.fp16.safetensors"), Nothing),
        ("model.fp16.safetensors", |dir| alone(dir, "model.fp16.safetensors"), Refused("rename it")),
        ("tf_model.h5", |dir| write(dir, "tf_model.h5"), Nothing),
        ("tf_model.h5", |dir| alone(dir, "tf_model.h5"), Refused("found tf_model.h5")),
        ("flax_model.msgpack", |dir| alone(dir, "flax_model.msgpack"), Refused("flax_model.msgpack")),
        ("flax_model.msgpack", |dir| write(dir, "flax_model.msgpack"), Nothing),
        ("model.gguf", |dir| write(dir, "model.gguf"), Nothing),
        ("model.gguf", |dir| alone(dir, "model.gguf"), Refused("found model.gguf")),
        ("adapter_config.json", |dir| write(dir, "adapter_config.json"), Refused("merge_and_unload")),
        ("adapter_model.safetensors", |dir| other_weights(dir, "adapter_model.safetensors"), Nothing),
        (
            "shard-00000-model-00001-of-00001.safetensors",
            |dir| other_weights(dir, "shard-00000-model-00001-of-00001.safetensors"),
            Refused("several processes"),
        ),
        ("generation_config.json", |dir| write(dir, "generation_config.json"), Nothing),
        ("modules.json", |dir| write(dir, "modules.json"), Nothing),
        ("config_sentence_transformers.json", |dir| write(dir, "config_sentence_transformers.json"), Nothing),
        ("training_args.bin", |dir| write(dir, "training_args.bin"), Nothing),
    ]
}

type Weights = BTreeMap<String, (Vec<usize>, Vec<u8>)>;
type Rewrite = fn(&mut Weights);

/// The property of the weights, the change to the weights, and the effect.
fn weights() -> Vec<(&'static str, Rewrite, Outcome)> {
    fn prefixed(weights: &mut Weights, prefix: &str) {
        *weights = std::mem::take(weights)
            .into_iter()
            .map(|(name, weight)| (format!("{prefix}{name}"), weight))
            .collect();
    }
    fn set(weights: &mut Weights, name: &str, value: f32) {
        weights.get_mut(name).unwrap().1[4..8].copy_from_slice(&value.to_le_bytes());
    }
    const BIAS: &str = "bert.encoder.layer.0.attention.self.query.bias";
    vec![
        ("module.", |weights| prefixed(weights, "module."), Nothing),
        ("_orig_mod.", |weights| prefixed(weights, "_orig_mod."), Nothing),
        ("_orig_mod.", |weights| prefixed(weights, "module._orig_mod."), Nothing),
        (
            "bert.",
            |weights| {
                *weights = std::mem::take(weights)
                    .into_iter()
                    .map(|(name, weight)| (name.strip_prefix("bert.").unwrap_or(&name).to_owned(), weight))
                    .collect();
            },
            Nothing,
        ),
        (
            "model.",
            |weights| prefixed(weights, "model."),
            Refused("it has \"model.bert.embeddings.word_embeddings.weight\", under a prefix"),
        ),
        (
            "gamma",
            |weights| {
                *weights = std::mem::take(weights)
                    .into_iter()
                    .map(|(name, weight)| (name.replace("LayerNorm.weight", "LayerNorm.gamma"), weight))
                    .collect();
            },
            Nothing,
        ),
        (
            "position_ids",
            |weights| {
                weights.insert("bert.embeddings.position_ids".to_owned(), (vec![1, 16], vec![0; 64]));
            },
            Nothing,
        ),
        (
            "cls.predictions.bias",
            |weights| {
                weights.insert("cls.predictions.bias".to_owned(), (vec![1], vec![0; 4]));
            },
            Nothing,
        ),
        ("classifier.weight", |weights| weights.retain(|name, _| !name.starts_with("classifier.")), Read),
        (
            BIAS,
            |weights| {
                weights.remove(BIAS).unwrap();
            },
            Refused("has no weight \"bert.encoder.layer.0.attention.self.query.bias\""),
        ),
        (BIAS, |weights| weights.get_mut(BIAS).unwrap().0 = vec![2, 16], SHAPE),
        (BIAS, |weights| set(weights, BIAS, f32::NAN), Refused("are NaN or infinite, the first at 1 (NaN)")),
        (BIAS, |weights| set(weights, BIAS, f32::NEG_INFINITY), Refused("the first at 1 (-inf)")),
        (
            BIAS,
            |weights| {
                weights.insert(format!("module.{BIAS}"), weights[BIAS].clone());
            },
            Nothing,
        ),
        (
            BIAS,
            |weights| {
                weights.insert(format!("module.{BIAS}"), weights[BIAS].clone());
                set(weights, BIAS, 7.0);
            },
            Refused("is there twice, with different values"),
        ),
    ]
}

fn load(dir: &Path) -> Result<Pretrained<BertForSequenceClassification>, ModelError> {
    BertForSequenceClassification::from_pretrained(dir, &LoadOptions::default(), &Device::default())
}

/// The config without the keys that have no effect, and the logits.
fn said(loaded: &Pretrained<BertForSequenceClassification>) -> (BertConfig, Vec<u32>) {
    let config = BertConfig { extra: serde_json::Map::new(), ..loaded.config.clone() };
    let input = Expected::of("model").input(&Device::default());
    (config, bits(&loaded.model.forward(input).into_data()))
}

fn check(dir: &Path, outcome: &Outcome, what: &str) {
    static BEFORE: OnceLock<(BertConfig, Vec<u32>)> = OnceLock::new();
    let before = BEFORE.get_or_init(|| said(&load(&fixture("model")).unwrap()));
    match (load(dir), outcome) {
        (Ok(loaded), Nothing) => assert!(said(&loaded) == *before, "{what}: it counts"),
        (Ok(loaded), Read) => assert!(said(&loaded) != *before, "{what}: it does not count"),
        (Err(error), Refused(part)) => {
            let error = error.to_string();
            assert!(error.contains(part), "{what}: {error}");
        }
        (Ok(_), Refused(_)) => panic!("{what}: it is not refused"),
        (Err(error), _) => panic!("{what}: {error}"),
    }
}

#[test]
fn every_key_of_the_config_does_what_the_table_says() {
    for (key, change, outcome) in keys() {
        let dir = checkpoint_with("model", |_| {});
        let path = dir.path().join("config.json");
        let mut config: serde_json::Map<String, Value> =
            serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for (key, value) in change.as_object().unwrap() {
            config.insert(key.clone(), value.clone());
        }
        if !change.as_object().unwrap().contains_key("label2id") {
            config.remove("label2id");
        }
        fs::write(&path, Value::Object(config).to_string()).unwrap();
        check(dir.path(), &outcome, &format!("{key}, {change}"));
    }
}

/// Keys of the head that can't be used do not matter if the checkpoint's head is not used.
#[test]
fn what_a_config_says_of_its_head_is_not_in_the_way_of_a_new_one() {
    let head = [
        "id2label",
        "label2id",
        "num_labels",
        "problem_type",
        "sentence_transformers",
        "sbert_ce_default_activation_function",
    ];
    for (key, change, outcome) in keys() {
        if !head.contains(&key) || !matches!(outcome, Refused(_)) {
            continue;
        }
        let dir = checkpoint_with("model", |_| {});
        let path = dir.path().join("config.json");
        let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for (key, value) in change.as_object().unwrap() {
            config[key] = value.clone();
        }
        fs::write(&path, config.to_string()).unwrap();
        let labels = vec!["no".to_owned(), "yes".to_owned()];
        let options = LoadOptions { new_head: true, labels: Some(labels.clone()), ..LoadOptions::default() };
        let loaded = BertForSequenceClassification::from_pretrained(dir.path(), &options, &Device::default());
        assert_eq!(loaded.unwrap().config.id2label, labels, "{change}");
        // Training from scratch reads only the folder's config.
        let config = LoadOptions::default().config(dir.path()).unwrap();
        assert_eq!(config.hidden_size, 32, "{change}");
    }
}

#[test]
fn every_file_does_what_the_table_says() {
    for (name, change, outcome) in files() {
        let dir = checkpoint_with("model", |_| {});
        change(dir.path());
        check(dir.path(), &outcome, name);
    }
}

#[test]
fn every_property_of_the_weights_does_what_the_table_says() {
    for (name, change, outcome) in weights() {
        let dir = checkpoint_with("model", change);
        check(dir.path(), &outcome, &format!("{name}, {outcome:?}"));
    }
}

#[test]
fn weights_are_read_from_every_float_type_and_from_no_other() {
    for (dtype, refused) in
        [(Dtype::F64, false), (Dtype::I8, true), (Dtype::F8_E4M3, true), (Dtype::I32, true)]
    {
        let dir = checkpoint_with("model", |_| {});
        let weights = fixture_weights("model");
        // The bias as another type, with the same value for F64 and only the same shape for the others.
        let bias: Vec<u8> = weights["classifier.bias"]
            .1
            .as_chunks()
            .0
            .iter()
            .flat_map(|value| {
                let value = f32::from_le_bytes(*value);
                let bytes = f64::from(value).to_le_bytes();
                bytes[..dtype.bitsize() / 8].to_vec()
            })
            .collect();
        let view = |name: &str| {
            if name == "classifier.bias" {
                TensorView::new(dtype, weights[name].0.clone(), &bias).unwrap()
            } else {
                TensorView::new(Dtype::F32, weights[name].0.clone(), &weights[name].1).unwrap()
            }
        };
        let views = weights.keys().map(|name| (name.as_str(), view(name)));
        safetensors::serialize_to_file(views, None, &dir.path().join("model.safetensors")).unwrap();
        let outcome = if refused { Refused("is stored as") } else { Nothing };
        check(dir.path(), &outcome, &format!("{dtype:?}"));
    }
}

/// The backticked names in the first column of the tables under a heading, with the second column.
fn rows(heading: &str) -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/fidelity.md");
    let text = fs::read_to_string(path).unwrap();
    let section = text.split(&format!("\n### {heading}\n")).nth(1).unwrap();
    let section = section.split("\n#").next().unwrap();
    let mut found = BTreeMap::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split(" | ").collect();
        for name in cells[0].split('`').skip(1).step_by(2) {
            found.insert(name.to_owned(), cells[1].trim().to_owned());
        }
    }
    found
}

#[test]
fn the_tables_of_the_docs_are_those_that_are_tried_out() {
    let outcome = |outcomes: &[Outcome]| {
        if outcomes.contains(&Read) || outcomes.contains(&SHAPE) {
            "read"
        } else if outcomes.iter().all(|outcome| *outcome == Nothing) {
            "nothing"
        } else {
            "refused"
        }
    };
    let of = |tried: Vec<(&'static str, Outcome)>| {
        let mut outcomes: BTreeMap<&str, Vec<Outcome>> = BTreeMap::new();
        for (name, outcome) in tried {
            outcomes.entry(name).or_default().push(outcome);
        }
        outcomes
    };
    for (heading, tried) in [
        ("`config.json`", of(keys().into_iter().map(|(name, _, outcome)| (name, outcome)).collect())),
        ("Files", of(files().into_iter().map(|(name, _, outcome)| (name, outcome)).collect())),
    ] {
        let documented = rows(heading);
        let names = |names: &mut dyn Iterator<Item = String>| names.collect::<BTreeSet<String>>();
        assert_eq!(
            names(&mut documented.keys().cloned()),
            names(&mut tried.keys().map(|name| (*name).to_owned())),
            "{heading}"
        );
        for (name, outcomes) in tried {
            assert_eq!(documented[name], outcome(&outcomes), "{heading}, {name}");
        }
    }
    let documented: BTreeSet<String> = rows("Weights").into_keys().collect();
    let tried: BTreeSet<String> = weights().into_iter().map(|(name, ..)| name.to_owned()).collect();
    assert!(tried.is_subset(&documented), "{:?}", tried.difference(&documented));
}
