//! [`Context`]: the values that the template `model_card.md` shows. Text is escaped for Markdown here, and
//! numbers that the template could format differently are already text.

use embert_data::tokenize::Truncation;
use embert_model::SaveDtype;
use embert_optim::Decay;
use embert_task::{Inputs, TaskCard};
use serde::Serialize;

use super::beside::Beside;
use super::card::ModelCard;
use super::markdown::{code, escaped, linked, url};
use super::provenance::DatasetFacts;
use crate::config::{ConfigError, Keep, ScheduleKind, TrainConfig};

/// Every value of the template.
#[derive(Debug, Serialize)]
pub(super) struct Context<'a> {
    /// The front matter as YAML.
    pub(super) front_matter: String,
    version: &'static str,
    from_scratch: bool,
    base_name: String,
    /// The base model with a link, if it has one.
    base: String,
    /// Absent if the weights do not come from the base model.
    base_licence: Option<String>,
    task: TaskBlock<'a>,
    labels: Vec<Label>,
    /// What the labels' numbers count.
    counted: &'static str,
    evaluations: Vec<Evaluation<'a>>,
    /// Sentences on the rows that stand beside the evaluations, each after a space.
    about_beside: String,
    /// How the stored weights are rounded; absent for f32.
    rounded_to: Option<String>,
    /// True if the weights are those of the best evaluation.
    is_best: bool,
    split_seed: u64,
    eval_samples: Option<usize>,
    texts: Texts,
    /// Training examples.
    examples: usize,
    epochs: usize,
    seed: u64,
    steps: usize,
    total_steps: usize,
    kept_step: usize,
    metric: &'a str,
    save_dtype: String,
    optimizer: Optimizer,
    /// The settings as TOML.
    settings: String,
    dataset: Dataset,
}

/// The task's part of the card: sentences that are true of this task alone.
#[derive(Debug, Serialize)]
struct TaskBlock<'a> {
    purpose: &'a str,
    pipeline_call: &'a str,
    python: &'a str,
    headings: Vec<&'a str>,
    /// The alignment of the metrics' columns, as Markdown has it.
    alignment: String,
    about_metrics: &'a str,
    over_windows: &'a str,
    about_loss: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Label {
    name: String,
    examples: usize,
}

#[derive(Debug, Serialize)]
struct Evaluation<'a> {
    split: &'a str,
    examples: usize,
    /// One value for each heading.
    values: Vec<String>,
    /// Other figures for the split.
    beside: Vec<Beside>,
    /// The shares of the splits if this split was cut from the training data: `0.8/0.1/0.1`.
    shares: Option<String>,
}

/// How texts were cut.
#[derive(Debug, Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a choice of the template")]
struct Texts {
    max_length: usize,
    /// `head`, `tail` or `head_tail`.
    kept: &'static str,
    /// Tokens kept of the start, for `head_tail`.
    head: Option<usize>,
    stride: Option<usize>,
    /// Whether longer texts are read in windows in any case, and each word is tagged in one of them.
    are_tagged: bool,
    /// The options that make `bert-train predict` cut texts in the same way, each followed by a space.
    options: String,
    /// The texts of a first try, as options of `bert-train predict`.
    first_try: &'static str,
    /// Whether the data set gives words.
    are_words: bool,
    /// Whether the texts have masks.
    are_masked: bool,
    /// Whether the windows of long texts were trained on, each with a target of its own.
    in_windows: bool,
    /// The tokens that windows of long texts shared in training, if a text's windows were one example.
    train_stride: Option<usize>,
    /// The most windows of a text that were then trained on.
    most_windows: usize,
}

#[derive(Debug, Serialize)]
struct Optimizer {
    learning_rate: String,
    schedule: ScheduleKind,
    /// Number of stages, if a stage has a rate of its own.
    stages: Option<usize>,
    /// Absent if the head has `learning_rate`.
    head_learning_rate: Option<String>,
    /// Absent if the decay is 1.
    layerwise_lr_decay: Option<String>,
    weight_decay: String,
    decay: Decay,
    examples_in_a_step: usize,
    /// Absent if gradients are not clipped.
    max_grad_norm: Option<String>,
}

