//! [`TrainConfig`]: every setting of a run.

use std::path::PathBuf;

use embert_data::tokenize::EncodeOptions;
use embert_data::{LoadOptions, TaskName, WindowOptions};
use embert_model::{Freeze, SaveDtype};
use embert_task::{ClassWeights, LabelOptions, Task};
use serde::{Deserialize, Serialize};

use super::as_text;
use super::data::DataConfig;
use super::error::ConfigError;
use super::optimizer::OptimizerConfig;
use super::parts::{DropoutConfig, EarlyStoppingConfig, Keep, LogFormat, StageConfig};
use super::skip::is_default;

/// Every setting of a fine-tuning run. Each key is a TOML key; `bert-train train` also sets each key with
/// `--set`, and most keys with an option.
///
/// Each number has a range, which the key's docs state with the reason; a number beyond its range is refused
/// before any work begins. No key takes a whole number that TOML can't hold (from 2^63 on).
///
/// Built with [`ConfigBuilder`](crate::ConfigBuilder), which lays files and single settings over the defaults
/// and checks the result, or with [`Default`] and [`validate`](Self::validate).
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
    /// Start from random weights in the shape that the model's `config.json` states, instead of from its
    /// weights.
    pub from_scratch: bool,
    /// Start with a new classifier, even if the checkpoint has one. A classifier for other labels than the
    /// data's is an error without this.
    pub new_head: bool,
    /// A card's name, a card file, a hub repository, a folder or a file.
    pub dataset: String,
    /// The task, where the data set's card and columns and the checkpoint leave it open:
    /// `text-classification` or `token-classification`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskName>,
    /// The kind of labels of text classification, where the card, the labels and the checkpoint leave it
    /// open: `single_label_classification`, `multi_label_classification` or `regression`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem_type: Option<embert_data::ProblemType>,
    /// The run folder. Unset: `runs/<data set>-<number>`, the first number that is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<PathBuf>,
    /// Seeds the head's first weights, the splits, the order of the examples and dropout. Below 2^63, the
    /// most that TOML holds.
    pub seed: u64,
    /// `auto`, `cpu`, `flex`, `ndarray`, `cuda`, `cuda:1`, ...
    pub device: String,
    /// Passes over the training split, at most 100,000. A run has at most 99,999,999 steps, since its
    /// checkpoints are numbered with eight digits: with a large data set, fewer epochs are possible.
    pub epochs: usize,
    /// Examples in a micro-batch, at most 65,536: no device holds more at a time. With `data.train_stride`, the
    /// most examples in a micro-batch: long texts are cut into more micro-batches, a step has as many examples.
    pub batch_size: usize,
    /// Examples in a batch of evaluation, where no gradients need memory; at most 65,536 likewise.
    pub eval_batch_size: usize,
    /// Micro-batches in one optimizer step; the step's gradient is the mean over all of its examples. A step
    /// has at most 16,777,216 examples: the mean is taken in f32, which counts exactly up to there.
    pub gradient_accumulation_steps: usize,
    /// Examples in one optimizer step, a multiple of `batch_size` and at most 16,777,216: states
    /// `gradient_accumulation_steps` in examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_batch_size: Option<usize>,
    /// The consecutive parts into which the micro-batches of a step are cut, a power of two from 1 to 1,024:
    /// their gradients are added part by part, and the parts by halving. The last bits of a step of several
    /// micro-batches depend on the number of parts.
    pub shards: usize,
    /// Gradients are scaled down to this global L2 norm, from 1e-9 (below, they vanish beside
    /// `optimizer.epsilon`) to 1e9 (above, nothing is ever clipped); 0 turns clipping off.
    pub max_grad_norm: f64,
    /// The share of probability that the target gives to all labels alike, in [0, 1): at 1 there would be
    /// nothing to learn.
    pub label_smoothing: f64,
    /// The loss's weight of each label: 0, or from 1e-6 to 1e6. Only their ratios count, since the mean
    /// divides by their sum; beyond that range their products leave f32.
    pub class_weights: ClassWeights,
    /// With several labels a text, how much a label that a text has counts beside one that it lacks, a number
    /// a label from 1e-6 to 1e6 or 0; `balanced` is the number of texts without the label over the number
    /// with it.
    #[serde(skip_serializing_if = "is_default")]
    pub pos_weight: ClassWeights,
    /// Which parameters are frozen.
    #[serde(with = "as_text")]
    pub freeze: Freeze,
    /// Further parameters that are frozen, by their checkpoint names: `*.LayerNorm.*`,
    /// `bert.encoder.layer.[0-3].*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub freeze_patterns: Vec<String>,
    /// Stages of the run: from a step or an epoch on, other parameters are frozen or other learning rates
    /// hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageConfig>,
    /// Unfreeze from the top, one more part every so many steps (gradual unfreezing, Howard and Ruder 2018):
    /// the pooler with the last layer, each layer below, the embeddings. At most 99,999,999, as no run has
    /// more steps; parts whose turn comes after the run's last step stay frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfreeze_every: Option<usize>,
    /// Compute the output of the frozen layers below the lowest trainable layer once for each example, and
    /// train and validate on the stored output. Dropout is off in these layers, in the first epoch too.
    pub cache_frozen: bool,
    /// The most memory that `cache_frozen` takes, in MiB, up to 16 TiB; the rest of the output goes to an
    /// unlinked temporary file in the run folder.
    pub cache_memory: usize,
    /// Start this many of the last encoder layers from new weights; at most as many as the model has.
    pub reinit_layers: usize,
    /// Start the pooler from new weights.
    pub reinit_pooler: bool,
    /// Evaluate every so many steps, at most 99,999,999. Unset: at the end of each epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<usize>,
    /// Save a checkpoint every so many steps, at most 99,999,999. Unset: at the end of each epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub save_every: Option<usize>,
    /// How many of the newest checkpoints stay on disk (besides the best weights), at most 99,999,999: no run
    /// has more.
    pub keep_checkpoints: usize,
    /// The name of the metric that says which checkpoint is the best, on the validation split: one of the
    /// task's metrics. Unset: [`Task::METRIC`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Which weights the run's `model/` holds at the end.
    pub keep: Keep,
    /// The number format of the weights in `model/`: `f32`, or `f16` or `bf16` at half the size. Checkpoints
    /// are always f32.
    pub save_dtype: SaveDtype,
    /// Evaluate the weights of `model/` on the test split at the end.
    pub evaluate_test: bool,
    /// Further logs besides `metrics.jsonl`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogFormat>,
    /// How files are read, and how texts become batches.
    pub data: DataConfig,
    /// AdamW and its learning rate.
    pub optimizer: OptimizerConfig,
    /// Dropout probabilities.
    pub dropout: DropoutConfig,
    /// When to stop before the last epoch.
    pub early_stopping: EarlyStoppingConfig,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            model: "datasets/sample/bert".into(),
            from_scratch: false,
            new_head: false,
            dataset: "sample".into(),
            task: None,
            problem_type: None,
            output: None,
            seed: 0,
            device: "auto".into(),
            epochs: 3,
            batch_size: 16,
            eval_batch_size: 32,
            gradient_accumulation_steps: 1,
            effective_batch_size: None,
            shards: 8,
            max_grad_norm: 1.0,
            label_smoothing: 0.0,
            class_weights: ClassWeights::default(),
            pos_weight: ClassWeights::default(),
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
            metric: None,
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

