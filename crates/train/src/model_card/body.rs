//! What stands below the front matter of a card.

use std::fmt::{self, Write as _};

use embert_data::tokenize::Truncation;
use embert_metrics::{Average, Metric};
use embert_model::SaveDtype;

use super::markdown::{code, escaped, linked, url, word};
use super::{DatasetFacts, ModelCard};
use crate::TrainConfig;
use crate::config::{DataConfig, Keep};
use crate::scores::info;

impl ModelCard<'_> {
    pub(super) fn introduction(&self, out: &mut String) -> fmt::Result {
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

    pub(super) fn label_table(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "## Labels\n\n| id | label | training examples |\n|---:|---|---:|")?;
        for (id, (label, examples)) in self.labels.iter().enumerate() {
            writeln!(out, "| {id} | {} | {examples} |", escaped(label))?;
        }
        writeln!(out)
    }

    pub(super) fn results(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "## Results\n")?;
        if self.evaluations.is_empty() {
            return writeln!(out, "Not evaluated: there was no split to evaluate on.\n");
        }
        write!(out, "| split | examples |")?;
        for metric in Metric::LOGGED {
            write!(out, " {} |", info(*metric).in_sentence())?;
        }
        writeln!(out, "\n|---|{}", "---:|".repeat(1 + Metric::LOGGED.len()))?;
        for eval in &self.evaluations {
            write!(out, "| {} | {} |", eval.split, eval.examples)?;
            for metric in Metric::LOGGED {
                match eval.metrics.get(metric.name()) {
                    Some(value) => write!(out, " {value:.4} |")?,
                    None => write!(out, " not defined |")?,
                }
            }
            writeln!(out)?;
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
                    eval.split,
                    self.config.split_seed()
                )?;
            }
        }
        if let (Some(most), false) = (self.config.data.eval_samples, self.evaluations.is_empty()) {
            write!(
                out,
                " Of a split at most {most} examples were taken, with the shares of labels that it has, seed {}.",
                self.config.split_seed()
            )?;
        }
        writeln!(out, "\n")
    }

    pub(super) fn usage(&self, out: &mut String) -> fmt::Result {
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

    pub(super) fn training(&self, out: &mut String) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
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
            "AdamW: learning rate {} ({}){}, weight decay {} ({}), {} examples in a step, gradients {clipping}.\n",
            optimizer.learning_rate,
            word(&optimizer.schedule)?,
            self.other_rates(),
            optimizer.weight_decay,
            word(&optimizer.decay)?,
            config.batch_size.saturating_mul(config.micro_batches()).min(examples),
        )?;
        if let Some(loss) = self.loss() {
            writeln!(out, "{loss}\n")?;
        }
        writeln!(
            out,
            "Every setting, as `bert-train train --config` takes it:\n\n```toml\n{}```\n",
            self.settings()?
        )?;
        Ok(())
    }

    /// The rates besides that of the base, as far as there are any.
    #[allow(clippy::float_cmp, reason = "a setting that repeats another is none")]
    fn other_rates(&self) -> String {
        let (optimizer, stages) = (&self.config.optimizer, &self.config.stages);
        let mut rates = Vec::new();
        if stages.iter().any(|stage| stage.learning_rate.or(stage.head_learning_rate).is_some()) {
            rates.push(format!(" in the first of {} stages", stages.len() + 1));
        }
        if let Some(rate) = optimizer.head_learning_rate.filter(|rate| *rate != optimizer.learning_rate) {
            rates.push(format!(", the classifier's {rate}"));
        }
        if optimizer.layerwise_lr_decay < 1.0 {
            rates.push(format!(
                ", each layer's {} times that of the layer above",
                optimizer.layerwise_lr_decay
            ));
        }
        rates.concat()
    }

    /// What the loss is besides the mean cross-entropy, if it is anything.
    #[allow(clippy::float_cmp, reason = "a weight of 1 is no weight")]
    fn loss(&self) -> Option<String> {
        let mut parts = Vec::new();
        if self.class_weights.iter().any(|weight| *weight != 1.0) {
            let weights: Vec<String> = self.class_weights.iter().map(ToString::to_string).collect();
            parts.push(format!("the labels' weights {}", weights.join(", ")));
        }
        if self.config.label_smoothing > 0.0 {
            parts.push(format!("label smoothing {}", self.config.label_smoothing));
        }
        (!parts.is_empty()).then(|| format!("Loss: cross-entropy with {}.", parts.join(" and ")))
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

    pub(super) fn data_set(&self, out: &mut String) -> fmt::Result {
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
