//! [`Freeze`]: the parameters that training does not change.

use std::fmt;
use std::str::FromStr;

use burn::module::{Module, ParamGroup};
use globset::{Glob, GlobSet};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Depth, ModelError, NamedParameter, named_parameters};

/// The parts of a model to freeze, in the sense of PyTorch's `requires_grad = False`: frozen parameters have
/// no gradient and no update, while dropout stays on.
///
/// Written as one of [`Freeze::SPELLINGS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(strum::EnumCount))]
pub enum Freeze {
    /// Nothing: all parameters are trained.
    #[default]
    None,
    /// The embeddings and their normalization.
    Embeddings,
    /// The encoder layers with an index below `N`.
    EncoderBelow(Layers),
    /// The embeddings and the first `N` encoder layers.
    EmbeddingsAndEncoderBelow(Layers),
    /// The pooler.
    Pooler,
    /// Everything but the head: a linear probe.
    AllButHead,
}

/// A number of encoder layers, counted from the embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layers {
    /// A number of layers.
    Count(usize),
    /// A share of a model's layers in percent, rounded to the nearest layer. The same setting then fits
    /// models of different depth.
    Percent(u8),
}

impl Layers {
    /// The number of layers, in a model of `layers` layers.
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
    /// How each policy is written, for messages: `N` is a number of layers or a share of the layers, as in
    /// `50%`. The help texts of `bert-train` and of the benchmarks repeat the list.
    pub const SPELLINGS: &[&str] =
        &["none", "embeddings", "encoder_below:N", "embeddings+encoder_below:N", "pooler", "all_but_head"];

    /// Whether parameters of depth `depth` are frozen in a model of `layers` encoder layers.
    pub fn freezes(self, depth: Depth, layers: usize) -> bool {
        let below = |count: Layers| matches!(depth, Depth::Layer(layer) if layer < count.of(layers));
        match self {
            Self::None => false,
            Self::Embeddings => depth == Depth::Embeddings,
            Self::EncoderBelow(count) => below(count),
            Self::EmbeddingsAndEncoderBelow(count) => depth == Depth::Embeddings || below(count),
            Self::Pooler => depth == Depth::Pooler,
            Self::AllButHead => depth != Depth::Head,
        }
    }

    /// Freezes the policy's parts of `model` and makes all other parameters trainable, also if they were
    /// frozen.
    ///
    /// # Errors
    /// The policy names more encoder layers than the model has, or the pooler of a model without a pooler.
    pub fn apply<M: Module>(self, model: M) -> Result<M, ModelError> {
        self.apply_with(model, &FreezePatterns::default())
    }

    /// Freezes the policy's parts of `model`, as [`apply`](Self::apply) does, and the parameters whose names
    /// match a pattern. All other parameters become trainable.
    ///
    /// # Errors
    /// The policy names more encoder layers than the model has, or the pooler of a model without a pooler;
    /// or a pattern matches no parameter.
    pub fn apply_with<M: Module>(self, model: M, patterns: &FreezePatterns) -> Result<M, ModelError> {
        let parameters = named_parameters(&model);
        let layers = encoder_layers(&parameters);
        if let Self::EncoderBelow(count) | Self::EmbeddingsAndEncoderBelow(count) = self
            && count.of(layers) > layers
        {
            return Err(ModelError::FreezeLayers { freeze: self.to_string(), layers });
        }
        if self == Self::Pooler && !parameters.iter().any(|parameter| parameter.depth == Depth::Pooler) {
            return Err(ModelError::NoPooler { setting: "freeze = \"pooler\"" });
        }
        patterns.check(&parameters)?;
        let frozen = parameters.iter().filter(|parameter| {
            self.freezes(parameter.depth, layers) || patterns.set.is_match(&parameter.name)
        });
        let frozen = ParamGroup::from_ids(frozen.map(|parameter| parameter.id).collect());
        Ok(unfreeze(model).set_require_grad_group(frozen, false))
    }
}

/// Globs for the checkpoint names of parameters to freeze: `bert.pooler.*`, `*.LayerNorm.*`,
/// `bert.encoder.layer.[0-3].*`.
#[derive(Clone, Debug, Default)]
pub struct FreezePatterns {
    patterns: Vec<String>,
    set: GlobSet,
}

impl FreezePatterns {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// A pattern is no glob.
    pub fn new(patterns: &[String]) -> Result<Self, ModelError> {
        let mut set = GlobSet::builder();
        for pattern in patterns {
            set.add(Glob::new(pattern).map_err(|source| ModelError::FreezePattern { source })?);
        }
        let set = set.build().map_err(|source| ModelError::FreezePattern { source })?;
        Ok(Self { patterns: patterns.to_vec(), set })
    }

    /// Refuses a pattern that matches no parameter, since it must be a mistake.
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

/// The number of encoder layers of the model that has these parameters.
fn encoder_layers(parameters: &[NamedParameter]) -> usize {
    let layers = parameters.iter().map(|parameter| match parameter.depth {
        Depth::Layer(layer) => layer + 1,
        _ => 0,
    });
    layers.max().unwrap_or(0)
}

/// Makes every parameter trainable.
pub fn unfreeze<M: Module>(model: M) -> M {
    model.set_require_grad(true)
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
        let unknown = || ModelError::Freeze { found: text.to_owned(), known: Self::SPELLINGS.join(", ") };
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::mem::discriminant;

    use super::*;

    /// One spelling for each policy: as many as there are, and no two of the same policy.
    #[test]
    fn each_policy_has_its_spelling() {
        let mut policies = HashSet::new();
        for spelling in Freeze::SPELLINGS {
            let text = spelling.replace('N', "3");
            let freeze: Freeze = text.parse().unwrap();
            assert_eq!(freeze.to_string(), text);
            assert!(policies.insert(discriminant(&freeze)), "{spelling} is another spelling's policy");
        }
        assert_eq!(policies.len(), <Freeze as strum::EnumCount>::COUNT, "a policy has no spelling");
        let error = "half".parse::<Freeze>().unwrap_err().to_string();
        assert!(Freeze::SPELLINGS.iter().all(|spelling| error.contains(spelling)), "{error}");
    }
}
