//! [`ModelCard`]: the facts of a run and its result.

use embert_task::{Inputs, TaskCard};

use super::provenance::{DatasetFacts, HubRepository, Licence};
use crate::{Eval, TrainConfig};

/// The facts of a run and its result, for the model card.
#[derive(Clone, Debug)]
pub(crate) struct ModelCard<'a> {
    /// The settings of the run.
    pub(crate) config: &'a TrainConfig,
    /// The base model's repository, if it has one.
    pub(crate) base: Option<&'a HubRepository>,
    /// The base model's licence.
    pub(crate) licence: Licence,
    /// The data set.
    pub(crate) dataset: DatasetFacts,
    /// The labels in the order of the model's outputs, each with its number in the training split.
    pub(crate) labels: Vec<(&'a str, usize)>,
    /// What these numbers count ([`Task::COUNTED`](embert_task::Task::COUNTED)).
    pub(crate) counted: &'static str,
    /// What the training examples are.
    pub(crate) inputs: Inputs,
    /// Whether the windows of long texts were trained on.
    pub(crate) trains_on_windows: bool,
    /// The number of training examples.
    pub(crate) examples: usize,
    /// The task, by the hub's name for it.
    pub(crate) task: &'static str,
    /// The stride with which the task reads longer texts where the settings name none.
    pub(crate) default_stride: Option<usize>,
    /// The task's part of the card.
    pub(crate) about: TaskCard,
    /// The evaluations of the weights that are kept.
    pub(crate) evaluations: Vec<Eval>,
    /// The scores of these evaluations, with those at fitted thresholds and of rules without a model.
    pub(crate) scores: Vec<embert_run::SplitScores>,
    /// The step after which the weights were taken.
    pub(crate) kept_step: usize,
    /// The number of steps that the run took.
    pub(crate) steps: usize,
    /// The number of steps without early stopping.
    pub(crate) total_steps: usize,
    /// True if the weights could be chosen: there was a validation split.
    pub(crate) chosen: bool,
}

impl ModelCard<'_> {
    /// The last part of the base model's name, or of the path to its folder.
    pub(super) fn base_name(&self) -> &str {
        let name = self.base.map_or(self.config.model.as_str(), |base| base.id.as_str());
        let last = name.rsplit(['/', '\\']).find(|part| !part.is_empty());
        last.filter(|last| *last != "." && *last != "..").unwrap_or("bert")
    }

    /// The shares in which the splits were cut from the training files, if `split` was cut from them.
    pub(super) fn cut(&self, split: &str) -> Option<[f64; 3]> {
        let ratios = self.config.data.split_ratios.or(self.dataset.split_ratios)?;
        (split != "test" || ratios[2] > 0.0).then_some(ratios)
    }
}
