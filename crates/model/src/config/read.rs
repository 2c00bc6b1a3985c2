//! Reads the text of a `config.json` into a [`BertConfig`].

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::activation_fn;
use super::bert_config::BertConfig;
use super::labels::{HeadKeys, HeadLabels};
use super::origin::Origin;
use super::restricted::refuse_restricted;
use crate::ModelError;

impl BertConfig {
    /// Reads and checks a `config.json`.
    ///
    /// # Errors
    /// The file can't be read, is not BERT's, has a value that is not implemented, or contradicts itself.
    pub fn from_file(path: &Path) -> Result<Self, ModelError> {
        CheckpointConfig::from_file(path)?.with_head()
    }

    /// Reads and checks the text of a `config.json`.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_json(text: &str) -> Result<Self, ModelError> {
        CheckpointConfig::parse(text, "config")?.with_head()
    }
}

/// A checkpoint's config, and whether the keys that describe its head can be used: a new head needs none of
/// them.
pub(crate) struct CheckpointConfig {
    /// The config. Its labels are `LABEL_0` and `LABEL_1` if `head` is an error.
    pub(crate) config: BertConfig,
    pub(crate) head: Result<(), ModelError>,
}

impl CheckpointConfig {
    pub(crate) fn from_file(path: &Path) -> Result<Self, ModelError> {
        let text =
            fs::read_to_string(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, &path.display().to_string())
    }

    fn parse(text: &str, origin: &str) -> Result<Self, ModelError> {
        let (config, head) = parse(text, &Origin(origin))?;
        let (head, judged) = match head {
            Ok(head) => (head, Ok(())),
            Err(error) => (HeadLabels::default(), Err(error)),
        };
        let config = BertConfig { id2label: head.labels, problem_type: head.problem_type, ..config };
        config.check(&Origin(origin))?;
        Ok(Self { config, head: judged })
    }

    /// The config for a model whose head is the checkpoint's.
    pub(crate) fn with_head(self) -> Result<BertConfig, ModelError> {
        self.head.map(|()| self.config)
    }
}

/// The config without labels and problem type, and the head's labels or the error in the head's keys.
fn parse(
    text: &str,
    origin: &Origin<'_>,
) -> Result<(BertConfig, Result<HeadLabels, ModelError>), ModelError> {
    let mut map = serde_json::from_str::<Map<String, Value>>(text)
        .map_err(|source| ModelError::Json { origin: origin.0.to_owned(), source })?;
    refuse_other_architectures(&map, origin)?;
    refuse_restricted(&map, origin)?;
    map.shift_remove("model_type");
    let mut take = |key| map.shift_remove(key).unwrap_or_default();
    // An error in the head's keys counts only if the checkpoint's head is used.
    let head = HeadKeys {
        id2label: take("id2label"),
        label2id: take("label2id"),
        num_labels: take("num_labels"),
        problem_type: take("problem_type"),
    };
    let activation = activation_fn::check(&map, origin);
    let config =
        serde_path_to_error::deserialize(Value::Object(map)).map_err(|error| ModelError::ConfigValue {
            origin: origin.0.to_owned(),
            key: error.path().to_string(),
            problem: error.inner().to_string(),
        })?;
    // With several outputs, nobody reads it.
    let head = head.read(origin).and_then(|head| match head.labels.len() {
        1 => activation.map(|()| head),
        _ => Ok(head),
    });
    Ok((config, head))
}

/// Refuses, by name, architectures other than BERT.
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

