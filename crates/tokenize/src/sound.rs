//! What the tokenizer library takes from a `tokenizer.json` without a look, and fails on when it encodes or writes.

use std::collections::BTreeMap;

use serde_json::Value;

/// Why a `tokenizer.json` can't be used although the library reads it; `None` where nothing is wrong.
pub(crate) fn problem(file: &Value) -> Option<String> {
    template_problem(&file["post_processor"]).or_else(|| shared_id(&file["model"]["vocab"]))
}

/// A template's special tokens are looked up when a text is encoded, and so is the second text of a pair: what isn't there ends
/// the process.
fn template_problem(processor: &Value) -> Option<String> {
    if let Some(processors) = processor["processors"].as_array() {
        return processors.iter().find_map(template_problem);
    }
    let pieces = |key: &str| processor[key].as_array().map_or(&[][..], Vec::as_slice);
    for (key, piece) in [("single", pieces("single")), ("pair", pieces("pair"))]
        .into_iter()
        .flat_map(|(key, pieces)| pieces.iter().map(move |piece| (key, piece)))
    {
        if let Some(token) = piece["SpecialToken"]["id"].as_str()
            && processor["special_tokens"].get(token).is_none()
        {
            return Some(format!("its post_processor puts {token:?} into a text, which special_tokens lacks"));
        }
        if key == "single" && piece["Sequence"]["id"] == "B" {
            return Some("its post_processor wants the second text of a pair where there is one text".to_owned());
        }
    }
    None
}

/// Of two tokens with one id only one would be written back, and the ids of a text would be others then.
fn shared_id(vocab: &Value) -> Option<String> {
    let mut tokens = BTreeMap::new();
    for (token, id) in vocab.as_object()? {
        if let Some(other) = tokens.insert(id.as_u64()?, token) {
            return Some(format!("the tokens {other:?} and {token:?} of its vocabulary have the same id, {id}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_has_all_that_it_puts_in() {
        let token = |id: &str| json!({"SpecialToken": {"id": id, "type_id": 0}});
        let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
        let of = |single: Value| {
            let template = json!({"type": "TemplateProcessing", "single": single, "pair": [text("A"), text("B")],
                "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}}});
            let alone = problem(&json!({"post_processor": template}));
            let within = json!({"type": "Sequence", "processors": [{"type": "ByteLevel"}, template]});
            assert_eq!(problem(&json!({"post_processor": within})), alone);
            alone
        };
        assert_eq!(of(json!([token("[CLS]"), text("A")])), None);
        assert!(of(json!([token("[CLS]"), text("A"), token("[SEP]")])).unwrap().contains("[SEP]"));
        assert!(of(json!([text("B")])).unwrap().contains("second text"));
        assert_eq!(problem(&json!({"post_processor": null, "model": {}})), None);
    }

    #[test]
    fn two_tokens_have_two_ids() {
        let of = |vocab: Value| problem(&json!({"model": {"vocab": vocab}}));
        assert_eq!(of(json!({"a": 0, "b": 1})), None);
        let message = of(json!({"a": 0, "b": 1, "c": 0})).unwrap();
        assert!(message.contains("\"a\" and \"c\"") && message.contains("id, 0"), "{message}");
    }
}
