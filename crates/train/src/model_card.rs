//! The model card: the `README.md` of a result, for people and for the hub.
//!
//! Its front matter has the keys of `huggingface_hub`'s `ModelCardData`. Nothing in it depends on the machine or the clock:
//! the same run gives the same card.

mod body;
mod front_matter;
mod markdown;
mod provenance;

use embert_metrics::Average;

pub(crate) use self::provenance::Licence;
pub use self::provenance::{DatasetFacts, HubRepository, Provenance};
use crate::{Eval, TrainConfig};

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
    /// The loss's weight of each label, in the same order.
    pub(crate) class_weights: &'a [f32],
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
}

#[cfg(test)]
mod tests {
    use embert_data::tokenize::Truncation;
    use embert_metrics::Metric;
    use embert_model::SaveDtype;
    use pulldown_cmark::{Event as Markdown, Options, Parser, Tag, TagEnd};
    use serde_json::{Value, json};

    use super::provenance::front_matter;
    use super::*;
    use crate::config::Keep;

    fn eval(split: &str, accuracy: f64) -> Eval {
        let area = (split == "test").then_some(0.987_654_3);
        let figures = [0.312_349, accuracy, 0.75, 1.0, 6.0 / 7.0, 0.7].into_iter().chain(area);
        Eval {
            split: split.to_owned(),
            step: 6,
            epoch: 2,
            metrics: Metric::LOGGED.iter().map(Metric::to_string).zip(figures).collect(),
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
            class_weights: &[1.0, 1.0],
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

    /// The seed that cut the splits, which need not be the run's; and what of the loss and the rates is not as usual.
    #[test]
    fn each_number_is_that_of_what_ran() {
        let mut config =
            TrainConfig { seed: 5, label_smoothing: 0.1, batch_size: 256, ..TrainConfig::default() };
        config.data.split_seed = Some(77);
        config.data.eval_samples = Some(80);
        config.optimizer.head_learning_rate = Some(1e-3);
        config.stages = vec![crate::StageConfig { learning_rate: Some(1e-6), ..Default::default() }];
        let card = ModelCard { class_weights: &[0.5, 2.0], ..card(&config, None) };
        let (front, body) = parts(&card);
        let args = &front["model-index"][0]["results"][0]["dataset"]["args"];
        assert_eq!(args["seed"], 77, "{front}");
        for part in [
            "shares 0.9/0.1/0, seed 77.",
            "Of a split at most 80 examples were taken, with the shares of labels that it has, seed 77.",
            "64 examples, 3 epochs at most, seed 5.",
            "learning rate 0.00002 (linear) in the first of 2 stages, the classifier's 0.001, weight decay",
            // All that there are: a step has no more.
            "64 examples in a step",
            "Loss: cross-entropy with the labels' weights 0.5, 2 and label smoothing 0.1.",
        ] {
            assert!(body.contains(part), "{part}\n\n{body}");
        }
        assert!(!parts(&self::card(&TrainConfig::default(), None)).1.contains("Loss:"));
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
            std::fs::write(dir.path().join("README.md"), text).unwrap();
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
