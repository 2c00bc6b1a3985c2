//! Cross-entropy with class weights and label smoothing.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};

/// Cross-entropy as PyTorch's `CrossEntropyLoss(weight, label_smoothing, reduction="mean")` defines it:
///
/// `-sum_ic w_c ((1 - e) [c = y_i] + e / C) log p_ic / sum_i w_(y_i)`
///
/// for examples `i`, labels `c` of `C`, weights `w`, smoothing `e` and softmax probabilities `p`.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossEntropy {
    class_weights: Vec<f32>,
    label_smoothing: f32,
}

impl CrossEntropy {
    /// One weight a label (all 1 for none), and the smoothing `e` in [0, 1).
    pub fn new(class_weights: Vec<f32>, label_smoothing: f64) -> Self {
        Self { class_weights, label_smoothing: label_smoothing as f32 }
    }

    /// What the mean divides by: the sum of the weights of the targets, which is their number where no weights are
    /// given.
    pub fn total_weight(&self, targets: &[usize]) -> f64 {
        targets.iter().map(|&target| f64::from(self.class_weights[target])).sum()
    }

    /// The loss `[1]` of logits `[batch, labels]`; 0 where the weights of all targets are 0.
    pub fn forward(&self, logits: Tensor<2>, targets: &[usize], device: &Device) -> Tensor<1> {
        let labels = self.class_weights.len();
        let total = self.total_weight(targets) as f32;
        let divisor = if total > 0.0 { total } else { 1.0 };
        let smooth = self.label_smoothing / labels as f32;
        let target_mass: Vec<f32> = targets
            .iter()
            .flat_map(|&target| {
                (0..labels).map(move |label| {
                    let hit = if label == target { 1.0 - self.label_smoothing } else { 0.0 };
                    self.class_weights[label] * (hit + smooth) / divisor
                })
            })
            .collect();
        let target_mass = Tensor::from_data(TensorData::new(target_mass, [targets.len(), labels]), device);
        (log_softmax(logits, 1) * target_mass).sum().neg()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(weights: Vec<f32>, smoothing: f64) -> f32 {
        let device = Device::flex();
        let logits = Tensor::from_data([[1.0, -0.5, 0.25], [0.0, 2.0, -1.0]], &device);
        CrossEntropy::new(weights, smoothing).forward(logits, &[0, 2], &device).into_scalar()
    }

    // torch.nn.functional.cross_entropy(logits, [0, 2], weight=w, label_smoothing=e), torch 2.11.
    #[test]
    fn agrees_with_pytorch() {
        for (weights, smoothing, expected) in [
            (vec![1.0; 3], 0.0, 1.848_910_9),
            (vec![1.0; 3], 0.1, 1.819_744_2),
            (vec![0.5, 1.0, 2.0], 0.0, 2.641_472_1),
            (vec![0.5, 1.0, 2.0], 0.1, 2.543_223_1),
        ] {
            let found = loss(weights.clone(), smoothing);
            assert!((found - expected).abs() < 1e-5, "{weights:?} {smoothing}: {found} against {expected}");
        }
    }

    #[test]
    fn weights_of_zero_give_zero_not_nan() {
        assert_eq!(loss(vec![0.0, 1.0, 0.0], 0.0), 0.0);
    }
}
