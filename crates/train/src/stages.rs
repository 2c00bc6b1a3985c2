//! [`Stages`]: which parameters are trained from which step on, and at which learning rates.

use std::collections::BTreeSet;

use embert_model::{Freeze, FreezePatterns, Head, Layers, ModelFor, named_parameters};

use crate::{StageConfig, TrainConfig, TrainError};

/// A part of a run in which the same parameters are trained at the same rates.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// The number of steps before the stage.
    pub(crate) begins: usize,
    pub(crate) freeze: Freeze,
    patterns: FreezePatterns,
    /// The highest learning rate of the schedule.
    pub(crate) learning_rate: f64,
    /// The highest learning rate of the head; `None` if the head has `learning_rate`.
    pub(crate) head_learning_rate: Option<f64>,
}

impl Stage {
    /// Freezes exactly the parameters that the stage does not train.
    pub(crate) fn apply<H: Head>(&self, model: ModelFor<H>) -> Result<ModelFor<H>, TrainError> {
        Ok(self.freeze.apply_with(model, &self.patterns)?)
    }

    /// The head's learning rate; `None` if it equals `learning_rate`.
    pub(crate) fn own_head_learning_rate(&self) -> Option<f64> {
        self.head_learning_rate.filter(|rate| rate.total_cmp(&self.learning_rate).is_ne())
    }
}

/// The stages of a run in their order; the first one begins with the first step.
#[derive(Clone, Debug)]
pub(crate) struct Stages(Vec<Stage>);

impl Stages {
    /// The stages of a run of `total_steps` steps with a model of `layers` encoder layers.
    ///
    /// # Errors
    /// A stage can't begin, or `unfreeze_every` has nothing to unfreeze.
    pub(crate) fn new(
        config: &TrainConfig,
        layers: usize,
        steps_per_epoch: usize,
        total_steps: usize,
    ) -> Result<Self, TrainError> {
        let mut stages = vec![Self::first(config)?];
        for (index, stage) in config.stages.iter().enumerate() {
            let begins = match (stage.from_epoch, stage.from_step) {
                (Some(epoch), _) => (epoch - 1).saturating_mul(steps_per_epoch),
                (None, step) => step.unwrap_or(1) - 1,
            };
            let before = stages.last().map_or(0, |stage| stage.begins);
            if begins <= before || begins >= total_steps {
                return Err(TrainError::Setting {
                    key: "stages",
                    found: format!(
                        "a stage number {} that begins with step {}",
                        index + 2,
                        begins.saturating_add(1)
                    ),
                    expected: format!(
                        "a step after {}, where the stage before it begins, of {total_steps} in the run",
                        before + 1
                    ),
                });
            }
            stages.push(Self::later(config, stage, begins)?);
        }
        if let Some(every) = config.unfreeze_every {
            let gradual = gradually(config.freeze, layers);
            if gradual.is_empty() {
                return Err(TrainError::Setting {
                    key: "unfreeze_every",
                    found: format!("{every} with freeze = \"{}\"", config.freeze),
                    expected: "a freeze that leaves something to unfreeze, as all_but_head does".to_owned(),
                });
            }
            let first = stages[0].clone();
            stages.extend(gradual.into_iter().zip(1..).map(|(freeze, number)| Stage {
                begins: every.saturating_mul(number),
                freeze,
                ..first.clone()
            }));
            stages.retain(|stage| stage.begins < total_steps);
        }
        Ok(Self(stages))
    }

    /// Refuses a stage that doesn't fit the model, before any work is done. Returns the model, frozen as in
    /// the last stage, and the number of parameters that any stage trains.
    pub(crate) fn check<H: Head>(
        &self,
        config: &TrainConfig,
        mut model: ModelFor<H>,
    ) -> Result<(ModelFor<H>, usize), TrainError> {
        let mut trained = BTreeSet::new();
        let mut cached = false;
        for stage in self.iter() {
            model = stage.apply(model)?;
            cached |= model.frozen_prefix().is_some();
            let parameters = named_parameters(&model).into_iter().filter(|parameter| parameter.trainable);
            trained.extend(parameters.map(|parameter| (parameter.elements(), parameter.name)));
        }
        if config.cache_frozen && !cached {
            return Err(TrainError::Setting {
                key: "cache_frozen",
                found: format!("true with freeze = \"{}\"", config.freeze),
                expected: "a freeze that leaves nothing to train from the embeddings up to some layer, as all_but_head or embeddings+encoder_below:N".to_owned(),
            });
        }
        Ok((model, trained.iter().map(|(elements, _)| elements).sum()))
    }

    /// The stage that a run begins with.
    pub(crate) fn first(config: &TrainConfig) -> Result<Stage, TrainError> {
        Ok(Stage {
            begins: 0,
            freeze: config.freeze,
            patterns: FreezePatterns::new(&config.freeze_patterns)?,
            learning_rate: config.optimizer.learning_rate,
            head_learning_rate: config.optimizer.head_learning_rate,
        })
    }