#[derive(Debug, Serialize)]
struct Dataset {
    name: String,
    /// The name with a link, if the hub has the data set.
    link: String,
    description: String,
    licence: Option<String>,
    homepage: Option<String>,
    citation: Option<String>,
}

impl<'a> Context<'a> {
    /// # Errors
    /// The settings can't be written as TOML.
    pub(super) fn new(card: &'a ModelCard<'a>, front_matter: String) -> Result<Self, ConfigError> {
        let config = card.config;
        let base = match card.base {
            Some(repository) => linked(repository, "https://huggingface.co"),
            None => format!("`{}` (a local folder)", code(card.base_name())),
        };
        let labels =
            card.labels.iter().map(|(name, examples)| Label { name: escaped(name), examples: *examples });
        let examples = card.examples;
        Ok(Self {
            front_matter,
            version: env!("CARGO_PKG_VERSION"),
            from_scratch: config.from_scratch,
            base_name: escaped(card.base_name()),
            base,
            base_licence: card.licence.license.as_deref().filter(|_| !config.from_scratch).map(escaped),
            task: TaskBlock::new(card),
            labels: labels.collect(),
            counted: card.counted,
            evaluations: evaluations(card),
            about_beside: Beside::about(&card.scores),
            rounded_to: (config.save_dtype != SaveDtype::F32).then(|| config.save_dtype.to_string()),
            is_best: config.keep == Keep::Best && card.chosen,
            split_seed: config.split_seed(),
            eval_samples: config.data.eval_samples,
            texts: Texts::new(card),
            examples,
            epochs: config.epochs,
            seed: config.seed,
            steps: card.steps,
            total_steps: card.total_steps,
            kept_step: card.kept_step,
            metric: config.metric.as_deref().unwrap_or_default(),
            save_dtype: config.save_dtype.to_string(),
            optimizer: Optimizer::new(config, examples),
            settings: settings(card)?,
            dataset: Dataset::new(&card.dataset),
        })
    }
}

impl<'a> TaskBlock<'a> {
    fn new(card: &'a ModelCard<'a>) -> Self {
        let task: &TaskCard = &card.about;
        Self {
            purpose: &task.purpose,
            pipeline_call: match card.inputs {
                Inputs::Pairs | Inputs::Questions => task.pipeline_call_of_pairs,
                Inputs::Texts | Inputs::Words | Inputs::Masks => task.pipeline_call,
            },
            python: task.python,
            headings: task.metrics.iter().map(|metric| metric.heading.as_str()).collect(),
            alignment: "---:|".repeat(task.metrics.len()),
            about_metrics: &task.about_metrics,
            over_windows: task.over_windows,
            about_loss: task.about_loss.as_deref(),
        }
    }
}

fn evaluations<'a>(card: &'a ModelCard<'a>) -> Vec<Evaluation<'a>> {
    let evaluations = card.evaluations.iter().map(|eval| {
        let value = |name: &str| {
            eval.metrics.get(name).map_or_else(|| "not defined".to_owned(), |value| format!("{value:.4}"))
        };
        let shares = card.cut(&eval.split);
        let scores = card.scores.iter().find(|scores| scores.split == eval.split);
        Evaluation {
            split: &eval.split,
            examples: eval.examples,
            values: card.about.metrics.iter().map(|metric| value(&metric.name)).collect(),
            beside: scores.map_or_else(Vec::new, |scores| Beside::of(scores, &card.about.metrics)),
            shares: shares.map(|[train, validation, test]| format!("{train}/{validation}/{test}")),
        }
    });
    evaluations.collect()
}

