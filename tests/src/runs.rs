//! Made-up run folders of the tasks, the same at each call: what a page shows of single examples.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Numbers that look random and are always the same.
#[derive(Clone, Debug)]
struct Numbers(u64);

impl Numbers {
    /// A number in [0, 1).
    fn share(&mut self) -> f64 {
        // The multiplier and the increment of Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1_u64 << 24) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        (self.share() * count as f64) as usize
    }

    fn of<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.below(values.len())]
    }
}

/// What the files of a made-up run have of their task.
struct Made {
    task: &'static str,
    problem_type: Option<&'static str>,
    labels: Vec<String>,
    /// Each metric with its title, whether greater is better, and whether it is a headline. The loss is logged
    /// even if it is not among them.
    metrics: Vec<(&'static str, &'static str, bool, bool)>,
    /// The lines of `examples.jsonl`, without their split.
    examples: [Vec<Value>; 2],
    /// The metrics, details and baselines of each split.
    scores: [Value; 2],
}

const SPLITS: [&str; 2] = ["validation", "test"];

fn write(folder: &Path, name: &str, made: &Made) -> PathBuf {
    let run = folder.join(name);
    fs::create_dir_all(&run).unwrap();
    let metric = made.metrics[0].0;
    let config =
        format!("model = \"owner/bert-small\"\nepochs = 3\nmetric = \"{metric}\"\nmax_grad_norm = 1.0\n");
    fs::write(run.join("config.toml"), config).unwrap();

    let steps = 90;
    let mut log = String::new();
    for step in 1..=steps {
        let done = f64::from(step) / f64::from(steps);
        let wiggle = (f64::from(step) * 1.7).sin();
        let line = json!({
            "event": "train_step", "step": step, "epoch": (step - 1) / 30 + 1, "loss": 0.2 + 0.8 * (-4.0 * done).exp() + 0.04 * wiggle,
            "grad_norm": 0.8 + 0.4 * wiggle, "learning_rate": 5e-5 * (1.0 - done), "examples": 16, "tokens": 500,
            "seconds": 0.3 * f64::from(step),
        });
        writeln!(log, "{line}").unwrap();
        let last = &made.scores[0]["metrics"];
        if step % 30 == 0 {
            let mut line = json!({"event": "eval", "split": "validation", "step": step, "epoch": step / 30, "examples": made.examples[0].len()});
            // The loss of a regression is its mean squared error.
            line["loss"] = json!(last["mse"].as_f64().unwrap_or_default() * (1.9 - 0.9 * done));
            for (name, _, is_higher, _) in &made.metrics {
                // Learning goes towards the last numbers.
                let away = 0.3 * (1.0 - done);
                let near =
                    |value: f64| if *is_higher { value * (1.0 - away) } else { value * (1.0 + 3.0 * away) };
                line[*name] = last[*name].as_f64().map_or(Value::Null, |value| json!(near(value)));
            }
            writeln!(log, "{line}").unwrap();
        }
    }
    let mut line = json!({"event": "eval", "split": "test", "step": steps, "epoch": 3, "examples": made.examples[1].len()});
    for (name, value) in made.scores[1]["metrics"].as_object().unwrap() {
        line[name] = value.clone();
    }
    writeln!(log, "{line}").unwrap();
    let end = json!({
        "event": "end", "step": steps, "epoch": 3, "metric": metric, "best_step": steps, "best_metric": made.scores[0]["metrics"][metric],
        "seconds": 31.5, "phases": {"prepare": 1.0, "train": 27.0, "evaluate": 3.0, "save": 0.5}, "peak_memory": 700_000_000_u64,
    });
    writeln!(log, "{end}").unwrap();
    fs::write(run.join("metrics.jsonl"), log).unwrap();

    let counts: Vec<usize> = (0..made.labels.len()).map(|label| 900 / (label + 1)).collect();
    let split = |examples: usize| json!({"examples": examples, "labels": counts, "duplicates": 2});
    let infos = made.metrics.iter().map(|(name, title, is_higher, headline)| {
        json!({"name": name, "title": title, "better": if *is_higher { "higher" } else { "lower" }, "headline": headline})
    });
    let facts = json!({
        "format": 2, "task": made.task, "problem_type": made.problem_type, "model": "owner/bert-small", "dataset": name,
        "labels": made.labels, "positive": null, "parameters": {"total": 22_713_602, "trainable": 22_713_602},
        "splits": {"train": split(1000), "validation": split(made.examples[0].len()), "test": split(made.examples[1].len())},
        "shared": 0, "skipped": 0, "metrics": infos.collect::<Vec<_>>(),
        "lengths": {"max_length": 128, "truncated": 12, "bin_width": 16, "counts": [240, 320, 210, 120, 60, 30, 8, 12]},
    });
    fs::write(run.join("facts.json"), facts.to_string()).unwrap();

    let scores: Vec<Value> = SPLITS
        .iter()
        .zip(&made.scores)
        .zip(&made.examples)
        .map(|((split, scores), examples)| {
            let mut scores = scores.clone();
            scores["split"] = json!(split);
            scores["examples"] = json!(examples.len());
            scores
        })
        .collect();
    fs::write(run.join("scores.json"), json!({"format": 2, "step": steps, "splits": scores}).to_string())
        .unwrap();

    let mut lines = String::new();
    for (split, examples) in SPLITS.iter().zip(&made.examples) {
        for example in examples {
            let mut example = example.clone();
            example["split"] = json!(split);
            writeln!(lines, "{example}").unwrap();
        }
    }
    fs::write(run.join("examples.jsonl"), lines).unwrap();
    run
}

