//! [`TokenClassificationHead`]: one row of outputs for each token.

use burn::module::Module;
use burn::nn::{Dropout, Linear};
use burn::tensor::Tensor;

use crate::dropout::dropout;
use crate::{BertConfig, Head, HeadInput, Initializer, ModelFor, Reads};

/// BERT without a pooler and with a linear classifier over every token.
pub type BertForTokenClassification = ModelFor<TokenClassificationHead>;

/// A linear classifier over the last layer's states.
#[derive(Module, Debug)]
pub struct TokenClassificationHead {
    /// Before the classifier: the last of the five places of dropout.
    pub dropout: Dropout,
    /// `[hidden, labels]`.
    pub classifier: Linear,
}

impl Head for TokenClassificationHead {
    const ARCHITECTURE: &'static str = "BertForTokenClassification";
    const KEYS: Option<&'static str> = Some("classifier.");
    const READS: Reads = Reads::AllTokens;

    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self {
            dropout: Initializer::dropout(config.classifier_dropout_prob()),
            classifier: init.linear(config.hidden_size, config.num_labels()),
        }
    }

    /// Logits, `[rows, labels]`; those of padding mean nothing.
    fn forward(&self, input: HeadInput<'_>) -> Tensor<2> {
        self.classifier.forward(dropout(&self.dropout, input.states, input.dropout))
    }

    /// `problem_type` says what a text's labels are: a model that labels tokens has none.
    fn complete_config(config: &mut BertConfig) {
        config.problem_type = None;
    }
}
