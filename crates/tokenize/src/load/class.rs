//! Which of `transformers`' tokenizers a checkpoint's files name.

use std::path::Path;

use serde_json::{Map, Value};

use super::files::Files;
use crate::error::TokenizeError;

/// The way in which `transformers` builds a tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// `BertTokenizer`: the vocabulary and the added tokens are the files', everything else is BERT's.
    Bert,
    /// `TokenizersBackend`, formerly `PreTrainedTokenizerFast`: all that `tokenizer.json` says.
    File,
}

/// The class of a tokenizer, and the settings that follow from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) class: Class,
    /// Whether the second text of a pair gets the token type 1, where `model_input_names` doesn't say.
    pub(crate) token_types: bool,
    /// Whether a file names the class or the model's type.
    pub(crate) stated: bool,
}

/// Names under which `transformers` has its BERT tokenizer. Each may end in `Fast`.
const BERT: &[&str] = &[
    "BertTokenizer",
    "ElectraTokenizer",
    "LayoutLMTokenizer",
    "LxmertTokenizer",
    "MobileBertTokenizer",
    "SqueezeBertTokenizer",
];

/// The name of BERT's tokenizer without token types. It may end in `Fast`.
const DISTILBERT: &str = "DistilBertTokenizer";

/// Names of the class that `tokenizer.json` describes alone. Each may end in `Fast`.
const FILE: &[&str] = &["PreTrainedTokenizer", "TokenizersBackend", "PythonBackend"];

/// Values of `model_type` whose tokenizer is BERT's, where no class is named.
const MODEL_TYPES: &[&str] = &[
    "bert",
    "convbert",
    "distilbert",
    "electra",
    "ernie",
    "layoutlm",
    "megatron-bert",
    "mobilebert",
    "nezha",
    "squeezebert",
];

impl Choice {
    /// The `tokenizer_class` of `tokenizer_config.json`, else of `config.json`, else the class of the model
    /// type.
    ///
    /// # Errors
    /// The class, or the model type's class, is not supported, or needs a `tokenizer.json` that isn't there.
    pub(crate) fn of(
        files: &Files,
        tokenizer_config: &Map<String, Value>,
        config: &Map<String, Value>,
    ) -> Result<Self, TokenizeError> {
        let named = [(&files.tokenizer_config, tokenizer_config), (&files.config, config)];
        for (path, object) in named {
            match (path, object.get("tokenizer_class")) {
                (Some(path), Some(Value::String(name))) => return Self::named(path, name, files),
                (_, None | Some(Value::Null)) | (None, _) => {}
                (Some(path), Some(found)) => {
                    return Err(TokenizeError::Setting {
                        path: path.clone(),
                        key: "tokenizer_class".to_owned(),
                        found: found.to_string(),
                        expected: "a name, as in \"BertTokenizer\"",
                    });
                }
            }
        }
        match (config.get("model_type").and_then(Value::as_str), &files.config) {
            (Some(found), Some(path)) if !MODEL_TYPES.contains(&found) && !found.is_empty() => {
                Err(TokenizeError::ModelType { path: path.clone(), found: found.to_owned() })
            }
            // A tokenizer.json without a model type counts as it is.
            (None, _) if files.tokenizer_json.is_some() => {
                Ok(Self { class: Class::File, token_types: true, stated: false })
            }
            _ => Ok(Self { class: Class::Bert, token_types: true, stated: true }),
        }
    }

    fn named(path: &Path, name: &str, files: &Files) -> Result<Self, TokenizeError> {
        let short = name.strip_suffix("Fast").unwrap_or(name);
        if BERT.contains(&short) || short == DISTILBERT {
            return Ok(Self { class: Class::Bert, token_types: short != DISTILBERT, stated: true });
        }
        let refused =
            |problem| TokenizeError::Class { path: path.to_owned(), found: name.to_owned(), problem };
        if !FILE.contains(&short) {
            return Err(refused(
                "which is not BERT's tokenizer: expected BertTokenizer, or PreTrainedTokenizerFast if tokenizer.json says all of it",
            ));
        }
        if files.tokenizer_json.is_none() {
            return Err(refused(
                "which needs a tokenizer.json, and there is none: put it there, or write BertTokenizer",
            ));
        }
        Ok(Self { class: Class::File, token_types: false, stated: true })
    }
}
