//! AdamW, schedules and clipping against PyTorch and `transformers`, and on a model of two parameters.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accumulate;
mod adamw;
mod fixture;
mod reference;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use embert_optim::{AdamW, AdamWConfig, ParameterGroup};

/// `x weight + bias`: a parameter of each rank that BERT has.
#[derive(Module, Debug)]
struct Affine {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Affine {
    fn new(weight: &[f32], bias: &[f32], device: &Device) -> Self {
        let columns = bias.len();
        let weight = TensorData::new(weight.to_vec(), [weight.len() / columns, columns]);
        let bias = TensorData::new(bias.to_vec(), [columns]);
        Self { weight: Param::from_data(weight, device), bias: Param::from_data(bias, device) }
    }

    /// `[rows, in]` to `[rows, out]`.
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.val()) + self.bias.val().unsqueeze()
    }

    /// The mean over the rows of the squared sum of the outputs.
    fn loss(&self, x: Tensor<2>) -> Tensor<1> {
        self.forward(x).sum_dim(1).square().mean()
    }

    fn values(&self) -> (Vec<f32>, Vec<f32>) {
        (values(self.weight.val()), values(self.bias.val()))
    }

    fn optimizer(&self, config: AdamWConfig, rates: [f64; 2], decay: f64) -> AdamW {
        let group = |name: &str, id, learning_rate, weight_decay| ParameterGroup {
            name: name.to_owned(),
            part: name.to_owned(),
            parameters: vec![(id, name.to_owned())],
            learning_rate,
            weight_decay,
        };
        let groups = vec![
            group("weight", self.weight.id, rates[0], decay),
            group("bias", self.bias.id, rates[1], 0.0),
        ];
        AdamW::new(config, groups).unwrap()
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The largest difference between two lists.
fn distance(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}
