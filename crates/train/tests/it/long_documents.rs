//! Runs of forty steps on whole long texts against PyTorch's (`tests/reference/long_documents.py`).

use embert_task::{MultiLabelClassification, TextRegression};
use serde::Deserialize;

use super::*;
use crate::heads::{Reference, place};
use crate::training::{assert_agree, backends, steps};

#[derive(Deserialize)]
struct Long {
    #[serde(flatten)]
    reference: Reference,
    train_stride: usize,
    /// The setting of each run.
    max_windows: Vec<Option<usize>>,
    /// How many windows each text has.
    windows: Vec<usize>,
}

fn forty_steps_agree<T: Task>(file: &str) {
    let text = fs::read_to_string(fixture(&format!("heads/{file}"))).unwrap();
    let Long { reference, train_stride, max_windows, windows } = serde_json::from_str(&text).unwrap();
    let (place, runs, mut compared) = (place(&reference), tempfile::tempdir().unwrap(), 0);
    for (backend, device, tolerance) in backends() {
        for (number, (expected, most)) in reference.runs.iter().zip(&max_windows).enumerate() {
            // Batches of 4 texts, as many as fit into 48 tokens; one text at a time; any number of tokens; and
            // two batches of 2 texts, of at most 24 tokens.
            for (micro_batch, batch_tokens) in [(4, None), (4, Some(1)), (4, Some(10_000)), (2, None)] {
                assert_eq!(expected.steps.len(), 40);
                let mut config = expected.settings.config(place.path(), micro_batch);
                // Ten batches an epoch, of which the last has three texts.
                config.epochs = 4;
                config.data.split_ratios = Some([1.0, 0.0, 0.0]);
                config.data.train_stride = Some(train_stride);
                (config.data.max_windows, config.data.batch_tokens) = (*most, batch_tokens);
                let run = runs.path().join(format!("{backend}-{compared}"));
                let what = format!("{file}, run {number} on {backend}, {micro_batch} x {batch_tokens:?}");
                let found = steps::<T>(&config, &run, &device);
                assert_agree(&found, &expected.steps, tolerance, &what);
                let facts: serde_json::Value =
                    serde_json::from_slice(&fs::read(run.join("facts.json")).unwrap()).unwrap();
                let kept: usize = windows.iter().map(|count| (*count).min(most.unwrap_or(16))).sum();
                assert_eq!(facts["lengths"]["windows"], kept, "{what}");
                assert_eq!(found.iter().map(|step| step.examples).sum::<usize>(), 4 * windows.len());
                compared += 1;
            }
        }
    }
    assert!(compared >= 8);
}

/// The negative logarithm of the mean probability, with and without class weights and label smoothing.
#[test]
fn forty_steps_of_whole_texts_with_one_label_agree() {
    forty_steps_agree::<TextClassification>("long-single-label.json");
}

/// The binary cross-entropy of the mean of sigmoids, with and without weights of the positives.
#[test]
fn forty_steps_of_whole_texts_with_several_labels_agree() {
    forty_steps_agree::<MultiLabelClassification>("long-multi-label.json");
}

/// The squared error of the mean of the windows' numbers.
#[test]
fn forty_steps_of_whole_texts_with_a_number_agree() {
    forty_steps_agree::<TextRegression>("long-regression.json");
}
