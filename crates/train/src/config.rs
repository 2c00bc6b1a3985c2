//! [`TrainConfig`]: every setting of a run, from TOML, checked once where it is built.

use std::path::{Path, PathBuf};

use embert_data::tokenize::{EncodeOptions, Truncation};
use embert_data::{LoadOptions, ReadOptions, WindowOptions};
use embert_metrics::Metric;
use embert_model::{DeviceChoice, Freeze, FreezePatterns, SaveDtype};
use embert_optim::{Decay, Schedule, ScheduleConfig, Warmup};
use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

/// Every setting of a fine-tuning run. Each key is a TOML key and an option of `bert-train train`.
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
    /// Seeds the head's first weights, the splits, the order of the examples and dropout.
    pub seed: u64,
    /// `auto`, `cpu`, `flex`, `ndarray`, `cuda`, `cuda:1`, ...
    pub device: String,
    /// Passes over the training split.
    pub epochs: usize,
    /// Examples in a micro-batch.
    pub batch_size: usize,
    /// Examples in a batch of evaluation, where no gradients need memory.
    pub eval_batch_size: usize,
    /// Micro-batches in one optimizer step; their gradient is the mean over all their examples.
    pub accumulate: usize,
    /// Examples in one optimizer step, a multiple of `batch_size`: says `accumulate` in examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_batch_size: Option<usize>,
    /// Gradients are scaled down to this global L2 norm; 0 turns clipping off.
    pub max_grad_norm: f64,
    /// The share of probability that the target gives to all labels alike, in [0, 1).
    pub label_smoothing: f64,
    /// The loss's weight of each label.
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
    /// Unfreeze from the top, the next part every so many steps: the pooler with the last layer, each layer, the embeddings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfreeze_every: Option<usize>,
    /// Compute what lies below the lowest trainable layer once for each example, and train and validate on that. Dropout is off in
    /// that part, in the first epoch too.
    pub cache_frozen: bool,
    /// The most memory that `cache_frozen` takes, in MiB; what is beyond goes to a file in the run folder.
    pub cache_memory: usize,
    /// Start the last so many encoder layers from new weights.
    pub reinit_layers: usize,
    /// Start the pooler from new weights.
    pub reinit_pooler: bool,
    /// Evaluate every so many steps. Unset: at the end of each epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<usize>,
    /// Save a checkpoint every so many steps. Unset: at the end of each epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub save_every: Option<usize>,
    /// How many of the newest checkpoints stay on disk (the best one besides).
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
    /// Tokens in a sequence, the special ones included; longer texts are cut.
    pub max_length: usize,
    /// What is cut off: `longest_first` or `head` (keeps the start of a text), `tail` (its end), `head_tail:N` (its first N
    /// tokens and as many of the last as fit), or for pairs `only_first`, `only_second`.
    #[serde(with = "as_text")]
    pub truncation: Truncation,
    /// Evaluate and predict longer texts uncut, in windows that overlap by this many tokens: the prediction is the mean of the
    /// windows' probabilities. Unset: they are cut, as in training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
    /// Pad each batch to its longest member, or to `max_length`.
    pub padding: PaddingConfig,
    /// The order of the training examples.
    pub order: OrderConfig,
    /// Train on a stratified, seeded part of this many examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_samples: Option<usize>,
    /// Evaluate on a stratified, seeded part of this many examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_samples: Option<usize>,
    /// Cut train/validation/test from the training split in these shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_ratios: Option<[f64; 3]>,
    /// Seeds the splits and the parts of them that are taken. Unset: `seed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_seed: Option<u64>,
    /// Count rows that can't be read, or have no label, instead of stopping at the first.
    pub skip_bad_rows: bool,
}

