//! What `config.json` says about a BERT checkpoint.

mod head;
mod read;

use std::fmt;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

pub use self::head::HeadFunction;
use self::head::{Head, SINGLE_LABEL, generic_labels};
use crate::{HiddenAct, ModelError};

/// The deepest BERT that somebody published has 48 layers.
const MAX_LAYERS: usize = 1000;

/// 64 GiB of 32-bit floats: fifty times the largest BERT that somebody published.
const MAX_PARAMETERS: u128 = 1 << 34;

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
    /// What the head was trained for: `single_label_classification`, `multi_label_classification` or `regression`. What it means
    /// for the outputs is [`head_function`](Self::head_function).
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
    ///
    /// # Errors
    /// It can't be read, is not BERT's, states something that is not implemented, or contradicts itself.
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
        // Each layer is some hundred allocations, whatever its width.
        if self.num_hidden_layers > MAX_LAYERS {
            let expected = format!("at most {MAX_LAYERS}");
            return Err(origin.bad("num_hidden_layers", self.num_hidden_layers, &expected));
        }
        let parameters = self.parameters();
        if parameters > MAX_PARAMETERS {
            return Err(ModelError::TooLarge {
                origin: origin.0.to_owned(),
                parameters,
                most: MAX_PARAMETERS,
            });
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
        Head { labels: self.id2label.clone(), problem_type: self.problem_type.clone() }.check(origin)
    }

    /// The encoder's parameters, but for its biases and normalizations. The sizes are at most 2^28, so this can't overflow.
    fn parameters(&self) -> u128 {
        let [hidden, inner, layers] =
            [self.hidden_size, self.intermediate_size, self.num_hidden_layers].map(|size| size as u128);
        let rows = (self.vocab_size + self.max_position_embeddings + self.type_vocab_size) as u128;
        rows * hidden + layers * (4 * hidden * hidden + 2 * hidden * inner) + hidden * hidden
    }

    /// The same model with these labels, in this order, of which a text has one.
    #[must_use]
    pub fn with_labels<S: Into<String>>(mut self, labels: impl IntoIterator<Item = S>) -> Self {
        self.id2label = labels.into_iter().map(Into::into).collect();
        self.problem_type = (self.num_labels() > 1).then(|| SINGLE_LABEL.to_owned());
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

    /// Whether a tokenizer that gives a text, or a pair, this many token types fits the model in `dir`.
    ///
    /// # Errors
    /// It gives more than `type_vocab_size`.
    pub fn check_token_types(&self, dir: &Path, is_pair: bool, types: usize) -> Result<(), ModelError> {
        if types <= self.type_vocab_size {
            return Ok(());
        }
        let what = if is_pair { "pairs of texts" } else { "a text" };
        Err(ModelError::TokenTypes {
            dir: dir.to_owned(),
            what,
            types,
            type_vocab_size: self.type_vocab_size,
        })
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

/// A checkpoint's config, and what it says of its head: that is judged apart, since a new head needs none of it.
pub(crate) struct CheckpointConfig {
    /// Its labels are `LABEL_0` and `LABEL_1` where `head` is an error.
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
        let (config, head) = read::parse(text, &Origin(origin))?;
        let (head, judged) = match head {
            Ok(head) => (head, Ok(())),
            Err(error) => (Head::default(), Err(error)),
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
}
