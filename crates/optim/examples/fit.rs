//! Fits `y = 2x - 1` with a group for each parameter, a warm-up, and four micro-batches a step.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};
use embert_optim::{
    AdamW, AdamWConfig, GradientAccumulator, GradientsParams, OptimError, ParameterGroup, Schedule,
    ScheduleConfig, Shards, Warmup, clip_factor, global_norm,
};

#[derive(Module, Debug)]
struct Line {
    slope: Param<Tensor<2>>,
    intercept: Param<Tensor<1>>,
}

fn main() -> Result<(), OptimError> {
    let device = Device::default().autodiff();
    device.seed(0);
    let mut line = Line {
        slope: Param::from_tensor(Tensor::zeros([1, 1], &device)),
        intercept: Param::from_tensor(Tensor::zeros([1], &device)),
    };
    let group = |name: &str, id, learning_rate, weight_decay| ParameterGroup {
        name: name.to_owned(),
        part: name.to_owned(),
        parameters: vec![(id, name.to_owned())],
        learning_rate,
        weight_decay,
    };
    let groups =
        vec![group("slope", line.slope.id, 0.1, 1e-4), group("intercept", line.intercept.id, 0.05, 0.0)];
    let mut optimizer = AdamW::new(AdamWConfig::default(), groups)?;
    let schedule = ScheduleConfig { schedule: Schedule::Cosine { cycles: 0.5 }, warmup: Warmup::Ratio(0.1) };

    let steps = 120;
    for step in 0..steps {
        let sizes = [8_u32, 8, 8, 3];
        let examples_of_step = f64::from(sizes.iter().sum::<u32>());
        let mut accumulator = GradientAccumulator::new(sizes.len(), Shards::default());
        let mut mean_loss = 0.0;
        for examples in sizes {
            let x = Tensor::<2>::random([examples as usize, 1], Distribution::Normal(0.0, 1.0), &device);
            let y = x.clone() * 2.0 - 1.0;
            let error = x.matmul(line.slope.val()) + line.intercept.val().unsqueeze() - y;
            let loss = error.square().sum() / examples_of_step;
            mean_loss += loss.clone().into_scalar::<f32>();
            accumulator.add(&line, GradientsParams::from_grads(loss.backward(), &line));
        }
        let gradients = accumulator.finish(&line);
        let norm = global_norm(&line, &gradients);
        let factor = schedule.factor(step, steps);
        line = optimizer.step(line, gradients, factor, clip_factor(norm, 1.0));
        if step % 20 == 19 {
            println!("step {:3}  loss {mean_loss:.5}  norm {norm:.4}  rate factor {factor:.3}", step + 1);
        }
    }
    let slope = line.slope.val().into_scalar::<f32>();
    let intercept = line.intercept.val().into_scalar::<f32>();
    println!("y = {slope:.3} x + {intercept:.3}");
    Ok(())
}