/// The `[optimizer]` table of a [`TrainConfig`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizerConfig {
    /// The highest learning rate of the schedule.
    pub learning_rate: f64,
    /// The same for the classifier (and for the pooler where it is new). Unset: `learning_rate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_learning_rate: Option<f64>,
    /// Each encoder layer learns at this share of the rate of the layer above it, the embeddings at this share of the first
    /// layer's; 1 for one rate.
    pub layerwise_lr_decay: f64,
    /// Decoupled weight decay, multiplied by the learning rate.
    pub weight_decay: f64,
    /// `standard` decays neither biases nor LayerNorm weights; `all` decays everything.
    pub decay: Decay,
    /// Decay rates of the two moments.
    pub betas: [f64; 2],
    /// Added to the denominator of the update.
    pub epsilon: f64,
    /// How the learning rate changes after the warm-up.
    pub schedule: ScheduleKind,
    /// Steps of linear warm-up, as a share of all steps.
    pub warmup_ratio: f64,
    /// Steps of linear warm-up; takes precedence over `warmup_ratio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup_steps: Option<usize>,
    /// The exponent of the `polynomial` schedule.
    pub power: f64,
}

/// The `[dropout]` table of a [`TrainConfig`]. What is unset is as the checkpoint's `config.json` says.
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
    /// Stop after this many evaluations in a row without an improvement. Unset: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// By how much the metric must be better to count as an improvement.
    pub min_delta: f64,
}

/// A `[[stages]]` table of a [`TrainConfig`]: what holds from a point on, until the next stage begins. The optimizer's moments of
/// what was trained before are kept; what becomes trainable starts without any.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageConfig {
    /// Begins with this epoch, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_epoch: Option<usize>,
    /// Begins with this step, from 1.
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

/// Every key of [`TrainConfig`], dotted, for messages that name the nearest one. A test holds it against the struct.
pub const KEYS: &[&str] = &[
    "model",
    "from_scratch",
    "new_head",
    "dataset",
    "output",
    "seed",
    "device",
    "epochs",
    "batch_size",
    "eval_batch_size",
    "accumulate",
    "effective_batch_size",
    "max_grad_norm",
    "label_smoothing",
    "class_weights",
    "freeze",
    "freeze_patterns",
    "stages",
    "unfreeze_every",
    "cache_frozen",
    "cache_memory",
    "reinit_layers",
    "reinit_pooler",
    "evaluate_every",
    "save_every",
    "keep_checkpoints",
    "metric",
    "keep",
    "save_dtype",
    "evaluate_test",
    "log",
    "data.max_length",
    "data.truncation",
    "data.stride",
    "data.padding",
    "data.order",
    "data.train_samples",
    "data.eval_samples",
    "data.split_ratios",
    "data.split_seed",
    "data.skip_bad_rows",
    "optimizer.learning_rate",
    "optimizer.head_learning_rate",
    "optimizer.layerwise_lr_decay",
    "optimizer.weight_decay",
    "optimizer.decay",
    "optimizer.betas",
    "optimizer.epsilon",
    "optimizer.schedule",
    "optimizer.warmup_ratio",
    "optimizer.warmup_steps",
    "optimizer.power",
    "dropout.hidden",
    "dropout.attention",
    "dropout.classifier",
    "early_stopping.patience",
    "early_stopping.min_delta",
];

