//! New weights: normal(0, `initializer_range`), zero bias, layer normalization weight 1 and bias 0, padding
//! row 0.

use std::cell::Cell;

use burn::module::{Param, ParamId};
use burn::nn::{Dropout, DropoutConfig, Embedding, Linear};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::{BertConfig, LayerNorm};

/// Builds layers with new weights. Weights are drawn on first use, so that loading a checkpoint draws none.
///
/// Each parameter has its own random stream, numbered in the order in which parameters are built. The weights
/// depend on the seed and the config, not on the device or on the order of first use.
pub struct Initializer<'a> {
    device: &'a Device,
    seed: u64,
    std: f64,
    epsilon: f64,
    streams: Cell<u64>,
}

impl<'a> Initializer<'a> {
    pub(crate) fn new(config: &BertConfig, seed: u64, device: &'a Device) -> Self {
        Self {
            device,
            seed,
            std: config.initializer_range,
            epsilon: config.layer_norm_eps,
            streams: Cell::new(0),
        }
    }

    /// A dense layer with a random weight and a bias of zeros.
    ///
    /// The weight is `[input, output]`: Burn's layout, the transpose of the checkpoint's. Each training step
    /// reads the weight in both directions, and the optimizer reads it beside its gradient, which has this
    /// layout. A checkpoint's weight is transposed once, on loading.
    pub fn linear(&self, input: usize, output: usize) -> Linear {
        Linear { weight: self.normal([input, output], None), bias: Some(self.constant(output, 0.0)) }
    }

    /// An embedding with random rows; the row `zero_row`, the padding token's, is 0.
    pub(crate) fn embedding(&self, rows: usize, width: usize, zero_row: Option<usize>) -> Embedding {
        Embedding { weight: self.normal([rows, width], zero_row) }
    }

    /// A layer normalization over `width` with weight 1, bias 0 and the config's epsilon.
    pub fn layer_norm(&self, width: usize) -> LayerNorm {
        LayerNorm {
            weight: self.constant(width, 1.0),
            bias: self.constant(width, 0.0),
            epsilon: self.epsilon,
        }
    }

    /// Dropout with a probability that [`BertConfig::validate`] has checked: at least 0 and below 1.
    pub fn dropout(rate: f64) -> Dropout {
        DropoutConfig::new(rate).init()
    }

    fn normal(&self, shape: [usize; 2], zero_row: Option<usize>) -> Param<Tensor<2>> {
        let (seed, stream, std) = (self.seed, self.streams.get(), self.std);
        self.streams.set(stream + 1);
        let draw = move |device: &Device, require_grad: bool| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(stream);
            let mut data =
                TensorData::random::<f32, _, _>(shape, Distribution::Normal(0.0, std), &mut random);
            if let (Some(row), Ok(values)) = (zero_row, data.as_mut_slice::<f32>()) {
                values[row * shape[1]..][..shape[1]].fill(0.0);
            }
            Tensor::from_data(data, device).set_require_grad(require_grad)
        };
        Param::uninitialized(ParamId::new(), draw, self.device.clone(), true, shape.into())
    }

    /// A bias of zeros, for a layer whose weight is another one's.
    pub fn bias(&self, width: usize) -> Param<Tensor<1>> {
        self.constant(width, 0.0)
    }

    fn constant(&self, width: usize, value: f32) -> Param<Tensor<1>> {
        let fill = move |device: &Device, require_grad: bool| {
            Tensor::full([width], value, device).set_require_grad(require_grad)
        };
        Param::uninitialized(ParamId::new(), fill, self.device.clone(), true, [width].into())
    }
}
