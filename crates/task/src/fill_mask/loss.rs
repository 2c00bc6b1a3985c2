//! [`masked_loss`]: the cross-entropy of masked tokens.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};

use super::target::MaskTarget;

/// The sum of the cross-entropies of all masked tokens in nats, divided by `divisor`; 0 where none is masked.
///
/// # Shapes
/// - `outputs`: `[masked, vocab_size]`, in the order of the targets and of their places; where none is masked, one
///   row that does not count
/// - output: `[1]`
pub(super) fn masked_loss(outputs: Tensor<2>, targets: &[MaskTarget], divisor: f64) -> Tensor<1> {
    let tokens: Vec<i64> =
        targets.iter().flat_map(MaskTarget::tokens).map(|token| i64::from(*token)).collect();
    if tokens.is_empty() {
        return outputs.sum() * 0.0;
    }
    let shape = [tokens.len(), 1];
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, shape), &outputs.device());
    let divisor = if divisor > 0.0 { divisor } else { 1.0 };
    log_softmax(outputs, 1).gather(1, tokens).sum().neg() / divisor
}
