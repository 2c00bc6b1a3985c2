//! What holds of every task: whole runs of each, on data made up for it.

use embert_task::{
    ClassWeightRule, MultiLabelClassification, QuestionAnswering, SentenceSimilarity, TextRegression,
    TokenClassification,
};
use embert_train::{ClassWeights, DropoutConfig, EarlyStoppingConfig, Keep};
use serde_json::{Value, json};

use super::*;
use crate::resume::{same_result, stop_after};
use crate::run::evals;
use crate::strategies::{moved, steps, weights};

/// Words that are one token each.
const WORDS: [&str; 10] = ["good", "bad", "a", "film", "never", "again", "lovely", "the", "story", "soup"];

/// A task's made-up data.
struct Made {
    /// The row of a number, with so many words.
    row: fn(usize, usize) -> Value,
    /// Sets weights of labels, where the task has labels.
    weigh: fn(&mut TrainConfig),
    /// Metrics of which smaller values are better.
    lower: &'static [&'static str],
}

fn words(n: usize, count: usize) -> Vec<&'static str> {
    (0..count).map(|word| WORDS[(word * word * (n + 3) + word / 7 + n) % 10]).collect()
}

fn text(n: usize, count: usize) -> String {
    words(n, count).join(" ")
}

const ONE_LABEL: Made = Made {
    row: |n, count| json!({"text": text(n, count), "label": (["neg", "pos"][n % 2])}),
    weigh: |config| config.class_weights = ClassWeights::Given(vec![0.25, 3.0]),
    lower: &["loss"],
};

/// Each label is a word of the text; some texts have none.
const SEVERAL_LABELS: Made = Made {
    row: |n, count| {
        let words = words(n, count);
        let labels: Vec<&str> =
            ["film", "soup", "story"].into_iter().filter(|label| words.contains(label)).collect();
        json!({"text": words.join(" "), "labels": labels})
    },
    weigh: |config| config.pos_weight = ClassWeights::Rule(ClassWeightRule::Balanced),
    lower: &["loss"],
};

/// How many words the texts of a pair share.
const NUMBERS: Made = Made {
    row: |n, count| {
        let (one, other) = (words(n, count), words(n * 7 + 1, count));
        let shared = other.iter().filter(|word| one.contains(word)).count();
        let score = 5.0 * shared as f64 / count as f64;
        json!({"text": one.join(" "), "text_pair": other.join(" "), "score": score})
    },
    weigh: |_| (),
    lower: &["mse", "mae"],
};

/// Films and soups, with what is said after them.
fn tags(words: &[&str]) -> Vec<&'static str> {
    let mut last = "O";
    let tag = |word: &&str| {
        last = match *word {
            "film" | "story" => "B-WORK",
            "soup" => "B-FOOD",
            "good" | "lovely" | "again" if last.ends_with("WORK") => "I-WORK",
            "good" | "lovely" | "again" if last.ends_with("FOOD") => "I-FOOD",
            _ => "O",
        };
        last
    };
    words.iter().map(tag).collect()
}

const TAGGED_WORDS: Made = Made {
    row: |n, count| {
        let words = words(n, count);
        json!({"tokens": words, "ner_tags": tags(&words)})
    },
    weigh: |config| config.class_weights = ClassWeights::Rule(ClassWeightRule::Balanced),
    lower: &["loss"],
};

/// The same entities as spans of characters.
const SPANS: Made = Made {
    row: |n, count| {
        let words = words(n, count);
        let (mut spans, mut start): (Vec<(usize, usize, &str)>, usize) = (Vec::new(), 0);
        for (word, tag) in words.iter().zip(tags(&words)) {
            let end = start + word.len();
            match tag.split_once('-') {
                Some(("B", kind)) => spans.push((start, end, kind)),
                Some(_) => spans.last_mut().unwrap().1 = end,
                None => {}
            }
            start = end + 1;
        }
        json!({"text": words.join(" "), "label": spans})
    },
    ..TAGGED_WORDS
};

