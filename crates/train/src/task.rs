//! [`Task`]: a model and a data set that fit each other.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use burn::data::dataset::Dataset as _;
use burn::tensor::Device;
use embert_data::tokenize::{Tokenizer, TruncationCount};
use embert_data::{DataSet, EncodedDataset, Example, LabelMapping, LabelSet};
use embert_metrics::Average;
use embert_model::{
    BertConfig, BertForSequenceClassification, HeadSource, LoadOptions as ModelOptions, LoadReport,
    NamedParameter, NewHead, named_parameters,
};
use embert_optim::{GroupSettings, LayerwiseDecay, ParameterGroup, build_groups};
use embert_run::{FORMAT, Facts, Parameters, TEXT_CLASSIFICATION};

use crate::config::{ClassWeightRule, ClassWeights};
use crate::evaluate::average;
use crate::fingerprint::{Fingerprint, of_training_tokens};
use crate::loss::CrossEntropy;
use crate::model_card::Licence;
use crate::records::lengths;
use crate::splits::{EncodedSplits, Splits, check_splits};
use crate::stages::{Stage, Stages};
use crate::trainer::Plan;
use crate::{TrainConfig, TrainError, scores};

/// What a [`Trainer`](crate::Trainer) needs: the model, the tokenizer and the encoded splits, checked against each other.
#[derive(Debug)]
pub struct Task {
    pub(crate) model: BertForSequenceClassification,
    pub(crate) setup: Setup,
}

/// All of a [`Task`] but the weights to start from: those would otherwise stay in memory beside the ones that are trained.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) config: BertConfig,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) labels: Vec<String>,
    pub(crate) average: Average,
    pub(crate) loss: CrossEntropy,
    pub(crate) train: Arc<EncodedDataset>,
    pub(crate) validation: Option<Arc<EncodedDataset>>,
    pub(crate) test: Option<Arc<EncodedDataset>>,
    /// The texts of those two, in their order.
    pub(crate) validation_texts: Arc<[Example]>,
    pub(crate) test_texts: Arc<[Example]>,
    pub(crate) facts: Facts,
    /// How long it took to prepare.
    pub(crate) seconds: f64,
    /// The data set's name.
    pub(crate) dataset: String,
    /// The base model's, as its own card states it.
    pub(crate) licence: Licence,
    report: LoadReport,
    /// What starts from new weights although the checkpoint has some.
    anew: Option<String>,
    /// What to say of the splits, and of how their labels became the classifier's.
    data_notes: Vec<String>,
    truncated: TruncationCount,
    max_length: usize,
    /// Settings whose time does not come in so few steps.
    unreached: Vec<String>,
    /// Tells whether the data are those of another run.
    pub(crate) fingerprint: Fingerprint,
    /// The same of the training split's tokens and labels alone, as older versions had it.
    pub(crate) training_tokens: String,
}

impl Task {
    /// Loads the checkpoint in `model_folder` with a classifier for the data set's labels, and encodes the splits.
    ///
    /// # Errors
    /// The checkpoint or its tokenizer can't be loaded, the labels of the data set and the checkpoint don't agree, the
    /// training split is empty, or a setting doesn't fit.
    pub fn prepare(
        config: &TrainConfig,
        model_folder: &Path,
        data: DataSet,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let began = Instant::now();
        config.validate()?;
        check_splits(config, &data)?;
        let start = Start::load(config, model_folder, &data.labels, device)?;
        // What doesn't fit is found before the texts are encoded, which takes longer.
        start.mapping(&data.labels)?;
        let splits = EncodedSplits::encode(config, model_folder, data)?;
        Self::assemble(config, model_folder, start, &splits, device, began)
    }

    /// As [`prepare`](Self::prepare), with splits that were encoded before, for another run on the same data.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare); and the splits are not those that `config` describes.
    pub fn with_splits(
        config: &TrainConfig,
        model_folder: &Path,
        splits: &EncodedSplits,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let began = Instant::now();
        config.validate()?;
        splits.check(config)?;
        let start = Start::load(config, model_folder, splits.labels(), device)?;
        Self::assemble(config, model_folder, start, splits, device, began)
    }