const FIRST: [&str; 8] = ["Amara", "Jonas", "Priya", "Søren", "Mei", "Tomás", "Yuki", "Ölaf"];
const LAST: [&str; 6] = ["Okafor", "Lindqvist", "Sharma", "van der Berg", "García Márquez", "Tanaka"];
const PLACES: [&str; 6] = ["Lagos", "Kyoto", "São Paulo", "New York City", "the Hague", "Ulm"];
const GROUPS: [&str; 5] =
    ["Acme", "United Nations", "Kyoto University", "FC Ulm", "The Great Northern Railway Company"];
const WORDS: [&str; 14] = [
    "yesterday",
    "met",
    "with",
    "friends",
    "and",
    "then",
    "flew",
    "over",
    "quietly",
    "because",
    "the",
    "weather",
    "was",
    "fine",
];

/// Texts with entities of three types, of which some are missed, cut, taken for others or invented.
fn tagged(numbers: &mut Numbers, id: usize, words: usize) -> Value {
    let mut text = String::new();
    let (mut truths, mut found) = (Vec::new(), Vec::new());
    let mut length = 0;
    while length < words {
        if !text.is_empty() {
            text.push(' ');
        }
        let start = text.chars().count();
        let (group, name) = match numbers.below(9) {
            0 => ("PER", format!("{} {}", numbers.of(&FIRST), numbers.of(&LAST))),
            1 => ("LOC", (*numbers.of(&PLACES)).to_owned()),
            2 => ("ORG", (*numbers.of(&GROUPS)).to_owned()),
            _ => ("", (*numbers.of(&WORDS)).to_owned()),
        };
        text += &name;
        let end = text.chars().count();
        length += name.split(' ').count();
        let score = 0.35 + 0.65 * numbers.share();
        let entity = |group: &str, start: usize, end: usize| json!({"entity_group": group, "start": start, "end": end});
        let predicted = |group: &str, start: usize, end: usize| json!({"entity_group": group, "score": score, "start": start, "end": end});
        if group.is_empty() {
            if numbers.below(40) == 0 {
                found.push(predicted("LOC", start, end));
            }
            continue;
        }
        truths.push(entity(group, start, end));
        let first = name.split(' ').next().unwrap().chars().count();
        let other = if group == "ORG" { "LOC" } else { "ORG" };
        match numbers.below(20) {
            0..3 => {}
            3..5 => found.push(predicted(other, start, end)),
            5 => found.push(predicted(group, start, start + first)),
            6 if name.contains(' ') => found.push(predicted(other, start + first + 1, end)),
            _ => found.push(predicted(group, start, end)),
        }
    }
    text.push('.');
    json!({"id": id, "text": text, "entities": truths, "predicted": found, "words": length, "tokens": length + 5})
}