/// The first film or soup of a context with the word after it.
fn answer(words: &[&str]) -> Option<(String, usize)> {
    let at = words.windows(2).position(|pair| matches!(pair[0], "film" | "soup"))?;
    let start = words[..at].iter().map(|word| word.len() + 1).sum();
    Some((words[at..at + 2].join(" "), start))
}

fn question(n: usize, count: usize, no_answer: Option<(String, usize)>) -> Value {
    let words = words(n, count);
    let (texts, starts): (Vec<String>, Vec<usize>) = answer(&words).or(no_answer).into_iter().unzip();
    json!({
        "id": format!("q{n}"),
        "question": (["film", "soup"][n % 2]),
        "context": words.join(" "),
        "answers": {"text": texts, "answer_start": starts},
    })
}

/// Where there is no film and no soup, the first word is the answer.
const QUESTIONS: Made = Made {
    row: |n, count| question(n, count, Some((words(n, count)[0].to_owned(), 0))),
    weigh: |_| (),
    lower: &["loss"],
};

/// Where there is no film and no soup, there is no answer.
const QUESTIONS_WITH_NONE: Made = Made { row: |n, count| question(n, count, None), ..QUESTIONS };

/// How many words the texts of a pair share, as a cosine.
const SCORES: Made = Made {
    row: |n, count| {
        let mut row = (NUMBERS.row)(n, count);
        row["score"] = json!(row["score"].as_f64().unwrap() / 5.0);
        row
    },
    weigh: |_| (),
    lower: &["loss"],
};

/// Texts and their partners, of which some are equal.
const PARTNERS: Made = Made {
    row: |n, count| {
        let mut row = json!({"anchor": text(n, count), "positive": text(n * 7 + 1, count)});
        if n % 3 == 0 {
            row["negative"] = json!(text(n + 5, count));
        }
        row
    },
    weigh: |_| (),
    lower: &[],
};

/// A place with short texts, all of which fit.
fn short<T: Task>(made: &Made) -> Place<T> {
    of_lengths(made, |n| 2 + n * 5 % 9)
}

/// A place with texts of which most have several windows of twelve tokens.
fn long<T: Task>(made: &Made) -> Place<T> {
    of_lengths(made, |n| 4 + n * 7 % 40)
}

fn of_lengths<T: Task>(made: &Made, words: fn(usize) -> usize) -> Place<T> {
    Place::with(|split, count| {
        let first: usize = SPLITS.iter().take_while(|(name, _)| *name != split).map(|(_, count)| count).sum();
        let rows = (first..first + count).map(|n| (made.row)(n, words(n)).to_string() + "\n");
        rows.collect()
    })
}