    fn later(config: &TrainConfig, stage: &StageConfig, begins: usize) -> Result<Stage, TrainError> {
        Ok(Stage {
            begins,
            freeze: stage.freeze,
            patterns: FreezePatterns::new(&stage.freeze_patterns)?,
            learning_rate: stage.learning_rate.unwrap_or(config.optimizer.learning_rate),
            head_learning_rate: stage.head_learning_rate.or(config.optimizer.head_learning_rate),
        })
    }

    /// The stage that the step after `steps_done` belongs to, with its number from 1.
    pub(crate) fn at(&self, steps_done: usize) -> (usize, &Stage) {
        let number = self.0.iter().take_while(|stage| stage.begins <= steps_done).count().max(1);
        (number, &self.0[number - 1])
    }

    /// The number of steps before the next stage; `None` in the last stage.
    pub(crate) fn next_after(&self, steps_done: usize) -> Option<usize> {
        self.0.iter().map(|stage| stage.begins).find(|begins| *begins > steps_done)
    }

    /// Whether the run has more than one stage.
    pub(crate) fn are_many(&self) -> bool {
        self.0.len() > 1
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Stage> {
        self.0.iter()
    }
}

/// The frozen parts after each unfreezing (gradual unfreezing, Howard and Ruder 2018). Unfrozen are, from the
/// top: the pooler with the last layer, each layer below it, the embeddings.
fn gradually(freeze: Freeze, layers: usize) -> Vec<Freeze> {
    let below = |count: usize, embeddings: bool| match (count, embeddings) {
        (0, false) => Freeze::None,
        (0, true) => Freeze::Embeddings,
        (count, false) => Freeze::EncoderBelow(Layers::Count(count)),
        (count, true) => Freeze::EmbeddingsAndEncoderBelow(Layers::Count(count)),
    };
    let from = |count: usize, embeddings: bool| -> Vec<Freeze> {
        let layers = (0..count).rev().map(|count| below(count, embeddings));
        layers.chain(embeddings.then_some(Freeze::None)).collect()
    };
    match freeze {
        Freeze::None => Vec::new(),
        Freeze::Embeddings | Freeze::Pooler => vec![Freeze::None],
        Freeze::EncoderBelow(count) => from(count.of(layers), false),
        Freeze::EmbeddingsAndEncoderBelow(count) => from(count.of(layers), true),
        Freeze::AllButHead => from(layers, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(config: &TrainConfig) -> Result<Vec<(usize, String, f64)>, TrainError> {
        let stages = Stages::new(config, 3, 10, 40)?;
        Ok(stages.iter().map(|stage| (stage.begins, stage.freeze.to_string(), stage.learning_rate)).collect())
    }

    #[test]
    fn layers_are_unfrozen_from_the_top_and_the_embeddings_last() {
        let config = |freeze: &str| TrainConfig {
            freeze: freeze.parse().unwrap(),
            unfreeze_every: Some(6),
            ..TrainConfig::default()
        };
        let freezes = |freeze| -> Vec<String> {
            stages(&config(freeze)).unwrap().into_iter().map(|stage| stage.1).collect()
        };
        assert_eq!(
            freezes("all_but_head"),
            [
                "all_but_head",
                "embeddings+encoder_below:2",
                "embeddings+encoder_below:1",
                "embeddings",
                "none"
            ]
        );
        assert_eq!(freezes("encoder_below:67%"), ["encoder_below:67%", "encoder_below:1", "none"]);
        let begins: Vec<usize> =
            stages(&config("all_but_head")).unwrap().iter().map(|stage| stage.0).collect();
        assert_eq!(begins, [0, 6, 12, 18, 24]);
        let error = stages(&config("none")).unwrap_err().to_string();
        assert!(error.contains("unfreeze_every") && error.contains("all_but_head"), "{error}");
        // Stages after the last step are dropped.
        let late = TrainConfig { unfreeze_every: Some(25), ..config("all_but_head") };
        assert_eq!(stages(&late).unwrap().len(), 2);
    }

    #[test]
    fn stages_hold_from_their_epoch_or_step_until_the_next() {
        let stage = |from_epoch, from_step, rate| StageConfig {
            from_epoch,
            from_step,
            learning_rate: rate,
            ..StageConfig::default()
        };
        let config = |stages| TrainConfig { freeze: Freeze::AllButHead, stages, ..TrainConfig::default() };
        let both = config(vec![stage(Some(2), None, Some(1e-5)), stage(None, Some(25), None)]);
        assert_eq!(
            stages(&both).unwrap(),
            [(0, "all_but_head".into(), 2e-5), (10, "none".into(), 1e-5), (24, "none".into(), 2e-5)]
        );
        let found = Stages::new(&both, 3, 10, 40).unwrap();
        assert_eq!([0, 9, 10, 23, 24, 39].map(|step| found.at(step).0), [1, 1, 2, 2, 3, 3]);
        assert_eq!([0, 10, 24].map(|step| found.next_after(step)), [Some(10), Some(24), None]);

        for wrong in [
            vec![stage(Some(1), None, None)],
            vec![stage(Some(5), None, None)],
            vec![stage(None, Some(20), None), stage(Some(2), None, None)],
        ] {
            let error = stages(&config(wrong)).unwrap_err().to_string();
            assert!(error.contains("stages = a stage number") && error.contains("of 40"), "{error}");
        }
    }
}