/// A run of token classification with three types of entities and `examples` examples a split. The figures in
/// `scores.json` are made up; `recorded` says whether it has any.
pub fn token_classification(folder: &Path, name: &str, examples: usize) -> PathBuf {
    let mut numbers = Numbers(7);
    let mut split = |examples: usize| -> Vec<Value> {
        (0..examples)
            .map(|id| {
                let words = if id % 11 == 5 { 150 } else { 3 + id * 5 % 29 };
                tagged(&mut numbers, id, words)
            })
            .collect()
    };
    let tags = ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER"];
    let class = |name: &str, precision: f64, recall: f64, support: usize| {
        let f1 = 2.0 * precision * recall / (precision + recall);
        json!({"name": name, "metrics": {"precision": precision, "recall": recall, "f1": f1}, "examples": support})
    };
    let scores = |shift: f64| {
        json!({
            "metrics": {"f1": 0.653 - shift, "precision": 0.671 - shift, "recall": 0.636 - shift, "accuracy": 0.948 - shift, "f1_strict": 0.641 - shift, "loss": 0.19 + shift},
            "detail": {
                "classes": [class("LOC", 0.71, 0.66, 81), class("ORG", 0.52, 0.47, 64), class("PER", 0.83, 0.79, 77)],
                "averages": [{"name": "micro", "metrics": {"precision": 0.659, "recall": 0.624, "f1": 0.641}}],
                "confusion_matrix": [[55, 7, 1, 18], [12, 31, 2, 19], [0, 4, 62, 11], [9, 6, 4, 0]],
            },
            "baselines": [
                {"name": "no entity anywhere", "metrics": {"f1": 0.0, "precision": 0.0, "recall": 0.0, "accuracy": 0.87, "f1_strict": 0.0}},
                {"name": "each word's most frequent tag in the training split", "metrics": {"f1": 0.312, "precision": 0.44, "recall": 0.241, "accuracy": 0.894, "f1_strict": 0.3}},
            ],
        })
    };
    let made = Made {
        task: "token-classification",
        problem_type: None,
        labels: tags.map(str::to_owned).to_vec(),
        metrics: vec![
            ("f1", "F1", true, true),
            ("precision", "Precision", true, true),
            ("recall", "Recall", true, true),
            ("accuracy", "Accuracy", true, false),
            ("f1_strict", "F1, strict", true, false),
            ("loss", "Loss", false, true),
        ],
        examples: [split(examples), split(examples)],
        scores: [scores(0.0), scores(0.012)],
    };
    write(folder, name, &made)
}

const LABELS: [&str; 12] = [
    "neutral",
    "admiration",
    "approval",
    "gratitude",
    "annoyance",
    "amusement",
    "curiosity",
    "love",
    "disapproval",
    "optimism",
    "sadness",
    "nervousness",
];

