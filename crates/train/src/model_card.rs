//! The model card: the `README.md` of a result, for people and for the hub.
//!
//! Its front matter has the keys of `huggingface_hub`'s `ModelCardData`. Nothing in it depends on the machine or the clock:
//! the same run gives the same card.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use embert_data::Card;
use embert_data::tokenize::Truncation;
use embert_metrics::Average;
use embert_model::SaveDtype;
use serde::{Deserialize, Serialize};

use crate::config::{DataConfig, Keep};
use crate::{Eval, TrainConfig};

/// Where a run's model and data came from, as far as their files don't say it themselves: for the model card. What is not
/// known is left out of the card.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance {
    /// The hub's repository that the base model was fetched from; `None` for a folder on this machine.
    pub model: Option<HubRepository>,
    /// What the data set is.
    pub dataset: Option<DatasetFacts>,
}

/// A repository of the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubRepository {
    /// `name` or `owner/name`.
    pub id: String,
    /// A branch, tag or commit, where one was named.
    pub revision: Option<String>,
}

impl HubRepository {
    /// `name`, `owner/name` or `owner/name@revision`, taken apart.
    pub fn new(name: &str) -> Self {
        match name.split_once('@') {
            Some((id, revision)) => Self { id: id.to_owned(), revision: Some(revision.to_owned()) },
            None => Self { id: name.to_owned(), revision: None },
        }
    }
}

impl fmt::Display for HubRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        self.revision.iter().try_for_each(|revision| write!(f, "@{revision}"))
    }
}

/// What the card says about a data set; made from the data set's own [`Card`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DatasetFacts {
    /// What people call it.
    pub name: String,
    /// Where the hub has it.
    pub repository: Option<HubRepository>,
    /// What it is, in a sentence.
    pub description: String,
    /// An SPDX expression, or what the authors say.
    pub licence: Option<String>,
    /// Whom to cite.
    pub citation: Option<String>,
    /// Where to read about it.
    pub homepage: Option<String>,
    /// Shares of train, validation and test that are cut from the training files unless the run's settings have others.
    pub split_ratios: Option<[f64; 3]>,
}

impl From<&Card> for DatasetFacts {
    fn from(card: &Card) -> Self {
        Self {
            name: card.name.clone(),
            repository: card
                .hub
                .as_ref()
                .map(|hub| HubRepository { id: hub.repository.clone(), revision: hub.revision.clone() }),
            description: card.description.clone(),
            licence: card.licence.clone(),
            citation: card.citation.clone(),
            homepage: card.homepage.clone(),
            // As `embert_data::load` has it: they hold where the card names no validation files.
            split_ratios: card.split_ratios.filter(|_| card.split_files().validation.is_empty()),
        }
    }
}

/// A licence as the hub's front matter has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Licence {
    /// The hub's identifier, as `apache-2.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<String>,
    /// The name of an `other` one.
    #[serde(skip_serializing_if = "Option::is_none")]
    license_name: Option<String>,
    /// Where its text is.
    #[serde(skip_serializing_if = "Option::is_none")]
    license_link: Option<String>,
}

impl Licence {
    /// What the model card in a checkpoint's folder states. Nothing where there is no card, or none that can be read: a
    /// damaged README is no reason not to train.
    pub(crate) fn of_checkpoint(folder: &Path) -> Self {
        let read = || {
            let text = fs::read_to_string(folder.join("README.md")).ok()?;
            serde_saphyr::from_str(front_matter(&text)?).ok()
        };
        read().unwrap_or_default()
    }
}

/// What stands between the two lines `---` at the top of a card.
fn front_matter(text: &str) -> Option<&str> {
    let text = text.trim_start_matches('\u{feff}').trim_start().strip_prefix("---")?;
    Some(text.split_once("\n---")?.0)
}

/// All that a card says.
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
    /// The labels in the order of the model's outputs, each with its number of training examples.
    pub(crate) labels: Vec<(&'a str, usize)>,
    /// What precision, recall and F1 stand for.
    pub(crate) average: Average,
    /// The evaluations of the weights that are kept.
    pub(crate) evaluations: Vec<Eval>,
    /// The step after which the weights were taken.
    pub(crate) kept_step: usize,
    /// The last step.
    pub(crate) steps: usize,
    /// The steps that there would have been without early stopping.
    pub(crate) total_steps: usize,
    /// Whether another set of weights than the last could have been kept: there was a validation split.
    pub(crate) chosen: bool,
}

