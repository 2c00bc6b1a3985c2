//! [`Prepared`]: a model and a data set that fit each other.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use burn::module::Module;
use burn::tensor::Device;
use embert_data::tokenize::{Tokenizer, TruncationCount};
use embert_data::{EncodedDataset, LeftOutWindows};
use embert_model::{
    BertConfig, Depth, Head as _, HeadSource, LoadOptions, LoadReport, ModelFor, NamedParameter, NewHead,
    ProblemType, named_parameters,
};
use embert_optim::{ParameterGroup, TrainedParameter, build_groups};
use embert_run::{FORMAT, Facts, Fingerprint, MetricInfo, Parameters};
use embert_task::{Inputs, LossSettings, Task, TaskData};

use crate::evaluate::EvaluatedSplit;
use crate::fingerprint::{fingerprint, of_training_tokens};
use crate::groups::{LayerwiseDecay, Rates};
use crate::model_card::Licence;
use crate::model_options::{model_options, with_problem};
use crate::splits::{EncodedSplits, check_splits};
use crate::stages::{Stage, Stages};
use crate::trainer::Plan;
use crate::{TrainConfig, TrainError};

/// A run that a [`Trainer`](crate::Trainer) can train: the settings, the model, the tokenizer and the encoded
/// splits, checked against each other.
#[derive(Debug)]
pub struct Prepared<T: Task> {
    pub(crate) model: ModelFor<T::Head>,
    pub(crate) setup: Setup<T>,
}

/// A [`Prepared`] run without its initial weights, which would otherwise stay in memory beside the trained
/// weights.
#[derive(Debug)]
pub(crate) struct Setup<T: Task> {
    /// The settings of the run.
    pub(crate) settings: TrainConfig,
    pub(crate) task: T,
    pub(crate) config: BertConfig,
    pub(crate) tokenizer: Tokenizer,
    /// What the training examples are.
    pub(crate) inputs: Inputs,
    /// The metric that the best weights are chosen by.
    pub(crate) metric: MetricInfo,
    pub(crate) train: Arc<EncodedDataset<T::Target>>,
    pub(crate) validation: Option<EvaluatedSplit<T>>,
    pub(crate) test: Option<EvaluatedSplit<T>>,
    pub(crate) facts: Facts,
    /// Seconds that the preparation took.
    pub(crate) seconds: f64,
    /// The data set's name.
    pub(crate) dataset: String,
    /// The base model's licence, as its own card states it.
    pub(crate) licence: Licence,
    report: LoadReport,
    /// A note for the user on weights of the checkpoint that are replaced by new weights.
    anew: Option<String>,
    /// Notes on the splits, and on labels that were paired by their order.
    data_notes: Vec<String>,
    truncated: TruncationCount,
    /// A note on windows of long texts that are not trained on.
    left_out: Option<String>,
    max_length: usize,
    /// Notes on settings that would take effect only after the run's last step.
    unreached: Vec<String>,
    /// The fingerprint of the run's data: a resumed run must have the same fingerprint.
    pub(crate) fingerprint: Fingerprint,
    /// The fingerprint that older versions wrote, of the training split's tokens and labels alone.
    pub(crate) training_tokens: String,
}

impl<T: Task> Prepared<T> {
    /// Loads the checkpoint in `model_folder` with a head for the data set's labels, and encodes the splits.
    ///
    /// # Errors
    /// The checkpoint or its tokenizer can't be loaded, the labels of the data set and the checkpoint don't
    /// agree, the training split is empty, or a setting doesn't fit.
    pub fn new(
        config: &TrainConfig,
        model_folder: &Path,
        data: TaskData<T>,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let began = Instant::now();
        config.validate()?;
        check_splits(config, &data)?;
        // A checkpoint that doesn't fit is found before the texts are encoded, which takes longer.
        let start = Start::load(config, model_folder, T::label_names(&data.labels), device)?;
        T::fit(&data.labels, &start.config, model_folder)?;
        let splits = EncodedSplits::encode(config, model_folder, data)?;
        Self::assemble(config, model_folder, start, &splits, device, began)
    }

