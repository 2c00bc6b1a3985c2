//! Parameter groups: each parameter's learning rate and weight decay.

use std::collections::BTreeMap;
use std::fmt;

use burn::module::ParamId;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantNames};

/// Parameters that share a learning rate and a weight decay.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterGroup {
    /// The group's name, as in `head, no decay`.
    pub name: String,
    /// The part of the model, as in `head`. The groups of a part share a learning rate.
    pub part: String,
    /// The parameters, with their names in an [`OptimizerState`](crate::OptimizerState).
    pub parameters: Vec<(ParamId, String)>,
    /// The highest learning rate of the schedule.
    pub learning_rate: f64,
    /// Decoupled weight decay: each step subtracts the parameter times its learning rate times this number.
    pub weight_decay: f64,
}

/// Which parameters are decayed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", parse_err_ty = String, parse_err_fn = unknown)]
pub enum Decay {
    /// All parameters but biases and LayerNorm weights, as the `transformers` Trainer does.
    #[default]
    Standard,
    /// All parameters, as `AdamW(model.parameters())` in PyTorch does.
    All,
}

impl Decay {
    /// Whether the parameter named `name` in a Hugging Face checkpoint is decayed.
    pub fn applies_to(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Standard => !name.ends_with("bias") && !name.contains("LayerNorm"),
        }
    }
}

fn unknown(decay: &str) -> String {
    format!("\"{decay}\" is no decay: expected \"standard\" or \"all\"")
}

/// A parameter to train.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedParameter<P> {
    /// Burn's identifier of the parameter in this process.
    pub id: ParamId,
    /// The parameter's name in an [`OptimizerState`](crate::OptimizerState).
    pub name: String,
    /// The part of the model that the parameter belongs to.
    pub part: P,
}

/// Sorts parameters into groups: for each part of the model, in the order of the parts, one group of the
/// decayed and one of the other parameters. Empty groups are left out.
///
/// Parts are the caller's: all parameters of a part share the learning rate `learning_rate` (the highest of
/// the schedule), and groups are named by the part's [`Display`](fmt::Display). Pass only the parameters to
/// train: a parameter in no group is frozen.
pub fn build_groups<P: Ord + fmt::Display>(
    parameters: impl IntoIterator<Item = TrainedParameter<P>>,
    learning_rate: impl Fn(&P) -> f64,
    weight_decay: f64,
    decay: Decay,
) -> Vec<ParameterGroup> {
    let mut groups: BTreeMap<(P, bool), Vec<(ParamId, String)>> = BTreeMap::new();
    for TrainedParameter { id, name, part } in parameters {
        // `false` sorts before `true`, so the decayed group of a part comes first.
        groups.entry((part, !decay.applies_to(&name))).or_default().push((id, name));
    }
    let group = |((part, undecayed), parameters): ((P, bool), _)| ParameterGroup {
        name: if undecayed { format!("{part}, no decay") } else { part.to_string() },
        part: part.to_string(),
        parameters,
        learning_rate: learning_rate(&part),
        weight_decay: if undecayed { 0.0 } else { weight_decay },
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

    fn groups(decay: Decay) -> Vec<(String, Vec<String>, f64, f64)> {
        let parameters = NAMES.map(|name| TrainedParameter {
            id: ParamId::new(),
            name: name.to_owned(),
            part: if name.starts_with("classifier.") { "head" } else { "base" },
        });
        let rate = |part: &&str| if *part == "head" { 1e-3 } else { 2e-5 };
        build_groups(parameters, rate, 0.1, decay)
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
