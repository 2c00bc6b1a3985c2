//! [`TaskName`] and [`ProblemType`]: what a data set is for.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantNames};

/// The name of a task: the hub's pipeline tag. The tasks themselves are in `embert-task`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, VariantNames, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum TaskName {
    /// A label, several labels or a number for each text, or for each pair of texts: [`ProblemType`] says
    /// which. Older cards call the task `sequence-classification`.
    #[serde(alias = "sequence-classification")]
    #[strum(to_string = "text-classification", serialize = "sequence-classification")]
    TextClassification,
    /// A tag for each word of a text, from which entities are read.
    TokenClassification,
    /// The answer to a question, as a span of a context's characters.
    QuestionAnswering,
    /// How alike two texts are, by the vector of each.
    SentenceSimilarity,
}

/// What a text's label is in text classification, as the `problem_type` of a checkpoint's `config.json` says
/// it.
///
/// `embert-model` has an enum with the same names for the head of a checkpoint. These are two since neither
/// crate knows the other: what a card states, and what a checkpoint was trained with, may differ, and
/// `embert-task` compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, VariantNames, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProblemType {
    /// One of several labels.
    SingleLabelClassification,
    /// Any number of the labels, none included.
    MultiLabelClassification,
    /// A number.
    Regression,
}
