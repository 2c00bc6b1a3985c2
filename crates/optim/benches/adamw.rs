//! Times of an update and of the global norm with as many parameters as a BERT has: this crate's AdamW
//! against Burn's.
//!
//! `cargo bench -p embert-optim`, with the number of parameters in millions as an argument (default 22.7,
//! all-MiniLM-L6-v2).
#![allow(clippy::print_stdout, missing_docs, reason = "a benchmark prints what it measures")]

use std::time::{Duration, Instant};

use burn::module::{Module, Param};
use burn::optim::{AdamWConfig as BurnAdamW, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor};
use embert_optim::{AdamW, AdamWConfig, ParameterGroup, global_norm};

#[derive(Module, Debug)]
struct Matrices {
    weights: Vec<Param<Tensor<2>>>,
}

const COLUMNS: usize = 1024;
const MATRICES: usize = 24;
const ROUNDS: usize = 9;

fn main() {
    let millions = std::env::args().find_map(|argument| argument.parse::<f64>().ok()).unwrap_or(22.7);
    let rows = (millions * 1e6) as usize / MATRICES / COLUMNS;
    let device = Device::default();
    device.seed(0);
    let random = || Tensor::<2>::random([rows, COLUMNS], Distribution::Normal(0.0, 0.02), &device);
    let model = || Matrices { weights: (0..MATRICES).map(|_| Param::from_tensor(random())).collect() };
    let gradients = |model: &Matrices| {
        let mut gradients = GradientsParams::new();
        for weight in &model.weights {
            gradients.register(weight.id, random());
        }
        gradients
    };

    let mut ours = model();
    let group = ParameterGroup {
        name: "all".to_owned(),
        part: "all".to_owned(),
        parameters: ours.weights.iter().map(|weight| (weight.id, weight.id.to_string())).collect(),
        learning_rate: 2e-5,
        weight_decay: 0.01,
    };
    let Ok(mut optimizer) = AdamW::new(AdamWConfig::default(), vec![group]) else {
        unreachable!("the group is sound")
    };
    let mut norm = Vec::new();
    let mut fused = Vec::new();
    for _ in 0..ROUNDS {
        let gradients = gradients(&ours);
        let began = Instant::now();
        let found = global_norm(&ours, &gradients);
        norm.push(began.elapsed());
        let began = Instant::now();
        ours = optimizer.step(ours, gradients, 1.0, 1.0 / found);
        fused.push(began.elapsed());
    }

    let mut theirs = model();
    let mut optimizer = BurnAdamW::new().with_weight_decay(0.01).init();
    let mut plain = Vec::new();
    for _ in 0..ROUNDS {
        let gradients = gradients(&theirs);
        let began = Instant::now();
        theirs = optimizer.step(2e-5, theirs, gradients);
        plain.push(began.elapsed());
    }
    println!(
        "{:.1} M parameters: global norm {:.1} ms, AdamW {:.1} ms, Burn's AdamW {:.1} ms",
        (rows * COLUMNS * MATRICES) as f64 / 1e6,
        median(norm),
        median(fused),
        median(plain)
    );
}

/// The median in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}
