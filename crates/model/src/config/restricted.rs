//! Keys of a `config.json` with values that would change the model and are not implemented: these values are
//! refused.

use serde_json::{Map, Value};

use super::origin::Origin;
use crate::ModelError;

/// A key with values that would change the model's outputs: the allowed values, and the error message for any
/// other value. Null counts as missing.
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
    // A decoder masks the future, and a decoder with cross-attention has weights that the encoder lacks.
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

/// Whether no code in the repository defines the model. Code for other parts, such as the tokenizer, is never
/// run and does not matter.
fn has_no_remote_model(auto_map: &Value) -> bool {
    [
        "AutoConfig",
        "AutoModel",
        "AutoModelForSequenceClassification",
        "AutoModelForTokenClassification",
        "AutoModelForQuestionAnswering",
        "AutoModelForMaskedLM",
    ]
    .iter()
    .all(|class| auto_map.get(class).is_none_or(Value::is_null))
}

fn is_float_dtype(dtype: &Value) -> bool {
    ["float32", "float16", "bfloat16", "float64", "float", "half", "double"]
        .iter()
        .any(|known| dtype == known)
}

/// Whether the attention implementation computes the same function. Any other name is a kernel from a
/// repository.
fn is_known_attention(name: &Value) -> bool {
    let name = name.as_str().unwrap_or_default();
    let name = name.strip_prefix("paged|").unwrap_or(name);
    ["eager", "sdpa", "flash_attention_2", "flash_attention_3", "flash_attention_4", "flex_attention"]
        .contains(&name)
}

/// Refuses values that are not implemented.
pub(super) fn refuse_restricted(map: &Map<String, Value>, origin: &Origin<'_>) -> Result<(), ModelError> {
    for Restricted { key, allowed, expected } in RESTRICTED {
        if let Some(value) = map.get(key).filter(|value| !value.is_null() && !allowed(value)) {
            return Err(origin.bad(key, value, expected));
        }
    }
    Ok(())
}
