//! AdamW's update and the sum of squares: one pass over memory on all cores on Flex, tensor operations on
//! other backends.

use burn::tensor::Tensor;

use crate::moments::Moments;

/// One update's coefficients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    pub(crate) learning_rate: f64,
    pub(crate) weight_decay: f64,
    pub(crate) betas: [f64; 2],
    pub(crate) epsilon: f64,
    /// The factor on the gradient, from clipping.
    pub(crate) gradient_scale: f64,
    /// The number of the parameter's updates, counted from 1 and with this one.
    pub(crate) step: usize,
}

impl Update {
    /// `1 - b1^t` and `sqrt(1 - b2^t)`.
    fn bias_corrections(&self) -> (f64, f64) {
        let step = self.step as f64;
        (1.0 - self.betas[0].powf(step), (1.0 - self.betas[1].powf(step)).sqrt())
    }
}

/// The parameter and its moments after the update.
pub(crate) fn adamw<const D: usize>(
    value: Tensor<D>,
    moments: Moments,
    gradient: Tensor<D>,
    update: &Update,
) -> (Tensor<D>, Moments) {
    #[cfg(feature = "flex")]
    if flex::takes(&value) {
        return flex::adamw(value, moments, gradient, update);
    }
    tensors::adamw(value, moments, gradient, update)
}

/// The sum of squares of a Flex tensor; `None` on other backends.
pub(crate) fn sum_of_squares<const D: usize>(tensor: &Tensor<D>) -> Option<f64> {
    #[cfg(feature = "flex")]
    if flex::takes(tensor) {
        return Some(flex::sum_of_squares(tensor.clone()));
    }
    let _ = tensor;
    None
}

mod tensors {
    use burn::tensor::Tensor;

    use super::{Moments, Update};

    pub(super) fn adamw<const D: usize>(
        value: Tensor<D>,
        moments: Moments,
        gradient: Tensor<D>,
        update: &Update,
    ) -> (Tensor<D>, Moments) {
        let shape = value.shape();
        let [beta1, beta2] = update.betas;
        let (correction1, correction2) = update.bias_corrections();
        let gradient = gradient.reshape([shape.num_elements()]) * update.gradient_scale;
        let exp_avg = moments.exp_avg * beta1 + gradient.clone() * (1.0 - beta1);
        let exp_avg_sq = moments.exp_avg_sq * beta2 + gradient.square() * (1.0 - beta2);
        let denominator = exp_avg_sq.clone().sqrt() / correction2 + update.epsilon;
        let step = exp_avg.clone() / denominator * (update.learning_rate / correction1);
        let value = value * (1.0 - update.learning_rate * update.weight_decay) - step.reshape(shape);
        (value, Moments { step: update.step, exp_avg, exp_avg_sq })
    }
}

#[cfg(feature = "flex")]
mod flex {
    use burn::backend::Flex;
    use burn::backend::tensor::FloatTensor;
    use burn::tensor::{DType, Tensor};
    use rayon::prelude::*;

    use super::{Moments, Update};

    /// Elements that a thread processes at a time: four arrays of 64 KiB fit a second-level cache.
    const CHUNK: usize = 1 << 14;
    /// Elements whose squares are summed in f32 before they go into the f64 sum.
    const BLOCK: usize = 1 << 10;

    /// Whether the tensor is an f32 tensor of Flex.
    pub(super) fn takes<const D: usize>(tensor: &Tensor<D>) -> bool {
        tensor.dtype() == DType::F32 && tensor.clone().try_into_primitive::<Flex>().is_ok()
    }

    fn contiguous<const D: usize>(tensor: Tensor<D>) -> FloatTensor<Flex> {
        let tensor = match tensor.try_into_primitive::<Flex>() {
            Ok(tensor) => tensor,
            Err(error) => unreachable!("`takes` asked: {error:?}"),
        };
        if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
    }

    fn slice(tensor: &FloatTensor<Flex>) -> &[f32] {
        let (start, end) = tensor.layout().contiguous_offsets().unwrap_or_default();
        &tensor.storage::<f32>()[start..end]
    }

