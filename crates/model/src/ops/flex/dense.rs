//! The product of a dense layer and its gradients. The operation after the product adds the bias.

use burn::backend::flex::FlexTensor;
use burn::tensor::Shape;

use super::buffer::{contiguous, floats, tensor};
use super::matrix::{Matrix, Target, Threads, multiply, product};

/// The two factors of a dense layer's product.
#[derive(Clone, Debug)]
pub(super) struct Dense {
    /// The input, `[batch, seq, in]`, contiguous.
    x: FlexTensor,
    /// The weight, `[in, out]`, with any positive strides.
    weight: FlexTensor,
}

impl Dense {
    pub(super) fn new(x: FlexTensor, weight: FlexTensor) -> Self {
        let forward = weight.layout().has_positive_strides();
        Self { x: contiguous(x), weight: if forward { weight } else { weight.to_contiguous() } }
    }

    /// The number of rows of the input: `batch * seq`.
    pub(super) fn rows(&self) -> usize {
        self.x.layout().num_elements() / self.weight.layout().shape()[0].max(1)
    }

    /// The number of columns of the output: `out`.
    pub(super) fn columns(&self) -> usize {
        self.weight.layout().shape()[1]
    }

    /// The shape of the input: `[batch, seq, in]`.
    pub(super) fn input_shape(&self) -> Shape {
        self.x.layout().shape().clone()
    }

    /// The shape of the output: `[batch, seq, out]`.
    pub(super) fn output_shape(&self) -> [usize; 3] {
        let shape = self.x.layout().shape();
        [shape[0], shape[1], self.columns()]
    }

    /// The product `x weight`, `[batch, seq, out]`.
    pub(super) fn forward(&self) -> Vec<f32> {
        product(self.x_matrix(), weight_matrix(&self.weight))
    }

    /// The gradients of `x` and `weight` from the product's gradient `grad`, where `wanted`.
    pub(super) fn backward(&self, grad: &[f32], wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let x = wanted[0].then(|| tensor(self.x_gradient(grad), self.input_shape()));
        [x, wanted[1].then(|| self.weight_gradient(grad))]
    }

    /// The gradient of `x` from the product's gradient `grad`.
    pub(super) fn x_gradient(&self, grad: &[f32]) -> Vec<f32> {
        product(self.output_matrix(grad), weight_matrix(&self.weight).transposed())
    }

    /// Adds the gradient of `x` to `target`.
    pub(super) fn add_x_gradient(&self, target: &mut [f32], grad: &[f32]) {
        let target = Target::new(target, self.weight.layout().shape()[0]).accumulate(true);
        multiply(target, self.output_matrix(grad), weight_matrix(&self.weight).transposed(), Threads::All);
    }

    /// The gradient of `weight` from the product's gradient `grad`.
    pub(super) fn weight_gradient(&self, grad: &[f32]) -> FlexTensor {
        let gradient = product(self.x_matrix().transposed(), self.output_matrix(grad));
        tensor(gradient, self.weight.layout().shape().clone())
    }

    fn output_matrix<'a>(&self, data: &'a [f32]) -> Matrix<'a> {
        Matrix::new(data, self.rows(), self.columns())
    }

    fn x_matrix(&self) -> Matrix<'_> {
        Matrix::new(floats(&self.x), self.rows(), self.weight.layout().shape()[0])
    }
}

/// The weight as a matrix with the strides that it has in memory: a transposed weight is not copied.
fn weight_matrix(weight: &FlexTensor) -> Matrix<'_> {
    let layout = weight.layout();
    let (shape, strides) = (layout.shape(), layout.strides());
    let data = &weight.storage()[layout.start_offset()..];
    Matrix::with_strides(data, [shape[0], shape[1]], [strides[0].unsigned_abs(), strides[1].unsigned_abs()])
}

/// A tensor with one dimension, such as a gradient of a bias.
pub(super) fn vector(elements: Vec<f32>) -> FlexTensor {
    let len = elements.len();
    tensor(elements, [len])
}