impl TrainConfig {
    /// The settings as TOML, every one resolved.
    ///
    /// # Errors
    /// A number that TOML can't hold (a seed beyond 2^63).
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|source| ConfigError::Write { source })
    }

    /// What to load of the data set.
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            split_ratios: self.data.split_ratios,
            seed: self.data.split_seed.unwrap_or(self.seed),
            train_samples: self.data.train_samples,
            eval_samples: self.data.eval_samples,
            skip_bad_rows: self.data.skip_bad_rows,
            reading: ReadOptions::default(),
        }
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

    /// Checks what types alone can't say.
    ///
    /// # Errors
    /// The first key whose value is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check(!self.model.is_empty(), "model", &"\"\"", "a folder or the name of a model on the hub")?;
        check(
            !self.dataset.is_empty(),
            "dataset",
            &"\"\"",
            "a card's name, a file, a folder or a data set on the hub",
        )?;
        check(
            i64::try_from(self.seed).is_ok(),
            "seed",
            &self.seed,
            "a number below 2^63, the largest that TOML holds",
        )?;
        self.device.parse::<DeviceChoice>().map_err(|source| ConfigError::Device { source })?;
        for (key, value) in [
            ("epochs", self.epochs),
            ("batch_size", self.batch_size),
            ("eval_batch_size", self.eval_batch_size),
            ("accumulate", self.accumulate),
            ("effective_batch_size", self.effective_batch_size.unwrap_or(1)),
            ("unfreeze_every", self.unfreeze_every.unwrap_or(1)),
            ("cache_memory", self.cache_memory),
            ("keep_checkpoints", self.keep_checkpoints),
            ("evaluate_every", self.evaluate_every.unwrap_or(1)),
            ("save_every", self.save_every.unwrap_or(1)),
            ("early_stopping.patience", self.early_stopping.patience.unwrap_or(1)),
        ] {
            check(value > 0, key, &value, "at least 1")?;
        }
        if let Some(examples) = self.effective_batch_size {
            let expected = "a multiple of batch_size, the examples that fit at a time";
            check(examples.is_multiple_of(self.batch_size), "effective_batch_size", &examples, expected)?;
            let expected = "1, as effective_batch_size says it already";
            check(self.accumulate == 1, "accumulate", &self.accumulate, expected)?;
        }
        check(
            self.max_grad_norm >= 0.0 && self.max_grad_norm.is_finite(),
            "max_grad_norm",
            &self.max_grad_norm,
            "a number from 0 (no clipping) on",
        )?;
        check(
            probability(self.label_smoothing),
            "label_smoothing",
            &self.label_smoothing,
            "from 0 to below 1",
        )?;
        for (key, p) in [
            ("dropout.hidden", self.dropout.hidden),
            ("dropout.attention", self.dropout.attention),
            ("dropout.classifier", self.dropout.classifier),
        ] {
            let p = p.unwrap_or(0.0);
            check(probability(p), key, &p, "from 0 to below 1")?;
        }
        if let ClassWeights::Given(weights) = &self.class_weights {
            check(
                weights.iter().all(|w| w.is_finite() && *w >= 0.0) && weights.iter().sum::<f64>() > 0.0,
                "class_weights",
                &format!("{weights:?}"),
                "numbers from 0 on, not all of them 0",
            )?;
        }
        self.data.validate()?;
        self.optimizer.validate()?;
        self.validate_freezing()?;
        check(
            self.early_stopping.min_delta >= 0.0 && self.early_stopping.min_delta.is_finite(),
            "early_stopping.min_delta",
            &self.early_stopping.min_delta,
            "a number from 0 on",
        )
    }
}

impl TrainConfig {
    fn validate_freezing(&self) -> Result<(), ConfigError> {
        FreezePatterns::new(&self.freeze_patterns).map_err(|source| ConfigError::Freeze { source })?;
        check(
            self.stages.is_empty() || self.unfreeze_every.is_none(),
            "unfreeze_every",
            &self.unfreeze_every.unwrap_or(0),
            "no stages beside it: both say what is trained when",
        )?;
        for stage in &self.stages {
            let start = [stage.from_epoch, stage.from_step];
            check(
                matches!(start, [Some(1..), None] | [None, Some(1..)]),
                "stages",
                &format!("from_epoch {:?}, from_step {:?}", stage.from_epoch, stage.from_step),
                "either from_epoch or from_step in each, a number from 1 on",
            )?;
            for rate in [stage.learning_rate, stage.head_learning_rate].into_iter().flatten() {
                check(rate > 0.0 && rate.is_finite(), "stages", &rate, "learning rates above 0")?;
            }
            FreezePatterns::new(&stage.freeze_patterns).map_err(|source| ConfigError::Freeze { source })?;
        }
        Ok(())
    }
}

/// An error that names the key unless the condition holds.
fn check(
    holds: bool,
    key: &'static str,
    found: &dyn ToString,
    expected: &'static str,
) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError::Invalid { key, found: found.to_string(), expected }) }
}

/// Whether something happens now and then, but not always.
fn probability(p: f64) -> bool {
    (0.0..1.0).contains(&p)
}

