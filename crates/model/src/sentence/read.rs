//! Reads the files of a folder of sentence-transformers, and refuses what they ask for and is not implemented.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};
use strum::VariantNames as _;

use super::config::{Pooling, SentenceConfig};
use crate::{BertConfig, ModelError, Similarity};

pub(super) const MODULES: &str = "modules.json";
pub(super) const TRANSFORMER: &str = "sentence_bert_config.json";
pub(super) const MODEL: &str = "config_sentence_transformers.json";
pub(super) const POOLING: &str = "config.json";

/// The keys of `1_Pooling/config.json` that older versions write, one for each way of pooling, in the order in
/// which their results are put together.
pub(super) const MODES: [(&str, &str); 6] = [
    ("pooling_mode_cls_token", "cls"),
    ("pooling_mode_max_tokens", "max"),
    ("pooling_mode_mean_tokens", "mean"),
    ("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
    ("pooling_mode_weightedmean_tokens", "weightedmean"),
    ("pooling_mode_lasttoken", "lasttoken"),
];

/// A module of modules.json. `idx` and `name` only repeat the order.
#[derive(Deserialize)]
struct ModuleEntry {
    path: String,
    #[serde(rename = "type")]
    class: String,
    #[serde(default)]
    kwargs: Value,
}

impl SentenceConfig {
    /// Reads the files of sentence-transformers in `dir`, the folder of a BERT with the config `bert`. A folder
    /// without `modules.json` gives the default, with the length of its `sentence_bert_config.json` if there is
    /// one.
    ///
    /// # Errors
    /// A file can't be read or is no JSON of the expected form, has a module, a pooling or a key that is not
    /// implemented, or contradicts `bert`.
    pub fn from_folder(dir: &Path, bert: &BertConfig) -> Result<Self, ModelError> {
        let mut config = Self::default();
        let modules = dir.join(MODULES);
        if modules.is_file() {
            read_modules(dir, &modules, bert.hidden_size, &mut config)?;
            read_model(&dir.join(MODEL), bert.hidden_size, &mut config)?;
        } else {
            config.is_assumed = true;
        }
        read_transformer(&dir.join(TRANSFORMER), bert.max_position_embeddings, &mut config)?;
        Ok(config)
    }
}

fn read_modules(
    dir: &Path,
    path: &Path,
    hidden: usize,
    config: &mut SentenceConfig,
) -> Result<(), ModelError> {
    let origin = path.display().to_string();
    let modules: Vec<ModuleEntry> = parse(path)?;
    let bad = |index: usize, key: &str, found: &str, expected: &str| {
        bad(&origin, &format!("{index}.{key}"), &format!("\"{found}\""), expected)
    };
    let mut normalizes = false;
    for (index, module) in modules.iter().enumerate() {
        // Versions differ in the modules' paths: sentence_transformers.models.Pooling, and
        // sentence_transformers.sentence_transformer.modules.pooling.Pooling today.
        let class =
            module.class.strip_prefix("sentence_transformers.").and_then(|path| path.rsplit('.').next());
        match (index, class) {
            (0, Some("Transformer")) if module.path.is_empty() => {}
            (0, Some("Transformer")) => {
                let expected = "\"\": a model in a folder of its own is not implemented; save it with a version of \
                                sentence-transformers of today";
                return Err(bad(index, "path", &module.path, expected));
            }
            (1, Some("Pooling")) => {
                read_pooling(&inside(dir, &module.path, &origin)?.join(POOLING), hidden, config)?;
            }
            (2, Some("Normalize")) => {
                read_normalize(&inside(dir, &module.path, &origin)?.join(POOLING))?;
                normalizes = true;
            }
            _ => {
                let expected = "Transformer, then Pooling, then nothing or Normalize, all of sentence_transformers: \
                                other modules are not implemented";
                return Err(bad(index, "type", &module.class, expected));
            }
        }
        if !is_nothing(&module.kwargs) {
            return Err(bad(index, "kwargs", &module.kwargs.to_string(), "none: they are not implemented"));
        }
    }
    if modules.len() < 2 {
        return Err(self::bad(
            &origin,
            "",
            &format!("{} module(s)", modules.len()),
            "Transformer and Pooling",
        ));
    }
    config.normalize = normalizes;
    Ok(())
}

/// The folder of a module: an untrusted name, which must not lead out of `dir`.
fn inside(dir: &Path, name: &str, origin: &str) -> Result<PathBuf, ModelError> {
    let path = Path::new(name);
    if name.is_empty() || path.components().any(|part| !matches!(part, Component::Normal(_))) {
        return Err(bad(origin, "path", &format!("\"{name}\""), "the name of a folder beside modules.json"));
    }
    Ok(dir.join(path))
}

fn read_pooling(path: &Path, hidden: usize, config: &mut SentenceConfig) -> Result<(), ModelError> {
    let origin = path.display().to_string();
    let map: Map<String, Value> = parse(path)?;
    for (key, value) in &map {
        let is_mode = MODES.iter().any(|(mode, _)| mode == key);
        match key.as_str() {
            "word_embedding_dimension" | "embedding_dimension" => {
                if value.as_u64() != Some(hidden as u64) {
                    let expected = format!("{hidden}, the model's hidden_size");
                    return Err(bad(&origin, key, &value.to_string(), &expected));
                }
            }
            "include_prompt" => config.excludes_prompt = !boolean(&origin, key, value)?,
            "pooling_mode" => {}
            _ if is_mode => drop(boolean(&origin, key, value)?),
            _ => return Err(unknown(&origin, key)),
        }
    }
    let legacy = || {
        let modes = MODES.iter().filter(|(key, _)| map.get(*key) == Some(&Value::Bool(true)));
        modes.map(|(_, mode)| (*mode).to_owned()).collect::<Vec<_>>()
    };
    let modes = match map.get("pooling_mode") {
        None | Some(Value::Null) => legacy(),
        Some(Value::String(mode)) => vec![mode.clone()],
        Some(Value::Array(modes)) => {
            modes.iter().map(|mode| mode.as_str().unwrap_or_default().to_owned()).collect()
        }
        Some(other) => {
            return Err(bad(&origin, "pooling_mode", &other.to_string(), &one_of(Pooling::VARIANTS)));
        }
    };
    config.pooling = match modes.as_slice() {
        // As sentence-transformers does.
        [] => Pooling::Mean,
        [mode] => mode
            .parse()
            .map_err(|_| bad(&origin, "pooling_mode", &format!("\"{mode}\""), &one_of(Pooling::VARIANTS)))?,
        several => {
            let expected = format!("{}: several together are not implemented", one_of(Pooling::VARIANTS));
            return Err(bad(&origin, "pooling_mode", &several.join(" + "), &expected));
        }
    };
    Ok(())
}

/// Checks that a normalization is of the text's vector. Older versions write no file for it.
fn read_normalize(path: &Path) -> Result<(), ModelError> {
    if !path.is_file() {
        return Ok(());
    }
    let origin = path.display().to_string();
    for (key, value) in parse::<Map<String, Value>>(path)? {
        match key.as_str() {
            "module_input_name" | "module_output_name"
                if value.is_null() || value == "sentence_embedding" => {}
            "module_input_name" | "module_output_name" => {
                return Err(bad(&origin, &key, &value.to_string(), "\"sentence_embedding\""));
            }
            _ => return Err(unknown(&origin, &key)),
        }
    }
    Ok(())
}

fn read_transformer(path: &Path, positions: usize, config: &mut SentenceConfig) -> Result<(), ModelError> {
    if !path.is_file() {
        return Ok(());
    }
    let origin = path.display().to_string();
    let text_states =
        serde_json::json!({"text": {"method": "forward", "method_output_name": "last_hidden_state"}});
    for (key, value) in parse::<Map<String, Value>>(path)? {
        let expect = |is_right: bool, expected: &str| {
            if is_right { Ok(()) } else { Err(bad(&origin, &key, &value.to_string(), expected)) }
        };
        match key.as_str() {
            "max_seq_length" if value.is_null() => {}
            "max_seq_length" => {
                let length = value.as_u64().and_then(|length| usize::try_from(length).ok());
                let expected = format!("a number of tokens from 1 to {positions}, the model's positions");
                expect(length.is_some_and(|length| (1..=positions).contains(&length)), &expected)?;
                config.max_seq_length = length;
            }
            "do_lower_case" => config.do_lower_case = boolean(&origin, &key, &value)?,
            "transformer_task" => expect(value == "feature-extraction", "\"feature-extraction\"")?,
            "module_output_name" => expect(value == "token_embeddings", "\"token_embeddings\"")?,
            "modality_config" => expect(value == text_states, &text_states.to_string())?,
            // Without it a checkpoint that has no pooler would get an untrained one.
            "model_args" | "model_kwargs" => expect(
                value.as_object().is_some_and(|map| map.keys().all(|key| key == "add_pooling_layer")),
                "nothing but \"add_pooling_layer\": other keys are not implemented",
            )?,
            "tokenizer_args"
            | "processor_kwargs"
            | "config_args"
            | "config_kwargs"
            | "processing_kwargs"
            | "query_length"
            | "document_length"
            | "query_expansion"
            | "tokenizer_name_or_path" => {
                expect(is_nothing(&value), "nothing: it is not implemented")?;
            }
            // Padding changes no vector.
            "unpad_inputs" => {}
            _ => return Err(unknown(&origin, &key)),
        }
    }
    Ok(())
}

fn read_model(path: &Path, hidden: usize, config: &mut SentenceConfig) -> Result<(), ModelError> {
    if !path.is_file() {
        return Ok(());
    }
    let origin = path.display().to_string();
    // sentence-transformers passes over all other keys, such as the versions that wrote the file.
    let map: Map<String, Value> = parse(path)?;
    let get = |key: &str| map.get(key).filter(|value| !value.is_null());
    if let Some(kind) = get("model_type").filter(|kind| *kind != "SentenceTransformer") {
        let expected = "\"SentenceTransformer\": other models give no vector of a text";
        return Err(bad(&origin, "model_type", &kind.to_string(), expected));
    }
    if let Some(prompts) = get("prompts") {
        let read = || {
            let text = |(name, text): (&String, &Value)| match text {
                Value::Null => Some((name.clone(), String::new())),
                text => Some((name.clone(), text.as_str()?.to_owned())),
            };
            prompts.as_object()?.iter().map(text).collect::<Option<BTreeMap<_, _>>>()
        };
        let expected = "an object of texts by name";
        config.prompts = read().ok_or_else(|| bad(&origin, "prompts", &prompts.to_string(), expected))?;
    }
    if let Some(name) = get("default_prompt_name") {
        let known = name.as_str().filter(|name| config.prompts.contains_key(*name));
        let names: Vec<_> = config.prompts.keys().map(String::as_str).collect();
        let expected = format!("the name of a prompt: {}", one_of(&names));
        let known = known.ok_or_else(|| bad(&origin, "default_prompt_name", &name.to_string(), &expected))?;
        config.default_prompt_name = Some(known.to_owned());
    }
    if let Some(name) = get("similarity_fn_name") {
        let known = name.as_str().and_then(|name| name.parse().ok());
        let expected = one_of(Similarity::VARIANTS);
        let known = known.ok_or_else(|| bad(&origin, "similarity_fn_name", &name.to_string(), &expected))?;
        config.similarity = Some(known);
    }
    if let Some(dimensions) = get("truncate_dim") {
        let known =
            dimensions.as_u64().map(|number| number as usize).filter(|number| (1..=hidden).contains(number));
        let expected = format!("a number of dimensions from 1 to {hidden}, the model's hidden_size");
        let known = known.ok_or_else(|| bad(&origin, "truncate_dim", &dimensions.to_string(), &expected))?;
        config.truncate_dim = Some(known);
    }
    Ok(())
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ModelError> {
    let text =
        fs::read_to_string(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text)
        .map_err(|source| ModelError::Json { origin: path.display().to_string(), source })
}

fn boolean(origin: &str, key: &str, value: &Value) -> Result<bool, ModelError> {
    value.as_bool().ok_or_else(|| bad(origin, key, &value.to_string(), "true or false"))
}

/// Whether a value sets nothing.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn one_of(words: &[&str]) -> String {
    format!("one of {}", words.join(", "))
}

fn bad(origin: &str, key: &str, found: &str, expected: &str) -> ModelError {
    ModelError::Config {
        origin: origin.to_owned(),
        key: key.to_owned(),
        found: found.to_owned(),
        expected: expected.to_owned(),
    }
}

fn unknown(origin: &str, key: &str) -> ModelError {
    bad(origin, key, "there", "no such key: it is not implemented")
}
