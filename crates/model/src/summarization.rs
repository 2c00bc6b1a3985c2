//! [`SummarizationHead`]: one output for each sentence, at its first token.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::{BertConfig, Head, HeadInput, Initializer, ModelFor, Reads};

/// BERT with a linear layer over the first token of each sentence, as BertSum has it (Liu 2019, section 2.2: the
/// simple classifier).
pub type BertForSummarization = ModelFor<SummarizationHead>;

/// A linear layer over the last layer's states. It has no dropout.
///
/// `transformers` has no class with this head: the folder is a `BertModel` with its pooler, and the head is in a
/// file beside it ([`Head::OWN_NAME`]).
#[derive(Module, Debug)]
pub struct SummarizationHead {
    /// The linear layer; its weight is `[hidden, 1]`.
    pub classifier: Linear,
}

impl Head for SummarizationHead {
    const ARCHITECTURE: &'static str = "BertModel";
    const OWN_NAME: Option<&'static str> = Some("summarization");
    const KEYS: Option<&'static str> = Some("classifier.");
    const READS: Reads = Reads::AllTokens;
    const OUTPUTS: Option<usize> = Some(1);
    const HAS_DROPOUT: bool = false;
    const KEEPS_POOLER: bool = true;

    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self { classifier: init.linear(config.hidden_size, 1) }
    }

    /// Logits, `[rows, 1]`: that the sentence which begins with the row's token is in the summary. All other rows
    /// are meaningless.
    fn forward(&self, input: HeadInput<'_>) -> Tensor<2> {
        self.classifier.forward(input.states)
    }

    /// Removes labels and `problem_type`, which describe the outputs of another head.
    fn complete_config(config: &mut BertConfig) {
        config.set_outputs(1);
    }
}
