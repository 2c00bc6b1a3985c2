//! One label a text.

use burn::module::Module;
use burn::nn::{Dropout, Linear};
use burn::tensor::{Device, Tensor};

use crate::dropout::dropout;
use crate::init::Initializer;
use crate::{BertConfig, BertInput, BertModel, BertPooler, ModelError};

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
        self.classify(output.pooled.unwrap_or_else(|| self.pooler().forward(output.last_hidden_state)))
    }

    pub(crate) fn pooler(&self) -> &BertPooler {
        self.bert.pooler.as_ref().unwrap_or_else(|| panic!("a classification model has a pooler"))
    }

    /// Logits, `[batch, labels]`, of the pooler's output, `[batch, hidden]`.
    pub(crate) fn classify(&self, pooled: Tensor<2>) -> Tensor<2> {
        self.classifier.forward(dropout(&self.dropout, pooled))
    }

    /// The model with new weights in its last `layers` encoder layers and, if asked for, in its pooler, drawn as those of a new
    /// model are (Zhang et al. 2020, "Revisiting Few-sample BERT Fine-tuning"). They depend on `config` and `seed` alone.
    ///
    /// # Errors
    /// The model has fewer layers.
    pub fn reinitialize(
        mut self,
        config: &BertConfig,
        layers: usize,
        pooler: bool,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let own = &mut self.bert.encoder.layer;
        let Some(kept) = own.len().checked_sub(layers) else {
            return Err(ModelError::ReinitLayers { found: layers, layers: own.len() });
        };
        let mut new = Self::build(config, &Initializer::new(config, seed, device));
        own.truncate(kept);
        own.extend(new.bert.encoder.layer.split_off(kept));
        if pooler {
            self.bert.pooler = new.bert.pooler;
        }
        Ok(self)
    }
}
