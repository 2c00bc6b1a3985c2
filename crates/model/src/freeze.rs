//! Which parameters training leaves alone.

use std::fmt;
use std::str::FromStr;

use burn::module::{Module, ParamGroup};
use globset::{Glob, GlobSet};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::names::PREFIX;
use crate::{ModelError, NamedParameter, named_parameters};

/// What to freeze, with PyTorch's meaning of `requires_grad = False`: no gradient and no update, while dropout stays on.
///
/// Written as `none`, `embeddings`, `encoder_below:N`, `embeddings+encoder_below:N`, `pooler` or `all_but_head`, where `N` is a
/// number of layers or a share of them, as in `50%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Freeze {
    /// Everything is trained.
    #[default]
    None,
    /// The embeddings and their normalization.
    Embeddings,
    /// The first `N` encoder layers: those with an index below `N`.
    EncoderBelow(Layers),
    /// The embeddings and the first `N` encoder layers.
    EmbeddingsAndEncoderBelow(Layers),
    /// The pooler.
    Pooler,
    /// All but the classifier: a linear probe.
    AllButHead,
}

/// So many encoder layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layers {
    /// This number.
    Count(usize),
    /// This share of a model's layers, to the nearest layer: what is meant for one depth fits another.
    Percent(u8),
}

impl Layers {
    /// The number, in a model of `layers` layers.
    pub fn of(self, layers: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => (layers * usize::from(percent) + 50) / 100,
        }
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Freeze {
    /// Whether this freezes the parameter with this checkpoint name in a model of `layers` encoder layers.
    pub fn freezes(self, name: &str, layers: usize) -> bool {
        let inner = name.strip_prefix(PREFIX).unwrap_or(name);
        let embeddings = inner.starts_with("embeddings.");
        let below = |count: Layers| layer_of(inner).is_some_and(|layer| layer < count.of(layers));
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
        self.apply_with(model, &FreezePatterns::default())
    }

    /// [`apply`](Self::apply) that also freezes the parameters whose names match a pattern.
    ///
    /// # Errors
    /// More encoder layers are named than the model has, or a pattern matches no parameter.
    pub fn apply_with<M: Module>(self, model: M, patterns: &FreezePatterns) -> Result<M, ModelError> {
        let parameters = named_parameters(&model);
        let layers = encoder_layers(&parameters);
        if let Self::EncoderBelow(count) | Self::EmbeddingsAndEncoderBelow(count) = self
            && count.of(layers) > layers
        {
            return Err(ModelError::FreezeLayers { freeze: self.to_string(), layers });
        }
        patterns.check(&parameters)?;
        let frozen = parameters.iter().filter(|parameter| {
            self.freezes(&parameter.name, layers) || patterns.set.is_match(&parameter.name)
        });
        let frozen = ParamGroup::from_ids(frozen.map(|parameter| parameter.id).collect());
        Ok(unfreeze(model).set_require_grad_group(frozen, false))
    }
}

/// Parameters to freeze by their checkpoint names, with globs: `bert.pooler.*`, `*.LayerNorm.*`, `bert.encoder.layer.[0-3].*`.
#[derive(Clone, Debug, Default)]
pub struct FreezePatterns {
    patterns: Vec<String>,
    set: GlobSet,
}

impl FreezePatterns {
    /// These patterns.
    ///
    /// # Errors
    /// One of them is no glob.
    pub fn new(patterns: &[String]) -> Result<Self, ModelError> {
        let mut set = GlobSet::builder();
        for pattern in patterns {
            set.add(Glob::new(pattern).map_err(|source| ModelError::FreezePattern { source })?);
        }
        let set = set.build().map_err(|source| ModelError::FreezePattern { source })?;
        Ok(Self { patterns: patterns.to_vec(), set })
    }

    /// A pattern that matches nothing was meant for something else.
    fn check(&self, parameters: &[NamedParameter]) -> Result<(), ModelError> {
        let mut matched = vec![false; self.patterns.len()];
        for parameter in parameters {
            for index in self.set.matches(&parameter.name) {
                matched[index] = true;
            }
        }
        match self.patterns.iter().zip(matched).find(|(_, matched)| !matched) {
            None => Ok(()),
            Some((pattern, _)) => Err(ModelError::FreezeNothing {
                pattern: pattern.clone(),
                example: parameters.first().map_or_else(String::new, |parameter| parameter.name.clone()),
            }),
        }
    }
}

/// How many encoder layers these parameters are of.
fn encoder_layers(parameters: &[NamedParameter]) -> usize {
    let layers = parameters
        .iter()
        .filter_map(|parameter| layer_of(parameter.name.strip_prefix(PREFIX).unwrap_or(&parameter.name)));
    layers.max().map_or(0, |last| last + 1)
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
        let layers = |count: &str| match count.strip_suffix('%').map(str::parse) {
            Some(Ok(percent @ 0..=100)) => Ok(Layers::Percent(percent)),
            Some(_) => Err(unknown()),
            None => count.parse().map(Layers::Count).map_err(|_| unknown()),
        };
        match text.split_once(':') {
            Some(("encoder_below", count)) => Ok(Self::EncoderBelow(layers(count)?)),
            Some(("embeddings+encoder_below", count)) => Ok(Self::EmbeddingsAndEncoderBelow(layers(count)?)),
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
