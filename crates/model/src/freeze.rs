//! Which parameters training leaves alone.

use std::fmt;
use std::str::FromStr;

use burn::module::{Module, ParamGroup};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::names::PREFIX;
use crate::{ModelError, named_parameters};

/// What to freeze, with PyTorch's meaning of `requires_grad = False`: no gradient and no update, while dropout stays on.
///
/// Written as `none`, `embeddings`, `encoder_below:N`, `embeddings+encoder_below:N`, `pooler` or `all_but_head`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Freeze {
    /// Everything is trained.
    #[default]
    None,
    /// The embeddings and their normalization.
    Embeddings,
    /// The first `N` encoder layers: those with an index below `N`.
    EncoderBelow(usize),
    /// The embeddings and the first `N` encoder layers.
    EmbeddingsAndEncoderBelow(usize),
    /// The pooler.
    Pooler,
    /// All but the classifier: a linear probe.
    AllButHead,
}

impl Freeze {
    /// Whether this freezes the parameter with this checkpoint name.
    pub fn freezes(self, name: &str) -> bool {
        let inner = name.strip_prefix(PREFIX).unwrap_or(name);
        let embeddings = inner.starts_with("embeddings.");
        let below = |count| layer_of(inner).is_some_and(|layer| layer < count);
        match self {
            Self::None => false,
            Self::Embeddings => embeddings,
            Self::EncoderBelow(count) => below(count),
            Self::EmbeddingsAndEncoderBelow(count) => embeddings || below(count),
            Self::Pooler => inner.starts_with("pooler."),
            Self::AllButHead => !inner.starts_with("classifier."),
        }
    }

    /// Makes exactly these parameters frozen and all others trainable: an earlier freeze is undone.
    ///
    /// # Errors
    /// More encoder layers are named than the model has.
    pub fn apply<M: Module>(self, model: M) -> Result<M, ModelError> {
        let parameters = named_parameters(&model);
        if let Self::EncoderBelow(count) | Self::EmbeddingsAndEncoderBelow(count) = self {
            let last = parameters
                .iter()
                .filter_map(|parameter| layer_of(parameter.name.strip_prefix(PREFIX)?))
                .max();
            let last =
                last.or_else(|| parameters.iter().filter_map(|parameter| layer_of(&parameter.name)).max());
            let layers = last.map_or(0, |last| last + 1);
            if count > layers {
                return Err(ModelError::FreezeLayers { freeze: self.to_string(), layers });
            }
        }
        let frozen = parameters.iter().filter(|parameter| self.freezes(&parameter.name));
        let frozen = ParamGroup::from_ids(frozen.map(|parameter| parameter.id).collect());
        Ok(unfreeze(model).set_require_grad_group(frozen, false))
    }
}

/// Makes every parameter trainable.
pub fn unfreeze<M: Module>(model: M) -> M {
    model.set_require_grad(true)
}

/// The encoder layer of a parameter, by its checkpoint name without the prefix.
pub(crate) fn layer_of(name: &str) -> Option<usize> {
    name.strip_prefix("encoder.layer.")?.split('.').next()?.parse().ok()
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Embeddings => f.write_str("embeddings"),
            Self::EncoderBelow(count) => write!(f, "encoder_below:{count}"),
            Self::EmbeddingsAndEncoderBelow(count) => write!(f, "embeddings+encoder_below:{count}"),
            Self::Pooler => f.write_str("pooler"),
            Self::AllButHead => f.write_str("all_but_head"),
        }
    }
}

impl FromStr for Freeze {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let unknown = || ModelError::Freeze { found: text.to_owned() };
        match text.split_once(':') {
            Some(("encoder_below", count)) => count.parse().map(Self::EncoderBelow).map_err(|_| unknown()),
            Some(("embeddings+encoder_below", count)) => {
                count.parse().map(Self::EmbeddingsAndEncoderBelow).map_err(|_| unknown())
            }
            Some(_) => Err(unknown()),
            None => [Self::None, Self::Embeddings, Self::Pooler, Self::AllButHead]
                .into_iter()
                .find(|freeze| freeze.to_string() == text)
                .ok_or_else(unknown),
        }
    }
}

impl Serialize for Freeze {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Freeze {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
