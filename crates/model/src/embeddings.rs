//! The embeddings: token ids to the first hidden state.

use burn::module::Module;
use burn::nn::{Dropout, Embedding};
use burn::tensor::{Int, Tensor};

use crate::dropout::active;
use crate::init::Initializer;
use crate::{BertConfig, DropoutKey, LayerNorm, ops};

/// Sum of the word, position and segment embeddings, normalized (Devlin et al. 2018, section 3.2).
#[derive(Module, Debug)]
pub struct BertEmbeddings {
    /// The word embeddings, `[vocab_size, hidden]`.
    pub word_embeddings: Embedding,
    /// The position embeddings, `[max_position_embeddings, hidden]`.
    pub position_embeddings: Embedding,
    /// The segment embeddings, `[type_vocab_size, hidden]`.
    pub token_type_embeddings: Embedding,
    /// Normalizes the sum of the three embeddings.
    pub layer_norm: LayerNorm,
    /// Applied after the normalization: the first of dropout's five places.
    pub dropout: Dropout,
    pad_token_id: Option<usize>,
}

impl BertEmbeddings {
    pub(crate) fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self {
            word_embeddings: init.embedding(config.vocab_size, config.hidden_size, config.pad_token_id),
            position_embeddings: init.embedding(config.max_position_embeddings, config.hidden_size, None),
            token_type_embeddings: init.embedding(config.type_vocab_size, config.hidden_size, None),
            layer_norm: init.layer_norm(config.hidden_size),
            dropout: Initializer::dropout(config.hidden_dropout_prob),
            pad_token_id: config.pad_token_id,
        }
    }

    /// The first hidden state. `dropout` is the embeddings' key; `None` means evaluation.
    ///
    /// # Shapes
    /// - `input_ids`, `token_type_ids`: `[batch, seq]`
    /// - output: `[batch, seq, hidden]`
    ///
    /// # Panics
    /// If `seq` is more than the config's `max_position_embeddings`, or an id is not below its embedding's
    /// number of rows.
    pub fn forward(
        &self,
        input_ids: Tensor<2, Int>,
        token_type_ids: Tensor<2, Int>,
        dropout: Option<DropoutKey>,
    ) -> Tensor<3> {
        let [_, seq] = input_ids.dims();
        // Positions are 0, 1, 2, ... in every feature: the first rows of the table, without a lookup.
        let positions = self.position_embeddings.weight.val().slice_dim(0, 0..seq).unsqueeze::<3>();
        let words = self.words(input_ids);
        let segments = self.token_type_embeddings.forward(token_type_ids);
        // The terms are added in the order of `transformers`, to agree to the last bits.
        let sum = words + segments + positions;
        let dropout = active(&self.dropout, &sum, dropout);
        ops::norm_dropout(sum, &self.layer_norm, dropout)
    }

    /// The word embeddings, `[batch, seq, hidden]`. The padding token's embedding gets no gradient, as with
    /// PyTorch's `padding_idx`: padding has no gradient anyway, but a text may contain the padding token.
    fn words(&self, input_ids: Tensor<2, Int>) -> Tensor<3> {
        let words = self.word_embeddings.forward(input_ids.clone());
        let Some(pad) = self.pad_token_id.filter(|_| words.is_autodiff()) else { return words };
        let is_padding = input_ids.equal_elem(pad as u64).unsqueeze_dim::<3>(2).expand(words.dims());
        words.clone().mask_where(is_padding, words.detach())
    }
}
