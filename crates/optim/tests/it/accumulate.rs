//! Micro-batches give the same update as one large batch.

use std::ops::Range;

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use embert_optim::{AdamWConfig, GradientAccumulator, GradientsParams, Shards};
use proptest::prelude::*;
use serde::Deserialize;

use crate::{Affine, distance, values};

/// Gradients are below 1: sums of eleven products in f32, added in another order.
const GRADIENT_TOLERANCE: f32 = 1e-6;
/// Values are of size 1. Adam divides a gradient by its size, and no gradient is so small that this would
/// magnify its rounding.
const VALUE_TOLERANCE: f32 = 1e-6;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any sizes of micro-batches, also with a smaller last one.
    #[test]
    fn micro_batches_give_the_update_of_one_batch(sizes in prop::collection::vec(1_usize..6, 1..5), seed in 0_u64..100) {
        let device = Device::flex().autodiff();
        device.seed(seed);
        let rows: usize = sizes.iter().sum();
        let x = Tensor::<2>::random([rows, 4], Distribution::Normal(0.0, 1.0), &device);
        let weight: Vec<f32> = (0..12).map(|i| 0.1 * i as f32 - 0.5).collect();
        let model = Affine::new(&weight, &[0.1, -0.2, 0.3], &device);

        let whole = GradientsParams::from_grads(model.loss(x.clone()).backward(), &model);
        let mut accumulator = GradientAccumulator::new(sizes.len(), Shards::default());
        let mut start = 0;
        for size in sizes {
            let part = x.clone().slice_dim(0, start..start + size);
            // The loss of a micro-batch is a mean: multiplied by its share of the rows, it is the sum over
            // its rows divided by the number of all rows.
            let loss = model.loss(part) * (size as f64 / rows as f64);
            accumulator.add(&model, GradientsParams::from_grads(loss.backward(), &model));
            start += size;
        }
        let mean = accumulator.finish(&model);
        let gradient = |gradients: &GradientsParams| values(gradients.get::<2>(model.weight.id).unwrap());
        // Sums of up to 20 products of size 1 to 10 in f32, added in another order.
        prop_assert!(distance(&gradient(&mean), &gradient(&whole)) < 1e-4);

        // With a large epsilon Adam's first update is proportional to the gradient, and not to its sign.
        let step = |gradients| {
            let config = AdamWConfig { epsilon: 10.0, ..AdamWConfig::default() };
            model.optimizer(config, [0.1, 0.1], 0.0).step(model.clone(), gradients, 1.0, 1.0).values()
        };
        let (one, other) = (step(mean), step(whole));
        prop_assert!(distance(&one.0, &other.0) < 1e-6);
        prop_assert!(distance(&one.1, &other.1) < 1e-6);
    }
}

#[test]
fn nothing_accumulated_is_nothing() {
    let model = Affine::new(&[0.0; 12], &[0.0; 3], &Device::flex().autodiff());
    assert!(GradientAccumulator::new(0, Shards::default()).finish(&model).is_empty());
}

#[derive(Deserialize)]
struct Fixture {
    batches: Vec<Batches>,
}

/// PyTorch's updates from the mean loss of a whole batch.
#[derive(Deserialize)]
struct Batches {
    class_weights: Vec<f32>,
    start: [Vec<f32>; 2],
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    x: Vec<Vec<f32>>,
    targets: Vec<usize>,
    gradients: [Vec<f32>; 2],
    values: [Vec<f32>; 2],
}

impl Step {
    /// The cross-entropy of the rows `rows`, summed and divided by the class weights of all rows of the step.
    fn loss(&self, model: &Affine, rows: Range<usize>, class_weights: &[f32], device: &Device) -> Tensor<1> {
        let tensor = |rows: Vec<Vec<f32>>| {
            let shape = [rows.len(), rows[0].len()];
            Tensor::<2>::from_data(TensorData::new(rows.concat(), shape), device)
        };
        let targets = &self.targets[rows.clone()];
        let weights = targets.iter().map(|&target| {
            (0..class_weights.len())
                .map(|label| if label == target { class_weights[label] } else { 0.0 })
                .collect()
        });
        let total: f64 = self.targets.iter().map(|&target| f64::from(class_weights[target])).sum();
        let log_probabilities = log_softmax(model.forward(tensor(self.x[rows].to_vec())), 1);
        (log_probabilities * tensor(weights.collect())).sum() * (-1.0 / total)
    }
}

/// Five steps of cross-entropy with and without class weights, in micro-batches of equal size and with a
/// smaller last one.
#[test]
fn micro_batches_give_the_update_that_pytorch_makes_of_the_whole_batch() {
    let fixture: Fixture = serde_json::from_str(include_str!("../fixtures/optim.json")).unwrap();
    assert_eq!(fixture.batches.len(), 2);
    let device = Device::flex().autodiff();
    for Batches { class_weights, start: [weight, bias], steps } in &fixture.batches {
        for size in [11, 10, 8, 5, 4, 3, 2, 1] {
            let mut model = Affine::new(weight, bias, &device);
            let mut optimizer = model.optimizer(AdamWConfig::default(), [0.01, 0.01], 0.01);
            for step in steps {
                let micro_batches = step.targets.len().div_ceil(size);
                let mut accumulator = GradientAccumulator::new(micro_batches, Shards::default());
                for start in (0..step.targets.len()).step_by(size) {
                    let rows = start..step.targets.len().min(start + size);
                    let loss = step.loss(&model, rows, class_weights, &device);
                    accumulator.add(&model, GradientsParams::from_grads(loss.backward(), &model));
                }
                let gradients = accumulator.finish(&model);
                let found = [
                    values(gradients.get::<2>(model.weight.id).unwrap()),
                    values(gradients.get::<1>(model.bias.id).unwrap()),
                ];
                for (found, expected) in found.iter().zip(&step.gradients) {
                    assert!(
                        distance(found, expected) < GRADIENT_TOLERANCE,
                        "{size} a micro-batch: {found:?} {expected:?}"
                    );
                }
                model = optimizer.step(model, gradients, 1.0, 1.0);
                let (weight, bias) = model.values();
                for (found, expected) in [weight, bias].iter().zip(&step.values) {
                    assert!(
                        distance(found, expected) < VALUE_TOLERANCE,
                        "{size} a micro-batch: {found:?} {expected:?}"
                    );
                }
            }
        }
    }
}
