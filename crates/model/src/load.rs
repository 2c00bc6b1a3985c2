//! From a checkpoint's folder to a model.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, TensorData};

use crate::checkpoint::{Checkpoint, Weight, refuse_other_parts};
use crate::config::CheckpointConfig;
use crate::init::Initializer;
use crate::names::{canonical, is_buffer};
use crate::state::Fill;
use crate::{BertConfig, BertForSequenceClassification, BertModel, ModelError};

const CONFIG: &str = "config.json";
const CLASSIFIER: &str = "classifier.";
const POOLER: &str = "pooler.";

/// What the caller wants other than what the checkpoint says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    /// The data's labels in the data's order; the checkpoint's where `None`.
    pub labels: Option<Vec<String>>,
    /// Starts with a new classifier, whatever the checkpoint has.
    pub new_head: bool,
    /// In place of the config's `hidden_dropout_prob`.
    pub hidden_dropout: Option<f64>,
    /// In place of the config's `attention_probs_dropout_prob`.
    pub attention_dropout: Option<f64>,
    /// In place of the config's `classifier_dropout`.
    pub classifier_dropout: Option<f64>,
    /// Decides the values of new weights.
    pub seed: u64,
}

impl LoadOptions {
    /// The config of the checkpoint in `dir`, with these options' dropout; the labels are still the checkpoint's. What it says
    /// of its head is not judged here: a config that can't be understood there has `LABEL_0` and `LABEL_1`, and is refused
    /// when that head is loaded.
    ///
    /// # Errors
    /// `config.json` can't be read, is not BERT's, or contradicts itself.
    pub fn config(&self, dir: &Path) -> Result<BertConfig, ModelError> {
        Ok(self.checkpoint_config(dir)?.config)
    }

    fn checkpoint_config(&self, dir: &Path) -> Result<CheckpointConfig, ModelError> {
        let mut checkpoint = CheckpointConfig::from_file(&dir.join(CONFIG))?;
        let config = &mut checkpoint.config;
        if let Some(rate) = self.hidden_dropout {
            config.hidden_dropout_prob = rate;
        }
        if let Some(rate) = self.attention_dropout {
            config.attention_probs_dropout_prob = rate;
        }
        if self.classifier_dropout.is_some() {
            config.classifier_dropout = self.classifier_dropout;
        }
        config.validate()?;
        Ok(checkpoint)
    }
}

/// A loaded model, the config that it has now, and what happened on the way.
#[derive(Clone, Debug)]
pub struct Pretrained<M> {
    /// The model.
    pub model: M,
    /// The checkpoint's config with the options in it: `id2label` is the order of the classifier's outputs.
    pub config: BertConfig,
    /// What was loaded, is new and is left over.
    pub report: LoadReport,
}

/// What became of a checkpoint's weights. [`fmt::Display`] says it in a few lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Parameters that have the checkpoint's values, by the model's names for them.
    pub loaded: Vec<String>,
    /// Parameters with new random values (or zeros, for biases): they need training.
    pub newly_initialized: Vec<String>,
    /// Weights of the checkpoint that the model has no place for, by the checkpoint's names.
    pub leftover: Vec<String>,
    /// Where the classifier came from; `None` for a model without one.
    pub head: Option<HeadSource>,
}

/// Where a classifier's weights came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadSource {
    /// The checkpoint, with its own labels in its own order.
    Checkpoint,
    /// The checkpoint, whose labels had no names and now have the caller's, in the caller's order.
    CheckpointUnnamed,
    /// It is new.
    New(NewHead),
}

/// Why a classifier is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewHead {
    /// The checkpoint has none, or one for another kind of task.
    NoneThere,
    /// The checkpoint's labels have other names.
    OtherLabels {
        /// The checkpoint's labels.
        checkpoint: Vec<String>,
    },
    /// [`LoadOptions::new_head`].
    Wanted,
}