impl Texts {
    fn new(card: &ModelCard<'_>) -> Self {
        let config = card.config;
        let (truncation, stride) = (config.data.truncation, config.data.evaluated_stride());
        let (kept, head) = match truncation {
            Truncation::Tail => ("tail", None),
            Truncation::HeadTail(head) => ("head_tail", Some(head)),
            _ => ("head", None),
        };
        let truncation = head.map_or_else(String::new, |_| format!("--truncation {truncation} "));
        let windows = stride.map_or_else(String::new, |stride| format!("--stride {stride} "));
        Self {
            max_length: config.data.max_length,
            kept,
            head,
            stride: stride.or(card.default_stride),
            are_tagged: card.default_stride.is_some(),
            options: truncation + &windows,
            first_try: card.inputs.options(),
            are_words: card.inputs == Inputs::Words,
            are_masked: card.inputs == Inputs::Masks,
            in_windows: card.trains_on_windows,
            train_stride: config.data.train_stride,
            most_windows: config.data.most_windows(),
        }
    }
}

impl Optimizer {
    #[allow(clippy::float_cmp, reason = "a rate that was set to the same number is the same rate")]
    fn new(config: &TrainConfig, examples: usize) -> Self {
        let (optimizer, stages) = (&config.optimizer, &config.stages);
        let has_rate = stages.iter().any(|stage| stage.learning_rate.or(stage.head_learning_rate).is_some());
        let head = optimizer.head_learning_rate.filter(|rate| *rate != optimizer.learning_rate);
        let decay = optimizer.layerwise_lr_decay;
        let (norm, step) = (config.max_grad_norm, config.batch_size.saturating_mul(config.micro_batches()));
        Self {
            learning_rate: optimizer.learning_rate.to_string(),
            schedule: optimizer.schedule,
            stages: has_rate.then_some(stages.len() + 1),
            head_learning_rate: head.map(|rate| rate.to_string()),
            layerwise_lr_decay: (decay < 1.0).then(|| decay.to_string()),
            weight_decay: optimizer.weight_decay.to_string(),
            decay: optimizer.decay,
            examples_in_a_step: step.min(examples),
            max_grad_norm: (norm > 0.0).then(|| norm.to_string()),
        }
    }
}

impl Dataset {
    fn new(facts: &DatasetFacts) -> Self {
        let DatasetFacts { name, repository, description, licence, citation, homepage, .. } = facts;
        let link =
            repository.as_ref().map(|repository| linked(repository, "https://huggingface.co/datasets"));
        Self {
            name: escaped(name),
            link: link.unwrap_or_else(|| escaped(name)),
            description: escaped(description),
            licence: licence.as_deref().map(escaped),
            homepage: homepage.as_deref().map(url),
            citation: citation.as_deref().map(escaped),
        }
    }
}

/// The settings as TOML without the machine's own: its device and its paths.
fn settings(card: &ModelCard<'_>) -> Result<String, ConfigError> {
    let is_name = |text: &str| !text.contains(['/', '\\']);
    let mut config = TrainConfig {
        output: None,
        device: TrainConfig::default().device,
        model: card.base.map_or_else(|| card.base_name().to_owned(), ToString::to_string),
        ..card.config.clone()
    };
    if !is_name(&config.dataset) {
        let repository = card.dataset.repository.as_ref();
        config.dataset = repository.map_or_else(|| card.dataset.name.clone(), ToString::to_string);
    }
    config.to_toml()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{card, parts};
    use crate::TrainConfig;

    /// A model of whole texts needs the same windows where it is used.
    #[test]
    fn the_use_says_that_whole_texts_were_trained_on() {
        let mut config = TrainConfig::default();
        config.data.train_stride = Some(32);
        let whole = parts(&card(&config, None)).1;
        for part in [
            "It was trained on whole texts, as the mean over windows of 256 tokens that overlap by 32, at most 16 windows of \
             a text. Longer texts were evaluated whole, as the mean over windows that overlap by 32 tokens; the pipeline cuts \
             them. In this folder:",
            "predict --model . --stride 32 \"Your text\"",
            "train_stride = 32",
        ] {
            assert!(whole.contains(part), "{part}\n\n{whole}");
        }
        (config.data.stride, config.data.max_windows) = (Some(64), Some(4));
        let other = parts(&card(&config, None)).1;
        assert!(
            other.contains("at most 4 windows of a text. Longer") && other.contains("overlap by 64 tokens")
        );
        assert!(other.contains("predict --model . --stride 64"), "{other}");
    }
}