impl DataConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        for (key, samples) in
            [("data.train_samples", self.train_samples), ("data.eval_samples", self.eval_samples)]
        {
            let samples = samples.unwrap_or(1);
            check(samples > 0, key, &samples, "at least 1")?;
        }
        check(
            self.max_length >= 3,
            "data.max_length",
            &self.max_length,
            "at least 3: [CLS], a token, [SEP]",
        )?;
        // A pair has one token less, which the tokenizer looks after.
        let room = self.max_length - 2;
        if let Truncation::HeadTail(head) = self.truncation {
            check(
                head < room,
                "data.truncation",
                &format!("{} with data.max_length = {}", self.truncation, self.max_length),
                "head_tail:N with N below data.max_length - 2 (the special tokens), so that an end of the text is left",
            )?;
        }
        if let Some(stride) = self.stride {
            check(
                stride < room,
                "data.stride",
                &format!("{stride} with data.max_length = {}", self.max_length),
                "a number below data.max_length - 2 (the special tokens), so that each window gets on",
            )?;
        }
        if let Some(ratios) = self.split_ratios {
            check(
                ratios.iter().all(|r| (0.0..=1.0).contains(r))
                    && (ratios.iter().sum::<f64>() - 1.0).abs() < 1e-6,
                "data.split_ratios",
                &format!("{ratios:?}"),
                "three shares from 0 to 1 whose sum is 1, as in [0.8, 0.1, 0.1]",
            )?;
            check(
                ratios[0] > 0.0,
                "data.split_ratios",
                &format!("{ratios:?}"),
                "a share above 0 for training",
            )?;
        }
        Ok(())
    }
}

impl OptimizerConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        for (key, rate) in [
            ("optimizer.learning_rate", self.learning_rate),
            ("optimizer.head_learning_rate", self.head_learning_rate.unwrap_or(1e-5)),
        ] {
            check(rate > 0.0 && rate.is_finite(), key, &rate, "a number above 0")?;
        }
        check(
            self.layerwise_lr_decay > 0.0 && self.layerwise_lr_decay <= 1.0,
            "optimizer.layerwise_lr_decay",
            &self.layerwise_lr_decay,
            "above 0, up to 1",
        )?;
        check(
            self.weight_decay >= 0.0 && self.weight_decay.is_finite(),
            "optimizer.weight_decay",
            &self.weight_decay,
            "a number from 0 on",
        )?;
        check(
            self.betas.iter().all(|beta| probability(*beta)),
            "optimizer.betas",
            &format!("{:?}", self.betas),
            "two numbers from 0 to below 1",
        )?;
        check(
            self.epsilon > 0.0 && self.epsilon.is_finite(),
            "optimizer.epsilon",
            &self.epsilon,
            "a number above 0",
        )?;
        check(
            (0.0..=1.0).contains(&self.warmup_ratio),
            "optimizer.warmup_ratio",
            &self.warmup_ratio,
            "from 0 to 1",
        )?;
        check(self.power > 0.0 && self.power.is_finite(), "optimizer.power", &self.power, "a number above 0")
    }
}

/// Lays settings over each other, the later over the earlier, and checks the result.
#[derive(Clone, Debug, Default)]
pub struct ConfigBuilder {
    table: Table,
}

impl ConfigBuilder {
    /// Starts from the defaults of [`TrainConfig`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Lays a TOML file over what is there.
    ///
    /// # Errors
    /// The file can't be read, isn't TOML, has a key that doesn't exist, or a value of the wrong type; with the line.
    pub fn file(self, path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        self.text(&text, path)
    }

    /// Lays the text of a TOML file over what is there; `path` names it in messages.
    ///
    /// # Errors
    /// As [`file`](Self::file), but for the reading.
    pub fn text(self, text: &str, path: &Path) -> Result<Self, ConfigError> {
        match self.text_beside(SWEEP, text, path)? {
            (_, true) => Err(ConfigError::IsSweep { path: path.to_owned() }),
            (builder, false) => Ok(builder),
        }
    }