fn without_dropout() -> DropoutConfig {
    DropoutConfig { hidden: Some(0.0), attention: Some(0.0), classifier: Some(0.0) }
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// The lines of a run's `examples.jsonl`.
fn examples<T: Task>(place: &Place<T>, run: &str) -> Vec<Value> {
    let bytes = place.bytes(&format!("{run}/examples.jsonl"));
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(json).collect()
}

fn a_run_leaves_all_files<T: Task>(made: &Made) {
    let place = short::<T>(made);
    let mut config = TrainConfig { evaluate_test: true, epochs: 4, ..place.config() };
    config.optimizer.learning_rate = 1e-2;
    let (outcome, events) = place.train("run", &config).unwrap();
    let end = complete(outcome);
    assert_eq!((end.step, end.metric.as_str()), (16, T::METRIC));
    let steps = steps(&events);
    assert!(steps[15].loss < steps[0].loss, "nothing is learnt: {} then {}", steps[0].loss, steps[15].loss);
    assert!(steps.iter().all(|step| step.examples == if step.step.is_multiple_of(4) { 8 } else { 12 }));

    let facts = json(&place.bytes("run/facts.json"));
    assert_eq!(facts["task"], T::NAME);
    let metrics: Vec<&Value> = facts["metrics"].as_array().unwrap().iter().collect();
    assert!(metrics.iter().any(|metric| metric["name"] == T::METRIC), "{metrics:?}");
    for name in made.lower {
        let metric = metrics.iter().find(|metric| metric["name"] == *name);
        assert!(metric.is_some_and(|metric| metric["better"] == "lower"), "{name}: {metrics:?}");
    }

    let scores = json(&place.bytes("run/scores.json"));
    let kept = end.best_step.unwrap();
    assert_eq!(scores["step"], kept);
    for (split, count) in &SPLITS[1..] {
        let of_split =
            scores["splits"].as_array().unwrap().iter().find(|scores| scores["split"] == *split).unwrap();
        assert_eq!(of_split["examples"], *count);
        let eval = evals(&events).into_iter().find(|eval| eval.split == *split && eval.step == kept).unwrap();
        for (name, value) in eval.metrics.iter() {
            // The loss of numbers is their MSE, and has that name there.
            let value_there = of_split["metrics"].get(name).unwrap_or(&of_split["metrics"]["mse"]);
            // The same sums of the same batches.
            let difference = value_there.as_f64().unwrap() - value;
            assert!(difference.abs() < 1e-12, "{split} {name}: {of_split}");
        }
        let lines = examples(&place, "run").into_iter().filter(|line| line["split"] == *split);
        assert_eq!(lines.count(), *count);
    }
}

fn a_stopped_run_goes_on_where_it_was<T: Task>(made: &Made) {
    let place = short::<T>(made);
    let mut config = TrainConfig {
        keep_checkpoints: 1,
        evaluate_every: Some(2),
        evaluate_test: true,
        early_stopping: EarlyStoppingConfig { patience: Some(9), min_delta: 0.0 },
        ..place.config()
    };
    (made.weigh)(&mut config);
    place.train("whole", &config).unwrap();
    for step in [1, 3, 6] {
        stop_after(&place, "stopped", &config, step);
    }
    place.train("stopped", &config).unwrap();
    same_result(&place, "whole", "stopped");
}

fn micro_batches_make_the_step_of_one_batch<T: Task>(made: &Made) {
    let place = short::<T>(made);
    let run = |name: &str, batch_size, gradient_accumulation_steps| {
        let mut config = TrainConfig {
            batch_size,
            gradient_accumulation_steps,
            dropout: without_dropout(),
            ..place.config()
        };
        (made.weigh)(&mut config);
        config.data.order = embert_data::Order::Shuffled;
        place.train(name, &config).unwrap().1
    };
    let (one, many) = (run("one", 12, 1), run("many", 1, 12));
    let (one, many) = (steps(&one), steps(&many));
    assert_eq!((one.len(), many.len()), (8, 8));
    for (one, many) in one.into_iter().zip(many) {
        assert_eq!((one.examples, one.tokens), (many.examples, many.tokens));
        // f32 sums in another order, over eight updates.
        for (a, b) in [(one.loss, many.loss), (one.grad_norm, many.grad_norm)] {
            assert!((a - b).abs() < 1e-4 * a.abs(), "step {}: {a} against {b}", one.step);
        }
    }
}

/// What is frozen stays bit for bit, all else moves; without dropout the cache changes the rounding alone.
fn frozen_layers_stay_and_may_be_cached<T: Task>(made: &Made) {
    type Frozen = fn(&str) -> bool;
    let place = short::<T>(made);
    let policies: [(&str, Frozen); 2] = [
        ("embeddings+encoder_below:1", |name| name.contains(".embeddings.") || name.contains(".layer.0.")),
        ("all_but_head", |name| !name.starts_with("classifier.") && !name.starts_with("qa_outputs.")),
    ];
    for (freeze, is_frozen) in policies {
        let train = |cache_frozen: bool| {
            let run = format!("{freeze}-{cache_frozen}");
            let config = TrainConfig {
                freeze: freeze.parse().unwrap(),
                cache_frozen,
                dropout: without_dropout(),
                save_every: Some(1),
                keep_checkpoints: 8,
                keep: Keep::Last,
                ..place.config()
            };
            let (_, events) = place.train(&run, &config).unwrap();
            let of_step = |step: usize| weights(&place.path(&format!("{run}/checkpoints/step-{step:08}")));
            let (first, last) = (of_step(1), of_step(8));
            let expected: Vec<&str> =
                first.keys().map(String::as_str).filter(|name| !is_frozen(name)).collect();
            assert_eq!(moved(&first, &last), expected, "{run}");
            events
        };
        let (plain, cached) = (train(false), train(true));
        let filled = |events: &[Event]| {
            events.iter().filter(|event| matches!(event, Event::CacheProgress { .. })).count()
        };
        // 44 examples and 20 to validate, 32 at a time.
        assert_eq!((filled(&plain), filled(&cached)), (0, 3));
        assert_eq!((steps(&plain).len(), steps(&cached).len()), (8, 8));
        for (plain, cached) in steps(&plain).into_iter().zip(steps(&cached)) {
            assert_eq!((plain.examples, plain.tokens), (cached.examples, cached.tokens));
            for (a, b) in [(plain.loss, cached.loss), (plain.grad_norm, cached.grad_norm)] {
                // Rows of another padded length are summed in another order.
                assert!((a - b).abs() < 1e-5 * a.abs(), "{freeze} step {}: {a} against {b}", plain.step);
            }
        }
        for (plain, cached) in evals(&plain).into_iter().zip(evals(&cached)) {
            let [a, b] = [plain, cached].map(|eval| eval.metrics.get("loss").unwrap());
            assert!((a - b).abs() < 1e-5 * a.abs().max(1.0), "{freeze}: {a} against {b}");
        }
    }
}

/// With a hidden size at which products and updates are shared among threads.
fn threads_change_no_bit<T: Task>(made: &Made) {
    let place = short::<T>(made);
    let path = place.path("tiny/config.json");
    let mut config = json(&fs::read(&path).unwrap());
    (config["hidden_size"], config["intermediate_size"]) = (64.into(), 1024.into());
    fs::write(&path, config.to_string()).unwrap();
    let mut config = TrainConfig { epochs: 1, batch_size: 12, evaluate_test: true, ..place.config() };
    config.gradient_accumulation_steps = 2;
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let run = format!("threads-{threads}");
        pool.install(|| place.train(&run, &config).map(drop)).unwrap();
        same_result(&place, "threads-1", &run);
    }
}

