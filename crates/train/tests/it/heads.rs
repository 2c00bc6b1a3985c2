//! Runs of forty steps against PyTorch's for several labels, a number, tags and answers
//! (`tests/reference/head_training.py`), and for pairs of texts (`similarity_training.py`).

#![allow(clippy::format_collect, reason = "short texts of tests")]

use embert_task::{
    MultiLabelClassification, QuestionAnswering, SentenceSimilarity, TextRegression, TokenClassification,
};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::*;
use crate::training::{Run, assert_agree, backends, steps};

#[derive(Deserialize)]
pub(crate) struct Reference {
    config: Map<String, Value>,
    outputs: usize,
    /// The classifier's name in the checkpoint, where it is another.
    head: Option<String>,
    rows: Vec<Value>,
    pub(crate) runs: Vec<Run>,
}

/// A folder with the checkpoint of the other runs, but with the reference's config and as many rows of the
/// classifier as the reference has kept, under the name that it has there, and with its rows as a data set.
pub(crate) fn place(reference: &Reference) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (from, model) = (fixture("training/model"), dir.path().join("model"));
    fs::create_dir(&model).unwrap();
    for file in ["vocab.txt", "tokenizer_config.json"] {
        fs::copy(from.join(file), model.join(file)).unwrap();
    }
    let config = fs::read_to_string(from.join("config.json")).unwrap();
    let mut config: Map<String, Value> = serde_json::from_str(&config).unwrap();
    config.extend(reference.config.clone());
    fs::write(model.join("config.json"), serde_json::to_vec(&config).unwrap()).unwrap();

    let weights = fs::read(from.join("model.safetensors")).unwrap();
    let weights = SafeTensors::deserialize(&weights).unwrap();
    let head = reference.head.as_deref().unwrap_or("classifier");
    let kept = weights.iter().map(|(name, tensor)| {
        let mut shape = tensor.shape().to_vec();
        let (mut data, mut name) = (tensor.data(), name.to_owned());
        if let Some(part) = name.strip_prefix("classifier.") {
            data = &data[..data.len() / shape[0] * reference.outputs];
            shape[0] = reference.outputs;
            name = format!("{head}.{part}");
        }
        (name, TensorView::new(tensor.dtype(), shape, data).unwrap())
    });
    let kept = safetensors::serialize(kept, None).unwrap();
    fs::write(model.join("model.safetensors"), kept).unwrap();

    let rows: String = reference.rows.iter().map(|row| format!("{row}\n")).collect();
    fs::write(dir.path().join("train.jsonl"), rows).unwrap();
    dir
}

fn forty_steps_agree<T: Task>(file: &str) {
    let text = fs::read_to_string(fixture(&format!("heads/{file}"))).unwrap();
    let reference: Reference = serde_json::from_str(&text).unwrap();
    let (place, runs, mut compared) = (place(&reference), tempfile::tempdir().unwrap(), 0);
    for (backend, device, tolerance) in backends() {
        for (number, expected) in reference.runs.iter().enumerate() {
            for micro_batch in [8, 2] {
                assert_eq!(expected.steps.len(), 40);
                let mut config = expected.settings.config(place.path(), micro_batch);
                // Ten batches an epoch, of which the last has seven rows, or seven features.
                config.epochs = 4;
                config.data.split_ratios = Some([1.0, 0.0, 0.0]);
                let run = runs.path().join(format!("{backend}-{number}-{micro_batch}"));
                let what = format!("{file}, run {number} on {backend}, micro-batches of {micro_batch}");
                assert_agree(&steps::<T>(&config, &run, &device), &expected.steps, tolerance, &what);
                compared += 1;
            }
        }
    }
    assert!(compared >= 2 * reference.runs.len());
}

/// BCE, with and without a weight of the positives.
#[test]
fn forty_steps_of_several_labels_agree() {
    forty_steps_agree::<MultiLabelClassification>("training-multi-label.json");
}

/// MSE on pairs of texts.
#[test]
fn forty_steps_of_regression_agree() {
    forty_steps_agree::<TextRegression>("training-regression.json");
}

/// Cross-entropy over the labelled tokens of a whole step, with and without class weights: micro-batches have
/// unequal numbers of labelled tokens.
#[test]
fn forty_steps_of_tags_agree() {
    forty_steps_agree::<TokenClassification>("training-tokens.json");
}

/// The mean of the cross-entropies of start and end over a feature's own tokens. Contexts have windows: a
/// question's features stand in two steps, or in several micro-batches of one.
#[test]
fn forty_steps_of_answers_agree() {
    forty_steps_agree::<QuestionAnswering>("training-questions.json");
}

/// The squared difference of cosine and score.
#[test]
fn forty_steps_of_scores_agree() {
    forty_steps_agree::<SentenceSimilarity>("training-scores.json");
}

/// In-batch negatives, with and without a third text: a micro-batch of two pairs has the negatives of all eight.
#[test]
fn forty_steps_of_partners_agree() {
    forty_steps_agree::<SentenceSimilarity>("training-partners.json");
    forty_steps_agree::<SentenceSimilarity>("training-negatives.json");
}
