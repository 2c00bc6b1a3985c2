//! [`CrossEntropy`], with class weights and label smoothing.

use std::ops::Range;

use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};

use crate::pooled::{are_single, log_mean_exp};

/// Cross-entropy as PyTorch's `CrossEntropyLoss(weight, label_smoothing, reduction="mean")` defines it:
///
/// `-sum_ic w_c ((1 - e) [c = y_i] + e / C) log p_ic / sum_i w_(y_i)`
///
/// for examples `i`, labels `c` of `C`, weights `w`, smoothing `e` and softmax probabilities `p`.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossEntropy {
    class_weights: Vec<f32>,
    label_smoothing: f64,
}

impl CrossEntropy {
    /// A cross-entropy with one weight for each label (1 for no weighting), and the smoothing `e` in [0, 1).
    pub fn new(class_weights: Vec<f32>, label_smoothing: f64) -> Self {
        Self { class_weights, label_smoothing }
    }

    /// The weight of each label.
    pub fn class_weights(&self) -> &[f32] {
        &self.class_weights
    }

    /// The label smoothing `e`.
    pub fn label_smoothing(&self) -> f64 {
        self.label_smoothing
    }

    /// The sum of the weights of the targets: the number of targets where all weights are 1.
    pub fn total_weight(&self, targets: &[usize]) -> f64 {
        targets.iter().map(|&target| f64::from(self.class_weights[target])).sum()
    }

    /// The numerator of the formula of [`CrossEntropy`], in nats, divided by `divisor`. With the
    /// [`total_weight`](Self::total_weight) of `targets` as the divisor, the loss is the weighted mean. A
    /// `divisor` of 0, where the weights of all targets are 0, counts as 1.
    ///
    /// # Shapes
    /// - `logits`: `[batch, labels]`
    /// - output: `[1]`
    pub fn forward(&self, logits: Tensor<2>, targets: &[usize], divisor: f64) -> Tensor<1> {
        self.of_rows(log_softmax(logits, 1), targets.iter().map(|target| Some(*target)), divisor)
    }

    /// As [`forward`](Self::forward), of examples that have several windows each: `p_ic` is the mean of the
    /// softmax probabilities over the windows of example `i`.
    ///
    /// # Shapes
    /// - `logits`: `[windows, labels]`
    /// - `windows`: the rows of each example, `[examples]`
    /// - `targets`: `[examples]`
    /// - output: `[1]`
    pub fn forward_pooled(
        &self,
        logits: Tensor<2>,
        windows: &[Range<usize>],
        targets: &[usize],
        divisor: f64,
    ) -> Tensor<1> {
        if are_single(windows) {
            return self.forward(logits, targets, divisor);
        }
        let pooled = log_mean_exp(log_softmax(logits, 1), windows);
        self.of_rows(pooled, targets.iter().map(|target| Some(*target)), divisor)
    }

    /// As [`forward`](Self::forward), of the rows that have a target; other rows have no loss. The logits of
    /// all rows must be finite.
    ///
    /// # Shapes
    /// - `logits`: `[rows, labels]`
    /// - `targets`: `[rows]`
    /// - output: `[1]`
    pub fn forward_some(&self, logits: Tensor<2>, targets: &[Option<usize>], divisor: f64) -> Tensor<1> {
        self.of_rows(log_softmax(logits, 1), targets.iter().copied(), divisor)
    }

    fn of_rows(
        &self,
        log_probabilities: Tensor<2>,
        targets: impl ExactSizeIterator<Item = Option<usize>>,
        divisor: f64,
    ) -> Tensor<1> {
        let (rows, labels) = (targets.len(), self.class_weights.len());
        let divisor = if divisor > 0.0 { divisor as f32 } else { 1.0 };
        let smoothing = self.label_smoothing as f32;
        let smooth = smoothing / labels as f32;
        let target_mass: Vec<f32> = targets
            .flat_map(|target| {
                (0..labels).map(move |label| match target {
                    None => 0.0,
                    Some(target) => {
                        let hit = if label == target { 1.0 - smoothing } else { 0.0 };
                        self.class_weights[label] * (hit + smooth) / divisor
                    }
                })
            })
            .collect();
        let target_mass =
            Tensor::from_data(TensorData::new(target_mass, [rows, labels]), &log_probabilities.device());
        (log_probabilities * target_mass).sum().neg()
    }

