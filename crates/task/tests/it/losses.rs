//! The losses of three tasks and their gradients, against PyTorch: the cases of `tests/reference/task_losses.py`.

use std::sync::LazyLock;

use burn::tensor::{Device, Int, Tensor, TensorData};
use embert_data::EncodedDataset;
use embert_model::{BertConfig, HeadFunction, Layout, ProblemType};
use embert_task::{
    ClassWeights, LabelTarget, LossSettings, MultiLabelClassification, NumberTarget, Task, TextRegression,
    TokenClassification, TokenTarget,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    tokens: Vec<Case<i64, f64>>,
    several: Vec<Case<Vec<usize>, f64>>,
    numbers: Vec<Case<f64, f64>>,
}

#[derive(Deserialize)]
struct Case<T, W> {
    targets: Vec<T>,
    #[serde(default)]
    weights: Option<Vec<W>>,
    #[serde(default)]
    pos_weight: Option<Vec<W>>,
    #[serde(default)]
    label_smoothing: f64,
    micro_batches: Vec<usize>,
    parts: Vec<f64>,
    #[serde(default)]
    weight: Option<f64>,
    #[serde(default)]
    smoother: Option<f64>,
    outputs: usize,
    logits: Vec<f32>,
    loss: f64,
    gradient: Vec<f64>,
}

fn reference() -> &'static Reference {
    static REFERENCE: LazyLock<Reference> =
        LazyLock::new(|| serde_json::from_str(include_str!("../fixtures/task_losses.json")).unwrap());
    &REFERENCE
}

/// The two sides sum a few dozen terms in different orders, ours in f32: they differ by a few units in the last
/// place of the largest term.
#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    let tolerance = 1e-6 * expected.abs().max(1.0);
    assert!((found - expected).abs() <= tolerance, "{what}: {found} against {expected}");
}

/// A layout of features of these lengths, padded to the longest.
fn layout(lengths: &[usize]) -> Layout {
    let longest = lengths.iter().copied().max().unwrap_or_default();
    let mask: Vec<i64> =
        lengths.iter().flat_map(|length| (0..longest).map(move |at| i64::from(at < *length))).collect();
    let mask = TensorData::new(mask, [lengths.len(), longest]);
    Layout::from_attention_mask(Tensor::<2, Int>::from_data(mask, &Device::flex()))
}

/// Each part of a step: its logits row after row, its layout and its targets.
struct Part<T> {
    logits: Vec<f32>,
    layout: Layout,
    targets: Vec<T>,
}

/// The loss and the gradient of each part, with the weight of all parts as the divisor.
fn step<T: Task>(task: &T, outputs: usize, parts: &[Part<T::Target>]) -> (Vec<f64>, Vec<Vec<f32>>) {
    let device = Device::flex().autodiff();
    let all: Vec<T::Target> = parts.iter().flat_map(|part| part.targets.iter().cloned()).collect();
    let divisor = task.weight(&all);
    let of_part = |part: &Part<T::Target>| {
        let rows = part.logits.len() / outputs;
        let data = TensorData::new(part.logits.clone(), [rows, outputs]);
        let logits = Tensor::<2>::from_data(data, &device).require_grad();
        let loss = task.loss(logits.clone(), &part.layout, &part.targets, divisor);
        let gradient = logits.grad(&loss.backward()).unwrap().into_data().iter::<f32>().collect();
        (f64::from(loss.into_scalar::<f32>()), gradient)
    };
    parts.iter().map(of_part).unzip()
}

/// Compares a step's parts, whose gradients are those of the rows that the fixture has.
#[track_caller]
fn check<T, W>(case: &Case<T, W>, losses: &[f64], gradient: &[f32], what: &str) {
    assert_eq!(losses.len(), case.parts.len(), "{what}");
    for (number, (found, expected)) in losses.iter().zip(&case.parts).enumerate() {
        assert_close(*found, *expected, &format!("part {number} of {what}"));
    }
    assert_close(losses.iter().sum(), case.loss, &format!("loss of {what}"));
    assert_eq!(gradient.len(), case.gradient.len(), "gradient of {what}");
    for (found, expected) in gradient.iter().zip(&case.gradient) {
        assert_close(f64::from(*found), *expected, &format!("gradient of {what}"));
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|label| if label == 0 { "O".to_owned() } else { format!("B-{label}") }).collect()
}

fn settings<T, W: Clone + Into<f64>>(case: &Case<T, W>) -> LossSettings {
    let given = |weights: &Option<Vec<W>>| match weights {
        Some(weights) => ClassWeights::Given(weights.iter().cloned().map(Into::into).collect()),
        None => ClassWeights::default(),
    };
    LossSettings {
        class_weights: given(&case.weights),
        pos_weight: given(&case.pos_weight),
        label_smoothing: case.label_smoothing,
    }
}

