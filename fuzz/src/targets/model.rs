//! Targets for checkpoints: config and weights.

use std::sync::LazyLock;

use burn::tensor::Device;
use embert_model::{BertConfig, BertForSequenceClassification, BertModel, DeviceChoice, LoadOptions};

use crate::target::{chain, join, parts};
use crate::{Target, seeds};

pub(super) static CONFIG: Target = Target {
    name: "model-config",
    about: "A checkpoint's config.json",
    seeds: || {
        let mut inputs: Vec<_> = MODELS.map(|model| seeds::whole(&format!("{model}/config.json"))).into();
        inputs.push(b"{\"model_type\": \"bert\", \"num_labels\": 3, \"label2id\": {\"a\": 0}, \"id2label\": {\"1\": \"b\"}}".to_vec());
        inputs
    },
    words: WORDS,
    run: |_, input| {
        let Ok(text) = str::from_utf8(input) else { return 0 };
        match BertConfig::from_json(text) {
            Ok(config) => {
                let written = config.to_json();
                let again = BertConfig::from_json(&written).map_err(|error| chain(&error));
                assert_eq!(again.as_ref().map(BertConfig::to_json), Ok(written.clone()), "what it wrote");
                let _ = (config.has_generic_labels(), config.head_dim(), config.classifier_dropout_prob());
                // What it wrote is read too: a few bytes may ask for thousands of labels.
                return input.len() + written.len();
            }
            Err(error) => drop(chain(&error)),
        }
        input.len()
    },
};

pub(super) static CHECKPOINT: Target = Target {
    name: "checkpoint",
    about: "config.json, weights, their index and two shards, as a model",
    seeds: || {
        let config = |model: &str| seeds::whole(&format!("{model}/config.json"));
        let weights = |model: &str| seeds::whole(&format!("{model}/model.safetensors"));
        let small = "tests/fixtures/model-legacy";
        let index = b"{\"metadata\": {}, \"weight_map\": {\"bert.embeddings.word_embeddings.weight\": \"a.safetensors\"}}";
        let mut inputs = vec![
            join(&[config(small), Vec::new(), index.to_vec(), weights(small)]),
            join(&[b"{}".to_vec(), b"version https://git-lfs.github.com/spec/v1\n".to_vec()]),
        ];
        inputs.extend(
            [small, "tests/fixtures/model-masked-lm", "tests/fixtures/model-bf16"]
                .map(|model| join(&[config(model), weights(model)])),
        );
        inputs
    },
    words: WORDS,
    run: |folder, input| {
        let [config, weights, index, one, other] = parts(input);
        folder.with(&[
            ("config.json", config),
            ("model.safetensors", weights),
            ("model.safetensors.index.json", index),
            ("a.safetensors", one),
            ("b.safetensors", other),
        ]);
        let path = folder.path();
        let named = LoadOptions { labels: Some(vec!["neg".into(), "pos".into()]), ..LoadOptions::default() };
        for options in [LoadOptions::default(), named] {
            match BertForSequenceClassification::from_pretrained(path, &options, &DEVICE) {
                Ok(loaded) => drop(loaded.report.to_string()),
                Err(error) => drop(chain(&error)),
            }
        }
        let _ =
            BertModel::from_pretrained(path, &LoadOptions::default(), &DEVICE).map_err(|error| chain(&error));
        input.len()
    },
};

static DEVICE: LazyLock<Device> = LazyLock::new(|| DeviceChoice::Auto.resolve().expect("a device").1);

const MODELS: [&str; 8] = [
    "datasets/sample/bert",
    "tests/fixtures/model",
    "tests/fixtures/model-bf16",
    "tests/fixtures/model-legacy",
    "tests/fixtures/model-masked-lm",
    "tests/fixtures/model-odd",
    "tests/fixtures/model-sharded",
    "tests/fixtures/training/model",
];

const WORDS: &[&str] = &[
    "\"model_type\"",
    "\"bert\"",
    "\"vocab_size\"",
    "\"hidden_size\"",
    "\"num_hidden_layers\"",
    "\"num_attention_heads\"",
    "\"intermediate_size\"",
    "\"hidden_act\"",
    "\"gelu\"",
    "\"gelu_new\"",
    "\"hidden_dropout_prob\"",
    "\"attention_probs_dropout_prob\"",
    "\"classifier_dropout\"",
    "\"max_position_embeddings\"",
    "\"type_vocab_size\"",
    "\"initializer_range\"",
    "\"layer_norm_eps\"",
    "\"pad_token_id\"",
    "\"id2label\"",
    "\"label2id\"",
    "\"num_labels\"",
    "\"problem_type\"",
    "\"architectures\"",
    "\"position_embedding_type\"",
    "\"is_decoder\"",
    "\"dtype\"",
    "\"F32\"",
    "\"F16\"",
    "\"BF16\"",
    "\"F64\"",
    "\"I64\"",
    "\"shape\"",
    "\"data_offsets\"",
    "\"weight_map\"",
    "\"__metadata__\"",
    "null",
    "true",
    "1e308",
    "4294967296",
    "18446744073709551615",
    "a.safetensors",
    "b.safetensors",
    "module.",
    "_orig_mod.",
    "gamma",
    "beta",
];
