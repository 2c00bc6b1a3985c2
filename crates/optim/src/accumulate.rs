//! [`GradientAccumulator`]: the gradients of a step's micro-batches, added in a fixed order.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::OptimError;

/// The number of parts into which the micro-batches of a step are cut: a power of two.
///
/// The number of parts decides the order in which gradients are added, and with it the last bits of a step of
/// several micro-batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shards(usize);

impl Shards {
    /// `shards` parts.
    ///
    /// # Errors
    /// `shards` is no power of two.
    pub fn new(shards: usize) -> Result<Self, OptimError> {
        if shards.is_power_of_two() { Ok(Self(shards)) } else { Err(OptimError::Shards { found: shards }) }
    }

    /// The number of parts.
    pub fn get(self) -> usize {
        self.0
    }
}

impl Default for Shards {
    /// Eight parts: a step has the same bits on 1, 2, 4 and 8 processes.
    fn default() -> Self {
        Self(8)
    }
}

/// The sum of the gradients of a step's micro-batches.
///
/// Each micro-batch's loss is the sum over its examples, divided by the weight of the whole step. The sum of
/// the gradients is then the gradient of the mean over all examples, whatever the sizes of the micro-batches,
/// and nothing is divided here.
///
/// Of `M` micro-batches, part `i` of `S` has the micro-batches from `i M / S` up to `(i + 1) M / S`.
/// Gradients are added from left to right within a part, and the parts as the leaves of a complete binary
/// tree, in which an empty part is skipped. If `P` processes, a power of two up to `S`, each hold `S / P`
/// consecutive parts, they can therefore add to the same bits as one process. At most `log2(S) + 2` sets of
/// gradients are alive at a time.
#[derive(Debug)]
pub struct GradientAccumulator {
    micro_batches: usize,
    shards: usize,
    /// The number of micro-batches added so far.
    added: usize,
    /// The number of complete parts.
    complete: usize,
    /// The sum of the gradients in the part that is not complete yet.
    part: Option<GradientsParams>,
    /// The sums of the subtrees whose sibling is not complete yet, the largest subtree first; `None` for a
    /// subtree of empty parts.
    subtrees: Vec<Option<GradientsParams>>,
}

impl GradientAccumulator {
    /// An accumulator for a step of `micro_batches` micro-batches.
    pub fn new(micro_batches: usize, shards: Shards) -> Self {
        Self { micro_batches, shards: shards.0, added: 0, complete: 0, part: None, subtrees: Vec::new() }
    }

    /// Adds the gradients of `model` for the next micro-batch.
    pub fn add<M: Module>(&mut self, model: &M, gradients: GradientsParams) {
        while self.complete + 1 < self.shards && self.end_of_part() <= self.added {
            self.complete_part(model);
        }
        self.added += 1;
        self.part = sum(model, self.part.take(), Some(gradients));
    }

    /// The sum of all gradients added.
    #[must_use]
    pub fn finish<M: Module>(mut self, model: &M) -> GradientsParams {
        while self.complete < self.shards {
            self.complete_part(model);
        }
        self.subtrees.pop().flatten().unwrap_or_default()
    }

    /// The index of the micro-batch after the last one of the incomplete part.
    fn end_of_part(&self) -> usize {
        (self.complete + 1) * self.micro_batches / self.shards
    }

    /// Makes the current part a leaf of the tree, and adds up every subtree that the leaf completes.
    fn complete_part<M: Module>(&mut self, model: &M) {
        self.complete += 1;
        let mut subtree = self.part.take();
        // As in a binary counter: one carry for each subtree whose right half is complete now.
        for _ in 0..self.complete.trailing_zeros() {
            let left = self.subtrees.pop().flatten();
            subtree = sum(model, left, subtree);
        }
        self.subtrees.push(subtree);
    }
}

/// `left + right`, either of which may be missing.
fn sum<M: Module>(
    model: &M,
    left: Option<GradientsParams>,
    right: Option<GradientsParams>,
) -> Option<GradientsParams> {
    match (left, right) {
        (Some(left), Some(right)) => {
            let mut sum = Sum { left, right, result: GradientsParams::new() };
            model.visit(&mut sum);
            Some(sum.result)
        }
        (one, other) => one.or(other),
    }
}

struct Sum {
    left: GradientsParams,
    right: GradientsParams,
    result: GradientsParams,
}

