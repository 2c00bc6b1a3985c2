//! The outputs of a long text's windows as one, for a loss of the whole text.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};

/// The logarithm of the mean probability of each example's windows, from the logarithm of each window's
/// probability: `log (1/n sum_w p_w) = m + log (1/n sum_w exp(log p_w - m))` with `m = max_w log p_w`. A
/// probability too small for f32 is not lost, and an example of one window keeps its numbers bit for bit.
///
/// Takes memory for `examples * windows * outputs` numbers.
///
/// # Shapes
/// - `logs`: `[windows, outputs]`
/// - `windows`: the rows of each example, `[examples]`
/// - output: `[examples, outputs]`
pub(crate) fn log_mean_exp(logs: Tensor<2>, windows: &[Range<usize>]) -> Tensor<2> {
    let [rows, outputs] = logs.dims();
    let device = logs.device();
    // Rows of other examples become `-inf` before the largest is taken, so that no exponential overflows.
    let others =
        of_examples(windows, rows, &device, |is_own, _| if is_own { 0.0 } else { f32::NEG_INFINITY });
    let logs = logs.unsqueeze_dim::<3>(0) + others;
    // A constant: the formula holds for any `m`, so no gradient belongs to the choice.
    let most = logs.clone().max_dim(1).detach();
    let mean = ((logs - most.clone()).exp() * shares(windows, rows, &device)).sum_dim(1);
    (mean.log() + most).reshape([windows.len(), outputs])
}

/// The mean of each example's windows.
///
/// # Shapes
/// - `values`: `[windows, outputs]`
/// - `windows`: the rows of each example, `[examples]`
/// - output: `[examples, outputs]`
pub(crate) fn mean(values: Tensor<2>, windows: &[Range<usize>]) -> Tensor<2> {
    let [rows, outputs] = values.dims();
    let shares = shares(windows, rows, &values.device());
    (values.unsqueeze_dim::<3>(0) * shares).sum_dim(1).reshape([windows.len(), outputs])
}

/// Whether each example has one window: its row is then the example's, and nothing is pooled.
pub(crate) fn are_single(windows: &[Range<usize>]) -> bool {
    windows.iter().all(|windows| windows.len() == 1)
}

/// What each window counts in its example's mean, `[examples, windows, 1]`.
fn shares(windows: &[Range<usize>], rows: usize, device: &Device) -> Tensor<3> {
    of_examples(windows, rows, device, |is_own, count| if is_own { 1.0 / count as f32 } else { 0.0 })
}

/// A number for each example and each of the batch's windows, `[examples, windows, 1]`, from whether the
/// window is the example's and from the number of the example's windows.
fn of_examples(
    windows: &[Range<usize>],
    rows: usize,
    device: &Device,
    number: impl Fn(bool, usize) -> f32,
) -> Tensor<3> {
    let mut numbers = Vec::with_capacity(windows.len() * rows);
    for own in windows {
        numbers.extend((0..rows).map(|row| number(own.contains(&row), own.len())));
    }
    Tensor::from_data(TensorData::new(numbers, [windows.len(), rows, 1]), device)
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "a list of one example's windows")]
mod tests {
    use super::*;

    fn tensor(values: &[f32], outputs: usize, device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / outputs, outputs]), device)
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    #[test]
    fn probabilities_are_averaged_and_not_their_logarithms() {
        let device = Device::flex();
        let probabilities: [f32; 8] = [0.9, 0.1, 0.2, 0.8, 0.4, 0.6, 0.25, 0.75];
        let logs: Vec<f32> = probabilities.iter().map(|p| p.ln()).collect();
        let pooled = numbers(log_mean_exp(tensor(&logs, 2, &device), &[0..3, 3..4]).exp());
        for (found, expected) in pooled.iter().zip([0.5, 0.5, 0.25, 0.75]) {
            assert!((found - expected).abs() < 1e-6, "{pooled:?}");
        }
        assert_eq!(numbers(mean(tensor(&[1.0, 2.0, 6.0, 5.0], 1, &device), &[0..3, 3..4])), [3.0, 5.0]);
    }

    #[test]
    fn one_window_keeps_its_bits_beside_a_text_of_many() {
        let device = Device::flex();
        let logs = [-0.123_456_79_f32, -17.5, -3.4e-8, -88.0, -1.0, -200.0];
        let pooled = numbers(log_mean_exp(tensor(&logs, 2, &device), &[0..1, 1..3]));
        assert_eq!(pooled[..2], logs[..2]);
        let averaged = numbers(mean(tensor(&logs, 1, &device), &[0..1, 1..5, 5..6]));
        assert_eq!((averaged[0], averaged[2]), (logs[0], logs[5]));
    }

    /// Probabilities far below the least number of f32 have finite gradients.
    #[test]
    fn small_probabilities_are_not_lost() {
        let device = Device::flex().autodiff();
        let logs = tensor(&[-500.0, -502.0, -0.5, -3000.0], 1, &device).require_grad();
        let pooled = log_mean_exp(logs.clone(), &[0..2, 2..4]);
        let found = numbers(pooled.clone());
        let expected = [-500.0 + (0.5_f32 * (1.0 + (-2.0_f32).exp())).ln(), -0.5 - 2.0_f32.ln()];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "{found:?} {expected:?}");
        let gradients = numbers(logs.grad(&pooled.sum().backward()).unwrap());
        // Each window's share of the sum of probabilities.
        let share = 1.0 / (1.0 + (-2.0_f32).exp());
        for (found, expected) in gradients.iter().zip([share, 1.0 - share, 1.0, 0.0]) {
            assert!((found - expected).abs() < 1e-5, "{gradients:?}");
        }
    }
}
