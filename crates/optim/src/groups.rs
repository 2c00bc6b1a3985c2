//! Which parameter gets which learning rate and which decay.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use burn::module::ParamId;
use serde::{Deserialize, Serialize};

/// Parameters that share a learning rate and a weight decay.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterGroup {
    /// What to call it, as in `head, no decay`.
    pub name: String,
    /// The part of the model that it is of, as in `head`: groups of one part share a learning rate.
    pub part: String,
    /// The parameters, with the names that an [`OptimizerState`](crate::OptimizerState) knows them by.
    pub parameters: Vec<(ParamId, String)>,
    /// The highest learning rate of the schedule.
    pub learning_rate: f64,
    /// Decoupled weight decay, multiplied by the learning rate.
    pub weight_decay: f64,
}

/// Which parameters are decayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
    /// All but biases and LayerNorm weights, as the `transformers` Trainer does.
    #[default]
    Standard,
    /// All, as `AdamW(model.parameters())` in PyTorch does.
    All,
}

impl Decay {
    /// Whether the parameter of this name, in a Hugging Face checkpoint, is decayed.
    pub fn applies_to(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Standard => !name.ends_with("bias") && !name.contains("LayerNorm"),
        }
    }
}

impl fmt::Display for Decay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::All => "all",
        })
    }
}

impl FromStr for Decay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Standard, Self::All]
            .into_iter()
            .find(|decay| decay.to_string() == text)
            .ok_or_else(|| format!("\"{text}\" is no decay: expected \"standard\" or \"all\""))
    }
}

/// What [`build_groups`] gives the groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupSettings {
    /// The learning rate of all but the head.
    pub learning_rate: f64,
    /// The head's; `None` is the same.
    pub head_learning_rate: Option<f64>,
    /// Rates that fall from layer to layer; `None` is one rate for all.
    pub layerwise: Option<LayerwiseDecay>,
    /// The weight decay of what is decayed.
    pub weight_decay: f64,
    /// What is decayed.
    pub decay: Decay,
}

/// Layer-wise decay of the learning rate: the last encoder layer has the base rate, each layer `factor` times the rate of the one
/// above it, and the embeddings `factor` times that of the first layer. What is above the layers, a pooler, has the base rate.
///
/// "Discriminative fine-tuning" of Howard and Ruder (2018), with the geometric rates of Clark et al. (2020), ELECTRA.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerwiseDecay {
    /// Above 0; 1 changes nothing.
    pub factor: f64,
    /// How many encoder layers the model has.
    pub layers: usize,
}

/// The part of the model whose parameters share a learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Base,
    Embeddings,
    Layer(usize),
    Pooler,
    Head,
}

impl Part {
    /// By the parameter's name in a Hugging Face checkpoint.
    fn of(name: &str, layerwise: bool, is_head: bool) -> Self {
        let layer = |rest: &str| rest.split('.').next()?.parse().ok();
        match name.strip_prefix("bert.").unwrap_or(name) {
            _ if is_head => Self::Head,
            _ if !layerwise => Self::Base,
            inner if inner.starts_with("embeddings.") => Self::Embeddings,
            inner if inner.starts_with("pooler.") => Self::Pooler,
            inner => inner.strip_prefix("encoder.layer.").and_then(layer).map_or(Self::Base, Self::Layer),
        }
    }

    fn learning_rate(self, settings: &GroupSettings) -> f64 {
        let falls = |depth: usize| {
            let factor = settings.layerwise.map_or(1.0, |layerwise| layerwise.factor);
            settings.learning_rate * factor.powi(i32::try_from(depth).unwrap_or(i32::MAX))
        };
        let layers = settings.layerwise.map_or(0, |layerwise| layerwise.layers);
        match self {
            Self::Base | Self::Pooler => settings.learning_rate,
            Self::Head => settings.head_learning_rate.unwrap_or(settings.learning_rate),
            Self::Layer(layer) => falls(layers.saturating_sub(layer + 1)),
            Self::Embeddings => falls(layers),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => f.write_str("base"),
            Self::Embeddings => f.write_str("embeddings"),
            Self::Layer(layer) => write!(f, "layer {layer}"),
            Self::Pooler => f.write_str("pooler"),
            Self::Head => f.write_str("head"),
        }
    }
}

