//! [`ProblemType`].

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

/// What the outputs of a head for sequence classification mean, and so its loss: the values of
/// `problem_type` in a `config.json`.
///
/// `embert-data` has an enum with the same names for the labels that a card states. These are two since
/// neither crate knows the other; `embert-task` compares them.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProblemType {
    /// One of several labels for each text: a softmax.
    SingleLabelClassification,
    /// Any number of labels for each text: a sigmoid for each label.
    MultiLabelClassification,
    /// Numbers: the outputs themselves.
    Regression,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_names_are_those_of_transformers() {
        assert_eq!(
            ProblemType::VARIANTS,
            ["single_label_classification", "multi_label_classification", "regression"]
        );
        for name in ProblemType::VARIANTS {
            let parsed: ProblemType = name.parse().unwrap();
            assert_eq!(parsed.to_string(), *name);
            assert_eq!(json!(parsed), json!(name));
            assert_eq!(serde_json::from_value::<ProblemType>(json!(name)).unwrap(), parsed);
        }
        assert!("ranking".parse::<ProblemType>().is_err());
    }
}