    fn assemble(
        config: &TrainConfig,
        model_folder: &Path,
        start: Start,
        splits: &EncodedSplits,
        device: &Device,
        began: Instant,
    ) -> Result<Self, TrainError> {
        let mapping = start.mapping(splits.labels())?;
        let mut data_notes = splits.notes(config);
        data_notes.extend(start.pairing(splits.labels())?);
        let Start { model, bert, report } = start;
        let labels = bert.id2label.clone();
        let average = average(&labels, splits.labels(), &mapping);
        let Splits { train, validation, test } = splits.labelled(&mapping);
        let weights = class_weights(config, &labels, &train)?;
        let model =
            model.reinitialize(&bert, config.reinit_layers, config.reinit_pooler, config.seed, device)?;
        // What can't be trained as it is asked for is found out while nothing is written.
        let plan = Plan::new(config, train.len())?;
        let stages = Stages::new(config, bert.num_hidden_layers, plan.steps_per_epoch, plan.total_steps)?;
        let (model, _) = stages.check(config, model)?;
        let model = Stages::first(config)?.apply(model)?;
        let positive = match average {
            Average::Binary { positive } => labels.get(positive).cloned(),
            _ => None,
        };
        let truncated = splits.truncated();
        let facts = Facts {
            format: FORMAT,
            task: TEXT_CLASSIFICATION.to_owned(),
            model: config.model.clone(),
            dataset: splits.name().to_owned(),
            labels: labels.clone(),
            positive,
            parameters: parameters(&model),
            splits: splits.split_facts(&mapping),
            shared: splits.data_facts().shared,
            skipped: splits.data_facts().skipped,
            skipped_by_split: splits.data_facts().skipped_by_split,
            lengths: lengths(&train, config.data.max_length),
            metrics: scores::infos(),
        };
        let setup = Setup {
            fingerprint: Fingerprint::of(&labels, &train, validation.as_deref(), test.as_deref()),
            training_tokens: of_training_tokens(&train),
            unreached: unreached_notes(config, plan, &stages),
            loss: CrossEntropy::new(weights, config.label_smoothing),
            config: bert,
            tokenizer: splits.tokenizer().clone(),
            labels,
            average,
            train,
            validation,
            test,
            validation_texts: splits.validation_texts(),
            test_texts: splits.test_texts(),
            facts,
            seconds: began.elapsed().as_secs_f64(),
            dataset: splits.name().to_owned(),
            licence: Licence::of_checkpoint(model_folder),
            report,
            anew: anew_note(config),
            data_notes,
            truncated,
            max_length: config.data.max_length,
        };
        Ok(Self { model, setup })
    }

    /// What a user should know before the run begins: new and left-over weights, cut texts, what is trainable.
    pub fn notes(&self) -> Vec<String> {
        let Setup { report, truncated, labels, max_length, .. } = &self.setup;
        let mut notes = Vec::new();
        if !report.newly_initialized.is_empty() {
            let reason = match &report.head {
                Some(HeadSource::New(reason @ (NewHead::OtherLabels { .. } | NewHead::Wanted))) => {
                    format!(" ({reason})")
                }
                _ => String::new(),
            };
            notes.push(format!("newly initialized: {}{reason}", report.newly_initialized.join(", ")));
        }
        if !report.leftover.is_empty() {
            notes.push(format!("left over in the checkpoint: {}", report.leftover.join(", ")));
        }
        notes.extend(self.setup.anew.clone());
        notes.extend(self.setup.tokenizer.notes().iter().cloned());
        notes.extend(self.setup.data_notes.iter().cloned());
        let Parameters { total, trainable } = self.setup.facts.parameters;
        notes.push(format!("{trainable} of {total} parameters are trained; labels: {}", labels.join(", ")));
        notes.extend(cut_note(*truncated, *max_length));
        notes.extend(self.setup.unreached.iter().cloned());
        notes
    }

    /// The labels' names, in the order of the model's outputs.
    pub fn labels(&self) -> &[String] {
        &self.setup.labels
    }
}

/// The weights that a run starts from.
struct Start {
    model: BertForSequenceClassification,
    bert: BertConfig,
    report: LoadReport,
}

impl Start {
    fn load(
        config: &TrainConfig,
        model_folder: &Path,
        labels: &LabelSet,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let options = model_options(config, Some(labels.names().to_vec()));
        if config.from_scratch {
            let bert = options.config(model_folder)?.with_labels(labels.names().iter().cloned());
            let model = BertForSequenceClassification::from_config(&bert, config.seed, device)?;
            return Ok(Self { model, bert, report: LoadReport::default() });
        }
        let loaded = BertForSequenceClassification::from_pretrained(model_folder, &options, device)?;
        Ok(Self { model: loaded.model, bert: loaded.config, report: loaded.report })
    }

    /// From the data set's labels to the classifier's.
    fn mapping(&self, labels: &LabelSet) -> Result<LabelMapping, TrainError> {
        Ok(labels.reconcile(&self.bert.id2label)?)
    }

    /// How the labels were paired with those of a trained classifier that doesn't name its own.
    fn pairing(&self, labels: &LabelSet) -> Result<Option<String>, TrainError> {
        if self.report.head != Some(HeadSource::CheckpointUnnamed) {
            return Ok(None);
        }
        // They have the data set's names by now.
        let unnamed: Vec<String> = (0..labels.len()).map(|index| format!("LABEL_{index}")).collect();
        Ok(labels.reconcile(&unnamed)?.pairing().map(str::to_owned))
    }
}