/// The usual spelling of the architectures that are most often mistaken for BERT.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::HeadFunction;

    fn error(text: &str) -> String {
        BertConfig::from_json(text).unwrap_err().to_string()
    }

    #[test]
    fn missing_keys_have_the_reference_defaults() {
        assert_eq!(BertConfig::from_json("{}").unwrap(), BertConfig::default());
    }

    #[test]
    fn other_architectures_are_refused_by_name() {
        for (kind, name) in [("distilbert", "DistilBERT"), ("roberta", "RoBERTa"), ("made-up", "made-up")] {
            let text = format!(r#"{{"model_type": "{kind}"}}"#);
            assert!(error(&text).contains(&format!("a {name} checkpoint")), "{}", error(&text));
        }
        assert!(error(r#"{"architectures": ["RobertaModel"]}"#).contains("RobertaModel"));
    }

    #[test]
    fn bad_values_name_key_value_and_remedy() {
        for (text, message) in [
            (r#"{"hidden_size": "big"}"#, r#""hidden_size" is "big", expected a whole number"#),
            (
                r#"{"hidden_size": 770}"#,
                r#""hidden_size" is 770, expected a multiple of "num_attention_heads" (12)"#,
            ),
            (
                r#"{"num_attention_heads": 0}"#,
                r#""num_attention_heads" is 0, expected a number of at least 1"#,
            ),
            (r#"{"num_hidden_layers": 1001}"#, r#""num_hidden_layers" is 1001, expected at most 1000"#),
            (
                r#"{"vocab_size": 268435456}"#,
                "make a model of 206244349440 parameters, expected at most 17179869184",
            ),
            (r#"{"vocab_size": 1000000000000}"#, r#""vocab_size" is 1000000000000"#),
            (r#"{"hidden_act": "prelu"}"#, r#""hidden_act" is "prelu", expected one of gelu,"#),
            (r#"{"hidden_dropout_prob": 1}"#, r#""hidden_dropout_prob" is 1, expected a probability"#),
            (r#"{"position_embedding_type": "relative_key"}"#, r#"expected "absolute""#),
            (r#"{"is_decoder": true}"#, "only the encoder"),
            (r#"{"id2label": {"0": "a", "2": "b"}}"#, "without gaps"),
            (r#"{"id2label": {"0": "a", "1": "a"}}"#, r#""a" twice"#),
            (r#"{"id2label": {"0": "a", "1": "b"}, "num_labels": 3}"#, r#""num_labels" is 3, expected 2"#),
            (r#"{"num_labels": 0}"#, r#""num_labels" is 0"#),
            (r#"{"pad_token_id": 30522}"#, r#""pad_token_id" is 30522"#),
            ("[]", "not valid JSON"),
            ("", "not valid JSON"),
        ] {
            assert!(error(text).contains(message), "{text}: {}", error(text));
        }
    }

    #[test]
    fn every_key_survives_a_round_trip() {
        let text = r#"{"model_type": "bert", "hidden_size": 24, "pad_token_id": null, "use_cache": true,
            "_name_or_path": "x/y", "nested": {"b": [1, 2], "a": null}, "classifier_dropout": 0.25,
            "hidden_act": "gelu_pytorch_tanh", "id2label": {"0": "no", "1": "yes", "2": "maybe"}}"#;
        let config = BertConfig::from_json(text).unwrap();
        let written: Map<String, Value> = serde_json::from_str(&config.to_json()).unwrap();
        for (key, value) in serde_json::from_str::<Map<String, Value>>(text).unwrap() {
            assert_eq!(written.get(&key), Some(&value), "{key}");
        }
        assert_eq!(written["label2id"], json!({"no": 0, "yes": 1, "maybe": 2}));
        assert_eq!(written["num_labels"], json!(3));
        assert_eq!(BertConfig::from_json(&config.to_json()).unwrap().to_json(), config.to_json());
    }

    #[test]
    fn classifier_dropout_falls_back_to_the_hidden_one() {
        let config =
            BertConfig::from_json(r#"{"classifier_dropout": null, "hidden_dropout_prob": 0.3}"#).unwrap();
        assert!((config.classifier_dropout_prob() - 0.3).abs() < f64::EPSILON);
    }

    fn labels(text: &str) -> Vec<String> {
        BertConfig::from_json(text).unwrap().id2label
    }

    #[test]
    fn labels_come_by_id_by_name_or_by_number() {
        assert_eq!(labels(r#"{"id2label": {"1": "pos", "0": "neg"}}"#), ["neg", "pos"]);
        assert_eq!(labels(r#"{"label2id": {"pos": 1, "neg": "0"}}"#), ["neg", "pos"]);
        assert_eq!(labels(r#"{"num_labels": 3}"#), ["LABEL_0", "LABEL_1", "LABEL_2"]);
        assert_eq!(labels(r#"{"id2label": null, "label2id": null}"#), ["LABEL_0", "LABEL_1"]);
        assert_eq!(labels(r#"{"label2id": {}, "num_labels": null}"#), ["LABEL_0", "LABEL_1"]);
        let eleven: Map<_, _> = (0..11).map(|id| (id.to_string(), json!(format!("label {id}")))).collect();
        assert_eq!(labels(&json!({ "id2label": eleven }).to_string())[10], "label 10");
    }

    #[test]
    fn numbers_are_names_and_keys_are_read_as_python_reads_integers() {
        assert_eq!(labels(r#"{"id2label": {"0": 0, "1": 1}, "label2id": {"0": 0, "1": 1}}"#), ["0", "1"]);
        assert_eq!(labels(r#"{"id2label": {" 0 ": 0.5, "+1": -3}}"#), ["0.5", "-3"]);
    }

    #[test]
    fn other_names_in_label2id_do_not_count_and_other_numbers_are_a_contradiction() {
        let text = r#"{"id2label": {"0": "neg", "1": "pos"}, "label2id": {"LABEL_1": 0, "pos": "1"}}"#;
        assert_eq!(labels(text), ["neg", "pos"]);
        let text = r#"{"id2label": {"0": "neg", "1": "pos"}, "label2id": {"neg": 1, "pos": 0}}"#;
        let error = BertConfig::from_json(text).unwrap_err().to_string();
        assert!(error.contains(r#""label2id.neg" is 1, expected 0, as in "id2label""#), "{error}");
    }

    #[test]
    fn the_function_is_the_one_that_the_pipeline_chooses() {
        for (labels, kind, function) in [
            (1, Value::Null, HeadFunction::Sigmoid),
            (1, json!("regression"), HeadFunction::Identity),
            (1, json!("multi_label_classification"), HeadFunction::Sigmoid),
            (3, Value::Null, HeadFunction::Softmax),
            (3, json!("single_label_classification"), HeadFunction::Softmax),
            (3, json!("multi_label_classification"), HeadFunction::Sigmoid),
            (3, json!("regression"), HeadFunction::Identity),
        ] {
            let text = json!({"num_labels": labels, "problem_type": kind}).to_string();
            assert_eq!(BertConfig::from_json(&text).unwrap().head_function(), function, "{text}");
        }
    }
}
