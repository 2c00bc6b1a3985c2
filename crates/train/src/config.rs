//! [`TrainConfig`]: every setting of a run, from TOML, checked once where it is built.

mod builder;
mod error;
mod keys;
mod limits;
mod reading;
mod validate;

use std::path::PathBuf;

use embert_data::tokenize::{EncodeOptions, Truncation};
use embert_data::{Delimiter, Format, Header, Quoting, TextEncoding, WindowOptions};
use embert_metrics::Metric;
use embert_model::{Freeze, SaveDtype};
use embert_optim::{Decay, Schedule, ScheduleConfig, Warmup};
use serde::{Deserialize, Serialize};

pub use self::builder::{ConfigBuilder, Setting};
pub(crate) use self::builder::{SWEEP, toml_value};
pub use self::error::ConfigError;
pub use self::keys::KEYS;
pub(crate) use self::keys::nearest;
pub(crate) use self::limits::MOST_STEPS;

/// Every setting of a fine-tuning run. Each key is a TOML key and an option of `bert-train train`.
///
/// Each number has a range, which the key's docs state with the reason; what lies beyond is refused before any work begins. A whole
/// number that TOML can't hold (from 2^63 on) is none of any key's.
///
/// Built with [`ConfigBuilder`], which lays files and single settings over the defaults and checks the result, or with
/// [`Default`] and [`validate`](Self::validate).
///
/// ```
/// use embert_train::ConfigBuilder;
///
/// let config = ConfigBuilder::new().set("optimizer.learning_rate=3e-5")?.set("epochs=2")?.build()?;
/// assert_eq!(config.epochs, 2);
/// # Ok::<(), embert_train::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of its own, set and swept by its name")]
pub struct TrainConfig {
    /// A folder, `name`, `owner/name` or `owner/name@revision` of the checkpoint to start from.
    pub model: String,
    /// Start from random weights in the shape that the model's `config.json` states, instead of from its weights.
    pub from_scratch: bool,
    /// Start with a new classifier, even if the checkpoint has one.
    pub new_head: bool,
    /// A card's name, a card file, a hub repository, a folder or a file.
    pub dataset: String,
    /// The run folder. Unset: `runs/<data set>-<number>`, the first number that is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<PathBuf>,
    /// Seeds the head's first weights, the splits, the order of the examples and dropout. Below 2^63, the most that TOML holds.
    pub seed: u64,
    /// `auto`, `cpu`, `flex`, `ndarray`, `cuda`, `cuda:1`, ...
    pub device: String,
    /// Passes over the training split, at most 100,000. The steps of a run are at most 99,999,999, since its checkpoints are numbered
    /// with eight digits: as many epochs as fit, of a large data set, are fewer.
    pub epochs: usize,
    /// Examples in a micro-batch, at most 65,536: no device holds more at a time.
    pub batch_size: usize,
    /// Examples in a batch of evaluation, where no gradients need memory; at most 65,536 likewise.
    pub eval_batch_size: usize,
    /// Micro-batches in one optimizer step; their gradient is the mean over all their examples, which are at most 16,777,216: that
    /// mean is taken in f32, which counts exactly up to there.
    pub accumulate: usize,
    /// Examples in one optimizer step, a multiple of `batch_size` and at most 16,777,216: says `accumulate` in examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_batch_size: Option<usize>,
    /// Gradients are scaled down to this global L2 norm, from 1e-9 (below, they vanish beside `optimizer.epsilon`) to 1e9 (above,
    /// nothing is ever clipped); 0 turns clipping off.
    pub max_grad_norm: f64,
    /// The share of probability that the target gives to all labels alike, in [0, 1): at 1 there would be nothing to learn.
    pub label_smoothing: f64,
    /// The loss's weight of each label: 0, or from 1e-6 to 1e6. Only their ratios count, since the mean divides by their sum; beyond
    /// that range their products leave f32.
    pub class_weights: ClassWeights,
    /// Which parameters stay as they are.
    #[serde(with = "as_text")]
    pub freeze: Freeze,
    /// Parameters that stay as they are besides, by their checkpoint names: `*.LayerNorm.*`, `bert.encoder.layer.[0-3].*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub freeze_patterns: Vec<String>,
    /// What changes during the run: from a step or an epoch on, other parameters are frozen or other rates hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageConfig>,
    /// Unfreeze from the top, the next part every so many steps: the pooler with the last layer, each layer, the embeddings. At most
    /// 99,999,999, as no run has more steps; what would begin after a run's last step does not happen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfreeze_every: Option<usize>,
    /// Compute what lies below the lowest trainable layer once for each example, and train and validate on that. Dropout is off in
    /// that part, in the first epoch too.
    pub cache_frozen: bool,
    /// The most memory that `cache_frozen` takes, in MiB, up to 16 TiB; what is beyond goes to a file in the run folder.
    pub cache_memory: usize,
    /// Start the last so many encoder layers from new weights: at most those that the model has.
    pub reinit_layers: usize,
    /// Start the pooler from new weights.
    pub reinit_pooler: bool,
    /// Evaluate every so many steps, at most 99,999,999. Unset: at the end of each epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<usize>,
    /// Save a checkpoint every so many steps, at most 99,999,999. Unset: at the end of each epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub save_every: Option<usize>,
    /// How many of the newest checkpoints stay on disk (the best one besides), at most 99,999,999: all that a run can have.
    pub keep_checkpoints: usize,
    /// The metric that says which checkpoint is the best, on the validation split.
    #[serde(with = "as_text")]
    pub metric: Metric,
    /// Which weights the run's `model/` holds at the end.
    pub keep: Keep,
    /// How `model/` stores them: `f32`, or `f16` and `bf16` at half the size. Checkpoints are always f32.
    pub save_dtype: SaveDtype,
    /// Evaluate those weights on the test split at the end.
    pub evaluate_test: bool,
    /// Further logs besides `metrics.jsonl`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogFormat>,
    /// What is read, and how it becomes batches.
    pub data: DataConfig,
    /// AdamW and its learning rate.
    pub optimizer: OptimizerConfig,
    /// Dropout probabilities.
    pub dropout: DropoutConfig,
    /// When to stop before the last epoch.
    pub early_stopping: EarlyStoppingConfig,
}