    /// Loads the checkpoint in `model_folder`, like [`new`](Self::new), for a run on splits that were encoded
    /// before.
    ///
    /// # Errors
    /// As [`new`](Self::new); and the splits are not those that `config` describes.
    pub fn with_splits(
        config: &TrainConfig,
        model_folder: &Path,
        splits: &EncodedSplits<T>,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let began = Instant::now();
        config.validate()?;
        splits.check(config)?;
        let labels = splits.task().labels();
        let start: Start<T> =
            Start::load(config, model_folder, (!labels.is_empty()).then_some(labels), device)?;
        // The splits have the label numbers of the checkpoint for which they were encoded.
        if !labels.is_empty() && start.config.id2label != labels {
            return Err(TrainError::OtherSplits);
        }
        Self::assemble(config, model_folder, start, splits, device, began)
    }

    fn assemble(
        config: &TrainConfig,
        model_folder: &Path,
        start: Start<T>,
        splits: &EncodedSplits<T>,
        device: &Device,
        began: Instant,
    ) -> Result<Self, TrainError> {
        let Start { model, config: bert, report } = start;
        let train = splits.train();
        let loss = LossSettings {
            class_weights: config.class_weights.clone(),
            pos_weight: config.pos_weight.clone(),
            label_smoothing: config.label_smoothing,
        };
        let task = splits.task().clone().with_loss(&loss, &train)?;
        let settings = config.for_task(&task);
        let metric = metric(&settings, &task)?;
        let mut data_notes = splits.notes(config);
        data_notes.extend(splits.pairing().map(str::to_owned));
        data_notes.extend(thresholds_note(config, model_folder, &task));
        let mut model =
            model.reinitialize(&bert, config.reinit_layers, config.reinit_pooler, config.seed, device)?;
        model.head.set_max_length(config.data.max_length);
        // A setting that doesn't fit is an error before anything is written.
        let plan = Plan::of_split(config, &train, T::SEPARATE_TEXTS)?;
        let stages = Stages::new(config, bert.num_hidden_layers, plan.steps_per_epoch, plan.total_steps)?;
        let (model, _) = stages.check(config, model)?;
        let model = Stages::first(config)?.apply(model)?;
        let (validation, test) = (splits.validation(), splits.test());
        let facts = Facts {
            format: FORMAT,
            task: T::NAME.to_owned(),
            // The kind of labels that a text classifier has where nothing is said.
            problem_type: T::PROBLEM_TYPE
                .filter(|kind| *kind != ProblemType::SingleLabelClassification)
                .map(|kind| kind.to_string()),
            model: config.model.clone(),
            dataset: splits.name().to_owned(),
            labels: task.labels().to_vec(),
            positive: task.positive().map(str::to_owned),
            parameters: parameters(&model),
            splits: splits.split_facts().clone(),
            shared: splits.data_facts().shared,
            skipped: splits.data_facts().skipped,
            skipped_by_split: splits.data_facts().skipped_by_split,
            lengths: splits.lengths(config),
            metrics: task.metrics(),
        };
        let features =
            |split: &Option<EvaluatedSplit<T>>| split.as_ref().map(|split| Arc::clone(&split.features));
        let setup = Setup {
            settings,
            inputs: splits.inputs(),
            fingerprint: fingerprint(
                task.labels(),
                &train,
                features(&validation).as_deref(),
                features(&test).as_deref(),
            ),
            training_tokens: of_training_tokens(&train),
            unreached: unreached_notes(config, plan, &stages),
            task,
            config: bert,
            tokenizer: splits.tokenizer().clone(),
            metric,
            train,
            validation,
            test,
            facts,
            seconds: began.elapsed().as_secs_f64(),
            dataset: splits.name().to_owned(),
            licence: Licence::of_checkpoint(model_folder),
            report,
            anew: anew_note(config),
            data_notes,
            truncated: splits.truncated(),
            left_out: left_out_note(splits.left_out(), config.data.most_windows()),
            max_length: config.data.max_length,
        };
        Ok(Self { model, setup })
    }