    /// A sentence on class weights and label smoothing, for a model card; `None` for a loss with neither.
    /// `weights` says what the weights are of.
    #[allow(clippy::float_cmp, reason = "a weight of 1 is no weight")]
    pub(crate) fn about(&self, weights: &str) -> Option<String> {
        let mut parts = Vec::new();
        if self.class_weights.iter().any(|weight| *weight != 1.0) {
            let numbers: Vec<String> = self.class_weights.iter().map(ToString::to_string).collect();
            parts.push(format!("{weights} {}", numbers.join(", ")));
        }
        if self.label_smoothing > 0.0 {
            parts.push(format!("label smoothing {}", self.label_smoothing));
        }
        (!parts.is_empty()).then(|| format!("Loss: cross-entropy with {}.", parts.join(" and ")))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use serde::Deserialize;

    use super::*;

    /// From `tests/reference/loss.py`.
    const REFERENCE: &str = include_str!("../tests/fixtures/loss.json");

    #[derive(Deserialize)]
    struct Reference {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        labels: usize,
        weights: Vec<f32>,
        label_smoothing: f64,
        logits: Vec<f32>,
        targets: Vec<usize>,
        loss: f32,
        gradient: Vec<f32>,
    }

    /// The two sides sum a few dozen f32 terms in different orders: they differ by a few units in the last
    /// place of the largest term.
    #[track_caller]
    fn assert_close(found: f32, expected: f32, what: &str) {
        let tolerance = 1e-6 * expected.abs().max(1.0);
        assert!((found - expected).abs() <= tolerance, "{what}: {found} against {expected}");
    }

    #[test]
    fn loss_and_gradient_agree_with_pytorch() {
        let device = Device::flex().autodiff();
        let reference: Reference = serde_json::from_str(REFERENCE).unwrap();
        for (number, case) in reference.cases.into_iter().enumerate() {
            let shape = [case.targets.len(), case.labels];
            let logits = Tensor::<2>::from_data(TensorData::new(case.logits, shape), &device).require_grad();
            let loss = CrossEntropy::new(case.weights, case.label_smoothing);
            let divisor = loss.total_weight(&case.targets);
            let loss = loss.forward(logits.clone(), &case.targets, divisor);
            let gradient = logits.grad(&loss.backward()).unwrap().into_data();
            assert_close(loss.into_scalar(), case.loss, &format!("loss of case {number}"));
            for (found, expected) in gradient.iter::<f32>().zip(case.gradient) {
                assert_close(found, expected, &format!("gradient of case {number}"));
            }
        }
    }

    #[test]
    fn the_losses_of_micro_batches_add_up_to_that_of_the_whole() {
        let device = Device::flex();
        let logits = Tensor::<2>::from_data([[1.0, -0.5], [0.0, 2.0], [0.3, 0.1]], &device);
        let loss = CrossEntropy::new(vec![0.5, 3.0], 0.1);
        let divisor = loss.total_weight(&[0, 1, 0]);
        let part = |range: std::ops::Range<usize>, targets: &[usize]| -> f32 {
            loss.forward(logits.clone().slice([range]), targets, divisor).into_scalar()
        };
        assert_close(part(0..1, &[0]) + part(1..3, &[1, 0]), part(0..3, &[0, 1, 0]), "sum");
    }

    #[test]
    fn weights_of_zero_give_zero_not_nan() {
        let device = Device::flex();
        let logits = Tensor::from_data([[1.0, -0.5, 0.25], [0.0, 2.0, -1.0]], &device);
        let loss = CrossEntropy::new(vec![0.0, 1.0, 0.0], 0.0).forward(logits, &[0, 2], 0.0);
        assert_close(loss.into_scalar(), 0.0, "loss");
    }
}
