//! Tokens that are found in a text before it is split: special tokens and tokens that were added to the
//! vocabulary.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};
use tokenizers::AddedToken;

use crate::error::TokenizeError;

/// A token that a key names, as a string or as an object with its `content`.
///
/// # Errors
/// The value is neither a string nor such an object.
pub(crate) fn parse(path: &Path, key: &str, value: &Value) -> Result<AddedToken, TokenizeError> {
    let wrong = || TokenizeError::Setting {
        path: path.to_owned(),
        key: key.to_owned(),
        found: value.to_string(),
        expected: "a token: a string, or an object with `content`",
    };
    let object = match value {
        Value::String(content) => return Ok(AddedToken::from(content.as_str(), true)),
        Value::Object(object) => object,
        _ => return Err(wrong()),
    };
    let flag = |name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(wrong()),
    };
    let content = object.get("content").and_then(Value::as_str).ok_or_else(wrong)?;
    let special = flag("special")?.unwrap_or(false);
    Ok(AddedToken {
        content: content.to_owned(),
        single_word: flag("single_word")?.unwrap_or(false),
        lstrip: flag("lstrip")?.unwrap_or(false),
        rstrip: flag("rstrip")?.unwrap_or(false),
        normalized: flag("normalized")?.unwrap_or(!special),
        special,
    })
}

/// A list of tokens.
pub(crate) fn parse_list(path: &Path, key: &str, value: &Value) -> Result<Vec<AddedToken>, TokenizeError> {
    let Value::Array(tokens) = value else {
        return Err(TokenizeError::Setting {
            path: path.to_owned(),
            key: key.to_owned(),
            found: value.to_string(),
            expected: "a list of tokens",
        });
    };
    tokens.iter().map(|token| parse(path, key, token)).collect()
}

/// The `added_tokens_decoder` of a `tokenizer_config.json`: tokens by the id that they should have.
pub(crate) fn parse_decoder(path: &Path, value: &Value) -> Result<BTreeMap<u32, AddedToken>, TokenizeError> {
    const KEY: &str = "added_tokens_decoder";
    let wrong = |found: String| TokenizeError::Setting {
        path: path.to_owned(),
        key: KEY.to_owned(),
        found,
        expected: "tokens by their ids, as in {\"5\": {\"content\": \"[E1]\"}}",
    };
    let Value::Object(tokens) = value else { return Err(wrong(value.to_string())) };
    let mut added = BTreeMap::new();
    for (id, token) in tokens {
        let number = id.trim().parse().map_err(|_| wrong(format!("{id:?}")))?;
        if !token.is_object() {
            return Err(wrong(token.to_string()));
        }
        added.insert(number, parse(path, KEY, token)?);
    }
    Ok(added)
}

/// An `added_tokens.json`: ids by token. A token that another file calls special is special.
pub(crate) fn parse_file(
    path: &Path,
    tokens: &Map<String, Value>,
    is_special: impl Fn(&str) -> bool,
) -> Result<BTreeMap<u32, AddedToken>, TokenizeError> {
    let mut added = BTreeMap::new();
    for (content, id) in tokens {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok()).ok_or_else(|| TokenizeError::Setting {
            path: path.to_owned(),
            key: content.clone(),
            found: id.to_string(),
            expected: "the token's id",
        })?;
        added.insert(id, AddedToken::from(content.as_str(), is_special(content)));
    }
    Ok(added)
}

/// The `added_tokens` of a `tokenizer.json`.
pub(crate) fn parse_json(
    path: &Path,
    file: &Map<String, Value>,
) -> Result<BTreeMap<u32, AddedToken>, TokenizeError> {
    const KEY: &str = "added_tokens";
    let mut added = BTreeMap::new();
    let Some(tokens) = file.get(KEY).filter(|tokens| !tokens.is_null()) else { return Ok(added) };
    for (token, value) in
        parse_list(path, KEY, tokens)?.into_iter().zip(tokens.as_array().into_iter().flatten())
    {
        let id = value.get("id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(|| TokenizeError::Setting {
            path: path.to_owned(),
            key: KEY.to_owned(),
            found: value.to_string(),
            expected: "a token with its `id`",
        })?;
        added.insert(id, token);
    }
    Ok(added)
}