fn long_texts_are_read_in_windows<T: Task>(made: &Made) {
    let place = long::<T>(made);
    let mut config = TrainConfig { evaluate_every: Some(2), dropout: without_dropout(), ..place.config() };
    config.keep = Keep::Last;
    (config.data.max_length, config.data.stride) = (12, Some(2));
    let (_, events) = place.train("run", &config).unwrap();
    // A task whose labels are places in a text also trains on all windows.
    let features: usize =
        steps(&events).iter().filter(|step| step.epoch == 1).map(|step| step.examples).sum();
    assert_eq!(
        (features == 44, features > 88),
        (!T::trains_on_windows(), T::trains_on_windows()),
        "{features}"
    );
    assert!(evals(&events).iter().all(|eval| eval.examples == 20));
    let longest = |run: &str| {
        let lines = examples(&place, run);
        assert_eq!(lines.len(), 20);
        lines.iter().map(|line| line["tokens"].as_u64().unwrap()).max().unwrap()
    };
    assert!(longest("run") > 40, "{}", longest("run"));

    let total = steps(&events).len();
    let trainer = place.trainer("stopped", &config).unwrap();
    let signal = trainer.stop_signal();
    let outcome = trainer.observe(StopAt { step: 3, signal }).run().unwrap();
    assert_eq!(outcome, Outcome::Interrupted { step: 3, total_steps: total });
    place.train("stopped", &config).unwrap();
    same_result(&place, "run", "stopped");

    // The cache holds windows.
    let losses = |run: &str, cache_frozen| -> Vec<f64> {
        let freeze = "all_but_head".parse().unwrap();
        let (_, events) = place.train(run, &TrainConfig { freeze, cache_frozen, ..config.clone() }).unwrap();
        evals(&events).iter().map(|eval| eval.metrics.get("loss").unwrap()).collect()
    };
    for (a, b) in losses("plain", false).into_iter().zip(losses("cached", true)) {
        assert!((a - b).abs() < 1e-5 * a.abs().max(1.0), "{a} against {b}");
    }

    config.data.stride = None;
    let (_, events) = place.train("cut", &config).unwrap();
    let features: usize =
        steps(&events).iter().filter(|step| step.epoch == 1).map(|step| step.examples).sum();
    assert_eq!(features > 44, T::trains_on_windows(), "{features}");
    // Where every word has a tag, no evaluation cuts.
    assert_eq!(longest("cut") > 40, T::default_stride(12).is_some(), "{}", longest("cut"));
    assert!(longest("cut") == 12 || longest("cut") == longest("run"));
}

