//! [`Moments`].

use burn::tensor::Tensor;

/// The moments of one parameter, flattened.
#[derive(Debug)]
pub(crate) struct Moments {
    /// The number of updates so far.
    pub(crate) step: usize,
    pub(crate) exp_avg: Tensor<1>,
    pub(crate) exp_avg_sq: Tensor<1>,
}
