//! [`SequenceClassificationHead`]: one row of outputs for each feature.

use burn::module::Module;
use burn::nn::{Dropout, Linear};
use burn::tensor::Tensor;

use crate::dropout::dropout;
use crate::{BertConfig, Head, HeadFunction, HeadInput, Initializer, ModelFor, ProblemType, Reads};

/// BERT with a linear classifier over the pooler's output.
pub type BertForSequenceClassification = ModelFor<SequenceClassificationHead>;

/// A linear classifier over the pooler's output.
#[derive(Module, Debug)]
pub struct SequenceClassificationHead {
    /// Applied before the classifier: the last of dropout's five places.
    pub dropout: Dropout,
    /// The classifier; its weight is `[hidden, labels]`.
    pub classifier: Linear,
}

impl Head for SequenceClassificationHead {
    const ARCHITECTURE: &'static str = "BertForSequenceClassification";
    const KEYS: Option<&'static str> = Some("classifier.");
    const READS: Reads = Reads::Pooled;

    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self {
            dropout: Initializer::dropout(config.classifier_dropout_prob()),
            classifier: init.linear(config.hidden_size, config.num_labels()),
        }
    }

    /// Logits, `[features, labels]`.
    fn forward(&self, input: HeadInput<'_>) -> Tensor<2> {
        self.classifier.forward(dropout(&self.dropout, input.states, input.dropout))
    }

    /// Sets `problem_type` by the function on the outputs, if the config names none: without it a single
    /// output is a sigmoid to `transformers`' pipeline and a regression to its training. For a single number
    /// it also tells sentence-transformers, which would apply a sigmoid.
    fn complete_config(config: &mut BertConfig) {
        let function = config.head_function();
        config.problem_type = Some(match (function, config.problem_type) {
            (HeadFunction::Softmax, _) => ProblemType::SingleLabelClassification,
            (_, Some(named)) => named,
            (HeadFunction::Sigmoid, None) => ProblemType::MultiLabelClassification,
            (HeadFunction::Identity, None) => ProblemType::Regression,
        });
        if config.num_labels() == 1 && function == HeadFunction::Identity {
            config.state_identity();
        }
    }
}
