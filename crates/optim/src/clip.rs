//! Clipping by the global norm.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::kernels;

/// The L2 norm of all gradients of `model` taken as one vector, as PyTorch's `clip_grad_norm_` computes it.
///
/// A parameter without a gradient counts as 0. On Flex, blocks of 1,024 squares are summed in f32 and the
/// blocks in f64, in an order that does not depend on the number of threads. On other backends each
/// parameter's squares are summed on the device, and the parameters in f64.
pub fn global_norm<M: Module>(model: &M, gradients: &GradientsParams) -> f64 {
    let mut visitor = SumOfSquares { gradients, on_host: 0.0, on_device: Vec::new() };
    model.visit(&mut visitor);
    let mut sum = visitor.on_host;
    if !visitor.on_device.is_empty() {
        // One transfer for all parameters, because each transfer waits for the device.
        sum += Tensor::cat(visitor.on_device, 0).into_data().iter::<f64>().sum::<f64>();
    }
    sum.sqrt()
}

/// The factor that clips gradients of norm `norm`: `min(1, max_norm / (norm + 1e-6))`. A `max_norm` of 0
/// switches clipping off: the factor is 1.
pub fn clip_factor(norm: f64, max_norm: f64) -> f64 {
    if max_norm == 0.0 { 1.0 } else { (max_norm / (norm + 1e-6)).min(1.0) }
}

struct SumOfSquares<'a> {
    gradients: &'a GradientsParams,
    on_host: f64,
    on_device: Vec<Tensor<1>>,
}

impl ModuleVisitor for SumOfSquares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.get::<D>(param.id) else { return };
        match kernels::sum_of_squares(&gradient) {
            Some(sum) => self.on_host += sum,
            None => self.on_device.push(gradient.square().sum()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_norms_above_the_maximum_are_scaled() {
        assert!((clip_factor(0.5, 1.0) - 1.0).abs() < 1e-15);
        assert!((clip_factor(4.0, 1.0) - 1.0 / (4.0 + 1e-6)).abs() < 1e-15);
        assert!((clip_factor(400.0, 0.0) - 1.0).abs() < 1e-15);
        assert!((clip_factor(0.0, 1.0) - 1.0).abs() < 1e-15);
    }
}