    /// Notes for the user before the run begins: new and left-over weights, truncated texts, trainable
    /// parameters.
    pub fn notes(&self) -> Vec<String> {
        let Setup { report, truncated, task, max_length, .. } = &self.setup;
        let mut notes = Vec::new();
        if !report.newly_initialized.is_empty() {
            let reason = match &report.head {
                Some(HeadSource::New(reason @ NewHead::Wanted)) => format!(" ({reason})"),
                _ => String::new(),
            };
            notes.push(format!("newly initialized: {}{reason}", report.newly_initialized.join(", ")));
        }
        if !report.leftover.is_empty() {
            notes.push(format!("left over in the checkpoint: {}", report.leftover.join(", ")));
        }
        notes.extend(report.assumed_note());
        notes.extend(self.setup.anew.clone());
        notes.extend(self.setup.tokenizer.notes().iter().cloned());
        notes.extend(self.setup.data_notes.iter().cloned());
        let Parameters { total, trainable } = self.setup.facts.parameters;
        let labels = match task.labels() {
            [] => String::new(),
            labels => format!("; labels: {}", labels.join(", ")),
        };
        notes.push(format!("{trainable} of {total} parameters are trained{labels}"));
        notes.extend(cut_note(*truncated, *max_length));
        notes.extend(self.setup.left_out.clone());
        notes.extend(self.setup.unreached.iter().cloned());
        notes
    }

    /// The settings of the run; a trainer takes its settings from here.
    pub fn config(&self) -> &TrainConfig {
        &self.setup.settings
    }

    /// The task, with its labels in the order of the head's outputs.
    pub fn task(&self) -> &T {
        &self.setup.task
    }
}

/// The model and the weights that a run starts from.
struct Start<T: Task> {
    model: ModelFor<T::Head>,
    config: BertConfig,
    report: LoadReport,
}

impl<T: Task> Start<T> {
    fn load(
        config: &TrainConfig,
        model_folder: &Path,
        labels: Option<&[String]>,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let options = model_options::<T>(config, labels.map(<[String]>::to_vec));
        if config.from_scratch {
            let bert = with_problem(options.config(model_folder)?, T::PROBLEM_TYPE, labels);
            let model = ModelFor::from_config(&bert, config.seed, device)?;
            return Ok(Self { model, config: bert, report: LoadReport::default() });
        }
        let loaded = ModelFor::from_pretrained(model_folder, &options, device)?;
        Ok(Self { model: loaded.model, config: loaded.config, report: loaded.report })
    }
}

/// The metric that the settings name.
fn metric<T: Task>(settings: &TrainConfig, task: &T) -> Result<MetricInfo, TrainError> {
    let name = settings.metric.as_deref().unwrap_or_else(|| task.default_metric());
    let metrics = task.metrics();
    let metrics: Vec<&MetricInfo> = metrics.iter().filter(|metric| task.chooses_by(&metric.name)).collect();
    let found = metrics.iter().copied().find(|metric| metric.name == name);
    found.cloned().ok_or_else(|| {
        let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
        TrainError::Setting {
            key: "metric",
            found: format!("\"{name}\""),
            expected: format!("one of {}", names.join(", ")),
        }
    })
}

impl<T: Task> Setup<T> {
    /// The labels' names, in the order of the head's outputs; `None` for tasks without labels.
    fn labels(&self) -> Option<Vec<String>> {
        let labels = self.task.labels();
        (!labels.is_empty()).then(|| labels.to_vec())
    }

    /// The run's model with the weights in `folder`.
    pub(crate) fn reload(
        &self,
        folder: &Path,
        config: &TrainConfig,
        device: &Device,
    ) -> Result<ModelFor<T::Head>, TrainError> {
        let options = LoadOptions { new_head: false, ..model_options::<T>(config, self.labels()) };
        let loaded = ModelFor::from_pretrained(folder, &options, device)?;
        if let Some(missing) = loaded.report.newly_initialized.first() {
            let problem = format!("it has no {missing}");
            return Err(TrainError::Checkpoint { path: folder.to_owned(), problem });
        }
        Ok(loaded.model)
    }

    /// The optimizer's groups of the trainable parameters of `model`, at a stage's learning rates.
    pub(crate) fn groups(
        &self,
        model: &ModelFor<T::Head>,
        config: &TrainConfig,
        stage: &Stage,
    ) -> Vec<ParameterGroup> {
        let settings = &config.optimizer;
        let layerwise = (settings.layerwise_lr_decay < 1.0).then_some(LayerwiseDecay {
            factor: settings.layerwise_lr_decay,
            layers: self.config.num_hidden_layers,
        });
        let rates = Rates {
            learning_rate: stage.learning_rate,
            head_learning_rate: stage.head_learning_rate,
            layerwise,
        };
        // Weights that the checkpoint lacks and a reinitialized pooler are trained as a new classifier is.
        let is_new = |parameter: &NamedParameter| {
            (config.reinit_pooler && parameter.depth == Depth::Pooler)
                || self.report.newly_initialized.contains(&parameter.name)
        };
        let trained = named_parameters(model).into_iter().filter(|parameter| parameter.trainable);
        let trained = trained.map(|parameter| TrainedParameter {
            part: rates.part(parameter.depth, is_new(&parameter)),
            id: parameter.id,
            name: parameter.name,
        });
        build_groups(trained, |part| rates.of(*part), settings.weight_decay, settings.decay)
    }
}

