//! Loading a model from a checkpoint's folder.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::{Device, TensorData};

use crate::checkpoint::Checkpoint;
use crate::config::CheckpointConfig;
use crate::init::Initializer;
use crate::masked_lm::{TIE, is_untied};
use crate::module_path::ModulePath;
use crate::names::{HEAD_FILE, canonical, is_buffer};
use crate::other_files::refuse_other_parts;
use crate::state::Fill;
use crate::weight_file::Weight;
use crate::{BertConfig, BertModel, BertPooler, Depth, Head, ModelError, ModelFor, ProblemType};

const CONFIG: &str = "config.json";
const POOLER: &str = "pooler.";

/// Settings for loading that replace the checkpoint's own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    /// The data's labels in the data's order; `None` for the checkpoint's labels, and for a head without
    /// labels ([`Head::OUTPUTS`]).
    pub labels: Option<Vec<String>>,
    /// The problem that the head is wanted for; `None` for single-label classification if `labels` are given,
    /// else for whatever the checkpoint's head is for.
    pub problem_type: Option<ProblemType>,
    /// Builds a new head even if the checkpoint has a head.
    pub new_head: bool,
    /// Replaces the config's `hidden_dropout_prob`.
    pub hidden_dropout: Option<f64>,
    /// Replaces the config's `attention_probs_dropout_prob`.
    pub attention_dropout: Option<f64>,
    /// Replaces the config's `classifier_dropout`; above 0 it is an error for a head without dropout
    /// ([`Head::HAS_DROPOUT`]).
    pub classifier_dropout: Option<f64>,
    /// The seed of new weights.
    pub seed: u64,
}

impl LoadOptions {
    /// The config of the checkpoint in `dir`, with these options' dropout and the checkpoint's labels. An
    /// error in the keys that describe the head is not reported here: the labels are then `LABEL_0` and
    /// `LABEL_1`, and loading the head is an error.
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

/// A loaded model, its config, and a report on the checkpoint's weights.
#[derive(Clone, Debug)]
pub struct Pretrained<M> {
    /// The model.
    pub model: M,
    /// The checkpoint's config with the options applied: `id2label` is the order of the head's outputs.
    pub config: BertConfig,
    /// The weights that were loaded, are new and are left over.
    pub report: LoadReport,
}

/// The weights that were loaded, are new and are left over. [`fmt::Display`] writes a few lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Parameters with the checkpoint's values, by the model's names.
    pub loaded: Vec<String>,
    /// Parameters with new values, random or constant: they need training.
    pub newly_initialized: Vec<String>,
    /// Weights of the checkpoint that the model does not use, by the checkpoint's names.
    pub leftover: Vec<String>,
    /// The source of the head; `None` for a model whose head has no weights, or that has no head.
    pub head: Option<HeadSource>,
    /// The problem that the checkpoint's head is taken to be for: [`LoadOptions::problem_type`], if the
    /// checkpoint names none, but for single-label classification, which several outputs are by default.
    pub assumed_problem: Option<ProblemType>,
}

impl LoadReport {
    /// A note for the user on [`assumed_problem`](Self::assumed_problem).
    pub fn assumed_note(&self) -> Option<String> {
        self.assumed_problem.map(|problem| {
            format!("the checkpoint does not name its \"problem_type\": taken to be {problem}")
        })
    }
}

/// The source of a head's weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadSource {
    /// The checkpoint. The labels and their order are the checkpoint's.
    Checkpoint,
    /// The checkpoint, whose labels have no names. The labels and their order are the caller's.
    CheckpointUnnamed,
    /// The initializer: the head is new.
    New(NewHead),
}

/// The reason for a new head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewHead {
    /// The checkpoint has no head, or a head for another task.
    NoneThere,
    /// [`LoadOptions::new_head`] is set.
    Wanted,
}

impl fmt::Display for NewHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoneThere => f.write_str("the checkpoint has no head for this task"),
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
        if let Some(note) = self.assumed_note() {
            write!(f, "\n{note}")?;
        }
        if !self.leftover.is_empty() {
            write!(f, "\nleft over: {}", self.leftover.join(", "))?;
        }
        Ok(())
    }
}

