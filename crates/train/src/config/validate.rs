//! The checks of a config beyond its types: ranges, and which settings exclude each other.

use embert_data::TaskName;
use embert_data::tokenize::Truncation;
use embert_model::{DeviceChoice, FreezePatterns};

use super::data::DataConfig;
use super::error::ConfigError;
use super::limits::{self, MOST_EPOCHS, MOST_EXAMPLES_IN_A_STEP, MOST_STEPS, learning_rate};
use super::train::TrainConfig;

impl TrainConfig {
    /// Checks the range of each number, and that the settings fit together.
    ///
    /// # Errors
    /// A value is out of its range, or two settings exclude each other; the error names the first key at
    /// fault.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check(!self.model.is_empty(), "model", &"\"\"", "a folder or the name of a model on the hub")?;
        check(
            !self.dataset.is_empty(),
            "dataset",
            &"\"\"",
            "a card's name, a file, a folder or a data set on the hub",
        )?;
        self.device.parse::<DeviceChoice>().map_err(|source| ConfigError::Device { source })?;
        limits::check(self)?;
        let other = self.task.filter(|task| *task != TaskName::TextClassification);
        if let (Some(problem_type), Some(task)) = (self.problem_type, other) {
            let found = format!("{problem_type} with task = {task}");
            check(false, "problem_type", &found, "none: it is a kind of labels of text-classification")?;
        }
        self.validate_step()?;
        self.data.validate()?;
        self.validate_freezing()
    }
}

