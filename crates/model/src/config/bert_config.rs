//! [`BertConfig`].

use serde::Deserialize;
use serde_json::{Map, Value};

use super::head_function::HeadFunction;
use super::labels::{MULTI_LABEL, REGRESSION, SINGLE_LABEL, generic_labels};
use super::values;
use crate::HiddenAct;

/// A BERT checkpoint's `config.json`. Fields have the names of its keys; a key that is not there has the default that
/// `transformers` gives it.
///
/// [`from_file`](Self::from_file) and [`from_json`](Self::from_json) read and check all of it; `Deserialize` alone reads neither
/// the labels nor the problem type, and checks nothing.
///
/// ```
/// use embert_model::BertConfig;
///
/// let config = BertConfig::from_json(r#"{"model_type": "bert", "hidden_size": 384, "num_hidden_layers": 6}"#)?;
/// assert_eq!(config.head_dim(), 32);
/// assert_eq!(config.vocab_size, 30_522);
/// # Ok::<(), embert_model::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct BertConfig {
    /// Rows of the word embedding: token ids are below this number.
    #[serde(deserialize_with = "values::whole_number")]
    pub vocab_size: usize,
    /// Width of every hidden state.
    #[serde(deserialize_with = "values::whole_number")]
    pub hidden_size: usize,
    /// Encoder layers.
    #[serde(deserialize_with = "values::whole_number")]
    pub num_hidden_layers: usize,
    /// Attention heads a layer; divides `hidden_size`.
    #[serde(deserialize_with = "values::whole_number")]
    pub num_attention_heads: usize,
    /// Width between the two dense layers of the feed-forward block.
    #[serde(deserialize_with = "values::whole_number")]
    pub intermediate_size: usize,
    /// Activation of the feed-forward block.
    #[serde(deserialize_with = "values::hidden_act")]
    pub hidden_act: HiddenAct,
    /// Dropout after the embeddings, the attention output and the feed-forward output, in `0..1`.
    #[serde(deserialize_with = "values::number")]
    pub hidden_dropout_prob: f64,
    /// Dropout on attention probabilities, in `0..1`.
    #[serde(deserialize_with = "values::number")]
    pub attention_probs_dropout_prob: f64,
    /// Dropout before the classifier, in `0..1`; `hidden_dropout_prob` where it is `None`.
    #[serde(deserialize_with = "values::number_or_null")]
    pub classifier_dropout: Option<f64>,
    /// The longest input in tokens, special tokens included.
    #[serde(deserialize_with = "values::whole_number")]
    pub max_position_embeddings: usize,
    /// How many segments there are: token type ids are below this number.
    #[serde(deserialize_with = "values::whole_number")]
    pub type_vocab_size: usize,
    /// Standard deviation of new weights.
    #[serde(deserialize_with = "values::number")]
    pub initializer_range: f64,
    /// Added to the variance in every layer normalization.
    #[serde(deserialize_with = "values::number")]
    pub layer_norm_eps: f64,
    /// The padding token, whose row of a new word embedding is zero.
    #[serde(deserialize_with = "values::whole_number_or_null")]
    pub pad_token_id: Option<usize>,
    /// The labels' names, by index. `LABEL_0`, `LABEL_1`, ... where the checkpoint does not name them.
    #[serde(skip)]
    pub id2label: Vec<String>,
    /// The kind of problem that the head was trained for: `single_label_classification`, `multi_label_classification` or
    /// `regression`. [`head_function`](Self::head_function) says what follows for the outputs.
    #[serde(skip)]
    pub problem_type: Option<String>,
    /// The classes that the checkpoint was saved from.
    #[serde(deserialize_with = "values::class_names")]
    pub architectures: Vec<String>,
    /// Every other key with its value, written back unchanged.
    #[serde(flatten)]
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
    /// The same config with these labels, in this order; a text has one of them.
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

    /// The function on the head's outputs: none for `problem_type` `regression`, a sigmoid for
    /// `multi_label_classification` and for a single output, else a softmax.
    pub fn head_function(&self) -> HeadFunction {
        match self.problem_type.as_deref() {
            Some(REGRESSION) => HeadFunction::Identity,
            Some(MULTI_LABEL) => HeadFunction::Sigmoid,
            _ if self.num_labels() == 1 => HeadFunction::Sigmoid,
            _ => HeadFunction::Softmax,
        }
    }
}