impl TrainConfig {
    /// The settings as TOML, defaults included.
    ///
    /// # Errors
    /// A number that TOML can't hold (a seed of 2^63 or more).
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|source| ConfigError::Write { source })
    }

    /// These settings with the metric that a data set's card names, if any, unless `metric` is set.
    #[must_use]
    pub fn with_default_metric(self, metric: Option<&str>) -> Self {
        let metric = self.metric.or_else(|| metric.map(str::to_owned));
        Self { metric, ..self }
    }

    /// These settings with `metric` set: an unset `metric` becomes the task's
    /// [`default`](Task::default_metric).
    #[must_use]
    pub fn for_task<T: Task>(&self, task: &T) -> Self {
        let metric = self.metric.clone().unwrap_or_else(|| task.default_metric().to_owned());
        Self { metric: Some(metric), ..self.clone() }
    }

    /// The seed of the splits and of the samples that are taken from them.
    pub fn split_seed(&self) -> u64 {
        self.data.split_seed.unwrap_or(self.seed)
    }

    /// Micro-batches in one optimizer step.
    pub fn micro_batches(&self) -> usize {
        self.effective_batch_size
            .map_or(self.gradient_accumulation_steps, |examples| examples / self.batch_size)
    }

    /// How training texts are cut, without `data.train_stride`.
    pub fn encode_options(&self) -> EncodeOptions {
        EncodeOptions { max_length: self.data.max_length, truncation: self.data.truncation }
    }

    /// How texts are cut, or read in windows where `data.stride` or `data.train_stride` says so, in evaluation and
    /// prediction.
    pub fn window_options(&self) -> WindowOptions {
        WindowOptions { encoding: self.encode_options(), stride: self.data.evaluated_stride() }
    }

    /// The most tokens of a micro-batch where the windows of a text are one example: `data.batch_tokens`, or what
    /// `batch_size` cut texts have at most.
    pub fn batch_tokens(&self) -> usize {
        self.data.batch_tokens.unwrap_or_else(|| self.batch_size.saturating_mul(self.data.max_length))
    }

    /// As [`window_options`](Self::window_options), for evaluation and for a task that trains on windows: without a
    /// stride, with the task's own, [`Task::default_stride`]. A task may also say what a longer text loses,
    /// [`Task::TRUNCATION`].
    pub fn windows_of<T: Task>(&self) -> WindowOptions {
        let EncodeOptions { max_length, truncation } = self.encode_options();
        let encoding = EncodeOptions { max_length, truncation: T::TRUNCATION.unwrap_or(truncation) };
        WindowOptions {
            encoding,
            stride: self.data.evaluated_stride().or_else(|| T::default_stride(max_length)),
        }
    }

    /// What the labels of a data set mean, where the data leave it open.
    pub fn label_options(&self) -> LabelOptions {
        LabelOptions {
            scheme: self.data.scheme,
            label_all_tokens: self.data.label_all_tokens,
            widen_spans: self.data.widen_spans,
        }
    }

    /// Which rows of the data set are loaded, and into which splits.
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            split_ratios: self.data.split_ratios,
            seed: self.split_seed(),
            train_samples: self.data.train_samples,
            eval_samples: self.data.eval_samples,
            skip_bad_rows: self.data.skip_bad_rows,
            reading: self.data.reading(),
        }
    }
}