impl fmt::Display for NewHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoneThere => f.write_str("the checkpoint has no classification head"),
            Self::OtherLabels { checkpoint } => {
                write!(f, "the checkpoint's head is for other labels: {}", checkpoint.join(", "))
            }
            Self::Wanted => f.write_str("a new head was asked for"),
        }
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "loaded {} weights", self.loaded.len())?;
        if !self.newly_initialized.is_empty() {
            write!(f, "\nnewly initialized: {}", self.newly_initialized.join(", "))?;
        }
        match &self.head {
            Some(HeadSource::New(reason)) => write!(f, " ({reason})")?,
            Some(HeadSource::CheckpointUnnamed) => {
                f.write_str("\nthe checkpoint does not name its labels: taken to be in the data's order")?;
            }
            Some(HeadSource::Checkpoint) | None => {}
        }
        if !self.leftover.is_empty() {
            write!(f, "\nleft over: {}", self.leftover.join(", "))?;
        }
        Ok(())
    }
}

impl BertModel {
    /// Loads the encoder of any BERT checkpoint, with the pooler where the checkpoint has one. Heads are left over.
    ///
    /// # Errors
    /// A file is missing or damaged, the config is not BERT's, a weight is missing or has another shape.
    pub fn from_pretrained(
        dir: &Path,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<Pretrained<Self>, ModelError> {
        refuse_other_parts(dir)?;
        let config = options.config(dir)?;
        let weights = Weights::open(dir)?;
        let model =
            Self::build(&config, &Initializer::new(&config, options.seed, device), weights.has(POOLER));
        let (model, report) = weights.fill(model, |_| false)?;
        Ok(Pretrained { model, config, report })
    }
}

impl BertForSequenceClassification {
    /// Loads a BERT checkpoint to classify with, or to go on training.
    ///
    /// The classifier comes from the checkpoint where that has one for the same labels, and then the checkpoint's order
    /// of labels stays, whatever the order in [`LoadOptions::labels`]: read it from the result's `config.id2label`.
    /// Otherwise the classifier is new, and so is a pooler that the checkpoint lacks; the report says so.
    ///
    /// # Errors
    /// A file is missing or damaged, the config is not BERT's, a weight is not finite, one of the encoder is missing or has
    /// another shape, or the checkpoint's classifier has another number of labels than [`LoadOptions::labels`], or one output
    /// or several labels a text where those are classes.
    pub fn from_pretrained(
        dir: &Path,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<Pretrained<Self>, ModelError> {
        refuse_other_parts(dir)?;
        let checkpoint = options.checkpoint_config(dir)?;
        let weights = Weights::open(dir)?;

        let (mut config, head) = choose_head(dir, checkpoint, weights.has(CLASSIFIER), options)?;
        let keeps_labels = matches!(head, HeadSource::Checkpoint);
        if let Some(labels) = options.labels.clone().filter(|_| !keeps_labels) {
            config = config.with_labels(labels);
        }
        config.validate()?;

        let new_head = matches!(head, HeadSource::New(_));
        let new_pooler = !weights.has(POOLER);
        let model = Self::build(&config, &Initializer::new(&config, options.seed, device));
        let (model, mut report) = weights.fill(model, |name| {
            (new_head && name.starts_with(CLASSIFIER)) || (new_pooler && name.starts_with(POOLER))
        })?;
        report.head = Some(head);
        Ok(Pretrained { model, config, report })
    }
}

/// Whether the checkpoint's classifier is the one that is wanted.
fn choose_head(
    dir: &Path,
    checkpoint: CheckpointConfig,
    classifier_there: bool,
    options: &LoadOptions,
) -> Result<(BertConfig, HeadSource), ModelError> {
    let config = &checkpoint.config;
    // Models for other tasks (tokens, multiple choice) call their head "classifier" too; the class tells them apart.
    let for_sequences = config.architectures.is_empty()
        || config.architectures.iter().any(|class| class == "BertForSequenceClassification");
    if !(classifier_there && for_sequences) {
        return Ok((checkpoint.config, HeadSource::New(NewHead::NoneThere)));
    }
    if options.new_head {
        return Ok((checkpoint.config, HeadSource::New(NewHead::Wanted)));
    }
    let config = checkpoint.with_head()?;
    let Some(wanted) = &options.labels else { return Ok((config, HeadSource::Checkpoint)) };
    config.check_classes(dir, wanted)?;
    let known = &config.id2label;
    if wanted.len() != known.len() {
        return Err(ModelError::Labels {
            dir: dir.to_owned(),
            checkpoint: known.clone(),
            wanted: wanted.clone(),
        });
    }
    let set = |labels: &[String]| labels.iter().cloned().collect::<BTreeSet<_>>();
    let source = if set(wanted) == set(known) {
        HeadSource::Checkpoint
    } else if config.has_generic_labels() {
        HeadSource::CheckpointUnnamed
    } else {
        HeadSource::New(NewHead::OtherLabels { checkpoint: known.clone() })
    };
    Ok((config, source))
}

/// An opened checkpoint with its weights under one spelling of their names.
struct Weights {
    checkpoint: Checkpoint,
    /// From the one spelling to those that the checkpoint has, in the order of their names.
    names: HashMap<String, Vec<String>>,
}

impl Weights {
    fn open(dir: &Path) -> Result<Self, ModelError> {
        let checkpoint = Checkpoint::open(dir)?;
        let mut names: HashMap<String, Vec<String>> = HashMap::new();
        for name in checkpoint.names() {
            names.entry(canonical(name)).or_default().push(name.to_owned());
        }
        Ok(Self { checkpoint, names })
    }

