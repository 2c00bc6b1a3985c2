//! From the text of a `config.json` to a [`BertConfig`]: which keys are read, and which values of others are refused.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::head::{Head, HeadKeys};
use super::{BertConfig, Origin};
use crate::{HiddenAct, ModelError};

/// A key that would change what the model computes, the values that it may have, and what is said of others. Null counts
/// as missing.
struct Restricted {
    key: &'static str,
    allowed: fn(&Value) -> bool,
    expected: &'static str,
}

const RESTRICTED: [Restricted; 15] = [
    Restricted {
        key: "position_embedding_type",
        allowed: |value| value == "absolute",
        expected: "\"absolute\": relative positions are not implemented",
    },
    // A decoder masks the future, and one with cross-attention has weights that we don't.
    Restricted { key: "is_decoder", allowed: is_off, expected: "false: only the encoder is implemented" },
    Restricted {
        key: "add_cross_attention",
        allowed: is_off,
        expected: "false: only the encoder is implemented",
    },
    Restricted {
        key: "pruned_heads",
        allowed: is_empty,
        expected: "no pruned heads: every layer has all of num_attention_heads",
    },
    Restricted {
        key: "quantization_config",
        allowed: |_| false,
        expected: "none: quantized weights are not implemented; dequantize the model and save it again",
    },
    Restricted {
        key: "per_layer_config",
        allowed: is_empty,
        expected: "none: layers that differ are not implemented",
    },
    Restricted { key: "fusion_config", allowed: is_empty, expected: "none: fusions are not implemented" },
    Restricted {
        key: "transformers_weights",
        allowed: |value| value == "model.safetensors" || value == "model.safetensors.index.json",
        expected: "model.safetensors: rename that file to it, and take the key out",
    },
    Restricted {
        key: "configuration_files",
        allowed: is_empty,
        expected: "none: config.json alone is read; rename the file that is meant to it, and take the key out",
    },
    Restricted {
        key: "attribute_map",
        allowed: is_empty,
        expected: "none: keys are read under their own names",
    },
    Restricted {
        key: "auto_map",
        allowed: has_no_remote_model,
        expected: "no code of its own for the model: that of the repository can't be run; choose a checkpoint that transformers loads without trust_remote_code",
    },
    Restricted { key: "dtype", allowed: is_float_dtype, expected: FLOAT_DTYPES },
    Restricted { key: "torch_dtype", allowed: is_float_dtype, expected: FLOAT_DTYPES },
    Restricted { key: "attn_implementation", allowed: is_known_attention, expected: KNOWN_ATTENTION },
    Restricted { key: "_attn_implementation", allowed: is_known_attention, expected: KNOWN_ATTENTION },
];

const KNOWN_ATTENTION: &str =
    "eager, sdpa, flash_attention_2, flash_attention_3, flash_attention_4 or flex_attention";

const FLOAT_DTYPES: &str =
    "\"float32\", \"float16\", \"bfloat16\" or \"float64\": weights of other types are not implemented";

