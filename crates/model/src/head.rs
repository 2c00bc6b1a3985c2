//! [`Head`]: what stands on the encoder and makes a task's outputs of its hidden states.

use std::fmt::Debug;

use burn::module::{Module, ModuleDisplay};
use burn::tensor::Tensor;

use crate::{BertConfig, BertEmbeddings, DropoutKey, Initializer, Layout};

/// Which hidden states a head reads. A pooler is built, run, loaded and saved only for heads that read its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reads {
    /// The pooler's output, one row a feature.
    Pooled,
    /// The last layer's state of each feature's first token, one row a feature.
    FirstToken,
    /// The last layer's state of every position, one row a position, padding included.
    AllTokens,
}

/// The input of a head: hidden states, layout, embeddings, dropout's key.
#[derive(Clone, Debug)]
pub struct HeadInput<'a> {
    /// `[rows, hidden]`: what [`Head::READS`] says.
    pub states: Tensor<2>,
    /// Where the tokens of each feature stand.
    pub layout: &'a Layout,
    /// The model's embeddings: a tied decoder multiplies with the word embedding's weight. A head holds no parameter of its
    /// own for that weight.
    pub embeddings: &'a BertEmbeddings,
    /// What the random numbers of the head's dropout follow from; `None` is evaluation. A head with several dropouts forks it.
    pub dropout: Option<DropoutKey>,
}

/// The part of a model above the encoder, with its own dropout.
///
/// Its fields have the names of the checkpoint's keys: a field `classifier` that is a linear layer is `classifier.weight` and
/// `classifier.bias` on disk.
pub trait Head: Module + ModuleDisplay + Clone + Debug {
    /// The class of `transformers` that has this head, as in `BertForSequenceClassification`.
    const ARCHITECTURE: &'static str;
    /// How the keys of the head's weights begin in a checkpoint, as in `classifier.`; `None` for a head without weights.
    const KEYS: Option<&'static str>;
    /// The hidden states that the head reads.
    const READS: Reads;

    /// A head for a model with this config; `init` draws its weights.
    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self;

    /// The outputs, `[rows, outputs]`: one row for each row of [`HeadInput::states`].
    fn forward(&self, input: HeadInput<'_>) -> Tensor<2>;

    /// Sets the keys of a `config.json` that follow from the head, before it is written.
    fn complete_config(config: &mut BertConfig) {
        let _ = config;
    }
}
