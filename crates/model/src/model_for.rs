//! [`ModelFor`]: the encoder with a head.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Tensor};

use crate::init::Initializer;
use crate::{
    BertConfig, BertInput, BertModel, BertPooler, DropoutKey, Head, HeadInput, Layout, ModelError, Reads,
};

/// BERT with a head.
///
/// In a checkpoint the encoder's names begin with `bert.` and the head's stand beside them.
#[derive(Module, Debug)]
pub struct ModelFor<H: Module + ModuleDisplay> {
    /// The encoder; with a pooler where the head reads [`Reads::Pooled`].
    pub bert: BertModel,
    /// The head.
    pub head: H,
}

impl<H: Head> ModelFor<H> {
    /// A model with new weights, with the outputs that `config` names. The weights depend on `config` and `seed` alone.
    ///
    /// # Errors
    /// `config` can't make a model.
    pub fn from_config(config: &BertConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        config.validate()?;
        Ok(Self::build(config, &Initializer::new(config, seed, device)))
    }

    pub(crate) fn build(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self { bert: BertModel::build(config, init, H::READS == Reads::Pooled), head: H::new(config, init) }
    }

    /// The head's outputs, `[rows, outputs]`: one row a feature, or one a position where the head reads
    /// [`Reads::AllTokens`].
    ///
    /// # Panics
    /// As [`BertModel::forward`]; also where the head reads a pooler's output and the pooler was removed.
    pub fn forward(&self, input: BertInput) -> Tensor<2> {
        let (layout, dropout) = (input.layout.clone(), input.dropout);
        self.forward_head(self.bert.last_hidden_state(input), &layout, dropout)
    }

    /// The head's outputs for the last layer's states, `[batch, seq, hidden]`. `dropout` is the model's key.
    pub(crate) fn forward_head(
        &self,
        last_hidden_state: Tensor<3>,
        layout: &Layout,
        dropout: Option<DropoutKey>,
    ) -> Tensor<2> {
        let states = match H::READS {
            Reads::Pooled => self.pooler().forward(layout.first_tokens(last_hidden_state)),
            Reads::FirstToken => layout.first_tokens(last_hidden_state),
            Reads::AllTokens => layout.all_rows(last_hidden_state),
        };
        self.forward_states(states, layout, dropout)
    }

    /// The head's outputs for the states that it reads, `[rows, hidden]`. `dropout` is the model's key.
    pub(crate) fn forward_states(
        &self,
        states: Tensor<2>,
        layout: &Layout,
        dropout: Option<DropoutKey>,
    ) -> Tensor<2> {
        let (embeddings, dropout) = (&self.bert.embeddings, dropout.map(DropoutKey::head));
        self.head.forward(HeadInput { states, layout, embeddings, dropout })
    }

    pub(crate) fn pooler(&self) -> &BertPooler {
        self.bert
            .pooler
            .as_ref()
            .unwrap_or_else(|| panic!("a model whose head reads the pooler's output has one"))
    }

    /// The model with new weights in its last `layers` encoder layers and, if `pooler` is set, in its pooler, drawn as those of
    /// a new model are (Zhang et al. 2020, "Revisiting Few-sample BERT Fine-tuning"). They depend on `config` and `seed` alone.
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
