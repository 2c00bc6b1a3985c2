//! Heads of every kind against `transformers`' pipeline (`tests/reference/heads.py`), and models that refuse
//! their input.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, TensorData};
use embert_model::{
    BertConfig, BertForSequenceClassification, LoadOptions, SaveDtype, load_state_dict, save_pretrained,
    state_dict,
};
use embert_predict::{HeadFunction, PredictError, Predictor};
use embert_task::TextExample;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Expected {
    texts: Vec<String>,
    heads: Vec<Head>,
}

#[derive(Deserialize)]
struct Head {
    outputs: usize,
    config: Map<String, Value>,
    best: Vec<Best>,
    scores: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Best {
    label: String,
    score: f64,
}

/// The tolerance for sums in f32 in another order.
const TOLERANCE: f64 = 1e-6;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name)
}

/// The fixture's model with the first outputs of its classifier, changed weights, and the tokenizer's
/// fixture.
fn checkpoint(outputs: usize, change: impl Fn(&str, &mut [f32])) -> tempfile::TempDir {
    let device = Device::flex();
    let loaded =
        BertForSequenceClassification::from_pretrained(&fixture("model"), &LoadOptions::default(), &device)
            .unwrap();
    let config = BertConfig { problem_type: None, ..loaded.config }
        .with_labels((0..outputs).map(|index| format!("LABEL_{index}")));
    let weights = state_dict(&loaded.model).into_iter().map(|(name, data)| {
        let mut values: Vec<f32> = data.iter::<f32>().collect();
        let mut shape: Vec<usize> = data.shape().to_vec();
        if name.starts_with("classifier.") {
            values.truncate(values.len() / shape[0] * outputs);
            shape[0] = outputs;
        }
        change(&name, &mut values);
        (name, TensorData::new(values, shape))
    });
    let model = BertForSequenceClassification::from_config(&config, 0, &device).unwrap();
    let model = load_state_dict(model, weights).unwrap();
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(&model, &config, dir.path(), SaveDtype::F32).unwrap();
    // Filled up to the model's rows: a shorter vocabulary is refused.
    let mut vocab = fs::read_to_string(fixture("tokenizer/vocab.txt")).unwrap();
    for number in vocab.lines().count()..config.vocab_size {
        writeln!(vocab, "[unused{number}]").unwrap();
    }
    fs::write(dir.path().join("vocab.txt"), vocab).unwrap();
    dir
}

/// Changes keys of a folder's `config.json`; null removes a key.
fn configure(dir: &Path, change: &Map<String, Value>) {
    let path = dir.join("config.json");
    let mut config: Map<String, Value> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    config.extend(change.clone());
    fs::write(&path, Value::Object(config).to_string()).unwrap();
}

fn predictor(dir: &Path) -> Predictor {
    Predictor::open(dir, &Device::flex()).unwrap()
}

#[test]
fn labels_and_scores_are_those_of_the_pipeline() {
    let text = fs::read_to_string(fixture("heads/expected.json")).unwrap();
    let expected: Expected = serde_json::from_str(&text).unwrap();
    assert_eq!(expected.heads.len(), 8);
    for head in expected.heads {
        let dir = checkpoint(head.outputs, |_, _| {});
        let plain = json!({"id2label": {"0": "negative", "1": "neutral", "2": "positive"}});
        let mut config = if head.outputs == 3 { plain.as_object().unwrap().clone() } else { Map::new() };
        for key in ["label2id", "num_labels", "problem_type"] {
            config.insert(key.to_owned(), Value::Null);
        }
        config.extend(head.config.clone());
        configure(dir.path(), &config);
        let predictions = predictor(dir.path()).predict(&expected.texts).unwrap();
        for ((prediction, best), scores) in predictions.iter().zip(&head.best).zip(&head.scores) {
            let what = format!("{:?}, \"{}\"", head.config, prediction.text());
            assert_eq!(prediction.label(), best.label, "{what}");
            assert!((prediction.score() - best.score).abs() < TOLERANCE, "{what}: {}", prediction.score());
            for (label, score) in prediction.labels().iter().zip(prediction.scores()) {
                let difference = (scores[label].as_f64().unwrap() - score).abs();
                assert!(difference < TOLERANCE, "{what}: {label} differs by {difference}");
            }
        }
    }
}

#[test]
fn pairs_need_two_token_types() {
    let dir = checkpoint(2, |_, _| {});
    let device = Device::flex();
    let mut config = BertConfig::from_file(&dir.path().join("config.json")).unwrap();
    config.type_vocab_size = 1;
    let model = BertForSequenceClassification::from_config(&config, 0, &device).unwrap();
    save_pretrained(&model, &config, dir.path(), SaveDtype::F32).unwrap();
    let predictor = predictor(dir.path());
    let row = |pair: Option<&str>| {
        let (text, text_pair) = ("great".to_owned(), pair.map(str::to_owned));
        Ok::<_, PredictError>(TextExample { id: 0, text, text_pair, label: None, document: None })
    };
    assert!(predictor.stream([row(None)]).next().unwrap().is_ok());
    let error = predictor.stream([row(None), row(Some("bad"))]).next().unwrap().unwrap_err();
    let said = predictor.check_pairs().unwrap_err().to_string();
    assert_eq!(error.to_string(), said);
    assert!(said.contains("the token types 0 to 1") && said.contains("has 1"), "{said}");
}

#[test]
fn outputs_that_are_no_numbers_are_an_error_and_not_a_label() {
    let dir = checkpoint(3, |name, values| {
        if name == "classifier.weight" {
            values.fill(f32::MAX);
        }
    });
    let error = predictor(dir.path()).predict(&["great"]).unwrap_err();
    assert!(matches!(error, PredictError::NotFinite { .. }), "{error}");
    assert!(error.to_string().contains("\"great\""), "{error}");
}

/// The text has many more windows than exist at a time.
#[test]
fn a_text_of_many_windows_has_the_mean_of_all() {
    let dir = checkpoint(3, |_, _| {});
    let words = ["great", "bad", "the", "movie", "good", "film", "un", "worth", "seen"];
    let text: Vec<&str> = (0..300).map(|n| words[(n * n + n / 3) % words.len()]).collect();
    let text = text.join(" ");
    let pooled = |batch_size| {
        let predictor = predictor(dir.path()).with_max_length(8).unwrap().with_stride(Some(5));
        predictor.with_batch_size(batch_size).predict(&[text.as_str(), "bad"]).unwrap()
    };
    let (few, all) = (pooled(1), pooled(1000));
    assert_eq!(few[0].function(), HeadFunction::Softmax);
    for (one, other) in few.iter().zip(&all) {
        for (a, b) in one.scores().iter().zip(other.scores()) {
            assert!((a - b).abs() < TOLERANCE, "{a}, {b}");
        }
    }
    assert!((few[0].score() - few[1].score()).abs() > 1e-3);
}
