//! The losses of whole texts, whose windows are pooled, and their gradients, against PyTorch: the cases of
//! `tests/reference/long_documents.py`.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData};
use embert_data::EncodedDataset;
use embert_model::{BertConfig, Layout, ProblemType};
use embert_task::{
    ClassWeights, LabelTarget, LossSettings, MultiLabelClassification, NumberTarget, Task,
    TextClassification, TextRegression, TokenClassification,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    single: Vec<Case<usize>>,
    several: Vec<Case<Vec<f64>>>,
    numbers: Vec<Case<f64>>,
}

#[derive(Deserialize)]
struct Case<T> {
    /// The number of windows of each text.
    windows: Vec<usize>,
    outputs: usize,
    logits: Vec<f32>,
    targets: Vec<T>,
    class_weights: Option<Vec<f64>>,
    pos_weight: Option<Vec<f64>>,
    label_smoothing: f64,
    loss: f64,
    gradient: Vec<f64>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../fixtures/pooled_losses.json")).unwrap()
}

impl<T> Case<T> {
    fn settings(&self) -> LossSettings {
        let given = |weights: &Option<Vec<f64>>| {
            weights.clone().map_or_else(ClassWeights::default, ClassWeights::Given)
        };
        LossSettings {
            class_weights: given(&self.class_weights),
            pos_weight: given(&self.pos_weight),
            label_smoothing: self.label_smoothing,
        }
    }

    fn names(&self) -> Vec<String> {
        (0..self.outputs).map(|label| format!("label {label}")).collect()
    }

    /// The rows of each text's windows.
    fn ranges(&self) -> Vec<Range<usize>> {
        let mut first = 0;
        let range = |count: &usize| {
            first += count;
            first - count..first
        };
        self.windows.iter().map(range).collect()
    }
}

fn layout(rows: usize) -> Layout {
    Layout::from_attention_mask(Tensor::<2, Int>::ones([rows, 1], &Device::flex()))
}

/// The loss, and the gradient with respect to each logit.
fn loss<T: Task>(
    task: &T,
    outputs: usize,
    logits: &[f32],
    windows: Option<&[Range<usize>]>,
    targets: &[T::Target],
) -> (f32, Vec<f32>) {
    let (rows, divisor) = (logits.len() / outputs, task.weight(targets));
    let data = TensorData::new(logits.to_vec(), [rows, outputs]);
    let logits = Tensor::<2>::from_data(data, &Device::flex().autodiff()).require_grad();
    let loss = match windows {
        Some(windows) => {
            T::POOLED_LOSS.unwrap()(task, logits.clone(), &layout(rows), windows, targets, divisor)
        }
        None => task.loss(logits.clone(), &layout(rows), targets, divisor),
    };
    let gradient = logits.grad(&loss.backward()).unwrap().into_data().iter::<f32>().collect();
    (loss.into_scalar::<f32>(), gradient)
}

/// Compares a case, and the loss of each text's first window with and without pooling, bit for bit.
fn agrees<T: Task, C>(task: &T, case: &Case<C>, targets: &[T::Target], what: &str) {
    let windows = case.ranges();
    let (found, gradient) = loss(task, case.outputs, &case.logits, Some(&windows), targets);
    let near = |found: f32, expected: f64| {
        let difference = (f64::from(found) - expected).abs();
        // f32 sums of a few dozen terms, of logarithms up to 12.
        assert!(difference <= 2e-6 * expected.abs().max(1.0), "{what}: {found} against {expected}");
    };
    near(found, case.loss);
    assert_eq!(gradient.len(), case.gradient.len(), "{what}");
    gradient.iter().zip(&case.gradient).for_each(|(found, expected)| near(*found, *expected));

    let first: Vec<f32> = windows
        .iter()
        .flat_map(|windows| &case.logits[windows.start * case.outputs..(windows.start + 1) * case.outputs])
        .copied()
        .collect();
    let alone: Vec<Range<usize>> = (0..windows.len()).map(|row| row..row + 1).collect();
    let pooled = loss(task, case.outputs, &first, Some(&alone), targets);
    assert_eq!(pooled, loss(task, case.outputs, &first, None, targets), "{what}");
}

#[test]
fn the_loss_of_one_label_is_of_the_mean_of_probabilities() {
    let cases = reference().single;
    for (number, case) in cases.iter().enumerate() {
        let task = TextClassification::new(case.names());
        let task = task.with_loss(&case.settings(), &EncodedDataset::default()).unwrap();
        agrees(&task, case, &case.targets, &format!("single {number}"));
    }
    assert!(cases.iter().any(|case| case.class_weights.is_some() && case.label_smoothing > 0.0));
}

#[test]
fn the_loss_of_several_labels_is_of_the_mean_of_sigmoids() {
    let cases = reference().several;
    for (number, case) in cases.iter().enumerate() {
        let task = MultiLabelClassification::new(case.names());
        let task = task.with_loss(&case.settings(), &EncodedDataset::default()).unwrap();
        let truth = |labels: &Vec<f64>| LabelTarget(labels.iter().map(|label| *label > 0.5).collect());
        let targets: Vec<LabelTarget> = case.targets.iter().map(truth).collect();
        agrees(&task, case, &targets, &format!("several {number}"));
    }
    assert!(cases.iter().any(|case| case.pos_weight.is_some()));
}

#[test]
fn the_loss_of_numbers_is_of_the_mean_of_numbers() {
    let config = BertConfig::default().with_labels(["LABEL_0"]);
    let config = BertConfig { problem_type: Some(ProblemType::Regression), ..config };
    for (number, case) in reference().numbers.iter().enumerate() {
        let task = TextRegression::of_checkpoint(&config, "model".as_ref()).unwrap();
        let task = task.with_loss(&case.settings(), &EncodedDataset::default()).unwrap();
        let targets: Vec<NumberTarget> = case.targets.iter().copied().map(NumberTarget).collect();
        agrees(&task, case, &targets, &format!("numbers {number}"));
    }
}

/// The words of a window have targets of their own.
#[test]
fn tags_are_not_pooled() {
    assert!(TokenClassification::POOLED_LOSS.is_none());
}