fn is_off(value: &Value) -> bool {
    *value == Value::Bool(false)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// Other parts of a repository (its tokenizer, a head for masked tokens) may be code: they are not ours to run.
fn has_no_remote_model(auto_map: &Value) -> bool {
    ["AutoConfig", "AutoModel", "AutoModelForSequenceClassification"]
        .iter()
        .all(|class| auto_map.get(class).is_none_or(Value::is_null))
}

fn is_float_dtype(dtype: &Value) -> bool {
    ["float32", "float16", "bfloat16", "float64", "float", "half", "double"]
        .iter()
        .any(|known| dtype == known)
}

/// Those that compute the same function; any other is a kernel from a repository.
fn is_known_attention(name: &Value) -> bool {
    let name = name.as_str().unwrap_or_default();
    let name = name.strip_prefix("paged|").unwrap_or(name);
    ["eager", "sdpa", "flash_attention_2", "flash_attention_3", "flash_attention_4", "flex_attention"]
        .contains(&name)
}

/// The keys of `config.json` that we read, with `transformers`' defaults for those that are missing.
#[derive(Deserialize)]
#[serde(default)]
struct File {
    #[serde(deserialize_with = "whole_number")]
    vocab_size: usize,
    #[serde(deserialize_with = "whole_number")]
    hidden_size: usize,
    #[serde(deserialize_with = "whole_number")]
    num_hidden_layers: usize,
    #[serde(deserialize_with = "whole_number")]
    num_attention_heads: usize,
    #[serde(deserialize_with = "whole_number")]
    intermediate_size: usize,
    #[serde(deserialize_with = "hidden_act")]
    hidden_act: HiddenAct,
    #[serde(deserialize_with = "number")]
    hidden_dropout_prob: f64,
    #[serde(deserialize_with = "number")]
    attention_probs_dropout_prob: f64,
    #[serde(deserialize_with = "number_or_null")]
    classifier_dropout: Option<f64>,
    #[serde(deserialize_with = "whole_number")]
    max_position_embeddings: usize,
    #[serde(deserialize_with = "whole_number")]
    type_vocab_size: usize,
    #[serde(deserialize_with = "number")]
    initializer_range: f64,
    #[serde(deserialize_with = "number")]
    layer_norm_eps: f64,
    #[serde(deserialize_with = "whole_number_or_null")]
    pad_token_id: Option<usize>,
    #[serde(deserialize_with = "class_names")]
    architectures: Vec<String>,
    // Judged only where the head is used.
    id2label: Value,
    label2id: Value,
    num_labels: Value,
    problem_type: Value,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Default for File {
    fn default() -> Self {
        let default = BertConfig::default();
        Self {
            vocab_size: default.vocab_size,
            hidden_size: default.hidden_size,
            num_hidden_layers: default.num_hidden_layers,
            num_attention_heads: default.num_attention_heads,
            intermediate_size: default.intermediate_size,
            hidden_act: default.hidden_act,
            hidden_dropout_prob: default.hidden_dropout_prob,
            attention_probs_dropout_prob: default.attention_probs_dropout_prob,
            classifier_dropout: default.classifier_dropout,
            max_position_embeddings: default.max_position_embeddings,
            type_vocab_size: default.type_vocab_size,
            initializer_range: default.initializer_range,
            layer_norm_eps: default.layer_norm_eps,
            pad_token_id: default.pad_token_id,
            architectures: default.architectures,
            id2label: Value::Null,
            label2id: Value::Null,
            num_labels: Value::Null,
            problem_type: Value::Null,
            extra: default.extra,
        }
    }
}

/// The config without its head, and the head, if what the file says of it can be used.
pub(super) fn parse(
    text: &str,
    origin: &Origin<'_>,
) -> Result<(BertConfig, Result<Head, ModelError>), ModelError> {
    let map = serde_json::from_str::<Map<String, Value>>(text)
        .map_err(|source| ModelError::Json { origin: origin.0.to_owned(), source })?;
    refuse_other_architectures(&map, origin)?;
    for Restricted { key, allowed, expected } in RESTRICTED {
        if let Some(value) = map.get(key).filter(|value| !value.is_null() && !allowed(value)) {
            return Err(origin.bad(key, value, expected));
        }
    }
    let file: File =
        serde_path_to_error::deserialize(Value::Object(map)).map_err(|error| ModelError::ConfigValue {
            origin: origin.0.to_owned(),
            key: error.path().to_string(),
            problem: error.inner().to_string(),
        })?;
    let head = HeadKeys {
        id2label: file.id2label,
        label2id: file.label2id,
        num_labels: file.num_labels,
        problem_type: file.problem_type,
    };
    let mut extra = file.extra;
    extra.shift_remove("model_type");
    let config = BertConfig {
        vocab_size: file.vocab_size,
        hidden_size: file.hidden_size,
        num_hidden_layers: file.num_hidden_layers,
        num_attention_heads: file.num_attention_heads,
        intermediate_size: file.intermediate_size,
        hidden_act: file.hidden_act,
        hidden_dropout_prob: file.hidden_dropout_prob,
        attention_probs_dropout_prob: file.attention_probs_dropout_prob,
        classifier_dropout: file.classifier_dropout,
        max_position_embeddings: file.max_position_embeddings,
        type_vocab_size: file.type_vocab_size,
        initializer_range: file.initializer_range,
        layer_norm_eps: file.layer_norm_eps,
        pad_token_id: file.pad_token_id,
        architectures: file.architectures,
        extra,
        ..BertConfig::default()
    };
    Ok((config, head.read(origin)))
}

fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| expected(&value, "a whole number of at least 0"))
}

/// Null means that there is none; a missing key, the default.
fn whole_number_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => whole_number(value).map(Some).map_err(D::Error::custom),
    }
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    value.as_f64().ok_or_else(|| expected(&value, "a number"))
}

fn number_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => number(value).map(Some).map_err(D::Error::custom),
    }
}

fn hidden_act<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HiddenAct, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let act = value.as_str().and_then(HiddenAct::named);
    act.ok_or_else(|| expected(&value, &format!("one of {}", HiddenAct::names())))
}

fn class_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() {
        return Ok(Vec::new());
    }
    Vec::deserialize(&value).map_err(|_| expected(&value, "an array of class names"))
}

fn expected<E: serde::de::Error>(found: &Value, expected: &str) -> E {
    E::custom(format!("{found}, expected {expected}"))
}

/// Refuses by name what is not BERT.
fn refuse_other_architectures(map: &Map<String, Value>, origin: &Origin<'_>) -> Result<(), ModelError> {
    let refuse =
        |found: &str| ModelError::Architecture { origin: origin.0.to_owned(), found: found.to_owned() };
    match map.get("model_type") {
        Some(Value::String(kind)) if kind == "bert" => Ok(()),
        Some(Value::String(kind)) => Err(refuse(display_name(kind))),
        Some(Value::Null) | None => {
            let class = map.get("architectures").and_then(|classes| classes.get(0)).and_then(Value::as_str);
            match class.filter(|class| !class.starts_with("Bert")) {
                Some(class) => Err(refuse(class)),
                None => Ok(()),
            }
        }
        Some(other) => Err(origin.bad("model_type", other, "\"bert\"")),
    }
}

/// How people write the architectures that are most often mistaken for BERT.
fn display_name(model_type: &str) -> &str {
    match model_type {
        "distilbert" => "DistilBERT",
        "roberta" => "RoBERTa",
        "xlm-roberta" => "XLM-RoBERTa",
        "albert" => "ALBERT",
        "electra" => "ELECTRA",
        "deberta" => "DeBERTa",
        "deberta-v2" => "DeBERTa-v2",
        "mpnet" => "MPNet",
        "camembert" => "CamemBERT",
        "modernbert" => "ModernBERT",
        "gpt2" => "GPT-2",
        "t5" => "T5",
        other => other,
    }
}
