//! [`MaskedLmHead`]: the word behind each token, an output for each token of the vocabulary.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;
use serde_json::{Value, json};

use crate::{BertConfig, Head, HeadInput, HiddenAct, Initializer, LayerNorm, ModelFor, Reads, ops};

/// BERT with a decoder over every token that predicts masked tokens, without a pooler.
pub type BertForMaskedLM = ModelFor<MaskedLmHead>;

/// The key of a `config.json` that ties the decoder to the word embeddings; true where it is missing.
pub(crate) const TIE: &str = "tie_word_embeddings";

/// A dense layer with the config's activation and a normalization, and a decoder whose weight is the word
/// embeddings' (Devlin et al. 2019, section 3.1). It has no dropout.
///
/// The decoder's weight is no parameter of the head: its depth is the embeddings', its gradient is added to
/// theirs, and where they are frozen it is too. It is stored once.
#[derive(Module, Debug)]
pub struct MaskedLmHead {
    /// The head, under the checkpoint's name.
    pub cls: BertOnlyMLMHead,
}

/// The part of a checkpoint under `cls`, without the head for the next sentence of `BertForPreTraining`.
#[derive(Module, Debug)]
pub struct BertOnlyMLMHead {
    /// The masked words' head.
    pub predictions: BertLMPredictionHead,
}

/// The transform and the decoder's own parameter, its bias.
#[derive(Module, Debug)]
pub struct BertLMPredictionHead {
    /// The decoder's bias, `[vocab_size]`.
    pub bias: Param<Tensor<1>>,
    /// Applied before the decoder.
    pub transform: BertPredictionHeadTransform,
}

/// A dense layer, the config's activation and a normalization.
#[derive(Module, Debug)]
pub struct BertPredictionHeadTransform {
    /// The dense layer; its weight is `[hidden, hidden]`.
    pub dense: Linear,
    /// Normalizes the activation's output.
    pub layer_norm: LayerNorm,
    #[module(skip)]
    activation: HiddenAct,
}

impl BertPredictionHeadTransform {
    /// Applies the dense layer, the activation and the normalization.
    ///
    /// # Shapes
    /// - input and output: `[rows, hidden]`
    pub fn forward(&self, states: Tensor<2>) -> Tensor<2> {
        let x = self.activation.after(&self.dense, states.unsqueeze_dim::<3>(0));
        ops::norm_dropout(x, &self.layer_norm, None).squeeze_dim::<2>(0)
    }
}

impl Head for MaskedLmHead {
    const ARCHITECTURE: &'static str = "BertForMaskedLM";
    const OTHER_ARCHITECTURES: &'static [&'static str] = &["BertForPreTraining"];
    const KEYS: Option<&'static str> = Some("cls.predictions.");
    const TIED: &'static [(&'static str, &'static str)] = &[
        ("cls.predictions.decoder.weight", "embeddings.word_embeddings.weight"),
        ("cls.predictions.decoder.bias", "cls.predictions.bias"),
    ];
    const READS: Reads = Reads::AllTokens;
    const HAS_DROPOUT: bool = false;

    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        let transform = BertPredictionHeadTransform {
            dense: init.linear(config.hidden_size, config.hidden_size),
            layer_norm: init.layer_norm(config.hidden_size),
            activation: config.hidden_act,
        };
        let predictions = BertLMPredictionHead { bias: init.bias(config.vocab_size), transform };
        Self { cls: BertOnlyMLMHead { predictions } }
    }

    /// Logits, `[rows, vocab_size]`; the logits of padding are meaningless.
    fn forward(&self, input: HeadInput<'_>) -> Tensor<2> {
        let BertLMPredictionHead { bias, transform } = &self.cls.predictions;
        let decoder = input.embeddings.word_embeddings.weight.val().transpose();
        transform.forward(input.states).matmul(decoder) + bias.val().unsqueeze()
    }

    /// Removes labels and `problem_type`, which describe the outputs of another head, and states that the
    /// decoder is tied where the config states that it is not: this head's always is.
    fn complete_config(config: &mut BertConfig) {
        /// What `transformers` takes for the number of labels where a config has none.
        const DEFAULT_LABELS: usize = 2;
        config.set_outputs(DEFAULT_LABELS);
        if let Some(tied) = config.extra.get_mut(TIE) {
            *tied = json!(true);
        }
    }
}

/// Whether the config says that the decoder has weights of its own.
pub(crate) fn is_untied(config: &BertConfig) -> Option<&Value> {
    config.extra.get(TIE).filter(|tied| **tied != Value::Bool(true))
}