/// The front matter, in the order in which it is written.
#[derive(Debug, Serialize)]
struct FrontMatter<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    base_model: Option<&'a str>,
    library_name: &'a str,
    pipeline_tag: &'a str,
    #[serde(flatten)]
    licence: &'a Licence,
    tags: [&'a str; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    datasets: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<&'a str>,
    #[serde(rename = "model-index", skip_serializing_if = "Option::is_none")]
    model_index: Option<[ModelIndex<'a>; 1]>,
}

#[derive(Debug, Serialize)]
struct ModelIndex<'a> {
    name: String,
    results: Vec<IndexedResult<'a>>,
}

#[derive(Debug, Serialize)]
struct IndexedResult<'a> {
    task: IndexedTask,
    dataset: IndexedDataset<'a>,
    metrics: Vec<IndexedMetric>,
}

#[derive(Debug, Serialize)]
struct IndexedTask {
    r#type: &'static str,
    name: &'static str,
}

#[derive(Debug, Serialize)]
struct IndexedDataset<'a> {
    /// The hub's id where there is one.
    r#type: &'a str,
    name: &'a str,
    split: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<CutFrom>,
}

/// Says that a split is not the data set's own.
#[derive(Debug, Serialize)]
struct CutFrom {
    from: &'static str,
    split_ratios: [f64; 3],
    seed: u64,
}

#[derive(Debug, Serialize)]
struct IndexedMetric {
    r#type: &'static str,
    value: f64,
    name: String,
}