    /// As [`text`](Self::text), but for a top-level table that is somebody else's; and whether it is there.
    pub(crate) fn text_beside(
        mut self,
        other: &str,
        text: &str,
        path: &Path,
    ) -> Result<(Self, bool), ConfigError> {
        let syntax = |mut source: toml::de::Error| {
            source.set_input(Some(text));
            ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) }
        };
        let mut parsed = DeTable::parse(text).map_err(syntax)?;
        let found = parsed.get_mut().remove(other).is_some();
        check_keys(parsed.get_ref(), "", text, path)?;
        // Read as a whole config only for the message: it points to the line, which the merged table can't.
        TrainConfig::deserialize(toml::Deserializer::from(parsed)).map_err(syntax)?;
        let mut table: Table = toml::from_str(text).map_err(syntax)?;
        table.remove(other);
        merge(&mut self.table, table);
        Ok((self, found))
    }

    /// Sets one key from `key=value`, the value as in TOML; a bare word is a string.
    ///
    /// # Errors
    /// There is no `=`, or the key doesn't exist.
    pub fn set(self, assignment: &str) -> Result<Self, ConfigError> {
        let Some((key, value)) = assignment.split_once('=') else {
            return Err(ConfigError::Assignment { found: assignment.to_owned() });
        };
        let value = value.trim();
        self.set_value(key.trim(), toml_value(value).unwrap_or_else(|| value.into()))
    }

    /// Sets one dotted key to a value.
    ///
    /// # Errors
    /// The key doesn't exist.
    pub fn set_value(mut self, key: &str, value: impl Into<Value>) -> Result<Self, ConfigError> {
        if !KEYS.contains(&key) {
            return Err(ConfigError::UnknownSetting { key: key.to_owned(), nearest: nearest(key) });
        }
        let mut layer = Table::new();
        match key.split_once('.') {
            Some((table, key)) => {
                layer.insert(table.into(), Value::Table(Table::from_iter([(key.to_owned(), value.into())])));
            }
            None => {
                layer.insert(key.into(), value.into());
            }
        }
        merge(&mut self.table, layer);
        Ok(self)
    }

    /// Whether the key can have the value, as far as types go.
    pub(crate) fn takes(&self, key: &str, value: impl Into<Value>) -> bool {
        self.clone()
            .set_value(key, value)
            .is_ok_and(|builder| builder.table.try_into::<TrainConfig>().is_ok())
    }

    /// The config, checked.
    ///
    /// # Errors
    /// A value of the wrong type, or out of its range.
    pub fn build(self) -> Result<TrainConfig, ConfigError> {
        let config: TrainConfig =
            self.table.try_into().map_err(|source| ConfigError::Value { source: Box::new(source) })?;
        config.validate()?;
        Ok(config)
    }
}

/// A value as TOML writes it; `None` for anything else, such as a bare word.
pub(crate) fn toml_value(text: &str) -> Option<Value> {
    toml::from_str::<Table>(&format!("value = {text}")).ok()?.remove("value")
}

/// The table that makes a run's config a sweep's.
pub(crate) const SWEEP: &str = "sweep";

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn check_keys(table: &DeTable<'_>, prefix: &str, text: &str, path: &Path) -> Result<(), ConfigError> {
    for (key, value) in table {
        let dotted = format!("{prefix}{}", key.get_ref());
        let inner = format!("{dotted}.");
        if let (DeValue::Table(table), true) =
            (value.get_ref(), KEYS.iter().any(|key| key.starts_with(&inner)))
        {
            check_keys(table, &inner, text, path)?;
        } else if !KEYS.contains(&dotted.as_str()) {
            let line = text[..Spanned::span(key).start].lines().count().max(1);
            let line = if text[..key.span().start].ends_with('\n') { line + 1 } else { line };
            return Err(ConfigError::UnknownKey {
                path: path.to_owned(),
                line,
                nearest: nearest(&dotted),
                key: dotted,
            });
        }
    }
    Ok(())
}

/// The known key that the user most likely meant: the nearest by its last part, in any table.
pub(crate) fn nearest(key: &str) -> &'static str {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |known: &&&str| {
        (strsim::damerau_levenshtein(&last(known), &last(key)), strsim::damerau_levenshtein(known, key))
    };
    KEYS.iter().min_by_key(distance).unwrap_or(&KEYS[0])
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

