//! [`BertConfig`].

use serde::Deserialize;
use serde_json::{Map, Value};

use super::activation_fn;
use super::head_function::HeadFunction;
use super::labels::generic_labels;
use super::problem_type::ProblemType;
use super::values;
use crate::HiddenAct;
use crate::names::HEAD_KEY;

/// A BERT checkpoint's `config.json`. Fields have the names of its keys; a missing key has `transformers`'
/// default.
///
/// [`from_file`](Self::from_file) and [`from_json`](Self::from_json) read and check all keys. `Deserialize`
/// alone does not read the labels or the problem type, and does not check values.
///
/// ```
/// use embert_model::BertConfig;
///
/// let config = BertConfig::from_json(
///     r#"{"model_type": "bert", "hidden_size": 384, "num_hidden_layers": 6}"#,
/// )?;
/// assert_eq!(config.head_dim(), 32);
/// assert_eq!(config.vocab_size, 30_522);
/// # Ok::<(), embert_model::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct BertConfig {
    /// The number of rows of the word embedding: token ids are below this number.
    #[serde(deserialize_with = "values::whole_number")]
    pub vocab_size: usize,
    /// The width of every hidden state.
    #[serde(deserialize_with = "values::whole_number")]
    pub hidden_size: usize,
    /// The number of encoder layers.
    #[serde(deserialize_with = "values::whole_number")]
    pub num_hidden_layers: usize,
    /// The number of attention heads in a layer; divides `hidden_size`.
    #[serde(deserialize_with = "values::whole_number")]
    pub num_attention_heads: usize,
    /// The width between the two dense layers of the feed-forward block.
    #[serde(deserialize_with = "values::whole_number")]
    pub intermediate_size: usize,
    /// The activation of the feed-forward block.
    #[serde(deserialize_with = "values::hidden_act")]
    pub hidden_act: HiddenAct,
    /// Dropout after the embeddings, the attention output and the feed-forward output, in `0..1`.
    #[serde(deserialize_with = "values::number")]
    pub hidden_dropout_prob: f64,
    /// Dropout on attention probabilities, in `0..1`.
    #[serde(deserialize_with = "values::number")]
    pub attention_probs_dropout_prob: f64,
    /// Dropout before the classifier, in `0..1`; `None` for `hidden_dropout_prob`.
    #[serde(deserialize_with = "values::number_or_null")]
    pub classifier_dropout: Option<f64>,
    /// The longest input in tokens, special tokens included.
    #[serde(deserialize_with = "values::whole_number")]
    pub max_position_embeddings: usize,
    /// The number of segments: token type ids are below this number.
    #[serde(deserialize_with = "values::whole_number")]
    pub type_vocab_size: usize,
    /// The standard deviation of new weights.
    #[serde(deserialize_with = "values::number")]
    pub initializer_range: f64,
    /// Added to the variance in every layer normalization.
    #[serde(deserialize_with = "values::number")]
    pub layer_norm_eps: f64,
    /// The padding token, whose row of a new word embedding is zero.
    #[serde(deserialize_with = "values::whole_number_or_null")]
    pub pad_token_id: Option<usize>,
    /// The names of the labels, by index: `LABEL_0`, `LABEL_1`, ... if the checkpoint does not name them.
    #[serde(skip)]
    pub id2label: Vec<String>,
    /// The problem that the head was trained for; `None` if the checkpoint does not name it.
    /// [`head_function`](Self::head_function) is the function on the outputs.
    #[serde(skip)]
    pub problem_type: Option<ProblemType>,
    /// The `transformers` classes that the checkpoint was saved from.
    #[serde(deserialize_with = "values::class_names")]
    pub architectures: Vec<String>,
    /// All other keys with their values, which are written back unchanged.
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
    /// The config with the labels `labels`, in this order, for texts with one label each.
    #[must_use]
    pub fn with_labels<S: Into<String>>(mut self, labels: impl IntoIterator<Item = S>) -> Self {
        self.id2label = labels.into_iter().map(Into::into).collect();
        self.problem_type = (self.num_labels() > 1).then_some(ProblemType::SingleLabelClassification);
        self
    }

    /// The config of a head for the problem `problem_type` with the labels `labels`, in this order.
    ///
    /// Without labels a regression has one output, which keeps the name that a checkpoint's single number
    /// has, and is else called `LABEL_0`; a classification keeps the config's labels. Single-label
    /// classification is [`with_labels`](Self::with_labels).
    #[must_use]
    pub fn with_problem(self, problem_type: ProblemType, labels: Option<&[String]>) -> Self {
        let is_number =
            self.num_labels() == 1 && self.problem_type != Some(ProblemType::MultiLabelClassification);
        let labels = match labels {
            Some(labels) => labels.to_vec(),
            None if problem_type == ProblemType::Regression && !is_number => generic_labels(1),
            None => self.id2label.clone(),
        };
        if problem_type == ProblemType::SingleLabelClassification {
            return self.with_labels(labels);
        }
        let mut config = Self { id2label: labels, problem_type: Some(problem_type), ..self };
        // It was stated for the outputs of another head.
        activation_fn::clear(&mut config.extra);
        config
    }

    /// Makes this the config of a head without labels, with `outputs` outputs: they have generic names and no
    /// problem type.
    pub(crate) fn set_outputs(&mut self, outputs: usize) {
        self.id2label = generic_labels(outputs);
        self.problem_type = None;
        // It was stated for the outputs of another head.
        activation_fn::clear(&mut self.extra);
    }

    /// The function on a single output that the config states for sentence-transformers.
    pub(crate) fn stated_function(&self) -> Option<HeadFunction> {
        activation_fn::function(&self.extra).filter(|_| self.num_labels() == 1)
    }

    /// States for sentence-transformers that the outputs are the scores.
    pub(crate) fn state_identity(&mut self) {
        activation_fn::state_identity(&mut self.extra);
    }

    /// The number of the head's labels.
    pub fn num_labels(&self) -> usize {
        self.id2label.len()
    }

    /// Whether the checkpoint's head may be that of this class in `transformers`. Models for different tasks
    /// (texts, tokens, multiple choice) all call their head "classifier": the class tells them apart. A
    /// checkpoint that names no class may have any head.
    pub(crate) fn is_of(&self, architecture: &str) -> bool {
        self.architectures.is_empty() || self.architectures.iter().any(|class| class == architecture)
    }

    /// The name of a head that no class in `transformers` has ([`Head::OWN_NAME`](crate::Head::OWN_NAME)).
    pub fn own_head(&self) -> Option<&str> {
        self.extra.get(HEAD_KEY).and_then(Value::as_str)
    }

    /// The index of the label called `name`.
    pub fn label_index(&self, name: &str) -> Option<usize> {
        self.id2label.iter().position(|label| label == name)
    }

    /// Whether the labels are `LABEL_0`, `LABEL_1`, ...: the names that `transformers` makes up for unnamed
    /// labels.
    pub fn has_generic_labels(&self) -> bool {
        self.id2label == generic_labels(self.id2label.len())
    }

    /// The width of one attention head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// The dropout that applies before the classifier.
    pub fn classifier_dropout_prob(&self) -> f64 {
        self.classifier_dropout.unwrap_or(self.hidden_dropout_prob)
    }

    /// The function on the head's outputs: none for `problem_type` `regression`, a sigmoid for
    /// `multi_label_classification` and for a single output, else a softmax.
    ///
    /// For a single output, what the config states for sentence-transformers' `CrossEncoder` comes first:
    /// `sentence_transformers.activation_fn`, formerly `sbert_ce_default_activation_function`.
    pub fn head_function(&self) -> HeadFunction {
        if let Some(function) = self.stated_function() {
            return function;
        }
        match self.problem_type {
            Some(ProblemType::Regression) => HeadFunction::Identity,
            Some(ProblemType::MultiLabelClassification) => HeadFunction::Sigmoid,
            _ if self.num_labels() == 1 => HeadFunction::Sigmoid,
            _ => HeadFunction::Softmax,
        }
    }
}