    fn slice_mut(tensor: &mut FloatTensor<Flex>) -> &mut [f32] {
        let (start, end) = tensor.layout().contiguous_offsets().unwrap_or_default();
        &mut tensor.storage_mut::<f32>()[start..end]
    }

    pub(super) fn adamw<const D: usize>(
        value: Tensor<D>,
        moments: Moments,
        gradient: Tensor<D>,
        update: &Update,
    ) -> (Tensor<D>, Moments) {
        let mut value = contiguous(value);
        let mut exp_avg = contiguous(moments.exp_avg);
        let mut exp_avg_sq = contiguous(moments.exp_avg_sq);
        let gradient = contiguous(gradient);
        slice_mut(&mut value)
            .par_chunks_mut(CHUNK)
            .zip(slice_mut(&mut exp_avg).par_chunks_mut(CHUNK))
            .zip(slice_mut(&mut exp_avg_sq).par_chunks_mut(CHUNK))
            .zip(slice(&gradient).par_chunks(CHUNK))
            .for_each(|(((value, exp_avg), exp_avg_sq), gradient)| {
                update_chunk(value, exp_avg, exp_avg_sq, gradient, update);
            });
        let moments = Moments {
            step: update.step,
            exp_avg: Tensor::from_primitive::<Flex>(exp_avg),
            exp_avg_sq: Tensor::from_primitive::<Flex>(exp_avg_sq),
        };
        (Tensor::from_primitive::<Flex>(value), moments)
    }

    fn update_chunk(
        value: &mut [f32],
        exp_avg: &mut [f32],
        exp_avg_sq: &mut [f32],
        gradient: &[f32],
        update: &Update,
    ) {
        let (correction1, correction2) = update.bias_corrections();
        let keep = (1.0 - update.learning_rate * update.weight_decay) as f32;
        let scale = update.gradient_scale as f32;
        let [beta1, beta2] = update.betas;
        let (rest1, beta2, rest2) = ((1.0 - beta1) as f32, beta2 as f32, (1.0 - beta2) as f32);
        let step_size = (update.learning_rate / correction1) as f32;
        let inverse_correction2 = (1.0 / correction2) as f32;
        let epsilon = update.epsilon as f32;
        let moments = exp_avg.iter_mut().zip(exp_avg_sq);
        for ((value, (exp_avg, exp_avg_sq)), gradient) in value.iter_mut().zip(moments).zip(gradient) {
            let gradient = gradient * scale;
            *exp_avg += (gradient - *exp_avg) * rest1;
            *exp_avg_sq = *exp_avg_sq * beta2 + gradient * gradient * rest2;
            let denominator = exp_avg_sq.sqrt() * inverse_correction2 + epsilon;
            *value = *value * keep - step_size * (*exp_avg / denominator);
        }
    }

    pub(super) fn sum_of_squares<const D: usize>(tensor: Tensor<D>) -> f64 {
        let tensor = contiguous(tensor);
        // The sums are collected in order, so that the total doesn't depend on which thread finishes first.
        let sums: Vec<f64> = slice(&tensor)
            .par_chunks(CHUNK)
            .map(|chunk| chunk.chunks(BLOCK).map(|block| f64::from(block_sum_of_squares(block))).sum())
            .collect();
        sums.iter().sum()
    }

