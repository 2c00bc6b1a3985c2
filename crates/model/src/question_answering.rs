//! [`QuestionAnsweringHead`]: the start and the end of an answer, two outputs for each token.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::{BertConfig, Head, HeadInput, Initializer, ModelFor, Reads};

/// BERT with a linear layer over every token for the ends of an answer, without a pooler.
pub type BertForQuestionAnswering = ModelFor<QuestionAnsweringHead>;

/// The number of outputs of a token: for the start and for the end of the answer.
const ENDS: usize = 2;

/// A linear layer over the last layer's states (Devlin et al. 2019, section 4.2). It has no dropout.
#[derive(Module, Debug)]
pub struct QuestionAnsweringHead {
    /// The linear layer; its weight is `[hidden, 2]`.
    pub qa_outputs: Linear,
}

impl Head for QuestionAnsweringHead {
    const ARCHITECTURE: &'static str = "BertForQuestionAnswering";
    const KEYS: Option<&'static str> = Some("qa_outputs.");
    const READS: Reads = Reads::AllTokens;
    const OUTPUTS: Option<usize> = Some(ENDS);
    const HAS_DROPOUT: bool = false;

    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self { qa_outputs: init.linear(config.hidden_size, ENDS) }
    }

    /// Logits, `[rows, 2]`: that the answer starts with the row's token, and that it ends with it. The logits
    /// of padding are meaningless.
    fn forward(&self, input: HeadInput<'_>) -> Tensor<2> {
        self.qa_outputs.forward(input.states)
    }

    /// Removes labels and `problem_type`, which describe the outputs of another head. The two outputs are
    /// `LABEL_0` and `LABEL_1`: the names that `transformers` gives to outputs without names.
    fn complete_config(config: &mut BertConfig) {
        config.set_outputs(ENDS);
    }
}
