//! [`OptimizerConfig`]: AdamW and its learning rate.

use embert_optim::{Decay, Schedule, ScheduleConfig, Warmup};
use serde::{Deserialize, Serialize};
use strum::VariantNames;

/// The `[optimizer]` table of a [`TrainConfig`](crate::TrainConfig).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizerConfig {
    /// The highest learning rate of the schedule, from 1e-30 to 1e30: beyond, a step in f32 is 0 or infinite.
    pub learning_rate: f64,
    /// The highest learning rate for the classifier, and for a pooler with new weights, from 1e-30 to 1e30.
    /// Unset: `learning_rate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_learning_rate: Option<f64>,
    /// Layer-wise decay: each encoder layer has the learning rate of the layer above times this factor, and
    /// the embeddings have the first layer's rate times this factor; 1 for one rate. From 0.001: below, the
    /// rates of the lower layers are 0 in f32.
    pub layerwise_lr_decay: f64,
    /// Decoupled weight decay: a step subtracts `learning_rate * weight_decay` times the weight, at most the
    /// whole weight. At most 1e4, with which a learning rate of 1e-4 subtracts the whole weight.
    pub weight_decay: f64,
    /// `standard` decays neither biases nor LayerNorm weights; `all` decays everything.
    pub decay: Decay,
    /// Decay rates of the two moments, in [0, 1): at 1 a moment would never change.
    pub betas: [f64; 2],
    /// Added to the denominator of the update, from 1e-30 (below, f32 divides by 0) to 1 (above, gradients do
    /// not count).
    pub epsilon: f64,
    /// How the learning rate changes after the warm-up.
    pub schedule: ScheduleKind,
    /// Steps of linear warm-up, as a share of all steps, from 0 to 1.
    pub warmup_ratio: f64,
    /// Steps of linear warm-up, at most 99,999,999; takes precedence over `warmup_ratio`. A run of no more
    /// steps than the warm-up does not reach the highest rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup_steps: Option<usize>,
    /// The exponent of the `polynomial` schedule, from 0.001 (all but constant) to 1000 (all but 0 from the
    /// start).
    pub power: f64,
}

/// The shape of the learning rate after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ScheduleKind {
    /// Stays at its highest.
    Constant,
    /// Falls to 0 in a straight line.
    #[default]
    Linear,
    /// Falls to 0 along half a cosine.
    Cosine,
    /// Falls towards 0 with the exponent `power`.
    Polynomial,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            learning_rate: 2e-5,
            head_learning_rate: None,
            layerwise_lr_decay: 1.0,
            weight_decay: 0.01,
            decay: Decay::Standard,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            schedule: ScheduleKind::Linear,
            warmup_ratio: 0.1,
            warmup_steps: None,
            power: 1.0,
        }
    }
}

impl OptimizerConfig {
    /// The schedule of the learning rate.
    pub fn schedule(&self) -> ScheduleConfig {
        let schedule = match self.schedule {
            ScheduleKind::Constant => Schedule::Constant,
            ScheduleKind::Linear => Schedule::Linear,
            ScheduleKind::Cosine => Schedule::Cosine { cycles: 0.5 },
            ScheduleKind::Polynomial => Schedule::Polynomial { power: self.power, end_factor: 0.0 },
        };
        let warmup = self.warmup_steps.map_or(Warmup::Ratio(self.warmup_ratio), Warmup::Steps);
        ScheduleConfig { schedule, warmup }
    }
}