/// Cross-entropy over the labelled tokens of a whole step, whose micro-batches are features of unequal length:
/// padding between them has no loss and no gradient.
#[test]
fn the_loss_of_tags_is_that_of_all_labelled_tokens_of_a_step() {
    for (number, case) in reference().tokens.iter().enumerate() {
        let what = format!("tokens {number}");
        let task = TokenClassification::new(names(case.outputs));
        let task = task.with_loss(&settings(case), &EncodedDataset::default()).unwrap();
        let (mut parts, mut first) = (Vec::new(), 0);
        for &tokens in &case.micro_batches {
            // Two features where there are enough tokens, the first the shorter one: its padding lies between
            // the rows of the two.
            let lengths = if tokens > 2 { vec![tokens / 3, tokens - tokens / 3] } else { vec![tokens] };
            let longest = lengths[lengths.len() - 1];
            let (mut logits, mut targets) = (Vec::new(), Vec::new());
            for &length in &lengths {
                let rows = first * case.outputs..(first + length) * case.outputs;
                logits.extend_from_slice(&case.logits[rows]);
                logits.extend(vec![3.5; (longest - length) * case.outputs]);
                let of_feature = &case.targets[first..first + length];
                targets.push(TokenTarget(
                    of_feature.iter().map(|target| usize::try_from(*target).ok()).collect(),
                ));
                first += length;
            }
            parts.push((lengths.clone(), Part { logits, layout: layout(&lengths), targets }));
        }
        let (lengths, parts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let all: Vec<TokenTarget> = parts.iter().flat_map(|part| part.targets.clone()).collect();
        assert_close(task.weight(&all), case.weight.unwrap(), &format!("weight of {what}"));
        let (losses, gradients) = step(&task, case.outputs, &parts);
        let mut gradient = Vec::new();
        for (lengths, of_part) in lengths.iter().zip(gradients) {
            let longest = lengths[lengths.len() - 1];
            for (feature, rows) in lengths.iter().zip(of_part.chunks(longest * case.outputs)) {
                let (real, padding) = rows.split_at(feature * case.outputs);
                gradient.extend_from_slice(real);
                assert!(padding.iter().all(|value| *value == 0.0), "padding of {what}");
            }
        }
        check(case, &losses, &gradient, &what);
        if let Some(smoother) = case.smoother {
            assert_close(losses.iter().sum(), smoother, &format!("LabelSmoother of {what}"));
        }
    }
    assert!(reference().tokens.iter().any(|case| case.weights.is_some() && case.label_smoothing > 0.0));
}

/// Cuts rows with a target each into a step's micro-batches.
fn rows<T, W, U>(case: &Case<T, W>, target: impl Fn(&T) -> U) -> Vec<Part<U>> {
    let mut first = 0;
    let part = |&rows: &usize| {
        let range = first..first + rows;
        first += rows;
        let logits = case.logits[range.start * case.outputs..range.end * case.outputs].to_vec();
        Part {
            logits,
            layout: layout(&vec![1; rows]),
            targets: case.targets[range].iter().map(&target).collect(),
        }
    };
    case.micro_batches.iter().map(part).collect()
}

#[test]
fn the_loss_of_several_labels_is_the_mean_over_all_entries() {
    for (number, case) in reference().several.iter().enumerate() {
        let task = MultiLabelClassification::new(names(case.outputs));
        let task = task.with_loss(&settings(case), &EncodedDataset::default()).unwrap();
        let target = |labels: &Vec<usize>| {
            LabelTarget((0..case.outputs).map(|label| labels.contains(&label)).collect())
        };
        let (losses, gradients) = step(&task, case.outputs, &rows(case, target));
        check(case, &losses, &gradients.concat(), &format!("several {number}"));
    }
    assert!(reference().several.iter().any(|case| case.pos_weight.is_some()));
}

#[test]
fn the_loss_of_numbers_is_the_mean_squared_error() {
    let config = BertConfig::default().with_labels(["LABEL_0"]);
    let config = BertConfig { problem_type: Some(ProblemType::Regression), ..config };
    assert_eq!(config.head_function(), HeadFunction::Identity);
    for (number, case) in reference().numbers.iter().enumerate() {
        let task = TextRegression::of_checkpoint(&config, "model".as_ref()).unwrap();
        let task = task.with_loss(&settings(case), &EncodedDataset::default()).unwrap();
        let (losses, gradients) = step(&task, 1, &rows(case, |number| NumberTarget(*number)));
        check(case, &losses, &gradients.concat(), &format!("numbers {number}"));
    }
}
