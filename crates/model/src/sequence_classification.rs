//! [`SequenceClassificationHead`]: one row of outputs for each text.

use burn::module::Module;
use burn::nn::{Dropout, Linear};
use burn::tensor::Tensor;

use crate::dropout::dropout;
use crate::{BertConfig, Head, HeadFunction, HeadInput, Initializer, ModelFor, Reads};

/// BERT with a linear classifier over the pooled first token.
pub type BertForSequenceClassification = ModelFor<SequenceClassificationHead>;

/// A linear classifier over the pooler's output.
#[derive(Module, Debug)]
pub struct SequenceClassificationHead {
    /// Before the classifier: the last of the five places of dropout.
    pub dropout: Dropout,
    /// `[hidden, labels]`.
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

    /// Without a problem type, readers take a single output for a sigmoid and several for a softmax.
    fn complete_config(config: &mut BertConfig) {
        if config.head_function() == HeadFunction::Softmax {
            config.problem_type = Some("single_label_classification".to_owned());
        }
    }
}
