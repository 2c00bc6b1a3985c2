//! The keys of a [`TrainConfig`](crate::TrainConfig) by their names.

use super::error::ConfigError;

/// Every key of [`TrainConfig`](crate::TrainConfig), dotted, for messages that name the nearest one. A test
/// compares the list with the struct.
pub const KEYS: &[&str] = &[
    "model",
    "from_scratch",
    "new_head",
    "dataset",
    "task",
    "problem_type",
    "output",
    "seed",
    "device",
    "epochs",
    "batch_size",
    "eval_batch_size",
    "gradient_accumulation_steps",
    "effective_batch_size",
    "shards",
    "max_grad_norm",
    "label_smoothing",
    "class_weights",
    "pos_weight",
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
    "data.train_stride",
    "data.max_windows",
    "data.batch_tokens",
    "data.padding",
    "data.order",
    "data.train_samples",
    "data.eval_samples",
    "data.split_ratios",
    "data.split_seed",
    "data.skip_bad_rows",
    "data.scheme",
    "data.label_all_tokens",
    "data.widen_spans",
    "data.whole_word_mask",
    "data.line_by_line",
    "data.format",
    "data.delimiter",
    "data.quoting",
    "data.encoding",
    "data.header",
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

/// Keys that had another name in older versions: the old name and the current name.
const RENAMED: &[(&str, &str)] = &[("accumulate", "gradient_accumulation_steps")];

/// The current name of a key, from its name in older versions; `None` for other names.
pub fn renamed(key: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(old, _)| *old == key).map(|(_, new)| *new)
}

/// The key with the name `key`. A name of older versions gives the current name, with a warning.
///
/// # Errors
/// There is no such key; the message names the nearest one.
pub fn known_key(key: &str) -> Result<&'static str, ConfigError> {
    if let Some(new) = renamed(key) {
        tracing::warn!("\"{key}\" has a new name: \"{new}\"");
        return Ok(new);
    }
    KEYS.iter()
        .find(|known| **known == key)
        .copied()
        .ok_or_else(|| ConfigError::UnknownSetting { key: key.to_owned(), nearest: nearest(key) })
}

/// The known key that the user most likely meant: the nearest by its last part, in any table.
pub(super) fn nearest(key: &str) -> &'static str {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |known: &&&str| {
        (strsim::damerau_levenshtein(&last(known), &last(key)), strsim::damerau_levenshtein(known, key))
    };
    KEYS.iter().min_by_key(distance).unwrap_or(&KEYS[0])
}

#[cfg(test)]
mod tests {
    use embert_data::tokenize::Truncation;
    use embert_data::{Format, Header, ProblemType, Quoting, TaskName};
    use embert_model::{Freeze, Layers};
    use embert_task::{ClassWeights, Scheme};
    use toml::{Table, Value};

    use super::*;
    use crate::{
        DataConfig, DropoutConfig, EarlyStoppingConfig, LogFormat, OptimizerConfig, StageConfig, TrainConfig,
    };

    /// A config in which every key is set, so that the list of keys and the struct can't drift apart.
    fn all_keys_set() -> TrainConfig {
        TrainConfig {
            task: Some(TaskName::TextClassification),
            problem_type: Some(ProblemType::Regression),
            pos_weight: ClassWeights::Given(vec![2.0]),
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
            metric: Some("loss".into()),
            data: DataConfig {
                truncation: Truncation::HeadTail(64),
                stride: Some(32),
                train_stride: Some(16),
                max_windows: Some(8),
                batch_tokens: Some(512),
                train_samples: Some(10),
                eval_samples: Some(4),
                split_ratios: Some([0.8, 0.1, 0.1]),
                split_seed: Some(3),
                scheme: Some(Scheme::Iob2),
                label_all_tokens: true,
                widen_spans: true,
                whole_word_mask: true,
                line_by_line: true,
                format: Some(Format::Csv),
                delimiter: ";".parse().ok(),
                quoting: Some(Quoting::None),
                encoding: "windows-1252".parse().ok(),
                header: Some(Header::Names(vec!["text".into(), "label".into()])),
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
}
