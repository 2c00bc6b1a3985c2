//! [`BinaryCrossEntropy`], with weights of positive entries.

use std::ops::Range;

use burn::tensor::activation::log_sigmoid;
use burn::tensor::{Tensor, TensorData};

use crate::pooled::{are_single, log_mean_exp};

/// Binary cross-entropy of each label as PyTorch's `BCEWithLogitsLoss(pos_weight, reduction="mean")` defines
/// it:
///
/// `-sum_ic (w_c y_ic log s(x_ic) + (1 - y_ic) log (1 - s(x_ic))) / (N C)`
///
/// for `N` examples `i`, labels `c` of `C`, logits `x`, truths `y` of 0 or 1, weights `w` and the sigmoid `s`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BinaryCrossEntropy {
    pos_weight: Vec<f32>,
}

impl BinaryCrossEntropy {
    /// A loss with one weight of positive entries for each label, 1 for no weighting.
    pub(crate) fn new(pos_weight: Vec<f32>) -> Self {
        Self { pos_weight }
    }

    /// The sum of the formula over the examples and the mean over the labels, in nats, divided by `divisor`:
    /// with the number of examples as the divisor, the formula. A `divisor` of 0 counts as 1.
    ///
    /// # Shapes
    /// - `logits`: `[batch, labels]`
    /// - `truths`: `[labels]` each
    /// - output: `[1]`
    pub(crate) fn forward<'a>(
        &self,
        logits: Tensor<2>,
        truths: impl Iterator<Item = &'a [bool]>,
        divisor: f64,
    ) -> Tensor<1> {
        self.of_rows(log_sigmoid(logits.clone()), log_sigmoid(logits.neg()), truths, divisor)
    }

    /// As [`forward`](Self::forward), of examples that have several windows each: in place of `s(x_ic)` stands
    /// the mean of the sigmoids over the windows of example `i`.
    ///
    /// # Shapes
    /// - `logits`: `[windows, labels]`
    /// - `windows`: the rows of each example, `[examples]`
    /// - `truths`: `[labels]` for each example
    /// - output: `[1]`
    pub(crate) fn forward_pooled<'a>(
        &self,
        logits: Tensor<2>,
        windows: &[Range<usize>],
        truths: impl Iterator<Item = &'a [bool]>,
        divisor: f64,
    ) -> Tensor<1> {
        if are_single(windows) {
            return self.forward(logits, truths, divisor);
        }
        // The mean of the complements is the complement of the mean, but for the rounding of `1 - p` near 1.
        let positive = log_mean_exp(log_sigmoid(logits.clone()), windows);
        let negative = log_mean_exp(log_sigmoid(logits.neg()), windows);
        self.of_rows(positive, negative, truths, divisor)
    }

    /// The loss from the logarithms of the probabilities that a label is there and that it is not, `[rows,
    /// labels]` each.
    fn of_rows<'a>(
        &self,
        log_positive: Tensor<2>,
        log_negative: Tensor<2>,
        truths: impl Iterator<Item = &'a [bool]>,
        divisor: f64,
    ) -> Tensor<1> {
        let [rows, labels] = log_positive.dims();
        let divisor = if divisor > 0.0 { divisor as f32 } else { 1.0 } * labels as f32;
        let (mut positive, mut negative) =
            (Vec::with_capacity(rows * labels), Vec::with_capacity(rows * labels));
        for truth in truths {
            for (has, weight) in truth.iter().zip(&self.pos_weight) {
                positive.push(if *has { weight / divisor } else { 0.0 });
                negative.push(if *has { 0.0 } else { 1.0 / divisor });
            }
        }
        let device = log_positive.device();
        let mass = |values| Tensor::<2>::from_data(TensorData::new(values, [rows, labels]), &device);
        let of_positive = log_positive * mass(positive);
        let of_negative = log_negative * mass(negative);
        (of_positive + of_negative).sum().neg()
    }

    /// A sentence on the weights, for a model card; `None` without weights.
    #[allow(clippy::float_cmp, reason = "a weight of 1 is no weight")]
    pub(crate) fn about(&self) -> Option<String> {
        let is_weighted = self.pos_weight.iter().any(|weight| *weight != 1.0);
        let numbers: Vec<String> = self.pos_weight.iter().map(ToString::to_string).collect();
        is_weighted.then(|| {
            format!("Loss: binary cross-entropy; texts with a label have the weights {}.", numbers.join(", "))
        })
    }
}