impl BertModel {
    /// Loads the encoder of any BERT checkpoint, with the pooler if the checkpoint has one. Heads are left
    /// over.
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

impl<H: Head> ModelFor<H> {
    /// Loads a BERT checkpoint for prediction or training.
    ///
    /// The head is the checkpoint's if the checkpoint has a head of the same architecture for the same
    /// problem and the same labels. The checkpoint's order of labels then stays, whatever the order in
    /// [`LoadOptions::labels`];
    /// the result's `config.id2label` has it. If the checkpoint does not name its labels, they get the names
    /// of [`LoadOptions::labels`]. The head is new if the checkpoint has none of this architecture, or if
    /// [`LoadOptions::new_head`] asks for it; so is a pooler that the head reads and the checkpoint lacks.
    /// The report names them. A pooler that the head does not read is left over. A new head with
    /// [`Head::OUTPUTS`] has as many outputs without names, whatever labels the checkpoint has.
    ///
    /// # Errors
    /// A file is missing or damaged, the config is not BERT's, a weight is not finite, a weight of the
    /// encoder is missing or has another shape, or the checkpoint's head does not fit
    /// [`LoadOptions::problem_type`] and [`LoadOptions::labels`]: it has other labels, or its outputs mean
    /// something else ([`BertConfig::check_problem`], [`BertConfig::check_classes`]), or their number is not
    /// [`Head::OUTPUTS`]; or its decoder is not tied ([`Head::TIED`]).
    pub fn from_pretrained(
        dir: &Path,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<Pretrained<Self>, ModelError> {
        let Opened { mut weights, config, head, assumed } = Self::open(dir, options)?;
        config.validate()?;

        let new_head = matches!(head, HeadSource::New(_));
        if !new_head {
            weights.tie(H::TIED, H::ARCHITECTURE)?;
        }
        let new_pooler = !weights.has(POOLER);
        let init = Initializer::new(&config, options.seed, device);
        let mut model = Self::build(&config, &init);
        if H::KEEPS_POOLER && model.bert.pooler.is_none() && !new_pooler {
            model.bert.pooler = Some(BertPooler::new(&config, &init));
        }
        model.head.read_files(dir, &config)?;
        let (model, mut report) = weights.fill(model, |depth| match depth {
            Depth::Head => new_head,
            Depth::Pooler => new_pooler,
            Depth::Embeddings | Depth::Layer(_) => false,
        })?;
        report.head = H::KEYS.map(|_| head);
        report.assumed_problem = assumed.filter(|_| H::KEYS.is_some());
        Ok(Pretrained { model, config, report })
    }

    /// The config of the model that [`from_pretrained`](Self::from_pretrained) would load, and the source of
    /// its head. Reads no weights.
    ///
    /// # Errors
    /// As [`from_pretrained`](Self::from_pretrained), except for errors in single weights.
    pub fn head_config(dir: &Path, options: &LoadOptions) -> Result<(BertConfig, HeadSource), ModelError> {
        let Opened { config, head, .. } = Self::open(dir, options)?;
        Ok((config, head))
    }

    fn open(dir: &Path, options: &LoadOptions) -> Result<Opened, ModelError> {
        if let Some(rate) = options.classifier_dropout.filter(|rate| *rate > 0.0 && !H::HAS_DROPOUT) {
            return Err(ModelError::NoHeadDropout { rate, architecture: H::ARCHITECTURE });
        }
        refuse_other_parts(dir)?;
        let checkpoint = options.checkpoint_config(dir)?;
        let mut weights = Weights::open(dir)?;
        let is_own = H::OWN_NAME.is_some_and(|name| checkpoint.config.own_head() == Some(name));
        if is_own {
            weights.add(dir.join(HEAD_FILE))?;
        }
        let is_of = |class: &&str| checkpoint.config.is_of(class);
        let same_task = is_own
            || H::OWN_NAME.is_none() && [H::ARCHITECTURE].iter().chain(H::OTHER_ARCHITECTURES).any(is_of);
        let head_there = same_task && H::KEYS.is_none_or(|keys| weights.has(keys));
        let (mut config, head) = choose_head(dir, checkpoint, head_there, options)?;
        let is_kept = !matches!(head, HeadSource::New(_));
        if let Some(found) = is_untied(&config).filter(|_| is_kept && !H::TIED.is_empty()) {
            return Err(ModelError::Config {
                origin: dir.join(CONFIG).display().to_string(),
                key: TIE.to_owned(),
                found: found.to_string(),
                expected: "true: a decoder with weights of its own is not implemented; choose another checkpoint, or train with a new head (new_head=true)".to_owned(),
            });
        }
        let assumed = options
            .problem_type
            .filter(|problem| *problem != ProblemType::SingleLabelClassification)
            .filter(|_| is_kept && config.problem_type.is_none());
        let labels = match head {
            HeadSource::Checkpoint => Some(config.id2label.clone()),
            HeadSource::CheckpointUnnamed | HeadSource::New(_) => options.labels.clone(),
        };
        config = match (options.problem_type, labels) {
            (Some(problem), labels) => config.with_problem(problem, labels.as_deref()),
            (None, Some(labels)) if head != HeadSource::Checkpoint => config.with_labels(labels),
            (None, _) => config,
        };
        if let Some(outputs) = H::OUTPUTS {
            if !is_kept {
                config.set_outputs(outputs);
            } else if config.num_labels() != outputs {
                let (config, labels, architecture) = (dir.join(CONFIG), config.id2label, H::ARCHITECTURE);
                return Err(ModelError::Outputs { config, labels, architecture, outputs });
            }
        }
        Ok(Opened { weights, config, head, assumed })
    }
}

/// A checkpoint with the config of the model that it is loaded into.
struct Opened {
    weights: Weights,
    config: BertConfig,
    head: HeadSource,
    /// See [`LoadReport::assumed_problem`].
    assumed: Option<ProblemType>,
}

/// The model's config, and whether its head is the checkpoint's or new; `head_there`: whether the checkpoint has
/// a head of this kind.
fn choose_head(
    dir: &Path,
    checkpoint: CheckpointConfig,
    head_there: bool,
    options: &LoadOptions,
) -> Result<(BertConfig, HeadSource), ModelError> {
    if !head_there {
        return Ok((checkpoint.config, HeadSource::New(NewHead::NoneThere)));
    }
    if options.new_head {
        return Ok((checkpoint.config, HeadSource::New(NewHead::Wanted)));
    }
    let config = checkpoint.with_head()?;
    let labels = options.labels.as_deref();
    match (options.problem_type, labels) {
        (Some(problem), _) => {
            config.check_problem(dir, problem, labels)?;
            // Training goes on with the function of the problem. With another one the outputs would mean
            // something else from the first step on.
            let trained = config.clone().with_problem(problem, Some(&config.id2label)).head_function();
            if config.stated_function().is_some_and(|stated| stated != trained) {
                return Err(config.other_problem(dir, problem, labels));
            }
        }
        (None, Some(labels)) => config.check_classes(dir, labels)?,
        (None, None) => {}
    }
    let Some(wanted) = labels else { return Ok((config, HeadSource::Checkpoint)) };
    let known = &config.id2label;
    let set = |labels: &[String]| labels.iter().cloned().collect::<BTreeSet<_>>();
    if wanted.len() == known.len() {
        if set(wanted) == set(known) {
            return Ok((config, HeadSource::Checkpoint));
        }
        if config.has_generic_labels() {
            return Ok((config, HeadSource::CheckpointUnnamed));
        }
    }
    // A trained head is never replaced unasked, whether or not the new one would have its shape.
    Err(ModelError::Labels { dir: dir.to_owned(), checkpoint: known.clone(), wanted: wanted.to_vec() })
}

/// An opened checkpoint, with its weights by canonical name.
struct Weights {
    checkpoint: Checkpoint,
    /// From a canonical name to its spellings in the checkpoint, sorted.
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

