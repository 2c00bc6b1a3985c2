//! [`Head`]: the part of a model that computes a task's outputs from the encoder's hidden states.

use std::fmt::Debug;
use std::path::Path;

use burn::module::{Module, ModuleDisplay};
use burn::tensor::Tensor;

use crate::{BertConfig, BertEmbeddings, DropoutKey, Initializer, Layout, ModelError};

/// The hidden states that a head reads. A pooler is built, run, loaded and saved only for heads that read its
/// output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reads {
    /// The pooler's output: one row a feature.
    Pooled,
    /// The last layer's state of each feature's first token: one row a feature.
    FirstToken,
    /// The last layer's state of every position, padding included: one row a position.
    AllTokens,
    /// The last layer's state of every position, padding included, of which the head makes one row a feature.
    WholeFeature,
}

/// The input of a head: hidden states, layout, embeddings, dropout key.
#[derive(Clone, Debug)]
pub struct HeadInput<'a> {
    /// The hidden states selected by [`Head::READS`], `[rows, hidden]`.
    pub states: Tensor<2>,
    /// Where the tokens of each feature stand.
    pub layout: &'a Layout,
    /// The model's embeddings, for a tied decoder, which multiplies with the word embeddings' weight. A head
    /// holds no copy of that parameter.
    pub embeddings: &'a BertEmbeddings,
    /// The key from which the random numbers of the head's dropout follow; `None` means evaluation. A head
    /// with several dropouts forks the key.
    pub dropout: Option<DropoutKey>,
}

/// The part of a model above the encoder, with its own dropout.
///
/// The head's fields have the names of the checkpoint's keys: a field `classifier` that is a linear layer is
/// `classifier.weight` and `classifier.bias` in the checkpoint.
pub trait Head: Module + ModuleDisplay + Clone + Debug {
    /// The class in `transformers` with this head, as in `BertForSequenceClassification`.
    const ARCHITECTURE: &'static str;
    /// The prefix of the head's keys in a checkpoint, as in `classifier.`; `None` for a head without weights.
    const KEYS: Option<&'static str>;
    /// The hidden states that the head reads.
    const READS: Reads;
    /// The number of outputs of a row, for a head without labels; `None` for a head with an output for each
    /// label of the config.
    const OUTPUTS: Option<usize> = None;
    /// Whether the head has dropout of its own, at the rate of `classifier_dropout`.
    const HAS_DROPOUT: bool = true;
    /// Whether the model keeps a checkpoint's pooler that the head does not read, because other programs expect
    /// it in the saved folder. Training does not change it.
    const KEEPS_POOLER: bool = false;

    /// A head for a model with the config `config`; `init` draws its weights.
    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self;

    /// Reads what the files of a checkpoint's folder, besides its config and weights, say of the head. The
    /// head of a folder without such files stays as it is.
    ///
    /// # Errors
    /// A file can't be read, contradicts `config`, or asks for what is not implemented.
    fn read_files(&mut self, dir: &Path, config: &BertConfig) -> Result<(), ModelError> {
        let _ = (dir, config);
        Ok(())
    }

    /// Sets the length at which the model's texts are cut, in tokens, for the files that state it.
    fn set_max_length(&mut self, max_length: usize) {
        let _ = max_length;
    }

    /// Writes the files that [`read_files`](Self::read_files) reads. `has_pooler` says whether the folder's
    /// weights have a pooler.
    ///
    /// # Errors
    /// A file can't be written.
    fn write_files(&self, dir: &Path, config: &BertConfig, has_pooler: bool) -> Result<(), ModelError> {
        let _ = (dir, config, has_pooler);
        Ok(())
    }

    /// The head's outputs, `[rows, outputs]`: one row for each row of [`HeadInput::states`], or one row a
    /// feature if the head reads [`Reads::WholeFeature`].
    fn forward(&self, input: HeadInput<'_>) -> Tensor<2>;

    /// Sets the keys of a `config.json` that follow from the head, before it is written.
    fn complete_config(config: &mut BertConfig) {
        let _ = config;
    }
}
