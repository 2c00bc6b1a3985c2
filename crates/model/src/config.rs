//! What `config.json` says about a BERT checkpoint.

use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::ModelError;

/// The activation between the two dense layers of the feed-forward block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HiddenAct {
    /// `x * Φ(x)` with the error function, as BERT was trained.
    #[default]
    Gelu,
    /// The tanh form of GELU, under its older name.
    GeluNew,
    /// The tanh form of GELU, under PyTorch's name.
    GeluPytorchTanh,
    /// `max(x, 0)`.
    Relu,
}

impl HiddenAct {
    const ALL: [Self; 4] = [Self::Gelu, Self::GeluNew, Self::GeluPytorchTanh, Self::Relu];

    fn name(self) -> &'static str {
        match self {
            Self::Gelu => "gelu",
            Self::GeluNew => "gelu_new",
            Self::GeluPytorchTanh => "gelu_pytorch_tanh",
            Self::Relu => "relu",
        }
    }

    fn parse(text: &str, origin: &Origin<'_>) -> Result<Self, ModelError> {
        Self::ALL.into_iter().find(|act| act.name() == text).ok_or_else(|| {
            origin.bad("hidden_act", format!("\"{text}\""), "gelu, gelu_new, gelu_pytorch_tanh or relu")
        })
    }
}

impl fmt::Display for HiddenAct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HiddenAct {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        Self::parse(text, &Origin("config"))
    }
}

/// A BERT checkpoint's `config.json`. Fields have the names of its keys; a key that is not there has the default that
/// `transformers` gives it.
///
/// ```
/// use embert_model::BertConfig;
///
/// let config = BertConfig::from_json(r#"{"model_type": "bert", "hidden_size": 384, "num_hidden_layers": 6}"#)?;
/// assert_eq!(config.head_dim(), 32);
/// assert_eq!(config.vocab_size, 30_522);
/// # Ok::<(), embert_model::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BertConfig {
    /// Rows of the word embedding: token ids are below this.
    pub vocab_size: usize,
    /// Width of every hidden state.
    pub hidden_size: usize,
    /// Encoder layers.
    pub num_hidden_layers: usize,
    /// Attention heads a layer; divides `hidden_size`.
    pub num_attention_heads: usize,
    /// Width between the two dense layers of the feed-forward block.
    pub intermediate_size: usize,
    /// Activation of the feed-forward block.
    pub hidden_act: HiddenAct,
    /// Dropout after the embeddings, the attention output and the feed-forward output, in `0..1`.
    pub hidden_dropout_prob: f64,
    /// Dropout on attention probabilities, in `0..1`.
    pub attention_probs_dropout_prob: f64,
    /// Dropout before the classifier, in `0..1`; `hidden_dropout_prob` where it is `None`.
    pub classifier_dropout: Option<f64>,
    /// The longest input in tokens, special tokens included.
    pub max_position_embeddings: usize,
    /// How many segments there are: token type ids are below this.
    pub type_vocab_size: usize,
    /// Standard deviation of new weights.
    pub initializer_range: f64,
    /// Added to the variance in every layer normalization.
    pub layer_norm_eps: f64,
    /// The padding token, whose row of a new word embedding is zero.
    pub pad_token_id: Option<usize>,
    /// The labels' names, by index. `LABEL_0`, `LABEL_1`, ... where the checkpoint does not name them.
    pub id2label: Vec<String>,
    /// What the head was trained for: `single_label_classification` in all that we write.
    pub problem_type: Option<String>,
    /// The classes that the checkpoint was saved from.
    pub architectures: Vec<String>,
    /// Every other key, kept as it was and written back.
    pub extra: Map<String, Value>,
}

impl Default for BertConfig {
    /// `transformers`' defaults, which are bert-base-uncased's.
    fn default() -> Self {
        Self {
            vocab_size: 30_522,
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            hidden_act: HiddenAct::Gelu,
            hidden_dropout_prob: 0.1,
            attention_probs_dropout_prob: 0.1,
            classifier_dropout: None,
            max_position_embeddings: 512,
            type_vocab_size: 2,
            initializer_range: 0.02,
            layer_norm_eps: 1e-12,
            pad_token_id: Some(0),
            id2label: generic_labels(2),
            problem_type: None,
            architectures: Vec::new(),
            extra: Map::new(),
        }
    }
}

