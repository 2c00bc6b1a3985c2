//! [`SequenceClassificationHead`]: one row of outputs for each feature.

use burn::module::Module;
use burn::nn::{Dropout, Linear};
use burn::tensor::Tensor;

use crate::dropout::dropout;
use crate::{BertConfig, Head, HeadFunction, HeadInput, Initializer, ModelFor, Reads};

/// BERT with a linear classifier over the pooler's output.
pub type BertForSequenceClassification = ModelFor<SequenceClassificationHead>;

/// A linear classifier over the pooler's output.
#[derive(Module, Debug)]
pub struct SequenceClassificationHead {
    /// Applied before the classifier: the last of dropout's five places.
    pub dropout: Dropout,
    /// The classifier; its weight is `[hidden, labels]`.
    pub classifier: Linear,
}

impl Head for SequenceClassificationHead {
    const ARCHITECTURE: &'static str = "BertForSequenceClassification";
    const KEYS: Option<&'static str> = Some("classifier.");
    const READS: Reads = Reads::Pooled;

    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self {
            dropout: Initializer::dropout(config.classifier_dropout_prob()),
            classifier: init.linear(config.hidden_size, config.num_labels()),
        }
    }

    /// Logits, `[features, labels]`.
    fn forward(&self, input: HeadInput<'_>) -> Tensor<2> {
        self.classifier.forward(dropout(&self.dropout, input.states, input.dropout))
    }

    /// Sets `problem_type` for a softmax. Without it, readers apply a sigmoid to a single output and a
    /// softmax to several.
    fn complete_config(config: &mut BertConfig) {
        if config.head_function() == HeadFunction::Softmax {
            config.problem_type = Some("single_label_classification".to_owned());
        }
    }
}