/// A run of classification with any number of labels a text, of `labels` labels that get rarer and rarer, and
/// `examples` examples a split. The metrics of single labels are not recorded.
pub fn multi_label(folder: &Path, name: &str, labels: usize, examples: usize) -> PathBuf {
    let mut numbers = Numbers(11);
    let mut example = |id: usize| {
        let mut truths = Vec::new();
        let probabilities: Vec<f64> = (0..labels)
            .map(|label| {
                let is_true = numbers.share() < 0.5 / (label as f64 + 1.3)
                    || label > 0 && truths.contains(&(label - 1)) && numbers.below(4) == 0;
                if is_true {
                    truths.push(label);
                }
                let logit =
                    if is_true { 1.0 } else { -2.2 } + 3.2 * (numbers.share() + numbers.share() - 1.0);
                1.0 / (1.0 + (-logit).exp())
            })
            .collect();
        let text: Vec<&str> = (0..4 + id % 20).map(|_| *numbers.of(&WORDS)).collect();
        json!({"id": id, "text": text.join(" ") + ".", "labels": truths, "probabilities": probabilities, "tokens": 7 + id % 20})
    };
    let mut split = || -> Vec<Value> { (0..examples).map(&mut example).collect() };
    let names = (0..labels).map(|label| {
        LABELS.get(label).map_or_else(|| format!("rare feeling {label}"), |name| (*name).to_owned())
    });
    let scores = |shift: f64| {
        let at = |shift: f64| json!({"micro_f1": 0.552 - shift, "macro_f1": 0.431 - shift, "samples_f1": 0.528 - shift, "jaccard": 0.47 - shift, "subset_accuracy": 0.402 - shift, "roc_auc": 0.91});
        let mut metrics = at(shift);
        metrics["loss"] = json!(0.21 + shift);
        let thresholds: Vec<f64> =
            (0..labels).map(|label| 0.45 - 0.3 * label as f64 / labels as f64).collect();
        json!({
            "metrics": metrics, "detail": {"thresholds": thresholds, "at_thresholds": at(shift - 0.05)},
            "baselines": [
                {"name": "no label anywhere", "metrics": {"micro_f1": 0.0, "macro_f1": 0.0, "samples_f1": 0.0, "jaccard": 0.0, "subset_accuracy": 0.31}},
                {"name": "the most frequent label, neutral", "metrics": {"micro_f1": 0.33, "macro_f1": 0.02, "samples_f1": 0.3, "jaccard": 0.28, "subset_accuracy": 0.24}},
            ],
        })
    };
    let made = Made {
        task: "text-classification",
        problem_type: Some("multi_label_classification"),
        labels: names.collect(),
        metrics: vec![
            ("micro_f1", "Micro F1", true, true),
            ("macro_f1", "Macro F1", true, true),
            ("samples_f1", "Samples F1", true, false),
            ("jaccard", "Jaccard", true, false),
            ("subset_accuracy", "Subset accuracy", true, true),
            ("roc_auc", "ROC AUC", true, true),
            ("loss", "Loss", false, true),
        ],
        examples: [split(), split()],
        scores: [scores(0.0), scores(0.009)],
    };
    write(folder, name, &made)
}

/// A run of regression on pairs of sentences with scores from 0 to 5, and `examples` examples a split.
pub fn regression(folder: &Path, name: &str, examples: usize) -> PathBuf {
    let mut numbers = Numbers(13);
    let mut example = |id: usize| {
        let score = (numbers.share() * 25.0).round() / 5.0;
        let noise = numbers.share() + numbers.share() + numbers.share() - 1.5;
        let predicted = 0.5 + 0.78 * score + 0.9 * noise;
        let mut text =
            |words: usize| (0..words).map(|_| *numbers.of(&WORDS)).collect::<Vec<_>>().join(" ") + ".";
        json!({"id": id, "text": text(4 + id % 9), "text_pair": text(3 + id % 12), "score": score, "predicted": predicted, "tokens": 12 + id % 20})
    };
    let mut split = || -> Vec<Value> { (0..examples).map(&mut example).collect() };
    let scores = |shift: f64| {
        json!({
            "metrics": {"pearson": 0.861 - shift, "spearman": 0.857 - shift, "mse": 0.52 + shift, "mae": 0.55 + shift, "r2": 0.73 - shift},
            "detail": {},
            "baselines": [{"name": "the mean of the training split", "metrics": {"mse": 2.28, "mae": 1.29, "r2": -0.01}}],
        })
    };
    let made = Made {
        task: "text-classification",
        problem_type: Some("regression"),
        labels: Vec::new(),
        metrics: vec![
            ("pearson", "Pearson", true, true),
            ("spearman", "Spearman", true, true),
            ("mse", "MSE", false, true),
            ("mae", "MAE", false, true),
            ("r2", "R²", true, true),
        ],
        examples: [split(), split()],
        scores: [scores(0.0), scores(0.01)],
    };
    write(folder, name, &made)
}

