//! [`PoolingHead`]: a text's vector from the states of its tokens.

use std::path::Path;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::{BertConfig, Head, HeadInput, Initializer, ModelError, ModelFor, Pooling, Reads, SentenceConfig};

/// BERT that gives a text a vector, as a folder of sentence-transformers describes it: `BertModel`, pooling
/// without parameters and, where the folder says so, normalization.
pub type BertForSentenceEmbedding = ModelFor<PoolingHead>;

/// The smallest norm that a vector is divided by, as in PyTorch's `normalize`.
const SMALLEST_NORM: f64 = 1e-12;

/// Pooling over the last layer's states (Reimers and Gurevych 2019, "Sentence-BERT", section 3). It has no
/// parameters.
#[derive(Module, Debug)]
pub struct PoolingHead {
    /// What the folder's files say of the vectors; for a folder without such files, the mean of the tokens.
    #[module(skip)]
    pub config: SentenceConfig,
}

impl Head for PoolingHead {
    const ARCHITECTURE: &'static str = "BertModel";
    const KEYS: Option<&'static str> = None;
    const READS: Reads = Reads::WholeFeature;
    const HAS_DROPOUT: bool = false;
    const KEEPS_POOLER: bool = true;

    fn new(_: &BertConfig, _: &Initializer<'_>) -> Self {
        Self { config: SentenceConfig::default() }
    }

    fn read_files(&mut self, dir: &Path, config: &BertConfig) -> Result<(), ModelError> {
        self.config = SentenceConfig::from_folder(dir, config)?;
        Ok(())
    }

    fn set_max_length(&mut self, max_length: usize) {
        self.config.max_seq_length = Some(max_length);
    }

    fn write_files(&self, dir: &Path, config: &BertConfig, has_pooler: bool) -> Result<(), ModelError> {
        self.config.save(dir, config.hidden_size, has_pooler)
    }

    /// Vectors, `[features, hidden]`: of length 1 where the folder normalizes them.
    fn forward(&self, input: HeadInput<'_>) -> Tensor<2> {
        let HeadInput { states, layout, .. } = input;
        let vectors = match self.config.pooling {
            Pooling::Mean => layout.mean_of_tokens(states),
            Pooling::Cls => layout.first_tokens(layout.hidden_state(states)),
            Pooling::Max => layout.max_of_tokens(states),
        };
        if !self.config.normalize {
            return vectors;
        }
        let norms = vectors.clone().powi_scalar(2).sum_dim(1).sqrt().clamp_min(SMALLEST_NORM);
        vectors / norms
    }

    /// Removes the labels of another head.
    fn complete_config(config: &mut BertConfig) {
        config.set_outputs(2);
    }
}