fn whole_texts_are_one_example<T: Task>(made: &Made) {
    crate::whole_texts::are_one_example(&long::<T>(made), made.weigh);
}

/// The best step and the end of the run follow from the values of the metric and its direction.
fn patience_knows_the_metrics_direction<T: Task>(made: &Made) {
    let place = short::<T>(made);
    let lower = made.lower.iter().map(|name| (*name, true));
    for (metric, is_lower) in std::iter::once((T::METRIC, false)).chain(lower) {
        let mut config = TrainConfig {
            metric: (metric != T::METRIC).then(|| metric.into()),
            evaluate_every: Some(1),
            epochs: 10,
            early_stopping: EarlyStoppingConfig { patience: Some(3), min_delta: 0.0 },
            ..place.config()
        };
        // So high that the metric gets worse again.
        config.optimizer.learning_rate = 0.05;
        let (outcome, events) = place.train(metric, &config).unwrap();
        let end = complete(outcome);
        let values = events.iter().filter_map(|event| match event {
            Event::Monitored { value, .. } => Some(value.unwrap_or(f64::NAN)),
            _ => None,
        });
        let values: Vec<f64> = values.collect();
        let is_better = |a: f64, b: f64| if is_lower { a < b } else { a > b };
        let mut best: Option<(usize, f64)> = None;
        let mut expected = (40, false);
        for (step, value) in (1..).zip(&values) {
            if best.is_none_or(|(_, best)| is_better(*value, best)) && !value.is_nan() {
                best = Some((step, *value));
            }
            if step - best.map_or(0, |(step, _)| step) == 3 {
                expected = (step, true);
            }
        }
        assert_eq!((end.step, end.early_stopped), expected, "{metric}: {values:?}");
        assert_eq!((end.best_step, end.best_metric), best.unzip(), "{metric}: {values:?}");
        assert!(end.early_stopped, "patience never ran out: {metric}: {values:?}");
        // Otherwise each direction would be right. Accuracy may stay that of one label for all.
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!(least < most || metric == "accuracy", "{metric}: {values:?}");
    }
}

/// A module for each data set with all that holds of every task.
macro_rules! every_task {
    ($($name:ident: $task:ty = $made:expr;)*) => {
        $(every_task! { @tests $name, $task, $made,
            a_run_leaves_all_files
            a_stopped_run_goes_on_where_it_was
            micro_batches_make_the_step_of_one_batch
            frozen_layers_stay_and_may_be_cached
            threads_change_no_bit
            long_texts_are_read_in_windows
            whole_texts_are_one_example
            patience_knows_the_metrics_direction
        })*
    };
    (@tests $name:ident, $task:ty, $made:expr, $($test:ident)*) => {
        mod $name {
            use super::*;

            $(#[test]
            fn $test() {
                super::$test::<$task>(&$made);
            })*
        }
    };
}