/// A note on the parts of the checkpoint's weights that are not used.
fn anew_note(config: &TrainConfig) -> Option<String> {
    let layers = match config.reinit_layers {
        0 => None,
        1 => Some("the last encoder layer".to_owned()),
        layers => Some(format!("the last {layers} encoder layers")),
    };
    let parts: Vec<String> =
        layers.into_iter().chain(config.reinit_pooler.then(|| "the pooler".to_owned())).collect();
    (!parts.is_empty()).then(|| format!("starts anew: {}", parts.join(", ")))
}

/// A note on the thresholds of the checkpoint, which the run does not take over.
fn thresholds_note<T: Task>(config: &TrainConfig, model_folder: &Path, task: &T) -> Option<String> {
    // Thresholds for other labels can't be read for the task's.
    let has_any =
        || task.clone().with_thresholds_of(model_folder).map_or(true, |task| task.thresholds().is_some());
    (!config.from_scratch && has_any()).then(|| {
        "the checkpoint's thresholds are not taken over: those of the result are fitted on the validation split, or 0.5 \
         without one"
            .to_owned()
    })
}

/// Notes on settings whose first step comes after the run's last step.
fn unreached_notes(config: &TrainConfig, plan: Plan, stages: &Stages) -> Vec<String> {
    let total = plan.total_steps;
    let unfreezing = config
        .unfreeze_every
        .filter(|_| !stages.are_many())
        .map(|every| format!("nothing is unfrozen: unfreeze_every = {every}, and the run has {total} steps"));
    let warmup = config.optimizer.warmup_steps.filter(|steps| *steps >= total).map(|steps| {
        format!(
            "the learning rate does not reach its highest: optimizer.warmup_steps = {steps}, and the run has {total} steps"
        )
    });
    unfreezing.into_iter().chain(warmup).collect()
}

pub(crate) fn parameters<M: Module>(model: &M) -> Parameters {
    let parameters = named_parameters(model);
    let count = |parameters: &mut dyn Iterator<Item = &NamedParameter>| {
        parameters.map(NamedParameter::elements).sum()
    };
    Parameters {
        total: count(&mut parameters.iter()),
        trainable: count(&mut parameters.iter().filter(|parameter| parameter.trainable)),
    }
}

/// A note on the share of training texts that were cut; `None` if no text was.
fn cut_note(count: TruncationCount, max_length: usize) -> Option<String> {
    let percent = count.share() * 100.0;
    let percent = match count.truncated {
        0 => return None,
        // One text in a million would otherwise show as 0.0 %.
        _ if percent < 0.1 => "less than 0.1".to_owned(),
        _ if percent < 1.0 => format!("{percent:.1}"),
        _ => format!("{percent:.0}"),
    };
    Some(format!("{percent} % of training texts were cut at {max_length} tokens"))
}

/// A note on the windows of training texts that are left out; `None` if there are none.
fn left_out_note(left_out: LeftOutWindows, most: usize) -> Option<String> {
    let LeftOutWindows { windows, texts } = left_out;
    (windows > 0)
        .then(|| format!("{windows} windows of {texts} texts are not trained on: data.max_windows = {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_on_cut_texts_has_the_share_and_the_length() {
        let note = |truncated, total| cut_note(TruncationCount { truncated, total }, 256);
        assert_eq!(note(42, 100).as_deref(), Some("42 % of training texts were cut at 256 tokens"));
        assert_eq!(note(7, 1000).as_deref(), Some("0.7 % of training texts were cut at 256 tokens"));
        assert_eq!(
            note(1, 25_000).as_deref(),
            Some("less than 0.1 % of training texts were cut at 256 tokens")
        );
        assert_eq!(note(0, 100), None);
    }
}
