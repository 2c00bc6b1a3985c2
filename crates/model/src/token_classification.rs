//! [`TokenClassificationHead`]: one row of outputs for each token.

use burn::module::Module;
use burn::nn::{Dropout, Linear};
use burn::tensor::Tensor;

use crate::dropout::dropout;
use crate::{BertConfig, Head, HeadInput, Initializer, ModelFor, Reads};

/// BERT with a linear classifier over every token, without a pooler.
pub type BertForTokenClassification = ModelFor<TokenClassificationHead>;

/// A linear classifier over the last layer's states.
#[derive(Module, Debug)]
pub struct TokenClassificationHead {
    /// Applied before the classifier: the last of dropout's five places.
    pub dropout: Dropout,
    /// The classifier; its weight is `[hidden, labels]`.
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

    /// Logits, `[rows, labels]`; the logits of padding are meaningless.
    fn forward(&self, input: HeadInput<'_>) -> Tensor<2> {
        self.classifier.forward(dropout(&self.dropout, input.states, input.dropout))
    }

    /// Removes `problem_type`, which describes the labels of texts, not of tokens.
    fn complete_config(config: &mut BertConfig) {
        config.problem_type = None;
    }
}