every_task! {
    one_label: TextClassification = ONE_LABEL;
    several_labels: MultiLabelClassification = SEVERAL_LABELS;
    numbers_of_pairs: TextRegression = NUMBERS;
    tagged_words: TokenClassification = TAGGED_WORDS;
    spans_of_characters: TokenClassification = SPANS;
    questions: QuestionAnswering = QUESTIONS;
    questions_without_answers: QuestionAnswering = QUESTIONS_WITH_NONE;
}

// Texts of pairs have no windows, and a folder of sentence-transformers has other names of weights.
every_task! { @tests scores_of_pairs, SentenceSimilarity, SCORES,
    a_run_leaves_all_files
    a_stopped_run_goes_on_where_it_was
    micro_batches_make_the_step_of_one_batch
    threads_change_no_bit
    patience_knows_the_metrics_direction
}
every_task! { @tests partners, SentenceSimilarity, PARTNERS,
    a_stopped_run_goes_on_where_it_was
    micro_batches_make_the_step_of_one_batch
    threads_change_no_bit
}

/// What is frozen stays, the pooler too, which no vector depends on; the cache changes the rounding alone.
#[test]
fn frozen_layers_of_pairs_stay_and_may_be_cached() {
    for made in [&SCORES, &PARTNERS] {
        let place = short::<SentenceSimilarity>(made);
        let train = |cache_frozen: bool| {
            let run = format!("run-{cache_frozen}");
            let config = TrainConfig {
                freeze: "embeddings+encoder_below:1".parse().unwrap(),
                cache_frozen,
                dropout: without_dropout(),
                batch_size: 4,
                gradient_accumulation_steps: 3,
                save_every: Some(1),
                keep_checkpoints: 8,
                keep: Keep::Last,
                ..place.config()
            };
            let (_, events) = place.train(&run, &config).unwrap();
            let of_step = |step: usize| weights(&place.path(&format!("{run}/checkpoints/step-{step:08}")));
            let (first, last) = (of_step(1), of_step(8));
            let is_trained = |name: &&str| {
                !name.contains("embeddings.") && !name.contains("layer.0.") && !name.contains("pooler.")
            };
            let expected: Vec<&str> = first.keys().map(String::as_str).filter(is_trained).collect();
            assert_eq!(moved(&first, &last), expected, "{run}");
            events
        };
        for (plain, cached) in steps(&train(false)).into_iter().zip(steps(&train(true))) {
            assert_eq!((plain.examples, plain.tokens), (cached.examples, cached.tokens));
            for (a, b) in [(plain.loss, cached.loss), (plain.grad_norm, cached.grad_norm)] {
                assert!((a - b).abs() < 1e-4 * a.abs(), "step {}: {a} against {b}", plain.step);
            }
        }
    }
}

/// The folder states the length at which the run has cut its texts, and its files come with it.
#[test]
fn the_result_of_pairs_is_a_folder_of_sentence_transformers() {
    let place = short::<SentenceSimilarity>(&SCORES);
    place.train("run", &place.config()).unwrap();
    let read = |name: &str| json(&place.bytes(&format!("run/model/{name}")));
    assert_eq!(read("config.json")["architectures"], json!(["BertModel"]));
    assert_eq!(read("sentence_bert_config.json")["max_seq_length"], 24);
    assert_eq!(read("1_Pooling/config.json")["pooling_mode_mean_tokens"], true);
    assert_eq!(read("modules.json").as_array().unwrap().len(), 2);
    assert_eq!(read("config_sentence_transformers.json")["similarity_fn_name"], "cosine");
    let card = String::from_utf8(place.bytes("run/model/README.md")).unwrap();
    assert!(
        card.contains("pipeline_tag: sentence-similarity") && card.contains("SentenceTransformer("),
        "{card}"
    );
}