    fn has(&self, part: &str) -> bool {
        self.names.keys().any(|name| name.starts_with(part))
    }

    /// The weight that the model calls `name`; its other spellings, if any, must say the same.
    fn find(&self, name: &str, key: &str) -> Result<Weight<'_>, ModelError> {
        let mut spellings =
            self.names.get(key).into_iter().flatten().filter_map(|name| self.checkpoint.get(name));
        let Some(weight) = spellings.next() else {
            let ending = format!(".{key}");
            return Err(ModelError::MissingWeight {
                dir: self.checkpoint.dir.clone(),
                name: name.to_owned(),
                found: self.checkpoint.len(),
                similar: self.checkpoint.names().find(|name| name.ends_with(&ending)).map(str::to_owned),
            });
        };
        for other in spellings {
            weight.check_same(&other)?;
        }
        Ok(weight)
    }

    /// Copies the weights into `model`, except for the parts that `is_new` says are.
    ///
    /// One weight at a time goes from the map to the device, so the host holds no second copy of the model.
    fn fill<M: Module>(
        &self,
        model: M,
        is_new: impl Fn(&str) -> bool,
    ) -> Result<(M, LoadReport), ModelError> {
        let mut report = LoadReport::default();
        let mut used = BTreeSet::new();
        let mut fill = Fill::new(|name: &str, expected: &[usize]| {
            let key = canonical(name);
            if is_new(&key) {
                report.newly_initialized.push(name.to_owned());
                return Ok(None);
            }
            let weight = self.find(name, &key)?;
            if weight.shape != expected {
                return Err(ModelError::Shape {
                    origin: weight.path.display().to_string(),
                    name: weight.name.to_owned(),
                    found: weight.shape.to_vec(),
                    expected: expected.to_vec(),
                });
            }
            let data = TensorData::new(weight.to_f32()?, expected.to_vec());
            report.loaded.push(name.to_owned());
            used.insert(key);
            Ok(Some(data))
        });
        let model = model.map(&mut fill);
        fill.finish()?;

        let left = self.checkpoint.names().filter(|name| {
            let key = canonical(name);
            !used.contains(&key) && !is_buffer(&key)
        });
        report.leftover = left.map(str::to_owned).collect();
        Ok((model, report))
    }
}