    /// Adds the weights of another file.
    fn add(&mut self, path: PathBuf) -> Result<(), ModelError> {
        self.checkpoint.add(path)?;
        self.names.clear();
        for name in self.checkpoint.names() {
            self.names.entry(canonical(name)).or_default().push(name.to_owned());
        }
        Ok(())
    }

    fn has(&self, part: &str) -> bool {
        self.names.keys().any(|name| name.starts_with(part))
    }

    /// Counts the second copies of tied parameters as other spellings of these: see [`Head::TIED`].
    ///
    /// # Errors
    /// A copy differs from the parameter.
    fn tie(&mut self, tied: &[(&str, &str)], architecture: &'static str) -> Result<(), ModelError> {
        for (copy, own) in tied {
            let Some(copies) = self.names.remove(*copy) else { continue };
            let own_name = self.names.get(*own).and_then(|spellings| spellings.first());
            let own_weight = own_name.and_then(|name| self.checkpoint.get(name));
            for copy in copies.iter().filter_map(|name| self.checkpoint.get(name)) {
                if let Some(own) = own_weight.as_ref().filter(|own| own.check_same(&copy).is_err()) {
                    return Err(ModelError::Untied {
                        path: copy.path.to_owned(),
                        name: copy.name.to_owned(),
                        tied_to: own.name.to_owned(),
                        architecture,
                    });
                }
            }
            self.names.entry((*own).to_owned()).or_default().extend(copies);
        }
        Ok(())
    }

    /// The weight with the canonical name `key`, which the model calls `name`. Other spellings of the weight
    /// must have equal values.
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

    /// Copies the weights into `model`; parameters of a depth for which `is_new` is true keep their new
    /// values.
    ///
    /// Weights go from the memory map to the device one at a time, so that the host holds no second copy of
    /// the model.
    fn fill<M: Module>(
        &self,
        model: M,
        is_new: impl Fn(Depth) -> bool,
    ) -> Result<(M, LoadReport), ModelError> {
        let mut report = LoadReport::default();
        let mut used = BTreeSet::new();
        let mut fill = Fill::new(|path: &ModulePath, expected: &[usize]| {
            let name = path.name();
            if is_new(path.depth()) {
                report.newly_initialized.push(name);
                return Ok(None);
            }
            let key = canonical(&name);
            let weight = self.find(&name, &key)?;
            if weight.shape != expected {
                return Err(ModelError::Shape {
                    origin: weight.path.display().to_string(),
                    name: weight.name.to_owned(),
                    found: weight.shape.to_vec(),
                    expected: expected.to_vec(),
                });
            }
            let data = TensorData::new(weight.to_f32()?, expected.to_vec());
            report.loaded.push(name);
            used.insert(key);
            Ok(Some(data))
        });
        let model = model.map(&mut fill);
        fill.finish()?;

        let used: BTreeSet<&str> =
            used.iter().filter_map(|key| self.names.get(key)).flatten().map(String::as_str).collect();
        let left =
            self.checkpoint.names().filter(|name| !used.contains(name) && !is_buffer(&canonical(name)));
        report.leftover = left.map(str::to_owned).collect();
        Ok((model, report))
    }
}