/// Why settings were refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read the config {}", path.display())]
    Read {
        /// The config file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file isn't TOML, or a value has the wrong type.
    #[error("{} is not a config that can be used", path.display())]
    Syntax {
        /// The config file.
        path: PathBuf,
        /// The cause, with line and column.
        source: Box<toml::de::Error>,
    },
    /// A key that doesn't exist.
    #[error("{}, line {line}: there is no key \"{key}\"; did you mean \"{nearest}\"?", path.display())]
    UnknownKey {
        /// The config file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, dotted.
        key: String,
        /// The known key nearest to it.
        nearest: &'static str,
    },
    /// The file describes many runs.
    #[error("{} describes a sweep, not a run: give it to `bert-train sweep --config`", path.display())]
    IsSweep {
        /// The config file.
        path: PathBuf,
    },
    /// A key that doesn't exist, not from a file.
    #[error("there is no setting \"{key}\"; did you mean \"{nearest}\"?")]
    UnknownSetting {
        /// The key, dotted.
        key: String,
        /// The known key nearest to it.
        nearest: &'static str,
    },
    /// Not `key=value`.
    #[error("\"{found}\" is no setting: expected key=value, as in optimizer.learning_rate=3e-5")]
    Assignment {
        /// What was given.
        found: String,
    },
    /// A value of the wrong type, not from a file.
    #[error("a setting has a value that it can't have")]
    Value {
        /// The cause, with the key.
        source: Box<toml::de::Error>,
    },
    /// A value out of its range.
    #[error("{key} = {found}: expected {expected}")]
    Invalid {
        /// The key, dotted.
        key: &'static str,
        /// The value.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// The device isn't one.
    #[error("device")]
    Device {
        /// The cause.
        source: embert_model::DeviceError,
    },
    /// A pattern of what is frozen can't be used.
    #[error("freeze_patterns")]
    Freeze {
        /// The cause.
        source: embert_model::ModelError,
    },
    /// The settings can't be written as TOML.
    #[error("the settings can't be written as TOML")]
    Write {
        /// The cause.
        source: toml::ser::Error,
    },
}

#[cfg(test)]
mod tests {
    use embert_model::Layers;

    use super::*;

    fn file(text: &str) -> Result<TrainConfig, ConfigError> {
        ConfigBuilder::new().text(text, Path::new("run.toml"))?.build()
    }

    /// A value that is valid for each key, so that the list of keys and the struct can't drift apart.
    fn all_keys_set() -> TrainConfig {
        TrainConfig {
            output: Some("runs/x".into()),
            effective_batch_size: Some(32),
            freeze: Freeze::AllButHead,
            freeze_patterns: vec!["*.LayerNorm.*".into()],
            stages: vec![StageConfig {
                from_epoch: Some(2),
                freeze: Freeze::EncoderBelow(Layers::Count(3)),
                learning_rate: Some(1e-5),
                ..StageConfig::default()
            }],
            unfreeze_every: Some(9),
            log: vec![LogFormat::Tensorboard],
            evaluate_every: Some(5),
            save_every: Some(7),
            data: DataConfig {
                truncation: Truncation::HeadTail(64),
                stride: Some(32),
                train_samples: Some(10),
                eval_samples: Some(4),
                split_ratios: Some([0.8, 0.1, 0.1]),
                split_seed: Some(3),
                ..DataConfig::default()
            },
            optimizer: OptimizerConfig {
                head_learning_rate: Some(1e-4),
                warmup_steps: Some(3),
                ..OptimizerConfig::default()
            },
            dropout: DropoutConfig { hidden: Some(0.2), attention: Some(0.0), classifier: Some(0.4) },
            early_stopping: EarlyStoppingConfig { patience: Some(2), min_delta: 0.01 },
            ..TrainConfig::default()
        }
    }

    #[test]
    fn keys_are_exactly_those_of_the_struct() {
        let table: Table = toml::from_str(&all_keys_set().to_toml().unwrap()).unwrap();
        let mut found = Vec::new();
        for (key, value) in &table {
            match value {
                Value::Table(inner) => found.extend(inner.keys().map(|inner| format!("{key}.{inner}"))),
                _ => found.push(key.clone()),
            }
        }
        found.sort();
        let mut known = KEYS.to_vec();
        known.sort_unstable();
        assert_eq!(found, known);
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        for config in [TrainConfig::default(), all_keys_set()] {
            assert_eq!(toml::from_str::<TrainConfig>(&config.to_toml().unwrap()).unwrap(), config);
        }
        assert!(all_keys_set().validate().is_err(), "stages and unfreeze_every exclude each other");
    }

    #[test]
    fn a_sweeps_file_is_no_run() {
        let error = file("epochs = 2\n[sweep]\nseeds = 3\n").unwrap_err();
        assert!(matches!(error, ConfigError::IsSweep { .. }), "{error}");
    }

    #[test]
    fn later_layers_win_and_leave_the_rest() {
        let config = ConfigBuilder::new()
            .text("epochs = 5\n[optimizer]\nlearning_rate = 1e-4\nweight_decay = 0.1\n", Path::new("a.toml"))
            .unwrap()
            .set("optimizer.learning_rate=3e-5")
            .unwrap()
            .set("freeze=encoder_below:6")
            .unwrap()
            .build()
            .unwrap();
        assert_eq!(config.epochs, 5);
        assert_eq!((config.optimizer.learning_rate, config.optimizer.weight_decay), (3e-5, 0.1));
        assert_eq!(config.freeze, Freeze::EncoderBelow(Layers::Count(6)));
    }

    #[test]
    fn a_misspelt_key_names_its_line_and_the_nearest() {
        let error = file("epochs = 2\n\n[optimizer]\nlearning_rat = 1e-5\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "run.toml, line 4: there is no key \"optimizer.learning_rat\"; did you mean \"optimizer.learning_rate\"?"
        );
        let error = file("batchsize = 2\n").unwrap_err();
        assert!(
            error.to_string().contains("line 1") && error.to_string().contains("\"batch_size\""),
            "{error}"
        );
        let error = ConfigBuilder::new().set("learning_rate=1").unwrap_err();
        assert!(error.to_string().contains("optimizer.learning_rate"), "{error}");
    }

    #[test]
    fn a_value_of_the_wrong_type_names_its_line() {
        let error = file("epochs = 2\nbatch_size = \"many\"\n").unwrap_err();
        let ConfigError::Syntax { source, .. } = &error else { panic!("{error:?}") };
        assert!(source.to_string().contains("line 2"), "{source}");
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for setting in [
            "epochs=0",
            "batch_size=0",
            "label_smoothing=1.0",
            "dropout.hidden=-0.1",
            "optimizer.learning_rate=0",
            "optimizer.learning_rate=nan",
            "optimizer.warmup_ratio=1.5",
            "data.split_ratios=[0.5, 0.1, 0.1]",
            "data.split_ratios=[0.0, 0.5, 0.5]",
            "data.max_length=2",
            "data.truncation=middle",
            "data.truncation=head_tail:254",
            "data.stride=254",
            "data.stride=-1",
            "max_grad_norm=-1",
            "class_weights=[0.0, 0.0]",
            "device=gpu",
            "early_stopping.patience=0",
            "metric=goodness",
            "freeze=some",
            "effective_batch_size=24",
            "effective_batch_size=0",
            "cache_memory=0",
            "unfreeze_every=0",
            "freeze_patterns=[\"a[\"]",
            "stages=[{ freeze = \"none\" }]",
            "stages=[{ from_epoch = 0 }]",
            "stages=[{ from_epoch = 2, from_step = 3 }]",
            "stages=[{ from_epoch = 2, learning_rate = 0.0 }]",
            "stages=[{ from_epoch = 2, frees = \"none\" }]",
            "optimizer.layerwise_lr_decay=0",
            "optimizer.layerwise_lr_decay=1.5",
        ] {
            let result = ConfigBuilder::new().set(setting).unwrap().build();
            assert!(result.is_err(), "{setting} was taken");
        }
    }
}
