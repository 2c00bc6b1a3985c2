//! [`ModelFor`]: the encoder with a head.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Int, Tensor};

use crate::init::Initializer;
use crate::{
    BertConfig, BertInput, BertModel, BertPooler, DropoutKey, Head, HeadInput, Layout, ModelError, Reads,
};

/// BERT with a head.
///
/// In a checkpoint the encoder's names begin with `bert.`; the head's names have no prefix.
#[derive(Module, Debug)]
pub struct ModelFor<H: Module + ModuleDisplay> {
    /// The encoder, with a pooler if the head reads [`Reads::Pooled`].
    pub bert: BertModel,
    /// The head.
    pub head: H,
}

impl<H: Head> ModelFor<H> {
    /// A model with new weights and the labels of `config`. The weights depend on `config` and `seed` alone.
    ///
    /// # Errors
    /// `config` is invalid: see [`BertConfig::validate`].
    pub fn from_config(config: &BertConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        config.validate()?;
        Ok(Self::build(config, &Initializer::new(config, seed, device)))
    }

    pub(crate) fn build(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self { bert: BertModel::build(config, init, H::READS == Reads::Pooled), head: H::new(config, init) }
    }

    /// The head's outputs, `[rows, outputs]`: one row a feature, or one row a position if the head reads
    /// [`Reads::AllTokens`].
    ///
    /// # Panics
    /// As [`BertModel::forward`]; also if the head reads the pooler's output and the pooler was removed.
    pub fn forward(&self, input: BertInput) -> Tensor<2> {
        let (layout, dropout) = (input.layout.clone(), input.dropout);
        self.forward_head(self.bert.last_hidden_state(input), &layout, dropout)
    }

    /// The outputs of a head that reads all tokens for some rows alone, `[rows, outputs]`, in the order of
    /// `rows`: as [`forward`](Self::forward) and then a selection, without computing the outputs of the others.
    /// `rows` has at least one row of the batch, as [`Layout::feature_rows`] numbers them.
    ///
    /// # Panics
    /// As [`BertModel::forward`]; also if the head does not read [`Reads::AllTokens`], or `rows` is empty.
    pub fn forward_rows(&self, input: BertInput, rows: Tensor<1, Int>) -> Tensor<2> {
        assert!(H::READS == Reads::AllTokens, "{} has no row for each token", H::ARCHITECTURE);
        assert!(rows.dims()[0] > 0, "no row is selected");
        let (layout, dropout) = (input.layout.clone(), input.dropout);
        let states = layout.all_rows(self.bert.last_hidden_state(input));
        self.forward_states(states.select(0, rows), &layout, dropout)
    }

    /// The head's outputs for the last layer's hidden states, `[batch, seq, hidden]`. `dropout` is the
    /// model's key.
    pub(crate) fn forward_head(
        &self,
        last_hidden_state: Tensor<3>,
        layout: &Layout,
        dropout: Option<DropoutKey>,
    ) -> Tensor<2> {
        let states = match H::READS {
            Reads::Pooled => self.pooler().forward(layout.first_tokens(last_hidden_state)),
            Reads::FirstToken => layout.first_tokens(last_hidden_state),
            Reads::AllTokens | Reads::WholeFeature => layout.all_rows(last_hidden_state),
        };
        self.forward_states(states, layout, dropout)
    }

    /// The head's outputs for the states `[rows, hidden]` that it reads. `dropout` is the model's key.
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

    /// The model with new weights in its last `layers` encoder layers and, if `pooler` is set, in its pooler
    /// (Zhang et al. 2020, "Revisiting Few-sample BERT Fine-tuning"). The new weights equal the weights of a
    /// new model with `config` and `seed`.
    ///
    /// # Errors
    /// The model has fewer than `layers` layers, or `pooler` is set and the model has no pooler.
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
            let new = new.bert.pooler.ok_or(ModelError::NoPooler { setting: "reinit_pooler = true" })?;
            self.bert.pooler = Some(new);
        }
        Ok(self)
    }
}