/// The `[data]` table of a [`TrainConfig`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// Tokens in a sequence, the special ones included; longer texts are cut. From 3 (`[CLS]`, a token, `[SEP]`) to the model's
    /// `max_position_embeddings`, which in turn may be at most 65,536: attention takes the square of it.
    pub max_length: usize,
    /// What is cut off: `longest_first` or `head` (keeps the start of a text), `tail` (its end), `head_tail:N` (its first N
    /// tokens and as many of the last as fit), or for pairs `only_first`, `only_second`.
    #[serde(with = "as_text")]
    pub truncation: Truncation,
    /// Evaluate and predict longer texts uncut, in windows that overlap by this many tokens: the prediction is the mean of the
    /// windows' probabilities. Less than the tokens of a window without its special ones, so that each gets on; a text has at most
    /// 4,096 windows, which take some hundred MiB. Unset: they are cut, as in training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
    /// Pad each batch to its longest member, or to `max_length`.
    pub padding: PaddingConfig,
    /// The order of the training examples.
    pub order: OrderConfig,
    /// Train on a stratified, seeded part of this many examples, at most 1,000,000,000: no memory holds more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_samples: Option<usize>,
    /// Evaluate on a stratified, seeded part of this many examples, at most 1,000,000,000 likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_samples: Option<usize>,
    /// Cut train/validation/test from the training split in these shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_ratios: Option<[f64; 3]>,
    /// Seeds the splits and the parts of them that are taken, below 2^63. Unset: `seed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_seed: Option<u64>,
    /// Count rows that can't be read, or have no label, instead of stopping at the first.
    pub skip_bad_rows: bool,
    /// The files' format, in place of the one that their names tell: `csv`, `tsv`, `jsonl`, `json`, `parquet`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// What separates the fields of CSV: one character, or `tab`. Unset: as the name says, or the heading certainly has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Delimiter>,
    /// `csv` where quotes hold fields of CSV together, `none` where they are text. Unset: `csv`, unless tabs make it uncertain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoting: Option<Quoting>,
    /// The encoding of text files: `windows-1252`, `utf-16le`, ... Unset: UTF-8, or what a byte order mark says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<TextEncoding>,
    /// Whether CSV has a heading, or the names of its columns where it has none. Unset: it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
}

/// The `[optimizer]` table of a [`TrainConfig`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizerConfig {
    /// The highest learning rate of the schedule, from 1e-30 to 1e30: beyond, a step in f32 is 0 or infinite.
    pub learning_rate: f64,
    /// The same for the classifier (and for the pooler where it is new), in the same range. Unset: `learning_rate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_learning_rate: Option<f64>,
    /// Each encoder layer learns at this share of the rate of the layer above it, the embeddings at this share of the first
    /// layer's; 1 for one rate. From 0.001: below, the rates of the lower layers are 0 in f32.
    pub layerwise_lr_decay: f64,
    /// Decoupled weight decay, multiplied by the learning rate: the share of each weight that a step takes, so at most 1 in all. At
    /// most 1e4, which makes it 1 with a rate of 1e-4.
    pub weight_decay: f64,
    /// `standard` decays neither biases nor LayerNorm weights; `all` decays everything.
    pub decay: Decay,
    /// Decay rates of the two moments, in [0, 1): at 1 a moment would never change.
    pub betas: [f64; 2],
    /// Added to the denominator of the update, from 1e-30 (below, f32 divides by 0) to 1 (above, gradients do not count).
    pub epsilon: f64,
    /// How the learning rate changes after the warm-up.
    pub schedule: ScheduleKind,
    /// Steps of linear warm-up, as a share of all steps, from 0 to 1.
    pub warmup_ratio: f64,
    /// Steps of linear warm-up, at most 99,999,999; takes precedence over `warmup_ratio`. A run of no more steps than these does not
    /// reach its highest rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup_steps: Option<usize>,
    /// The exponent of the `polynomial` schedule, from 0.001 (all but constant) to 1000 (all but 0 from the start).
    pub power: f64,
}