impl BertConfig {
    /// Reads and checks a `config.json`.
    pub fn from_file(path: &Path) -> Result<Self, ModelError> {
        let text =
            fs::read_to_string(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads and checks the text of a `config.json`.
    pub fn from_json(text: &str) -> Result<Self, ModelError> {
        Self::parse(text, "config")
    }

    fn parse(text: &str, origin: &str) -> Result<Self, ModelError> {
        let map = serde_json::from_str::<Map<String, Value>>(text)
            .map_err(|source| ModelError::Json { origin: origin.to_owned(), source })?;
        let mut keys = Keys { map, origin: Origin(origin) };
        keys.refuse_other_architectures()?;

        let default = Self::default();
        let config = Self {
            vocab_size: keys.count("vocab_size", default.vocab_size)?,
            hidden_size: keys.count("hidden_size", default.hidden_size)?,
            num_hidden_layers: keys.count("num_hidden_layers", default.num_hidden_layers)?,
            num_attention_heads: keys.count("num_attention_heads", default.num_attention_heads)?,
            intermediate_size: keys.count("intermediate_size", default.intermediate_size)?,
            hidden_act: match keys.text("hidden_act")? {
                Some(text) => HiddenAct::parse(&text, &keys.origin)?,
                None => default.hidden_act,
            },
            hidden_dropout_prob: keys.number("hidden_dropout_prob")?.unwrap_or(default.hidden_dropout_prob),
            attention_probs_dropout_prob: keys
                .number("attention_probs_dropout_prob")?
                .unwrap_or(default.attention_probs_dropout_prob),
            classifier_dropout: keys.number("classifier_dropout")?,
            max_position_embeddings: keys
                .count("max_position_embeddings", default.max_position_embeddings)?,
            type_vocab_size: keys.count("type_vocab_size", default.type_vocab_size)?,
            initializer_range: keys.number("initializer_range")?.unwrap_or(default.initializer_range),
            layer_norm_eps: keys.number("layer_norm_eps")?.unwrap_or(default.layer_norm_eps),
            pad_token_id: keys.pad_token_id()?,
            id2label: keys.labels()?,
            problem_type: keys.text("problem_type")?,
            architectures: keys.architectures()?,
            extra: keys.map,
        };
        config.check(&Origin(origin))?;
        Ok(config)
    }

    /// Checks that the values can make a model.
    pub fn validate(&self) -> Result<(), ModelError> {
        self.check(&Origin("config"))
    }

    fn check(&self, origin: &Origin<'_>) -> Result<(), ModelError> {
        for (key, value) in [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ] {
            // The bound keeps every product of two sizes far inside 64 bits.
            if !(1..=1 << 28).contains(&value) {
                return Err(origin.bad(key, value, "a number of at least 1 and at most 2^28"));
            }
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let expected = format!("a multiple of \"num_attention_heads\" ({})", self.num_attention_heads);
            return Err(origin.bad("hidden_size", self.hidden_size, &expected));
        }
        for (key, value) in [
            ("hidden_dropout_prob", self.hidden_dropout_prob),
            ("attention_probs_dropout_prob", self.attention_probs_dropout_prob),
            ("classifier_dropout", self.classifier_dropout.unwrap_or(0.0)),
        ] {
            if !(0.0..1.0).contains(&value) {
                return Err(origin.bad(key, value, "a probability of at least 0 and below 1"));
            }
        }
        if !(self.initializer_range.is_finite() && self.initializer_range >= 0.0) {
            return Err(origin.bad(
                "initializer_range",
                self.initializer_range,
                "a finite number of at least 0",
            ));
        }
        if !(self.layer_norm_eps.is_finite() && self.layer_norm_eps > 0.0) {
            return Err(origin.bad("layer_norm_eps", self.layer_norm_eps, "a finite number above 0"));
        }
        if let Some(pad) = self.pad_token_id.filter(|pad| *pad >= self.vocab_size) {
            return Err(origin.bad(
                "pad_token_id",
                pad,
                &format!("a token below \"vocab_size\" ({})", self.vocab_size),
            ));
        }
        if self.id2label.is_empty() {
            return Err(origin.bad("id2label", "empty", "at least one label"));
        }
        for (index, label) in self.id2label.iter().enumerate() {
            if self.id2label[..index].contains(label) {
                return Err(origin.bad(
                    "id2label",
                    format!("\"{label}\" twice"),
                    "a name of its own for each label",
                ));
            }
        }
        Ok(())
    }

    /// The same model with these labels, in this order.
    #[must_use]
    pub fn with_labels<S: Into<String>>(mut self, labels: impl IntoIterator<Item = S>) -> Self {
        self.id2label = labels.into_iter().map(Into::into).collect();
        self
    }

    /// How many labels the classifier chooses from.
    pub fn num_labels(&self) -> usize {
        self.id2label.len()
    }

    /// The index of the label with this name.
    pub fn label_index(&self, name: &str) -> Option<usize> {
        self.id2label.iter().position(|label| label == name)
    }

    /// Whether the labels are `LABEL_0`, `LABEL_1`, ...: names that `transformers` makes up where nobody gave any.
    pub fn has_generic_labels(&self) -> bool {
        self.id2label == generic_labels(self.id2label.len())
    }

    /// Width of one attention head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// The dropout in force before the classifier.
    pub fn classifier_dropout_prob(&self) -> f64 {
        self.classifier_dropout.unwrap_or(self.hidden_dropout_prob)
    }

    /// The text of a `config.json`, keys sorted as `transformers` sorts them, ending in a newline.
    pub fn to_json(&self) -> String {
        let labels = || self.id2label.iter().enumerate();
        let id2label: Value = labels().map(|(index, label)| (index.to_string(), json!(label))).collect();
        let label2id: Value = labels().map(|(index, label)| (label.clone(), json!(index))).collect();
        let mut map = self.extra.clone();
        let known = [
            ("architectures", json!(self.architectures)),
            ("attention_probs_dropout_prob", json!(self.attention_probs_dropout_prob)),
            ("classifier_dropout", json!(self.classifier_dropout)),
            ("hidden_act", json!(self.hidden_act.name())),
            ("hidden_dropout_prob", json!(self.hidden_dropout_prob)),
            ("hidden_size", json!(self.hidden_size)),
            ("id2label", id2label),
            ("initializer_range", json!(self.initializer_range)),
            ("intermediate_size", json!(self.intermediate_size)),
            ("label2id", label2id),
            ("layer_norm_eps", json!(self.layer_norm_eps)),
            ("max_position_embeddings", json!(self.max_position_embeddings)),
            ("model_type", json!("bert")),
            ("num_attention_heads", json!(self.num_attention_heads)),
            ("num_hidden_layers", json!(self.num_hidden_layers)),
            ("num_labels", json!(self.num_labels())),
            ("pad_token_id", json!(self.pad_token_id)),
            ("problem_type", json!(self.problem_type)),
            ("type_vocab_size", json!(self.type_vocab_size)),
            ("vocab_size", json!(self.vocab_size)),
        ];
        map.extend(known.map(|(key, value)| (key.to_owned(), value)));
        map.sort_keys();
        format!("{:#}\n", Value::Object(map))
    }
}

fn generic_labels(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("LABEL_{index}")).collect()
}

/// Where a config came from, for error messages.
struct Origin<'a>(&'a str);

