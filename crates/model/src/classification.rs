//! One label a text.

use burn::module::Module;
use burn::nn::{Dropout, Linear};
use burn::tensor::{Device, Tensor};

use crate::dropout::dropout;
use crate::init::Initializer;
use crate::{BertConfig, BertInput, BertModel, ModelError};

/// BERT with a linear classifier over the pooled first token.
#[derive(Module, Debug)]
pub struct BertForSequenceClassification {
    /// The encoder, always with a pooler.
    pub bert: BertModel,
    /// The last of the five places.
    pub dropout: Dropout,
    /// `[hidden, labels]`.
    pub classifier: Linear,
}

impl BertForSequenceClassification {
    /// A model with new weights, as many labels as `config` names. The weights depend on `config` and `seed` alone.
    pub fn from_config(config: &BertConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        config.validate()?;
        Ok(Self::build(config, &Initializer::new(config, seed, device)))
    }

    pub(crate) fn build(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self {
            bert: BertModel::build(config, init, true),
            dropout: Initializer::dropout(config.classifier_dropout_prob()),
            classifier: init.linear(config.hidden_size, config.num_labels()),
        }
    }

    /// Logits, `[batch, labels]`.
    ///
    /// # Panics
    /// As [`BertModel::forward`]; also if somebody took the pooler out.
    pub fn forward(&self, input: BertInput) -> Tensor<2> {
        let output = self.bert.forward(input);
        let pooled = output.pooled.unwrap_or_else(|| panic!("a classification model has a pooler"));
        self.classifier.forward(dropout(&self.dropout, pooled))
    }
}