impl ModuleVisitor for Sum {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let sum = match (self.left.remove::<D>(param.id), self.right.remove::<D>(param.id)) {
            (Some(left), Some(right)) => left + right,
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return,
        };
        self.result.register(param.id, sum);
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[derive(Module, Debug)]
    struct One {
        value: Param<Tensor<1>>,
    }

    fn model() -> One {
        One { value: Param::from_tensor(Tensor::zeros([1], &Device::default())) }
    }

    fn gradients(model: &One, value: f32) -> GradientsParams {
        let mut gradients = GradientsParams::new();
        gradients.register(model.value.id, Tensor::<1>::from_floats([value], &Device::default()));
        gradients
    }

    /// The bits of the accumulated sum of one gradient of each value.
    fn accumulated(values: &[f32], shards: usize) -> u32 {
        let model = model();
        let mut accumulator = GradientAccumulator::new(values.len(), Shards::new(shards).unwrap());
        for &value in values {
            accumulator.add(&model, gradients(&model, value));
            let alive = accumulator.subtrees.len() + 2;
            assert!(alive <= shards.ilog2() as usize + 2, "{alive} sets of gradients with {shards} shards");
        }
        let sum = accumulator.finish(&model);
        sum.get::<1>(model.value.id).unwrap().into_scalar::<f32>().to_bits()
    }

    /// Sums the leaves of a complete binary tree.
    fn halve(leaves: &[Option<f32>]) -> Option<f32> {
        if let [leaf] = leaves {
            return *leaf;
        }
        let (left, right) = leaves.split_at(leaves.len() / 2);
        match (halve(left), halve(right)) {
            (Some(left), Some(right)) => Some(left + right),
            (one, other) => one.or(other),
        }
    }

    /// The sum of each part, added from left to right.
    fn parts(values: &[f32], shards: usize) -> Vec<Option<f32>> {
        let range = |part| part * values.len() / shards..(part + 1) * values.len() / shards;
        let sum = |part| values[range(part)].iter().copied().reduce(|sum, value| sum + value);
        (0..shards).map(sum).collect()
    }

    /// Numbers of very different sizes, so that each order of additions gives other bits.
    fn values(count: usize) -> Vec<f32> {
        (0..count)
            .map(|index| (1.0 + index as f32 * 0.37) * 10_f32.powf((index * 7 % 11) as f32 - 5.0))
            .collect()
    }

    #[test]
    fn gradients_are_added_in_the_order_that_is_said() {
        for count in 1..40 {
            for shards in [1, 2, 4, 8, 16] {
                let values = values(count);
                let expected = halve(&parts(&values, shards)).unwrap();
                assert_eq!(accumulated(&values, shards), expected.to_bits(), "{count} in {shards}");
            }
        }
    }

    #[test]
    fn another_number_of_parts_is_another_order() {
        let values = [1e8, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0];
        // Neighbouring f32 numbers at 1e8 are 8 apart: a single 4 is lost beside 1e8, and sums of several are
        // not.
        let expected = [1e8_f32, 1e8 + 16.0, 1e8 + 24.0];
        assert_eq!([1, 2, 8].map(|shards| accumulated(&values, shards)), expected.map(f32::to_bits));
    }

    /// Each process accumulates its own parts; the processes' sums are then added as a binary tree.
    #[test]
    fn processes_with_consecutive_parts_add_up_to_the_same_bits() {
        for count in [8, 13, 24, 31] {
            let values = values(count);
            for processes in [2, 4, 8] {
                let held = 8 / processes;
                let sums: Vec<Option<f32>> = parts(&values, 8).chunks(held).map(halve).collect();
                let sum = halve(&sums).unwrap();
                assert_eq!(
                    accumulated(&values, 8),
                    sum.to_bits(),
                    "{count} micro-batches, {processes} processes"
                );
            }
        }
    }

    #[test]
    fn one_micro_batch_passes_through_untouched() {
        for shards in [1, 8, 64] {
            for value in [0.1_f32, f32::MIN_POSITIVE / 4.0, -0.0] {
                assert_eq!(accumulated(&[value], shards), value.to_bits());
            }
        }
    }

    #[test]
    fn only_powers_of_two_are_taken() {
        for shards in [0, 3, 6, 12] {
            let error = Shards::new(shards).unwrap_err().to_string();
            assert!(error.contains(&shards.to_string()) && error.contains("power of two"), "{error}");
        }
        assert_eq!(Shards::default().get(), 8);
    }
}