impl ModelCard<'_> {
    /// The text of the card.
    ///
    /// # Errors
    /// The settings or the front matter can't be written, which no valid run brings about.
    pub(crate) fn render(&self) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        // No block scalars: a line of a name could then be taken for the end of the front matter.
        let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
        let front = serde_saphyr::to_string_with_options(&self.front_matter(), options)?;
        let mut text = format!("---\n{front}---\n\n");
        self.introduction(&mut text)?;
        self.label_table(&mut text)?;
        self.results(&mut text)?;
        self.usage(&mut text)?;
        self.training(&mut text)?;
        self.data_set(&mut text)?;
        Ok(text)
    }

    fn front_matter(&self) -> FrontMatter<'_> {
        let results: Vec<_> = self.evaluations.iter().map(|eval| self.indexed(eval)).collect();
        let metrics = results.first().map(|first| first.metrics.iter().map(|metric| metric.r#type).collect());
        let name = format!("{}-{}", self.base_name(), self.dataset.name);
        FrontMatter {
            // Of random weights only the shape is the base model's.
            base_model: self.base.filter(|_| !self.config.from_scratch).map(|base| base.id.as_str()),
            library_name: "transformers",
            pipeline_tag: "text-classification",
            licence: &self.licence,
            tags: ["bert", "embert"],
            datasets: self.dataset.repository.as_ref().map(|repository| [repository.id.as_str()]),
            metrics: metrics.unwrap_or_default(),
            model_index: (!results.is_empty()).then_some([ModelIndex { name, results }]),
        }
    }

    /// An evaluation as the hub indexes it.
    fn indexed<'a>(&'a self, eval: &'a Eval) -> IndexedResult<'a> {
        let repository = self.dataset.repository.as_ref();
        let figures = [
            ("accuracy", "Accuracy", Some(eval.accuracy)),
            ("precision", "Precision", Some(eval.precision)),
            ("recall", "Recall", Some(eval.recall)),
            ("f1", "F1", Some(eval.f1)),
            ("matthews_correlation", "Matthews correlation", Some(eval.mcc)),
            ("roc_auc", "ROC AUC", eval.roc_auc),
        ];
        let metrics = figures.into_iter().filter_map(|(r#type, name, value)| {
            let averaged = ["precision", "recall", "f1"].contains(&r#type);
            let name = if averaged { format!("{name} ({})", self.averaged_over()) } else { name.to_owned() };
            Some(IndexedMetric { r#type, value: rounded(value?), name })
        });
        IndexedResult {
            task: IndexedTask { r#type: "text-classification", name: "Text Classification" },
            dataset: IndexedDataset {
                r#type: repository.map_or(&self.dataset.name, |repository| &repository.id),
                name: &self.dataset.name,
                split: &eval.split,
                revision: repository.and_then(|repository| repository.revision.as_deref()),
                args: self.cut(&eval.split).map(|split_ratios| CutFrom {
                    from: "train",
                    split_ratios,
                    seed: self.config.seed,
                }),
            },
            metrics: metrics.collect(),
        }
    }

    /// The shares in which the splits were cut from the training files, if `split` is one that was.
    fn cut(&self, split: &str) -> Option<[f64; 3]> {
        let ratios = self.config.data.split_ratios.or(self.dataset.split_ratios)?;
        (split != "test" || ratios[2] > 0.0).then_some(ratios)
    }

    fn averaged_over(&self) -> String {
        match self.average {
            Average::Binary { positive } => {
                self.labels.get(positive).map_or(String::new(), |(label, _)| (*label).to_owned())
            }
            Average::Macro => "macro".to_owned(),
            Average::Micro => "micro".to_owned(),
            Average::Weighted => "weighted".to_owned(),
        }
    }

    /// The last part of the base model's name: that of its folder too, never the path to it.
    fn base_name(&self) -> &str {
        let name = self.base.map_or(self.config.model.as_str(), |base| base.id.as_str());
        let last = name.rsplit(['/', '\\']).find(|part| !part.is_empty());
        last.filter(|last| *last != "." && *last != "..").unwrap_or("bert")
    }

    fn introduction(&self, out: &mut String) -> fmt::Result {
        let (base, data) = (escaped(self.base_name()), escaped(&self.dataset.name));
        let title = if self.config.from_scratch { "trained" } else { "fine-tuned" };
        writeln!(out, "# {base} {title} on {data}\n")?;
        let base = match self.base {
            Some(repository) => linked(repository, "https://huggingface.co"),
            None => format!("`{}` (a local folder)", code(self.base_name())),
        };
        let repository = self.dataset.repository.as_ref();
        let data =
            repository.map_or(data, |repository| linked(repository, "https://huggingface.co/datasets"));
        let (version, labels) = (env!("CARGO_PKG_VERSION"), self.labels.len());
        let how = if self.config.from_scratch {
            format!("trained it on {data}, from random weights in the shape of {base}")
        } else {
            format!("fine-tuned it from {base} on {data}")
        };
        writeln!(out, "A BERT that gives a text one of {labels} labels. embert {version} {how}.\n")?;
        match (&self.licence.license, self.config.from_scratch) {
            (Some(licence), false) => writeln!(out, "The base model's licence: {}.\n", escaped(licence)),
            _ => Ok(()),
        }
    }

    fn label_table(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "## Labels\n\n| id | label | training examples |\n|---:|---|---:|")?;
        for (id, (label, examples)) in self.labels.iter().enumerate() {
            writeln!(out, "| {id} | {} | {examples} |", escaped(label))?;
        }
        writeln!(out)
    }

    fn results(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "## Results\n")?;
        if self.evaluations.is_empty() {
            return writeln!(out, "Not evaluated: there was no split to evaluate on.\n");
        }
        writeln!(
            out,
            "| split | examples | loss | accuracy | precision | recall | F1 | MCC | ROC AUC |\n|---|{}",
            "---:|".repeat(8)
        )?;
        for eval in &self.evaluations {
            let roc_auc = eval.roc_auc.map_or("not defined".to_owned(), |value| format!("{value:.4}"));
            writeln!(
                out,
                "| {} | {} | {:.4} | {:.4} | {:.4} | {:.4} | {:.4} | {:.4} | {roc_auc} |",
                eval.split,
                eval.examples,
                eval.loss,
                eval.accuracy,
                eval.precision,
                eval.recall,
                eval.f1,
                eval.mcc
            )?;
        }
        let about = match self.average {
            Average::Binary { .. } => format!("those of the label {}", escaped(&self.averaged_over())),
            _ => format!("the {} average over the labels", self.averaged_over()),
        };
        write!(out, "\nPrecision, recall and F1 are {about}; the loss is the mean cross-entropy in nats, ")?;
        write!(out, "without class weights or smoothing.")?;
        if self.config.save_dtype != SaveDtype::F32 {
            write!(out, " All are of the weights before they were rounded to {}.", self.config.save_dtype)?;
        }
        if self.config.keep == Keep::Best && self.chosen {
            write!(out, " The validation split chose the weights, so its figures flatter.")?;
        }
        for eval in &self.evaluations {
            if let Some([train, validation, test]) = self.cut(&eval.split) {
                write!(
                    out,
                    " The {} split was cut from the training data: shares {train}/{validation}/{test}, seed {}.",
                    eval.split, self.config.seed
                )?;
            }
        }
        writeln!(out, "\n")
    }

    fn usage(&self, out: &mut String) -> fmt::Result {
        let DataConfig { max_length, truncation, stride, .. } = self.config.data;
        let mut options = String::new();
        write!(out, "## Use\n\nIt was trained on texts cut at {max_length} tokens")?;
        match truncation {
            Truncation::Tail => write!(out, ", of which the end was kept; both ways cut there too")?,
            Truncation::HeadTail(head) => {
                write!(options, "--truncation {truncation} ")?;
                write!(
                    out,
                    ", of which the first {head} and the last ones were kept; the pipeline keeps the first ones"
                )?;
            }
            _ => write!(out, "; both ways cut there too")?,
        }
        if let Some(stride) = stride {
            write!(options, "--stride {stride} ")?;
            write!(
                out,
                ". Longer texts were evaluated whole, as the mean over windows that overlap by {stride} tokens; the pipeline \
                 cuts them"
            )?;
        }
        writeln!(
            out,
            ". In this folder:\n\n\
             ```sh\nbert-train predict --model . {options}\"Your text\"\n```\n\n\
             ```python\nfrom transformers import pipeline\n\n\
             classify = pipeline(\"text-classification\", model=\".\")\n\
             print(classify(\"Your text\", truncation=True))\n```\n"
        )
    }

    fn training(&self, out: &mut String) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let config = self.config;
        let examples: usize = self.labels.iter().map(|(_, examples)| examples).sum();
        writeln!(out, "## Training\n")?;
        write!(out, "{examples} examples, {} epochs at most, seed {}. ", config.epochs, config.seed)?;
        match self.total_steps {
            total if total == self.steps => write!(out, "{total} steps; ")?,
            total => write!(out, "Stopped early after {} of {total} steps; ", self.steps)?,
        }
        match (config.keep, self.chosen) {
            (Keep::Best, true) => {
                write!(
                    out,
                    "the weights are those after step {}, the best {}",
                    self.kept_step, config.metric
                )?;
                write!(out, " on the validation split")?;
            }
            _ => write!(out, "the weights are those after step {}, the last", self.kept_step)?,
        }
        writeln!(out, "; stored as {}.\n", config.save_dtype)?;
        let optimizer = &config.optimizer;
        let clipping = match config.max_grad_norm {
            norm if norm > 0.0 => format!("clipped at a global norm of {norm}"),
            _ => "not clipped".to_owned(),
        };
        writeln!(
            out,
            "AdamW: learning rate {} ({}), weight decay {} ({}), {} examples in a step, gradients {clipping}.\n",
            optimizer.learning_rate,
            word(&optimizer.schedule)?,
            optimizer.weight_decay,
            word(&optimizer.decay)?,
            config.batch_size * config.micro_batches(),
        )?;
        writeln!(
            out,
            "Every setting, as `bert-train train --config` takes it:\n\n```toml\n{}```\n",
            self.settings()?
        )?;
        Ok(())
    }

    /// The settings without what is this machine's: its device and its paths.
    fn settings(&self) -> Result<String, crate::ConfigError> {
        let is_name = |text: &str| !text.contains(['/', '\\']);
        let mut config = TrainConfig {
            output: None,
            device: TrainConfig::default().device,
            model: self.base.map_or_else(|| self.base_name().to_owned(), ToString::to_string),
            ..self.config.clone()
        };
        if !is_name(&config.dataset) {
            let repository = self.dataset.repository.as_ref();
            config.dataset = repository.map_or_else(|| self.dataset.name.clone(), ToString::to_string);
        }
        config.to_toml()
    }

    fn data_set(&self, out: &mut String) -> fmt::Result {
        let DatasetFacts { name, description, licence, citation, homepage, .. } = &self.dataset;
        writeln!(
            out,
            "## Data set\n\n{}{}{}\n",
            escaped(name),
            if description.is_empty() { "" } else { ": " },
            escaped(description)
        )?;
        for (what, text) in [("Licence", licence), ("Homepage", homepage), ("Citation", citation)] {
            if let Some(text) = text {
                writeln!(out, "- {what}: {}", if what == "Homepage" { url(text) } else { escaped(text) })?;
            }
        }
        Ok(())
    }
}

/// As every table of ours has it.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// The word that stands for a value in a config.
fn word(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}

fn linked(repository: &HubRepository, host: &str) -> String {
    let revision = repository.revision.as_ref();
    let revision = revision.map_or(String::new(), |revision| format!(" at revision `{}`", code(revision)));
    format!("[{}]({host}/{}){revision}", escaped(&repository.id), repository.id)
}

/// A link where it is one.
fn url(text: &str) -> String {
    let is_link = text.starts_with("https://") || text.starts_with("http://");
    if is_link && !text.contains(['<', '>', '\\']) && !text.contains(char::is_whitespace) {
        format!("<{text}>")
    } else {
        escaped(text)
    }
}

/// A text in one line that Markdown shows as it is, in a table too.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#' | '!' | '$' => {
                escaped.extend(['\\', character]);
            }
            _ if character.is_control() => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A name between backticks, which has none itself.
