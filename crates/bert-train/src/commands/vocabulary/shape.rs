//! [`Shape`]: the size of a new model.

use std::fmt;
use std::path::Path;

use clap::ValueEnum;
use embert_model::BertConfig;

use crate::error::Error;

/// The sizes of Google's small BERTs (Turc et al. 2019, "Well-Read Students Learn Better"), and the paper's base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// 2 layers of 128
    Tiny,
    /// 4 layers of 256
    Mini,
    /// 4 layers of 512
    Small,
    /// 8 layers of 512
    Medium,
    /// 12 layers of 768
    Base,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tiny => "tiny",
            Self::Mini => "mini",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Base => "base",
        })
    }
}

impl Shape {
    /// The config of a model of this size; its vocabulary is not known yet.
    pub(super) fn config(self) -> BertConfig {
        let (layers, hidden) = match self {
            Self::Tiny => (2, 128),
            Self::Mini => (4, 256),
            Self::Small => (4, 512),
            Self::Medium => (8, 512),
            Self::Base => (12, 768),
        };
        // A head of 64 and four times the width between, as in the paper.
        BertConfig {
            hidden_size: hidden,
            num_hidden_layers: layers,
            num_attention_heads: hidden / 64,
            intermediate_size: 4 * hidden,
            architectures: vec!["BertModel".to_owned()],
            ..BertConfig::default()
        }
    }
}

/// The config of a model of the size of the one in `folder`. What belongs to that one's vocabulary, head or training is
/// not taken over.
pub(super) fn like(folder: &Path) -> Result<BertConfig, Error> {
    let config = BertConfig::from_file(&folder.join("config.json"))?;
    Ok(BertConfig {
        hidden_size: config.hidden_size,
        num_hidden_layers: config.num_hidden_layers,
        num_attention_heads: config.num_attention_heads,
        intermediate_size: config.intermediate_size,
        hidden_act: config.hidden_act,
        hidden_dropout_prob: config.hidden_dropout_prob,
        attention_probs_dropout_prob: config.attention_probs_dropout_prob,
        max_position_embeddings: config.max_position_embeddings,
        type_vocab_size: config.type_vocab_size,
        initializer_range: config.initializer_range,
        layer_norm_eps: config.layer_norm_eps,
        architectures: vec!["BertModel".to_owned()],
        ..BertConfig::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_can_be_made() {
        for shape in Shape::value_variants() {
            let config = shape.config();
            config.validate().unwrap();
            assert_eq!(config.head_dim(), 64, "{shape}");
            assert_eq!(Shape::from_str(&shape.to_string(), false).as_ref(), Ok(shape));
        }
        assert_eq!(
            Shape::Base.config(),
            BertConfig { architectures: vec!["BertModel".to_owned()], ..BertConfig::default() }
        );
    }
}