impl TrainConfig {
    /// Checks the number of examples in an optimizer step.
    fn validate_step(&self) -> Result<(), ConfigError> {
        if let Some(examples) = self.effective_batch_size {
            let expected = "a multiple of batch_size, the examples that fit at a time";
            check(examples.is_multiple_of(self.batch_size), "effective_batch_size", &examples, expected)?;
            let expected = "1, since effective_batch_size already sets it";
            let (key, steps) = ("gradient_accumulation_steps", self.gradient_accumulation_steps);
            check(steps == 1, key, &steps, expected)?;
        }
        let expected = "a power of two, as 1, 2, 4 or 8";
        check(self.shards.is_power_of_two(), "shards", &self.shards, expected)?;
        let examples = self.batch_size.checked_mul(self.gradient_accumulation_steps);
        check(
            examples.is_some_and(|examples| examples <= MOST_EXAMPLES_IN_A_STEP),
            "gradient_accumulation_steps",
            &format!("{} with batch_size = {}", self.gradient_accumulation_steps, self.batch_size),
            "at most 16777216 examples in a step (its mean is taken in f32, which counts up to there)",
        )
    }

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
                matches!(start, [Some(2..), None] | [None, Some(2..)]),
                "stages",
                &format!("from_epoch {:?}, from_step {:?}", stage.from_epoch, stage.from_step),
                "either from_epoch or from_step in each, an epoch from 2 on or a step after 1",
            )?;
            check(
                stage.from_epoch.is_none_or(|epoch| epoch <= MOST_EPOCHS),
                "stages",
                &format!("from_epoch {}", stage.from_epoch.unwrap_or(0)),
                "a from_epoch of at most 100000, as epochs",
            )?;
            check(
                stage.from_step.is_none_or(|step| step <= MOST_STEPS),
                "stages",
                &format!("from_step {}", stage.from_step.unwrap_or(0)),
                "a from_step of at most 99999999 (no run has more steps)",
            )?;
            for (key, rate) in
                [("learning_rate", stage.learning_rate), ("head_learning_rate", stage.head_learning_rate)]
            {
                check(
                    rate.is_none_or(learning_rate),
                    "stages",
                    &format!("{key} {:?}", rate.unwrap_or(0.0)),
                    "learning rates above 0, from 1e-30 to 1e30 (beyond, a step in f32 is 0 or infinite)",
                )?;
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

impl DataConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        // A pair has room for one token less, which the tokenizer checks.
        let room = self.max_length - 2;
        if let Truncation::HeadTail(head) = self.truncation {
            check(
                head < room,
                "data.truncation",
                &format!("{} with data.max_length = {}", self.truncation, self.max_length),
                "head_tail:N with N below data.max_length - 2 (the special tokens), so that an end of the text is left",
            )?;
        }
        for (key, stride) in [("data.stride", self.stride), ("data.train_stride", self.train_stride)] {
            let stride = stride.unwrap_or(0);
            check(
                stride < room,
                key,
                &format!("{stride} with data.max_length = {}", self.max_length),
                "a number below data.max_length - 2 (the special tokens), so that each window gets on",
            )?;
        }
        self.validate_windows()?;
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

impl DataConfig {
    /// Checks what goes with `train_stride`, and what has no effect without it.
    fn validate_windows(&self) -> Result<(), ConfigError> {
        let windows = self.train_stride.is_some();
        for (key, found) in [("data.max_windows", self.max_windows), ("data.batch_tokens", self.batch_tokens)]
        {
            check(
                windows || found.is_none(),
                key,
                &found.unwrap_or(0),
                "data.train_stride beside it: it is about the windows that are trained on as one example",
            )?;
        }
        check(
            !(windows && matches!(self.truncation, Truncation::HeadTail(_))),
            "data.truncation",
            &format!("{} with data.train_stride", self.truncation),
            "no head_tail: longer texts are read in windows, and nothing is cut out of them",
        )
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
            "data.train_stride=254",
            "data.train_stride=-1",
            "data.max_windows=1",
            "data.max_windows=8",
            "data.batch_tokens=0",
            "data.batch_tokens=512",
            "max_grad_norm=-1",
            "class_weights=[0.0, 0.0]",
            "device=gpu",
            "early_stopping.patience=0",
            "freeze=some",
            "effective_batch_size=24",
            "effective_batch_size=0",
            "cache_memory=0",
            "unfreeze_every=0",
            "freeze_patterns=[\"a[\"]",
            "stages=[{ freeze = \"none\" }]",
            "stages=[{ from_epoch = 0 }]",
            "stages=[{ from_epoch = 1 }]",
            "stages=[{ from_step = 1 }]",
            "stages=[{ from_epoch = 2, from_step = 3 }]",
            "stages=[{ from_epoch = 2, learning_rate = 0.0 }]",
            "stages=[{ from_epoch = 2, frees = \"none\" }]",
            "optimizer.layerwise_lr_decay=0",
            "optimizer.layerwise_lr_decay=1.5",
            "stages=[{ from_epoch = 9223372036854775807 }]",
            "stages=[{ from_step = 100000000 }]",
            "stages=[{ from_step = 3, learning_rate = 1e-300 }]",
            "stages=[{ from_step = 3, head_learning_rate = inf }]",
            "data.split_ratios=[nan, nan, nan]",
            "data.split_ratios=[1.0, 1.0, 1.0]",
            "data.truncation=head_tail:18446744073709551616",
        ] {
            let result = ConfigBuilder::new().set(setting).and_then(ConfigBuilder::build);
            assert!(result.is_err(), "{setting} was taken");
        }
    }

    #[test]
    fn windows_of_training_have_their_own_settings_and_nothing_to_cut() {
        let of = |settings: &[&str]| {
            let set = |builder: ConfigBuilder, setting: &&str| builder.set(setting);
            settings.iter().try_fold(ConfigBuilder::new(), set).and_then(ConfigBuilder::build)
        };
        let config = of(&["data.train_stride=32", "data.max_windows=8", "data.batch_tokens=512"]).unwrap();
        assert_eq!((config.data.evaluated_stride(), config.data.most_windows()), (Some(32), 8));
        assert_eq!(config.batch_tokens(), 512);
        let both = of(&["data.train_stride=32", "data.stride=64", "data.truncation=tail"]).unwrap();
        assert_eq!((both.data.evaluated_stride(), both.data.most_windows()), (Some(64), 16));
        assert_eq!(both.batch_tokens(), 16 * 256);
        for (setting, expected) in [
            ("data.max_windows=8", "data.max_windows = 8: expected data.train_stride beside it"),
            ("data.batch_tokens=512", "data.batch_tokens = 512: expected data.train_stride beside it"),
            (
                "data.train_stride=254",
                "data.train_stride = 254 with data.max_length = 256: expected a number below",
            ),
        ] {
            let error = of(&[setting]).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let error = of(&["data.train_stride=32", "data.truncation=head_tail:64"]).unwrap_err().to_string();
        assert!(
            error.starts_with("data.truncation = head_tail:64 with data.train_stride: expected no"),
            "{error}"
        );
    }

    #[test]
    fn the_examples_of_a_step_are_a_product_with_a_limit() {
        let of = |batch: usize, steps: usize| {
            ConfigBuilder::new()
                .set(&format!("batch_size={batch}"))
                .and_then(|builder| builder.set(&format!("gradient_accumulation_steps={steps}")))
                .and_then(ConfigBuilder::build)
        };
        assert_eq!(of(65_536, 256).unwrap().micro_batches(), 256);
        let error = of(65_536, 257).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "gradient_accumulation_steps = 257 with batch_size = 65536: expected at most 16777216"
            ),
            "{error}"
        );
    }
}
