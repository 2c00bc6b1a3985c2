//! The model card: the `README.md` of a result, for people and for the hub.
//!
//! `model_card.md` is the template, [`ModelCard`] the facts of a run and its result, and `context` turns the
//! facts into the template's values. The front matter has the keys of `huggingface_hub`'s `ModelCardData`.
//! The card names no path, date or machine: the same run gives the same card.

mod beside;
mod card;
mod context;
mod front_matter;
mod markdown;
mod provenance;
mod render;

pub(crate) use self::card::ModelCard;
pub(crate) use self::markdown::escaped;
pub(crate) use self::provenance::Licence;
pub use self::provenance::{DatasetFacts, HubRepository, Provenance};

#[cfg(test)]
mod tests {
    use embert_data::EncodedDataset;
    use embert_data::tokenize::Truncation;
    use embert_model::{BertConfig, SaveDtype};
    use embert_run::{Facts, Log, RunFiles, SplitScores};
    use embert_task::{
        ClassWeights, Inputs, LabelSet, Labels, LossSettings, Task as _, TaskCard, TextClassification,
        TokenClassification,
    };
    use pulldown_cmark::{Event as Markdown, Options, Parser, Tag, TagEnd};
    use serde_json::{Value, json};

    use super::provenance::front_matter;
    use super::*;
    use crate::config::{ConfigBuilder, Keep, TrainConfig};
    use crate::events::Eval;

    const LOGGED: [&str; 7] = ["loss", "accuracy", "precision", "recall", "f1", "mcc", "roc_auc"];

    /// The task's part of a card, for a classification with `labels`.
    fn about(labels: [&str; 2], positive: &str, settings: &LossSettings) -> TaskCard {
        let config = BertConfig::default().with_labels(labels);
        let labels: Labels = LabelSet::new(labels.map(str::to_owned).into(), Some(positive)).into();
        let task = TextClassification::fit(&labels, &config, "model".as_ref()).unwrap();
        task.with_loss(settings, &EncodedDataset::new(Vec::new())).unwrap().card(&escaped)
    }

