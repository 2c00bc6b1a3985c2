//! Which parameter gets which learning rate and which decay.

use std::fmt;
use std::str::FromStr;

use burn::module::ParamId;
use serde::{Deserialize, Serialize};

/// Parameters that share a learning rate and a weight decay.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterGroup {
    /// What to call it, as in `head, no decay`.
    pub name: String,
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
    /// The weight decay of what is decayed.
    pub weight_decay: f64,
    /// What is decayed.
    pub decay: Decay,
}

/// Sorts parameters into up to four groups: base and head, each decayed and not. Empty groups are left out.
///
/// Only pass what is to be trained: a parameter in no group is frozen.
pub fn build_groups(
    parameters: impl IntoIterator<Item = (ParamId, String)>,
    settings: &GroupSettings,
    is_head: impl Fn(&str) -> bool,
) -> Vec<ParameterGroup> {
    let group = |part: &str, learning_rate, decayed| ParameterGroup {
        name: if decayed { part.to_owned() } else { format!("{part}, no decay") },
        parameters: Vec::new(),
        learning_rate,
        weight_decay: if decayed { settings.weight_decay } else { 0.0 },
    };
    let head_rate = settings.head_learning_rate.unwrap_or(settings.learning_rate);
    let mut groups = [
        group("base", settings.learning_rate, true),
        group("base", settings.learning_rate, false),
        group("head", head_rate, true),
        group("head", head_rate, false),
    ];
    for (id, name) in parameters {
        let index = 2 * usize::from(is_head(&name)) + usize::from(!settings.decay.applies_to(&name));
        groups[index].parameters.push((id, name));
    }
    groups.into_iter().filter(|group| !group.parameters.is_empty()).collect()
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

    fn groups(decay: Decay) -> Vec<(String, Vec<String>, f64, f64)> {
        let settings =
            GroupSettings { learning_rate: 2e-5, head_learning_rate: Some(1e-3), weight_decay: 0.1, decay };
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
            groups(Decay::Standard),
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
            groups(Decay::All),
            [
                ("base".to_owned(), names(&[0, 1, 2, 3]), 2e-5, 0.1),
                ("head".to_owned(), names(&[4, 5]), 1e-3, 0.1)
            ]
        );
    }
}