/// A context of sentences about people and places, a question about one of them, and an answer that is right,
/// cut, or of another sentence. A question with `null_odds` may have no answer.
fn answered(numbers: &mut Numbers, id: usize, may_lack: bool) -> Value {
    let mut context = String::new();
    let (mut people, mut places) = (Vec::new(), Vec::new());
    let sentences = if id % 9 == 4 { 60 } else { 3 + id % 14 };
    for _ in 0..sentences {
        let named = |context: &mut String, name: &str| {
            let start = context.chars().count();
            *context += name;
            json!({"text": name, "start": start, "end": start + name.chars().count()})
        };
        let person = format!("{} {}", numbers.of(&FIRST), numbers.of(&LAST));
        people.push(named(&mut context, &person));
        write!(context, " {} {} to ", numbers.of(&WORDS), numbers.of(&WORDS)).unwrap();
        let place = *numbers.of(&PLACES);
        places.push(named(&mut context, place));
        context += ". ";
    }
    let (question, all) = match id % 7 {
        0 => ("Who was it?", &people),
        1 => ("Where did they go because of the weather?", &places),
        2 => ("Which person flew quietly?", &people),
        3 => ("In what city were friends met?", &places),
        4 => ("How many went, and where?", &places),
        5 => ("Name a person.", &people),
        _ => ("When was that?", &places),
    };
    let truth = numbers.below(sentences);
    let lacks = may_lack && numbers.below(3) == 0;
    let mut predicted = all[if numbers.below(4) == 0 { numbers.below(sentences) } else { truth }].clone();
    let text = predicted["text"].as_str().unwrap().to_owned();
    if let Some((first, _)) = text.split_once(' ').filter(|_| numbers.below(4) == 0) {
        predicted["end"] = json!(predicted["start"].as_u64().unwrap() + first.chars().count() as u64);
        predicted["text"] = json!(first);
    }
    predicted["score"] = json!(0.05 + 0.94 * numbers.share());
    let mut answers = if lacks { Vec::new() } else { vec![all[truth].clone()] };
    if id.is_multiple_of(5) {
        answers.extend_from_within(..);
    }
    let mut example = json!({
        "id": id, "question_id": format!("5726{id:04}"), "question": question, "context": context.trim_end(),
        "answers": answers, "predicted": predicted, "tokens": 6 * sentences + 9,
    });
    if may_lack {
        let shift = if lacks { 1.0 } else { -2.0 };
        example["null_odds"] = json!(shift + 6.0 * (numbers.share() + numbers.share() - 1.0));
    }
    example
}

/// A run of question answering with `questions` questions a split, of which some may have no answer. The
/// figures in `scores.json` are made up; the null threshold is -0.75.
pub fn question_answering(folder: &Path, name: &str, questions: usize, may_lack: bool) -> PathBuf {
    let mut numbers = Numbers(17);
    let mut split =
        || -> Vec<Value> { (0..questions).map(|id| answered(&mut numbers, id, may_lack)).collect() };
    let scores = |shift: f64| {
        let at = |shift: f64| {
            let mut metrics = json!({"f1": 0.742 - shift, "exact_match": 0.613 - shift});
            if may_lack {
                metrics["HasAns_f1"] = json!(0.781 - shift);
                metrics["NoAns_f1"] = json!(0.664 - shift);
            }
            metrics
        };
        let mut metrics = at(shift);
        metrics["loss"] = json!(1.12 + shift);
        json!({
            "metrics": metrics,
            "detail": if may_lack { json!({"thresholds": [-0.75], "at_thresholds": at(shift - 0.02)}) } else { json!({}) },
            "baselines": [{"name": "the sentence with most of the question's words", "metrics": {"f1": 0.211, "exact_match": 0.02}}],
        })
    };
    let mut metrics = vec![("f1", "F1", true, true), ("exact_match", "Exact match", true, true)];
    if may_lack {
        metrics.extend([("HasAns_f1", "HasAns F1", true, true), ("NoAns_f1", "NoAns F1", true, true)]);
    }
    metrics.push(("loss", "Loss", false, true));
    let made = Made {
        task: "question-answering",
        problem_type: None,
        labels: Vec::new(),
        metrics,
        examples: [split(), split()],
        scores: [scores(0.0), scores(0.015)],
    };
    write(folder, name, &made)
}
