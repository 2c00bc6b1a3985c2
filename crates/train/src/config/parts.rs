//! The smaller parts of a config: stages, dropout, early stopping, and which weights and logs a run keeps.

use embert_model::Freeze;
use serde::{Deserialize, Serialize};
use strum::VariantNames;

use super::as_text;

/// The `[dropout]` table of a [`TrainConfig`](crate::TrainConfig): probabilities in [0, 1), since at 1
/// nothing would be left. Unset: the probability in the checkpoint's `config.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DropoutConfig {
    /// After the embeddings and after the two dense outputs of each layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<f64>,
    /// On the attention probabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<f64>,
    /// Before the classifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classifier: Option<f64>,
}

/// The `[early_stopping]` table of a [`TrainConfig`](crate::TrainConfig).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EarlyStoppingConfig {
    /// Stop after this many evaluations in a row without an improvement, at most 99,999,999. Unset: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// By how much the metric must be better to count as an improvement, from 0 to 1000: no metric improves
    /// by more.
    pub min_delta: f64,
}

/// A `[[stages]]` table of a [`TrainConfig`](crate::TrainConfig): the frozen parameters and the learning
/// rates from an epoch or a step on, until the next stage begins. Parameters keep their moments while frozen;
/// a parameter that is trained for the first time starts from zero moments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageConfig {
    /// The epoch with which the stage begins, counted from 1: from the second to the run's last, and after
    /// the beginning of the stage before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_epoch: Option<usize>,
    /// The step with which the stage begins, counted from 1: from the second to the run's last, and after
    /// the beginning of the stage before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_step: Option<usize>,
    /// Which parameters are frozen.
    #[serde(default, with = "as_text")]
    pub freeze: Freeze,
    /// Further parameters that are frozen, by their checkpoint names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freeze_patterns: Vec<String>,
    /// The highest learning rate of the schedule. Unset: `optimizer.learning_rate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// The highest learning rate of the schedule for the head. Unset: `optimizer.head_learning_rate`, or, if
    /// that key is unset too, the stage's `learning_rate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_learning_rate: Option<f64>,
}

/// A log that other programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LogFormat {
    /// Event files for TensorBoard, in the run folder's `tensorboard/`.
    Tensorboard,
}

/// Which weights a run ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Keep {
    /// The weights of the best evaluation.
    #[default]
    Best,
    /// The weights after the last step.
    Last,
}
