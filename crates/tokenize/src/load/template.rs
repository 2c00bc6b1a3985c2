//! Templates of a `tokenizer.json`: the special tokens around a text.

use serde_json::Value;

/// Why the `post_processor` of a `tokenizer.json` can't be used although the tokenizer library reads it;
/// `None` if it can. The library looks up a template's special tokens, and the second text of a pair, only
/// when it encodes, and panics where they are missing.
pub(crate) fn problem(processor: &Value) -> Option<String> {
    if let Some(processors) = processor["processors"].as_array() {
        return processors.iter().find_map(problem);
    }
    let pieces = |key: &str| processor[key].as_array().map_or(&[][..], Vec::as_slice);
    for (key, piece) in [("single", pieces("single")), ("pair", pieces("pair"))]
        .into_iter()
        .flat_map(|(key, pieces)| pieces.iter().map(move |piece| (key, piece)))
    {
        if let Some(token) = piece["SpecialToken"]["id"].as_str()
            && processor["special_tokens"].get(token).is_none()
        {
            return Some(format!(
                "its post_processor puts {token:?} into a text, which special_tokens lacks"
            ));
        }
        if key == "single" && piece["Sequence"]["id"] == "B" {
            return Some(
                "its post_processor wants the second text of a pair where there is one text".to_owned(),
            );
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
            let alone = problem(&template);
            let within = json!({"type": "Sequence", "processors": [{"type": "ByteLevel"}, template]});
            assert_eq!(problem(&within), alone);
            alone
        };
        assert_eq!(of(json!([token("[CLS]"), text("A")])), None);
        assert!(of(json!([token("[CLS]"), text("A"), token("[SEP]")])).unwrap().contains("[SEP]"));
        assert!(of(json!([text("B")])).unwrap().contains("second text"));
        assert_eq!(problem(&Value::Null), None);
    }
}