impl Origin<'_> {
    fn bad(&self, key: &str, found: impl fmt::Display, expected: &str) -> ModelError {
        ModelError::Config {
            origin: self.0.to_owned(),
            key: key.to_owned(),
            found: found.to_string(),
            expected: expected.to_owned(),
        }
    }
}

/// The keys that are not read yet; what is left in the end is [`BertConfig::extra`].
struct Keys<'a> {
    map: Map<String, Value>,
    origin: Origin<'a>,
}

impl Keys<'_> {
    /// Takes a key out; null counts as missing.
    fn take(&mut self, key: &str) -> Option<Value> {
        self.map.shift_remove(key).filter(|value| !value.is_null())
    }

    fn count(&mut self, key: &str, default: usize) -> Result<usize, ModelError> {
        let Some(value) = self.take(key) else { return Ok(default) };
        value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .ok_or_else(|| self.origin.bad(key, &value, "a whole number of at least 0"))
    }

    fn number(&mut self, key: &str) -> Result<Option<f64>, ModelError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        value.as_f64().map(Some).ok_or_else(|| self.origin.bad(key, &value, "a number"))
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, ModelError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(value) => Err(self.origin.bad(key, value, "a string")),
        }
    }

    /// Null means that there is no padding token; a missing key means BERT's 0.
    fn pad_token_id(&mut self) -> Result<Option<usize>, ModelError> {
        if self.map.get("pad_token_id").is_some_and(Value::is_null) {
            self.map.shift_remove("pad_token_id");
            return Ok(None);
        }
        self.count("pad_token_id", 0).map(Some)
    }

    fn architectures(&mut self) -> Result<Vec<String>, ModelError> {
        let Some(value) = self.take("architectures") else { return Ok(Vec::new()) };
        serde_json::from_value(value.clone())
            .map_err(|_| self.origin.bad("architectures", value, "an array of class names"))
    }

    /// Refuses by name what is not BERT, or a BERT with parts that we don't have.
    fn refuse_other_architectures(&self) -> Result<(), ModelError> {
        let refuse = |found: &str| ModelError::Architecture {
            origin: self.origin.0.to_owned(),
            found: found.to_owned(),
        };
        match self.map.get("model_type") {
            Some(Value::String(kind)) if kind == "bert" => {}
            Some(Value::String(kind)) => return Err(refuse(display_name(kind))),
            Some(Value::Null) | None => {
                let class =
                    self.map.get("architectures").and_then(|classes| classes.get(0)).and_then(Value::as_str);
                if let Some(class) = class.filter(|class| !class.starts_with("Bert")) {
                    return Err(refuse(class));
                }
            }
            Some(other) => return Err(self.origin.bad("model_type", other, "\"bert\"")),
        }
        match self.map.get("position_embedding_type") {
            Some(Value::String(kind)) if kind == "absolute" => {}
            Some(Value::Null) | None => {}
            Some(other) => return Err(self.origin.bad("position_embedding_type", other, "\"absolute\"")),
        }
        // A decoder masks the future, and one with cross-attention has weights that we don't.
        for key in ["is_decoder", "add_cross_attention"] {
            if let Some(other) =
                self.map.get(key).filter(|value| **value != Value::Bool(false) && !value.is_null())
            {
                return Err(self.origin.bad(key, other, "false: only the encoder is implemented"));
            }
        }
        Ok(())
    }

    /// `id2label`, else `label2id`, else as many generic names as `num_labels` says, else two.
    fn labels(&mut self) -> Result<Vec<String>, ModelError> {
        let count = match self.map.get("num_labels") {
            Some(value) if !value.is_null() => Some(self.count("num_labels", 0)?),
            _ => None,
        };
        let by_id = self.take("id2label");
        let by_name = self.take("label2id");
        let (key, pairs) = match (&by_id, &by_name) {
            (Some(Value::Object(map)), _) => {
                let pair =
                    |(id, name): (&String, &Value)| Some((id.parse().ok()?, name.as_str()?.to_owned()));
                ("id2label", map.iter().map(pair).collect::<Option<Vec<(usize, String)>>>())
            }
            (Some(_), _) => ("id2label", None),
            (None, Some(Value::Object(map))) => {
                let pair =
                    |(name, id): (&String, &Value)| Some((usize::try_from(id.as_u64()?).ok()?, name.clone()));
                ("label2id", map.iter().map(pair).collect())
            }
            (None, Some(_)) => ("label2id", None),
            (None, None) => {
                return match count {
                    Some(count @ 1..=1_000_000) => Ok(generic_labels(count)),
                    Some(count) => {
                        Err(self.origin.bad("num_labels", count, "at least 1 and at most 1,000,000"))
                    }
                    None => Ok(generic_labels(2)),
                };
            }
        };
        let found = by_id.or(by_name).unwrap_or_default();
        let bad = || self.origin.bad(key, &found, "a label for each index from 0, without gaps");

        let mut pairs = pairs.ok_or_else(bad)?;
        pairs.sort_unstable();
        if pairs.iter().enumerate().any(|(index, (id, _))| index != *id) {
            return Err(bad());
        }
        if let Some(count) = count.filter(|count| *count != pairs.len()) {
            return Err(self.origin.bad("num_labels", count, &format!("{}, as in \"{key}\"", pairs.len())));
        }
        Ok(pairs.into_iter().map(|(_, name)| name).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

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
            (r#"{"vocab_size": 1000000000000}"#, r#""vocab_size" is 1000000000000"#),
            (r#"{"hidden_act": "swish"}"#, r#""hidden_act" is "swish", expected gelu,"#),
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
    fn labels_come_by_id_by_name_or_by_number() {
        let labels = |text: &str| BertConfig::from_json(text).unwrap().id2label;
        assert_eq!(labels(r#"{"id2label": {"1": "pos", "0": "neg"}}"#), ["neg", "pos"]);
        assert_eq!(labels(r#"{"label2id": {"pos": 1, "neg": 0}}"#), ["neg", "pos"]);
        assert_eq!(labels(r#"{"num_labels": 3}"#), ["LABEL_0", "LABEL_1", "LABEL_2"]);
        let eleven: Map<_, _> = (0..11).map(|id| (id.to_string(), json!(format!("label {id}")))).collect();
        assert_eq!(labels(&json!({ "id2label": eleven }).to_string())[10], "label 10");
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
}