/// Sorts parameters into groups, each decayed and not: base and head, or with [`LayerwiseDecay`] embeddings, each layer, pooler and
/// head. Empty groups are left out.
///
/// Only pass what is to be trained: a parameter in no group is frozen.
pub fn build_groups(
    parameters: impl IntoIterator<Item = (ParamId, String)>,
    settings: &GroupSettings,
    is_head: impl Fn(&str) -> bool,
) -> Vec<ParameterGroup> {
    let mut groups: BTreeMap<(Part, bool), Vec<(ParamId, String)>> = BTreeMap::new();
    for (id, name) in parameters {
        let part = Part::of(&name, settings.layerwise.is_some(), is_head(&name));
        // What is decayed comes first.
        groups.entry((part, !settings.decay.applies_to(&name))).or_default().push((id, name));
    }
    let group = |((part, undecayed), parameters): ((Part, bool), _)| ParameterGroup {
        name: if undecayed { format!("{part}, no decay") } else { part.to_string() },
        part: part.to_string(),
        parameters,
        learning_rate: part.learning_rate(settings),
        weight_decay: if undecayed { 0.0 } else { settings.weight_decay },
    };
    groups.into_iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 6] = [
        "bert.embeddings.word_embeddings.weight",
        "bert.embeddings.LayerNorm.weight",
        "bert.encoder.layer.0.output.dense.bias",
        "bert.pooler.dense.weight",
        "classifier.weight",
        "classifier.bias",
    ];

    fn groups(decay: Decay, layerwise: Option<LayerwiseDecay>) -> Vec<(String, Vec<String>, f64, f64)> {
        let settings = GroupSettings {
            learning_rate: 2e-5,
            head_learning_rate: Some(1e-3),
            layerwise,
            weight_decay: 0.1,
            decay,
        };
        let parameters = NAMES.map(|name| (ParamId::new(), name.to_owned()));
        build_groups(parameters, &settings, |name| name.starts_with("classifier."))
            .into_iter()
            .map(|group| {
                let names = group.parameters.into_iter().map(|(_, name)| name).collect();
                (group.name, names, group.learning_rate, group.weight_decay)
            })
            .collect()
    }

    fn names(indices: &[usize]) -> Vec<String> {
        indices.iter().map(|&index| NAMES[index].to_owned()).collect()
    }

    #[test]
    fn standard_leaves_biases_and_layer_norms_alone() {
        assert_eq!(
            groups(Decay::Standard, None),
            [
                ("base".to_owned(), names(&[0, 3]), 2e-5, 0.1),
                ("base, no decay".to_owned(), names(&[1, 2]), 2e-5, 0.0),
                ("head".to_owned(), names(&[4]), 1e-3, 0.1),
                ("head, no decay".to_owned(), names(&[5]), 1e-3, 0.0),
            ]
        );
    }

    #[test]
    fn all_decays_everything() {
        assert_eq!(
            groups(Decay::All, None),
            [
                ("base".to_owned(), names(&[0, 1, 2, 3]), 2e-5, 0.1),
                ("head".to_owned(), names(&[4, 5]), 1e-3, 0.1)
            ]
        );
    }

    /// Depths from the top: the pooler and the last layer 0, the first of twelve layers 11, the embeddings 12.
    #[test]
    fn rates_fall_from_layer_to_layer_down_to_the_embeddings() {
        let layerwise = Some(LayerwiseDecay { factor: 0.5, layers: 3 });
        let groups = groups(Decay::All, layerwise);
        let rates: Vec<(&str, f64)> = groups.iter().map(|group| (group.0.as_str(), group.2)).collect();
        let expected =
            [("embeddings", 2e-5 / 8.0), ("layer 0", 2e-5 / 4.0), ("pooler", 2e-5), ("head", 1e-3)];
        assert_eq!(rates, expected);
        assert_eq!(groups[1].1, names(&[2]));
    }
}