fn code(text: &str) -> String {
    text.chars().filter(|character| *character != '`' && !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use pulldown_cmark::{Event as Markdown, Options, Parser, Tag, TagEnd};
    use serde_json::{Value, json};

    use super::*;

    fn eval(split: &str, accuracy: f64) -> Eval {
        Eval {
            split: split.to_owned(),
            step: 6,
            epoch: 2,
            loss: 0.312_349,
            accuracy,
            precision: 0.75,
            recall: 1.0,
            f1: 6.0 / 7.0,
            mcc: 0.7,
            roc_auc: (split == "test").then_some(0.987_654_3),
            examples: 80,
        }
    }

    fn imdb() -> DatasetFacts {
        DatasetFacts {
            name: "imdb".to_owned(),
            repository: Some(HubRepository::new("stanfordnlp/imdb@v1")),
            description: "Film reviews.".to_owned(),
            licence: Some("other".to_owned()),
            citation: Some("Maas et al. 2011".to_owned()),
            homepage: Some("https://ai.stanford.edu/~amaas/".to_owned()),
            split_ratios: Some([0.9, 0.1, 0.0]),
        }
    }

    fn card<'a>(config: &'a TrainConfig, base: Option<&'a HubRepository>) -> ModelCard<'a> {
        ModelCard {
            config,
            base,
            licence: Licence::default(),
            dataset: imdb(),
            labels: vec![("neg", 40), ("pos", 24)],
            average: Average::Binary { positive: 1 },
            evaluations: vec![eval("validation", 0.9), eval("test", 0.85)],
            kept_step: 6,
            steps: 8,
            total_steps: 8,
            chosen: true,
        }
    }

    /// The front matter as another reader has it, and the text below.
    fn parts(card: &ModelCard<'_>) -> (Value, String) {
        let text = card.render().unwrap();
        let body = text.strip_prefix("---\n").unwrap().split_once("\n---\n\n").unwrap().1.to_owned();
        (serde_saphyr::from_str(front_matter(&text).unwrap()).unwrap(), body)
    }

    #[test]
    fn the_front_matter_is_what_the_hub_reads() {
        let base = HubRepository::new("sentence-transformers/all-MiniLM-L6-v2@abc");
        let config = TrainConfig { seed: 5, ..TrainConfig::default() };
        let licence = Licence { license: Some("apache-2.0".to_owned()), ..Licence::default() };
        let (front, body) = parts(&ModelCard { licence, ..card(&config, Some(&base)) });
        let metrics = |accuracy: f64, roc_auc: Option<f64>| {
            let mut metrics = json!([
                {"type": "accuracy", "value": accuracy, "name": "Accuracy"},
                {"type": "precision", "value": 0.75, "name": "Precision (pos)"},
                {"type": "recall", "value": 1.0, "name": "Recall (pos)"},
                {"type": "f1", "value": 0.8571, "name": "F1 (pos)"},
                {"type": "matthews_correlation", "value": 0.7, "name": "Matthews correlation"},
            ]);
            if let Some(value) = roc_auc {
                metrics
                    .as_array_mut()
                    .unwrap()
                    .push(json!({"type": "roc_auc", "value": value, "name": "ROC AUC"}));
            }
            metrics
        };
        let task = json!({"type": "text-classification", "name": "Text Classification"});
        assert_eq!(
            front,
            json!({
                "base_model": "sentence-transformers/all-MiniLM-L6-v2",
                "library_name": "transformers",
                "pipeline_tag": "text-classification",
                "license": "apache-2.0",
                "tags": ["bert", "embert"],
                "datasets": ["stanfordnlp/imdb"],
                "metrics": ["accuracy", "precision", "recall", "f1", "matthews_correlation"],
                "model-index": [{
                    "name": "all-MiniLM-L6-v2-imdb",
                    "results": [
                        {
                            "task": task,
                            "dataset": {
                                "type": "stanfordnlp/imdb", "name": "imdb", "split": "validation", "revision": "v1",
                                "args": {"from": "train", "split_ratios": [0.9, 0.1, 0.0], "seed": 5},
                            },
                            "metrics": metrics(0.9, None),
                        },
                        {
                            "task": task,
                            "dataset": {
                                "type": "stanfordnlp/imdb", "name": "imdb", "split": "test", "revision": "v1",
                            },
                            "metrics": metrics(0.85, Some(0.9877)),
                        },
                    ],
                }],
            })
        );
        for part in [
            "# all-MiniLM-L6-v2 fine-tuned on imdb\n",
            "[sentence-transformers/all-MiniLM-L6-v2](https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2) at revision `abc`",
            "[stanfordnlp/imdb](https://huggingface.co/datasets/stanfordnlp/imdb) at revision `v1`",
            "The base model's licence: apache-2.0.",
            "| 1 | pos | 24 |",
            "| validation | 80 | 0.3123 | 0.9000 | 0.7500 | 1.0000 | 0.8571 | 0.7000 | not defined |",
            "| test | 80 | 0.3123 | 0.8500 |",
            "The validation split was cut from the training data: shares 0.9/0.1/0, seed 5.",
            "64 examples, 3 epochs at most, seed 5. 8 steps; the weights are those after step 6, the best accuracy",
            "model = \"sentence-transformers/all-MiniLM-L6-v2@abc\"",
            "<https://ai.stanford.edu/~amaas/>",
            "- Citation: Maas et al. 2011",
        ] {
            assert!(body.contains(part), "{part}\n\n{body}");
        }
        assert!(!body.contains("test split was cut"), "{body}");
    }

    #[test]
    fn the_use_says_how_texts_are_cut() {
        let use_of = |truncation, stride| {
            let mut config = TrainConfig::default();
            (config.data.truncation, config.data.stride) = (truncation, stride);
            parts(&card(&config, None)).1.split_once("## Use").unwrap().1.to_owned()
        };
        let plain = use_of(Truncation::Head, None);
        assert!(
            plain.contains("at 256 tokens; both ways cut there too. In")
                && plain.contains("--model . \"Your text"),
            "{plain}"
        );
        assert!(
            use_of(Truncation::Tail, None).contains("of which the end was kept; both ways cut there too")
        );
        let both = use_of(Truncation::HeadTail(64), Some(32));
        assert!(
            both.contains("predict --model . --truncation head_tail:64 --stride 32 \"Your text\""),
            "{both}"
        );
        assert!(
            both.contains("the first 64 and the last ones") && both.contains("overlap by 32 tokens"),
            "{both}"
        );
    }

    #[test]
    fn a_folder_is_no_base_model_and_no_path_is_told() {
        let config = TrainConfig {
            model: "/home/anna/secret/my-bert/".to_owned(),
            dataset: "/home/anna/secret/reviews.csv".to_owned(),
            output: Some("/home/anna/secret/runs/1".into()),
            ..TrainConfig::default()
        };
        let dataset = DatasetFacts { name: "reviews".to_owned(), ..DatasetFacts::default() };
        let (front, body) = parts(&ModelCard { dataset, ..card(&config, None) });
        for key in ["base_model", "datasets", "license"] {
            assert_eq!(front.get(key), None, "{front}");
        }
        assert_eq!(
            front["model-index"][0]["results"][0]["dataset"],
            json!({"type": "reviews", "name": "reviews", "split": "validation"})
        );
        assert!(
            body.contains("`my-bert` (a local folder)") && body.contains("model = \"my-bert\""),
            "{body}"
        );
        assert!(!body.contains("anna") && !body.contains("cut from the training data"), "{body}");
    }

    #[test]
    fn what_did_not_happen_is_not_said() {
        let config = TrainConfig {
            from_scratch: true,
            keep: Keep::Last,
            save_dtype: SaveDtype::F16,
            ..TrainConfig::default()
        };
        let base = HubRepository::new("bert-base-uncased");
        let licence = Licence { license: Some("apache-2.0".to_owned()), ..Licence::default() };
        let untested =
            ModelCard { evaluations: Vec::new(), chosen: false, steps: 5, ..card(&config, Some(&base)) };
        let (front, body) = parts(&ModelCard { licence, ..untested });
        for key in ["base_model", "metrics", "model-index"] {
            assert_eq!(front.get(key), None, "{front}");
        }
        for part in [
            "from random weights in the shape of",
            "Not evaluated",
            "Stopped early after 5 of 8 steps",
            "the last; stored as f16",
        ] {
            assert!(body.contains(part), "{part}\n\n{body}");
        }
        assert!(!body.contains("base model's licence"), "{body}");
        // Figures of the weights that were chosen by them flatter; those of the last do not.
        assert!(parts(&card(&TrainConfig::default(), None)).1.contains("flatter"));
        let (_, body) = parts(&ModelCard { evaluations: vec![eval("test", 0.5)], ..card(&config, None) });
        assert!(!body.contains("flatter") && body.contains("before they were rounded to f16"), "{body}");
    }

    /// Strings that are other things in YAML, or end the front matter, or break out of a table.
    const NASTY: [&str; 18] = [
        "no",
        "1",
        "1e3",
        "~",
        "null",
        "2026-11-24",
        ": #\"",
        "- a",
        "---",
        "a\n---\nb",
        "|",
        "a | b",
        "`x`",
        "*&\\",
        "<b>",
        "  ",
        "[l](u)",
        "'\u{1F600}\u{0}",
    ];

    #[test]
    fn no_name_is_taken_for_anything_else() {
        let config = TrainConfig::default();
        for nasty in NASTY {
            let mut card = card(&config, None);
            card.labels = vec![(nasty, 1), ("pos", 2)];
            card.average = Average::Binary { positive: 0 };
            card.dataset.name = nasty.to_owned();
            card.dataset.description = nasty.to_owned();
            let (front, body) = parts(&card);
            let result = &front["model-index"][0]["results"][0];
            assert_eq!(result["dataset"]["name"], nasty);
            assert_eq!(result["metrics"][1]["name"], format!("Precision ({nasty})"));
            // One cell, with that text.
            let shown = nasty.replace(char::is_control, " ");
            assert_eq!(cells(&body)[4..6], [shown.trim(), "1"], "{body}");
        }
    }

    /// The text of every cell of the first table.
    fn cells(markdown: &str) -> Vec<String> {
        let mut cells: Vec<String> = Vec::new();
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
            match event {
                Markdown::Start(Tag::TableCell) => cells.push(String::new()),
                Markdown::Text(text) => {
                    if let Some(cell) = cells.last_mut() {
                        cell.push_str(&text);
                    }
                }
                Markdown::End(TagEnd::Table) => break,
                Markdown::Code(_) | Markdown::Html(_) | Markdown::InlineHtml(_) if !cells.is_empty() => {
                    panic!("{markdown}");
                }
                _ => {}
            }
        }
        cells
    }

    #[test]
    fn the_licence_comes_from_the_checkpoints_own_card() {
        let dir = tempfile::tempdir().unwrap();
        let of = |text: &str| {
            fs::write(dir.path().join("README.md"), text).unwrap();
            Licence::of_checkpoint(dir.path())
        };
        assert_eq!(Licence::of_checkpoint(dir.path()), Licence::default());
        let other = of(
            "---\r\nlanguage: en\r\nlicense: other\r\nlicense_name: mine\r\ndatasets:\r\n- x\r\n---\r\n# Card\r\n",
        );
        assert_eq!((other.license.as_deref(), other.license_name.as_deref()), (Some("other"), Some("mine")));
        for text in ["# license: mit", "---\nlicense: [", "---\nlicense: [mit]\n---\n", "---\nno end", ""] {
            assert_eq!(of(text), Licence::default(), "{text}");
        }
        // Ours is one that we read.
        let licence = Licence { license: Some("mit".to_owned()), ..Licence::default() };
        let config = TrainConfig::default();
        let text = ModelCard { licence: licence.clone(), ..card(&config, None) }.render().unwrap();
        assert_eq!(of(&text), licence);
    }
}
