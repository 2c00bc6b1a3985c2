//! Gradients over several micro-batches.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// The weighted mean of the gradients of micro-batches.
///
/// Each micro-batch's loss is the mean over its examples; weighted with their number (or the sum of their class weights),
/// the mean of the gradients is the gradient of the mean over all examples, whatever the sizes of the micro-batches.
#[derive(Debug, Default)]
pub struct GradientAccumulator {
    gradients: Option<GradientsParams>,
    weight: f64,
}

impl GradientAccumulator {
    /// Nothing accumulated.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the gradients of `model` on a micro-batch whose loss is a mean with the weight `weight`.
    pub fn add<M: Module>(&mut self, model: &M, gradients: GradientsParams, weight: f64) {
        let total = self.weight + weight;
        self.gradients = Some(match self.gradients.take() {
            None => gradients,
            Some(so_far) => {
                // Nothing weighs anything: the losses are 0, and so are the gradients.
                let share = if total > 0.0 { weight / total } else { 0.0 };
                let mut mean = Mean { so_far, gradients, share, result: GradientsParams::new() };
                model.visit(&mut mean);
                mean.result
            }
        });
        self.weight = total;
    }

    /// The weighted mean of what was added, and the sum of the weights; nothing is left.
    pub fn take(&mut self) -> (GradientsParams, f64) {
        (self.gradients.take().unwrap_or_default(), std::mem::take(&mut self.weight))
    }
}

struct Mean {
    so_far: GradientsParams,
    gradients: GradientsParams,
    /// Of the new gradients in the mean.
    share: f64,
    result: GradientsParams,
}

impl ModuleVisitor for Mean {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let so_far = self.so_far.remove::<D>(param.id).map(|gradient| gradient * (1.0 - self.share));
        let new = self.gradients.remove::<D>(param.id).map(|gradient| gradient * self.share);
        let mean = match (so_far, new) {
            (Some(so_far), Some(new)) => so_far + new,
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return,
        };
        self.result.register(param.id, mean);
    }
}