    fn eval(split: &str, accuracy: f64) -> Eval {
        let area = (split == "test").then_some(0.987_654_3);
        let figures = [0.312_349, accuracy, 0.75, 1.0, 6.0 / 7.0, 0.7].into_iter().chain(area);
        Eval {
            split: split.to_owned(),
            step: 6,
            epoch: 2,
            metrics: LOGGED.into_iter().zip(figures).collect(),
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

    pub(super) fn card<'a>(config: &'a TrainConfig, base: Option<&'a HubRepository>) -> ModelCard<'a> {
        ModelCard {
            config,
            base,
            licence: Licence::default(),
            dataset: imdb(),
            labels: vec![("neg", 40), ("pos", 24)],
            counted: "examples",
            inputs: Inputs::Texts,
            trains_on_windows: false,
            examples: 64,
            task: "text-classification",
            default_stride: None,
            about: about(["neg", "pos"], "pos", &LossSettings::default()),
            evaluations: vec![eval("validation", 0.9), eval("test", 0.85)],
            scores: Vec::new(),
            kept_step: 6,
            steps: 8,
            total_steps: 8,
            chosen: true,
        }
    }

    /// The front matter, as a YAML reader reads it, and the text below.
    pub(super) fn parts(card: &ModelCard<'_>) -> (Value, String) {
        let text = card.render().unwrap();
        let body = text.strip_prefix("---\n").unwrap().split_once("\n---\n\n").unwrap().1.to_owned();
        (serde_saphyr::from_str(front_matter(&text).unwrap()).unwrap(), body)
    }

    /// Cards that an older version wrote, byte for byte, but for a renamed and a new key of the settings.
    #[test]
    fn a_card_has_the_bytes_that_it_had() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/golden/runs");
        for run in ["complete", "staged", "sweep/runs/point-01-seed-7", "sweep/runs/point-02-seed-8"] {
            let files = RunFiles::new(format!("{golden}/{run}"));
            let config = ConfigBuilder::recorded().file(&files.config()).unwrap().build().unwrap();
            let facts = Facts::read(&files.facts()).unwrap().unwrap();
            let log = Log::read(&files.metrics()).unwrap();
            let end = log.end.as_ref().unwrap();
            let kept_step = end.best_step.unwrap();
            let evaluations =
                ["validation", "test"].iter().filter_map(|split| log.evaluation(split, kept_step));
            let counts = facts.splits.train.labels.iter().copied();
            let card = ModelCard {
                config: &config,
                base: None,
                licence: Licence::default(),
                dataset: DatasetFacts { name: facts.dataset.clone(), ..DatasetFacts::default() },
                labels: facts.labels.iter().map(String::as_str).zip(counts).collect(),
                counted: TextClassification::COUNTED,
                inputs: Inputs::Texts,
                trains_on_windows: TextClassification::trains_on_windows(),
                examples: facts.splits.train.examples,
                task: TextClassification::NAME,
                default_stride: None,
                about: TextClassification::new(facts.labels.clone()).card(&escaped),
                evaluations: evaluations.cloned().collect(),
                scores: Vec::new(),
                kept_step,
                steps: end.step,
                total_steps: end.step,
                chosen: true,
            };
            let expected = std::fs::read_to_string(files.model().join("README.md")).unwrap();
            // The old settings have a key under its old name, and lack a newer key.
            let steps = "\ngradient_accumulation_steps = 1\n";
            let expected = expected.replace("\naccumulate = 1\n", &format!("{steps}shards = 8\n"));
            assert_eq!(card.render().unwrap(), expected, "{run}");
        }
    }

    #[test]
    fn the_front_matter_is_what_the_hub_reads() {
        let base = HubRepository::new("sentence-transformers/all-MiniLM-L6-v2@abc");
        let config = TrainConfig { seed: 5, ..TrainConfig::default() }
            .with_default_metric(Some(TextClassification::METRIC));
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

    /// The card has the seed that cut the splits, which need not be the run's, and a loss and learning rates
    /// that are not the default.
    #[test]
    fn each_number_is_that_of_what_ran() {
        let mut config =
            TrainConfig { seed: 5, label_smoothing: 0.1, batch_size: 256, ..TrainConfig::default() };
        config.data.split_seed = Some(77);
        config.data.eval_samples = Some(80);
        config.optimizer.head_learning_rate = Some(1e-3);
        config.stages = vec![crate::StageConfig { learning_rate: Some(1e-6), ..Default::default() }];
        let settings = LossSettings {
            class_weights: ClassWeights::Given(vec![0.5, 2.0]),
            label_smoothing: 0.1,
            ..LossSettings::default()
        };
        let about = about(["neg", "pos"], "pos", &settings);
        let card = ModelCard { about, ..card(&config, None) };
        let (front, body) = parts(&card);
        let args = &front["model-index"][0]["results"][0]["dataset"]["args"];
        assert_eq!(args["seed"], 77, "{front}");
        for part in [
            "shares 0.9/0.1/0, seed 77.",
            "Of a split at most 80 examples were taken, with the shares of labels that it has, seed 77.",
            "64 examples, 3 epochs at most, seed 5.",
            "learning rate 0.00002 (linear) in the first of 2 stages, the classifier's 0.001, weight decay",
            // The training split has 64 examples, fewer than `batch_size`.
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
        // A tagger reads windows in any case, in training too.
        let of_tags = |stride| {
            let mut config = TrainConfig::default();
            config.data.stride = stride;
            parts(&ModelCard { default_stride: Some(64), trains_on_windows: true, ..card(&config, None) }).1
        };
        for (stride, overlap) in [(None, 64), (Some(32), 32)] {
            let sentence = format!(
                "It was trained on texts in windows of 256 tokens. Longer texts were evaluated whole, as the mean over windows that \
                 overlap by {overlap} tokens; the pipeline cuts texts unless it is given a stride. In this folder:"
            );
            assert!(of_tags(stride).contains(&sentence), "{}", of_tags(stride));
        }
    }

    /// The commands of the card work as they are pasted: pairs have two texts, words are tokens.
    #[test]
    fn the_use_is_for_what_the_model_was_trained_on() {
        let config = TrainConfig::default();
        let use_of = |inputs| parts(&ModelCard { inputs, ..card(&config, None) }).1;
        let pairs = use_of(Inputs::Pairs);
        for part in [
            "predict --model . --text \"Your text\" --text-pair \"Another text\"\n",
            "print(classify({\"text\": \"Your text\", \"text_pair\": \"Another text\"}, truncation=True))",
        ] {
            assert!(pairs.contains(part), "{pairs}");
        }
        let texts = use_of(Inputs::Texts);
        assert!(!texts.contains("Another text") && !texts.contains("tokens\": ["), "{texts}");
        let words = use_of(Inputs::Words);
        for part in [
            "predict --model . \"Your text\"\n",
            "echo '{\"tokens\": [\"Your\", \"words\"]}' | bert-train predict --model . --input - --input-format jsonl\n",
        ] {
            assert!(words.contains(part), "{words}");
        }
    }

    #[test]
    fn tags_are_counted_in_words_and_their_windows_have_no_mean() {
        let mut config = TrainConfig::default();
        config.data.stride = Some(32);
        let labels = ["O", "B-PER"].map(str::to_owned);
        let tags = ModelCard {
            labels: vec![("O", 400), ("B-PER", 24)],
            counted: TokenClassification::COUNTED,
            inputs: Inputs::Words,
            trains_on_windows: TokenClassification::trains_on_windows(),
            default_stride: TokenClassification::default_stride(256),
            about: TokenClassification::new(labels.into()).card(&escaped),
            ..card(&config, None)
        };
        let (_, body) = parts(&tags);
        for part in [
            "| id | label | training words |",
            "| 0 | O | 400 |",
            "It was trained on texts in windows of 256 tokens. Longer texts were evaluated whole, each word in the \
             one with most context of windows that overlap by 32 tokens; the pipeline cuts texts unless it is given a \
             stride. In this folder:",
        ] {
            assert!(body.contains(part), "{part}\n\n{body}");
        }
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

    /// The figures with the thresholds that the folder has, and what training has won over simple rules.
    #[test]
    fn thresholds_and_rules_have_rows_of_their_own() {
        let scores: Vec<SplitScores> = serde_json::from_value(json!([{
            "split": "test", "examples": 80, "metrics": {"f1": 0.5},
            "detail": {"at_thresholds": {"f1": 0.625}},
            "baselines": [{"name": "always a|b", "metrics": {"accuracy": 0.25, "f1": 0.0}}],
        }]))
        .unwrap();
        let (_, body) = parts(&ModelCard { scores, ..card(&TrainConfig::default(), None) });
        for part in [
            "| 0.9877 |\n| test, with the fitted thresholds | 80 | – | – | – | – | 0.6250 | – | – |\n\
             | test, without a model: always a\\|b | 80 | – | 0.2500 | – | – | 0.0000 | – | – |\n\n",
            "whose figures in them flatter. The rows without a model are",
        ] {
            assert!(body.contains(part), "{part}\n\n{body}");
        }
        assert_eq!(body.matches("fitted thresholds").count(), 2, "{body}");
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
        // Metrics by which the weights were chosen flatter; metrics of the last weights do not.
        assert!(parts(&card(&TrainConfig::default(), None)).1.contains("flatter"));
        let (_, body) = parts(&ModelCard { evaluations: vec![eval("test", 0.5)], ..card(&config, None) });
        assert!(!body.contains("flatter") && body.contains("before they were rounded to f16"), "{body}");
    }

    /// Strings that are other types in YAML, end the front matter, or break out of a table.
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
            card.about = about([nasty, "pos"], nasty, &LossSettings::default());
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
        // Our own card can be read.
        let licence = Licence { license: Some("mit".to_owned()), ..Licence::default() };
        let config = TrainConfig::default();
        let text = ModelCard { licence: licence.clone(), ..card(&config, None) }.render().unwrap();
        assert_eq!(of(&text), licence);
    }
}
