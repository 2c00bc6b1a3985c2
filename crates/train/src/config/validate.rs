//! What a config's types alone can't say: ranges, and which settings go together.

use embert_data::tokenize::Truncation;
use embert_model::{DeviceChoice, FreezePatterns};

use super::{ClassWeights, ConfigError, DataConfig, OptimizerConfig, TrainConfig};

impl TrainConfig {
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

#[cfg(test)]
mod tests {
    use crate::ConfigBuilder;

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