    /// Sums in sixteen lanes, which the compiler keeps in registers.
    fn block_sum_of_squares(block: &[f32]) -> f32 {
        let mut lanes = [0.0_f32; 16];
        let (chunks, rest) = block.as_chunks::<16>();
        for chunk in chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane += value * value;
            }
        }
        lanes.iter().sum::<f32>() + rest.iter().map(|value| value * value).sum::<f32>()
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::clip_factor;
    use crate::fixture::{self, Run};

    /// Both implementations compute in f32. They differ in the order of a multiplication and a division: a
    /// few units in the last place.
    const TOLERANCE: f32 = 1e-6;

    fn random(device: &Device) -> Tensor<2> {
        Tensor::random([77, 301], Distribution::Normal(0.0, 1.0), device)
    }

    fn zeros(device: &Device) -> Moments {
        let zeros = Tensor::zeros([77 * 301], device);
        Moments { step: 0, exp_avg: zeros.clone(), exp_avg_sq: zeros }
    }

    #[test]
    fn one_pass_and_tensor_operations_agree() {
        let device = Device::flex();
        device.seed(3);
        let start = random(&device);
        let mut one = (start.clone(), zeros(&device));
        let mut other = (start.clone(), zeros(&device));
        for step in 1..=5 {
            // Every other gradient is transposed in memory.
            let gradient = random(&device);
            let gradient =
                if step % 2 == 0 { gradient.transpose().reshape([301, 77]).transpose() } else { gradient };
            let update = Update {
                learning_rate: 1e-2,
                weight_decay: 0.1,
                betas: [0.9, 0.999],
                epsilon: 1e-8,
                gradient_scale: 0.5,
                step,
            };
            one = flex::adamw(one.0, one.1, gradient.clone(), &update);
            other = tensors::adamw(other.0, other.1, gradient, &update);
        }
        let difference = (one.0.clone() - other.0).abs().max().into_scalar::<f32>();
        assert!(difference < TOLERANCE, "{difference}");
        let moved = (one.0 - start).abs().max().into_scalar::<f32>();
        assert!(moved > 1e-2, "the update does nothing");
    }

    type Kernel = fn(Tensor<1>, Moments, Tensor<1>, &Update) -> (Tensor<1>, Moments);

    /// Tests both implementations: otherwise no test would run the tensor operations on this device. The runs
    /// have schedules, clipping, parameters that miss steps, and gradients of all sizes.
    #[test]
    fn both_go_where_pytorch_goes() {
        for kernel in [flex::adamw::<1> as Kernel, tensors::adamw::<1>] {
            for run in Run::all() {
                (0..run.parameters.len()).for_each(|parameter| follow(&run, parameter, kernel));
            }
        }
    }

    fn follow(run: &Run, parameter: usize, kernel: Kernel) {
        let device = Device::flex();
        let (settings, name) = (&run.settings, &run.parameters[parameter].name);
        let tensor = |values: Vec<f32>| Tensor::<1>::from_data(values.as_slice(), &device);
        let is_head = name.starts_with("classifier.");
        let highest = if is_head { settings.head_learning_rate } else { settings.learning_rate };
        let mut value = tensor(run.start(parameter));
        let zeros = Tensor::zeros(value.shape(), &device);
        let mut moments = Moments { step: 0, exp_avg: zeros.clone(), exp_avg_sq: zeros };
        for step in 0..run.steps() {
            if let Some(gradient) = run.gradient(step, parameter) {
                let update = Update {
                    learning_rate: settings.learning_rates[step] / settings.learning_rate * highest,
                    weight_decay: if settings.decay.applies_to(name) { settings.weight_decay } else { 0.0 },
                    betas: settings.betas,
                    epsilon: settings.epsilon,
                    gradient_scale: clip_factor(settings.norms[step], settings.max_norm),
                    step: moments.step + 1,
                };
                (value, moments) = kernel(value, moments, tensor(gradient), &update);
            }
            let found: Vec<f32> = value.to_data().iter().collect();
            let error = run.error(step, parameter, &found);
            assert!(error <= fixture::TOLERANCE, "step {step}, {name}: {error:e}");
        }
    }

    #[test]
    fn the_sum_of_squares_is_that_of_f64() {
        let device = Device::flex();
        device.seed(4);
        for tensor in [random(&device), random(&device).transpose(), random(&device).slice([3..50, 7..290])] {
            let expected: f64 = tensor.to_data().iter::<f64>().map(|value| value * value).sum();
            let found = sum_of_squares(&tensor).unwrap();
            // Blocks are summed in f32: the relative error is about 1e-7.
            assert!((found - expected).abs() < 1e-6 * expected, "{found} {expected}");
        }
    }
}
