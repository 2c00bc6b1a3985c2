//! The function that `CrossEncoder` of sentence-transformers applies to a head's outputs, as a `config.json`
//! states it: `sentence_transformers.activation_fn`, or the name of versions before 4.0.

use serde_json::{Map, Value, json};

use super::head_function::HeadFunction;
use super::origin::Origin;
use crate::ModelError;

const GROUP: &str = "sentence_transformers";
const KEY: &str = "activation_fn";
const OLD_KEY: &str = "sbert_ce_default_activation_function";
const IDENTITY: &str = "torch.nn.modules.linear.Identity";
const SIGMOID: &str = "torch.nn.modules.activation.Sigmoid";

/// The key that states the function, and its value, null included. The newer key comes first, as in
/// `CrossEncoder`.
fn stated(keys: &Map<String, Value>) -> Option<(String, &Value)> {
    let newer = keys.get(GROUP).and_then(|group| group.get(KEY));
    let newer = newer.map(|value| (format!("{GROUP}.{KEY}"), value));
    newer.or_else(|| Some((OLD_KEY.to_owned(), keys.get(OLD_KEY)?)))
}

/// The function that the keys of a `config.json` state; `None` if they state none, or an unknown one.
pub(super) fn function(keys: &Map<String, Value>) -> Option<HeadFunction> {
    match stated(keys)?.1.as_str()? {
        IDENTITY | "torch.nn.Identity" => Some(HeadFunction::Identity),
        SIGMOID | "torch.nn.Sigmoid" => Some(HeadFunction::Sigmoid),
        _ => None,
    }
}

/// Refuses an unknown function, which would give other scores than `CrossEncoder` gives.
pub(super) fn check(keys: &Map<String, Value>, origin: &Origin<'_>) -> Result<(), ModelError> {
    match stated(keys) {
        Some((key, value)) if !value.is_null() && function(keys).is_none() => {
            let expected = format!(
                "\"{IDENTITY}\" or \"{SIGMOID}\": other functions on a single output are not implemented; train with a new head (new_head=true)"
            );
            Err(origin.bad(&key, value, &expected))
        }
        _ => Ok(()),
    }
}

/// Removes the function, under both of its names.
pub(super) fn clear(keys: &mut Map<String, Value>) {
    keys.shift_remove(OLD_KEY);
    if let Some(Value::Object(group)) = keys.get_mut(GROUP) {
        group.shift_remove(KEY);
        if group.is_empty() {
            keys.shift_remove(GROUP);
        }
    }
}

/// States that the outputs are the scores: without the key, `CrossEncoder` applies a sigmoid to a single
/// output.
pub(super) fn state_identity(keys: &mut Map<String, Value>) {
    clear(keys);
    let group = keys.entry(GROUP).or_insert_with(|| json!({}));
    if !group.is_object() {
        *group = json!({});
    }
    group[KEY] = IDENTITY.into();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_newer_key_comes_before_the_older_one() {
        for (value, expected) in [
            (json!({}), None),
            (json!({GROUP: {KEY: IDENTITY}}), Some(HeadFunction::Identity)),
            (json!({GROUP: {KEY: SIGMOID}, OLD_KEY: IDENTITY}), Some(HeadFunction::Sigmoid)),
            (json!({GROUP: {"version": "5.0.0"}, OLD_KEY: IDENTITY}), Some(HeadFunction::Identity)),
            (json!({OLD_KEY: "torch.nn.Sigmoid"}), Some(HeadFunction::Sigmoid)),
            (json!({GROUP: {KEY: null}, OLD_KEY: IDENTITY}), None),
        ] {
            let keys = keys(value);
            assert_eq!(function(&keys), expected, "{keys:?}");
            assert!(check(&keys, &Origin("config")).is_ok(), "{keys:?}");
        }
    }

    #[test]
    fn an_unknown_function_is_refused_under_the_name_of_its_key() {
        for (value, key) in [
            (
                json!({GROUP: {KEY: "torch.nn.modules.activation.Tanh"}}),
                "\"sentence_transformers.activation_fn\"",
            ),
            (json!({OLD_KEY: 7}), "\"sbert_ce_default_activation_function\" is 7"),
        ] {
            let error = check(&keys(value), &Origin("config")).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains(IDENTITY) && error.contains("new_head"), "{error}");
        }
    }

    #[test]
    fn the_function_is_replaced_under_both_names_and_other_keys_stay() {
        let mut found = keys(json!({GROUP: {"version": "5.0.0", KEY: SIGMOID}, OLD_KEY: SIGMOID, "x": 1}));
        state_identity(&mut found);
        assert_eq!(found, keys(json!({GROUP: {"version": "5.0.0", KEY: IDENTITY}, "x": 1})));
        clear(&mut found);
        assert_eq!(found, keys(json!({GROUP: {"version": "5.0.0"}, "x": 1})));
        let mut found = keys(json!({GROUP: {KEY: SIGMOID}}));
        clear(&mut found);
        assert!(found.is_empty());
    }
}
