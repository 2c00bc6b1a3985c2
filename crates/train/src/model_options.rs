//! The options with which a run loads its model, and the model's config.

use std::path::Path;

use embert_model::{BertConfig, Head as _, HeadSource, LoadOptions, ModelFor, ProblemType};
use embert_task::Task;

use crate::{TrainConfig, TrainError};

/// How the model is loaded; `labels` are the data set's, if any.
pub(crate) fn model_options<T: Task>(config: &TrainConfig, labels: Option<Vec<String>>) -> LoadOptions {
    LoadOptions {
        labels,
        problem_type: T::PROBLEM_TYPE,
        hidden_dropout: config.dropout.hidden,
        attention_dropout: config.dropout.attention,
        classifier_dropout: config.dropout.classifier,
        seed: config.seed,
        new_head: config.new_head,
    }
}

/// The config of the model that a run starts from, with the labels in the order of the head's outputs, and
/// the head's source, which is `None` for a run from scratch. No weight is read.
pub(crate) fn head_config<T: Task>(
    config: &TrainConfig,
    model_folder: &Path,
    labels: &T::Labels,
) -> Result<(BertConfig, Option<HeadSource>), TrainError> {
    if let Some(rate) = config.dropout.classifier.filter(|rate| *rate > 0.0 && !T::Head::HAS_DROPOUT) {
        return Err(TrainError::Setting {
            key: "dropout.classifier",
            found: rate.to_string(),
            expected: format!("no value: the head of {} has no dropout", T::NAME),
        });
    }
    let labels = T::label_names(labels);
    let options = model_options::<T>(config, labels.map(<[String]>::to_vec));
    if config.from_scratch {
        return Ok((with_problem(options.config(model_folder)?, T::PROBLEM_TYPE, labels), None));
    }
    let (bert, head) = ModelFor::<T::Head>::head_config(model_folder, &options)?;
    Ok((bert, Some(head)))
}

/// The config of a new head for a task's labels, if the task has labels or a kind of them.
pub(crate) fn with_problem(
    config: BertConfig,
    problem_type: Option<ProblemType>,
    labels: Option<&[String]>,
) -> BertConfig {
    match (problem_type, labels) {
        (Some(problem_type), labels) => config.with_problem(problem_type, labels),
        (None, Some(labels)) => config.with_labels(labels.iter().cloned()),
        (None, None) => config,
    }
}
