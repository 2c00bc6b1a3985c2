//! [`span_loss`]: the loss of answers' ends.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};
use embert_model::Layout;

use super::target::SpanTarget;

/// A logit of which the softmax is 0, and with which it stays finite.
const NO_TOKEN: f32 = -1e30;

/// The loss of a micro-batch: for each feature the mean of the cross-entropies of the answer's start and of its
/// end (Devlin et al. 2019, section 4.2, and `BertForQuestionAnswering`), summed and divided by `divisor`. A
/// `divisor` of 0 counts as 1.
///
/// The softmax is over the tokens of the feature, special ones included. `transformers` also counts the logits
/// of padding, which depend on the lengths of the other features in the batch; here they have no part.
///
/// # Shapes
/// - `logits`: `[rows, 2]`, padding included
/// - output: `[1]`
pub(super) fn span_loss(
    logits: Tensor<2>,
    layout: &Layout,
    targets: &[SpanTarget],
    divisor: f64,
) -> Tensor<1> {
    let features = targets.len();
    let tokens = layout.lengths().iter().copied().max().unwrap_or(0).max(1);
    let mut rows = vec![0_u32; features * tokens];
    let mut no_token = vec![NO_TOKEN; features * tokens * 2];
    let mut mass = vec![0.0_f32; features * tokens * 2];
    let share = (0.5 / if divisor > 0.0 { divisor } else { 1.0 }) as f32;
    for (feature, target) in targets.iter().enumerate() {
        let first = feature * tokens;
        for (token, row) in layout.feature_rows(feature).enumerate() {
            rows[first + token] = row as u32;
            no_token[2 * (first + token)..][..2].fill(0.0);
        }
        mass[2 * (first + target.start)] = share;
        mass[2 * (first + target.end) + 1] = share;
    }
    let device = logits.device();
    let of_features =
        |values: Vec<f32>| Tensor::<3>::from_data(TensorData::new(values, [features, tokens, 2]), &device);
    let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [features * tokens]), &device);
    let logits = logits.select(0, rows).reshape([features, tokens, 2]);
    (log_softmax(logits + of_features(no_token), 1) * of_features(mass)).sum().neg()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    /// Three features of 4, 2 and 3 tokens, padded to 4, with logits that no two tokens share.
    fn batch(device: &Device, padding: f32) -> (Tensor<2>, Layout) {
        let lengths = [4_usize, 2, 3];
        let mask: Vec<i64> =
            lengths.iter().flat_map(|length| (0..4).map(move |at| i64::from(at < *length))).collect();
        let mut logits: Vec<f32> = (0..24).map(|index: i16| f32::from(index * 7 % 11) / 4.0 - 1.0).collect();
        for (feature, length) in lengths.into_iter().enumerate() {
            logits[8 * feature + 2 * length..8 * (feature + 1)].fill(padding);
        }
        let mask = Tensor::<2, Int>::from_data(TensorData::new(mask, [3, 4]), device);
        (Tensor::from_data(TensorData::new(logits, [12, 2]), device), Layout::from_attention_mask(mask))
    }

    const TARGETS: [SpanTarget; 3] =
        [SpanTarget { start: 1, end: 3 }, SpanTarget::NONE, SpanTarget { start: 2, end: 2 }];

    /// In f64, one feature after the other.
    fn by_hand(logits: &Tensor<2>, layout: &Layout) -> f64 {
        let logits: Vec<f32> = logits.clone().into_data().iter().collect();
        let of = |feature: usize, end: usize, token: usize| {
            let rows = layout.feature_rows(feature);
            let of_token = |row: usize| f64::from(logits[2 * row + end]);
            rows.clone().map(|row| of_token(row).exp()).sum::<f64>().ln() - of_token(rows.start + token)
        };
        let loss = |(feature, target): (usize, &SpanTarget)| {
            f64::midpoint(of(feature, 0, target.start), of(feature, 1, target.end))
        };
        TARGETS.iter().enumerate().map(loss).sum()
    }

    #[test]
    fn the_loss_is_the_mean_of_both_ends_cross_entropies() {
        let (logits, layout) = batch(&Device::flex(), 9.0);
        let expected = by_hand(&logits, &layout) / 3.0;
        let found: f32 = span_loss(logits, &layout, &TARGETS, 3.0).into_scalar();
        assert!((f64::from(found) - expected).abs() < 1e-6, "{found} against {expected}");
    }

    #[test]
    fn padding_has_no_part_and_no_gradient() {
        let device = Device::flex().autodiff();
        let gradient = |padding: f32| -> (f32, Vec<f32>) {
            let (logits, layout) = batch(&device, padding);
            let logits = logits.require_grad();
            let loss = span_loss(logits.clone(), &layout, &TARGETS, 3.0);
            let gradient = logits.grad(&loss.backward()).unwrap().into_data();
            (loss.into_scalar(), gradient.iter().collect())
        };
        let (loss, gradients) = gradient(-3.0);
        assert_eq!((loss, gradients.clone()), gradient(50.0));
        // Feature 1 has two tokens, feature 2 has three.
        let of_padding = [&gradients[12..16], &gradients[22..24]].concat();
        assert_eq!(of_padding, [0.0; 6]);
        // Of each softmax the gradients add up to 0.
        let starts: f32 = gradients.iter().step_by(2).sum();
        assert!(
            starts.abs() < 1e-6 && gradients.iter().any(|gradient| gradient.abs() > 0.01),
            "{gradients:?}"
        );
    }

    #[test]
    fn the_losses_of_micro_batches_add_up() {
        let device = Device::flex();
        let (logits, layout) = batch(&device, 0.0);
        let whole: f32 = span_loss(logits.clone(), &layout, &TARGETS, 3.0).into_scalar();
        let part = |feature: usize| -> f32 {
            let rows = logits.clone().slice(4 * feature..4 * feature + 4);
            let lengths = vec![layout.lengths()[feature]];
            let mask = Tensor::<2, Int>::ones([1, 4], &device);
            let layout = Layout::padded(mask, lengths);
            span_loss(rows, &layout, &TARGETS[feature..=feature], 3.0).into_scalar()
        };
        assert!((part(0) + part(1) + part(2) - whole).abs() < 1e-6);
    }

    #[test]
    fn a_divisor_of_zero_counts_as_one() {
        let (logits, layout) = batch(&Device::flex(), 0.0);
        let found: f32 = span_loss(logits.clone(), &layout, &TARGETS, 0.0).into_scalar();
        assert!((f64::from(found) - by_hand(&logits, &layout)).abs() < 1e-5);
    }
}