impl Setup {
    /// The model whose weights are in `folder`, in place of this task's.
    pub(crate) fn reload(
        &self,
        folder: &Path,
        config: &TrainConfig,
        device: &Device,
    ) -> Result<BertForSequenceClassification, TrainError> {
        let options = ModelOptions { new_head: false, ..model_options(config, Some(self.labels.clone())) };
        let loaded = BertForSequenceClassification::from_pretrained(folder, &options, device)?;
        if let Some(missing) = loaded.report.newly_initialized.first() {
            let problem = format!("it has no {missing}");
            return Err(TrainError::Checkpoint { path: folder.to_owned(), problem });
        }
        Ok(loaded.model)
    }

    /// The groups of the trainable parameters of `model` at a stage's rates.
    pub(crate) fn groups(
        &self,
        model: &BertForSequenceClassification,
        config: &TrainConfig,
        stage: &Stage,
    ) -> Vec<ParameterGroup> {
        let settings = &config.optimizer;
        let parameters: Vec<_> = named_parameters(model)
            .into_iter()
            .filter(|parameter| parameter.trainable)
            .map(|parameter| (parameter.id, parameter.name))
            .collect();
        // A pooler that the checkpoint didn't have, or that starts anew, is as new as the classifier.
        let is_head = |name: &str| {
            name.starts_with("classifier.")
                || (config.reinit_pooler && name.starts_with("bert.pooler."))
                || self.report.newly_initialized.iter().any(|new| new == name)
        };
        let layerwise = (settings.layerwise_lr_decay < 1.0).then_some(LayerwiseDecay {
            factor: settings.layerwise_lr_decay,
            layers: self.config.num_hidden_layers,
        });
        let group_settings = GroupSettings {
            learning_rate: stage.learning_rate,
            head_learning_rate: stage.head_learning_rate,
            layerwise,
            weight_decay: settings.weight_decay,
            decay: settings.decay,
        };
        build_groups(parameters, &group_settings, is_head)
    }
}

/// Which parts of the checkpoint's weights are not used.
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

/// What is set for a step that the run does not reach.
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

pub(crate) fn model_options(config: &TrainConfig, labels: Option<Vec<String>>) -> ModelOptions {
    ModelOptions {
        labels,
        hidden_dropout: config.dropout.hidden,
        attention_dropout: config.dropout.attention,
        classifier_dropout: config.dropout.classifier,
        seed: config.seed,
        new_head: config.new_head,
    }
}

pub(crate) fn parameters(model: &BertForSequenceClassification) -> Parameters {
    let parameters = named_parameters(model);
    let count = |parameters: &mut dyn Iterator<Item = &NamedParameter>| {
        parameters.map(NamedParameter::elements).sum()
    };
    Parameters {
        total: count(&mut parameters.iter()),
        trainable: count(&mut parameters.iter().filter(|parameter| parameter.trainable)),
    }
}

/// One weight a label, in the order of the model's outputs.
fn class_weights(
    config: &TrainConfig,
    labels: &[String],
    train: &EncodedDataset,
) -> Result<Vec<f32>, TrainError> {
    match &config.class_weights {
        ClassWeights::Rule(ClassWeightRule::None) => Ok(vec![1.0; labels.len()]),
        ClassWeights::Rule(ClassWeightRule::Balanced) => {
            let mut counts = vec![0_usize; labels.len()];
            for label in train.labels() {
                counts[label] += 1;
            }
            // A label that never occurs has no weight to speak of.
            let weight = |count: usize| train.len() as f64 / (labels.len() * count.max(1)) as f64;
            Ok(counts.into_iter().map(|count| weight(count) as f32).collect())
        }
        ClassWeights::Given(weights) if weights.len() == labels.len() => {
            Ok(weights.iter().map(|weight| *weight as f32).collect())
        }
        ClassWeights::Given(weights) => Err(TrainError::Setting {
            key: "class_weights",
            found: format!("{weights:?}"),
            expected: format!("{} numbers, one for each of {}", labels.len(), labels.join(", ")),
        }),
    }
}

/// How many training texts lose their end; `None` where none does.
fn cut_note(count: TruncationCount, max_length: usize) -> Option<String> {
    let percent = count.share() * 100.0;
    let percent = match count.truncated {
        0 => return None,
        // One text in a million would else be 0.0 %.
        _ if percent < 0.1 => "less than 0.1".to_owned(),
        _ if percent < 1.0 => format!("{percent:.1}"),
        _ => format!("{percent:.0}"),
    };
    Some(format!("{percent} % of training texts were cut at {max_length} tokens"))
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
