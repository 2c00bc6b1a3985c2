//! Micro-batches against one large batch.

use burn::tensor::{Device, Distribution, Tensor};
use embert_optim::{AdamWConfig, GradientAccumulator, GradientsParams};
use proptest::prelude::*;

use crate::{Affine, distance};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the sizes of the micro-batches, an unfinished one at the end among them.
    #[test]
    fn micro_batches_give_the_update_of_one_batch(sizes in prop::collection::vec(1_usize..6, 1..5), seed in 0_u64..100) {
        let device = Device::flex().autodiff();
        device.seed(seed);
        let rows: usize = sizes.iter().sum();
        let x = Tensor::<2>::random([rows, 4], Distribution::Normal(0.0, 1.0), &device);
        let weight: Vec<f32> = (0..12).map(|i| 0.1 * i as f32 - 0.5).collect();
        let model = Affine::new(&weight, &[0.1, -0.2, 0.3], &device);

        let whole = GradientsParams::from_grads(model.loss(x.clone()).backward(), &model);
        let mut accumulator = GradientAccumulator::new();
        let mut start = 0;
        for size in sizes {
            let part = x.clone().slice_dim(0, start..start + size);
            let gradients = GradientsParams::from_grads(model.loss(part).backward(), &model);
            accumulator.add(&model, gradients, size as f64);
            start += size;
        }
        let (mean, weight) = accumulator.take();
        prop_assert!((weight - rows as f64).abs() < 1e-12);
        let gradient = |gradients: &GradientsParams| {
            gradients.get::<2>(model.weight.id).unwrap().into_data().iter::<f32>().collect::<Vec<_>>()
        };
        // Sums of up to 20 products of size 1 to 10 in f32, in another order.
        prop_assert!(distance(&gradient(&mean), &gradient(&whole)) < 1e-4);

        // Without momentum's sign-like first step: large epsilon makes the update proportional to the gradient.
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
    let (gradients, weight) = GradientAccumulator::new().take();
    assert!(gradients.is_empty());
    assert!(weight.abs() < f64::MIN_POSITIVE);
}