/// The `[dropout]` table of a [`TrainConfig`]: probabilities in [0, 1), since at 1 nothing would be left. What is unset is as the
/// checkpoint's `config.json` says.
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

/// The `[early_stopping]` table of a [`TrainConfig`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EarlyStoppingConfig {
    /// Stop after this many evaluations in a row without an improvement, at most 99,999,999. Unset: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// By how much the metric must be better to count as an improvement, from 0 to 1000: no metric improves by more.
    pub min_delta: f64,
}

/// A `[[stages]]` table of a [`TrainConfig`]: what holds from a point on, until the next stage begins. The optimizer's moments of
/// what was trained before are kept; what becomes trainable starts without any.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageConfig {
    /// Begins with this epoch, from 1, which the run must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_epoch: Option<usize>,
    /// Begins with this step, from 1, which the run must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_step: Option<usize>,
    /// Which parameters stay as they are.
    #[serde(default, with = "as_text")]
    pub freeze: Freeze,
    /// Parameters that stay as they are besides, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freeze_patterns: Vec<String>,
    /// The highest learning rate of the schedule. Unset: `optimizer.learning_rate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// The head's. Unset: `optimizer.head_learning_rate`, or the stage's `learning_rate` where that is unset too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_learning_rate: Option<f64>,
}

/// A log that other programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Event files for TensorBoard, in the run folder's `tensorboard/`.
    Tensorboard,
}

/// How a batch is padded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaddingConfig {
    /// To the longest text of the batch.
    #[default]
    Longest,
    /// To `max_length`.
    MaxLength,
}

/// The order of the training examples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderConfig {
    /// Shuffled, in batches of similar length: the least padding.
    #[default]
    GroupedByLength,
    /// Shuffled.
    Shuffled,
    /// As they stand in the file.
    Sequential,
}

/// Which weights a run ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Those of the best evaluation.
    #[default]
    Best,
    /// Those of the last step.
    Last,
}

/// The shape of the learning rate after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// The loss's weight of each label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected \"none\", \"balanced\" or one number a label")]
pub enum ClassWeights {
    /// A rule.
    Rule(ClassWeightRule),
    /// One weight a label, in the order of the labels.
    Given(Vec<f64>),
}

/// A rule that gives each label its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeightRule {
    /// All alike.
    None,
    /// Examples / (labels x examples of the label), as scikit-learn's `class_weight="balanced"`.
    Balanced,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            model: "datasets/sample/bert".into(),
            from_scratch: false,
            new_head: false,
            dataset: "sample".into(),
            output: None,
            seed: 0,
            device: "auto".into(),
            epochs: 3,
            batch_size: 16,
            eval_batch_size: 32,
            accumulate: 1,
            effective_batch_size: None,
            max_grad_norm: 1.0,
            label_smoothing: 0.0,
            class_weights: ClassWeights::Rule(ClassWeightRule::None),
            freeze: Freeze::None,
            freeze_patterns: Vec::new(),
            stages: Vec::new(),
            unfreeze_every: None,
            cache_frozen: false,
            cache_memory: 1024,
            reinit_layers: 0,
            reinit_pooler: false,
            evaluate_every: None,
            save_every: None,
            keep_checkpoints: 2,
            metric: Metric::Accuracy,
            keep: Keep::Best,
            save_dtype: SaveDtype::F32,
            evaluate_test: false,
            log: Vec::new(),
            data: DataConfig::default(),
            optimizer: OptimizerConfig::default(),
            dropout: DropoutConfig::default(),
            early_stopping: EarlyStoppingConfig::default(),
        }
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            max_length: 256,
            truncation: Truncation::LongestFirst,
            stride: None,
            padding: PaddingConfig::Longest,
            order: OrderConfig::GroupedByLength,
            train_samples: None,
            eval_samples: None,
            split_ratios: None,
            split_seed: None,
            skip_bad_rows: false,
            format: None,
            delimiter: None,
            quoting: None,
            encoding: None,
            header: None,
        }
    }
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
    /// The learning rate's shape.
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

impl TrainConfig {
    /// The settings as TOML, every one resolved.
    ///
    /// # Errors
    /// A number that TOML can't hold (a seed beyond 2^63).
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|source| ConfigError::Write { source })
    }

    /// What seeds the splits and the parts of them that are taken.
    pub fn split_seed(&self) -> u64 {
        self.data.split_seed.unwrap_or(self.seed)
    }

    /// Micro-batches in one optimizer step.
    pub fn micro_batches(&self) -> usize {
        self.effective_batch_size.map_or(self.accumulate, |examples| examples / self.batch_size)
    }

    /// Where texts are cut that are trained on.
    pub fn encode_options(&self) -> EncodeOptions {
        EncodeOptions { max_length: self.data.max_length, truncation: self.data.truncation }
    }

    /// How texts are read that are evaluated or predicted.
    pub fn window_options(&self) -> WindowOptions {
        WindowOptions { encoding: self.encode_options(), stride: self.data.stride }
    }
}

/// (De)serialises what has `FromStr` and `Display` as a string.
mod as_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
