//! [`Moments`].

use burn::tensor::Tensor;

/// The moments of one parameter, flat.
#[derive(Debug)]
pub(crate) struct Moments {
    /// Updates so far.
    pub(crate) step: usize,
    pub(crate) exp_avg: Tensor<1>,
    pub(crate) exp_avg_sq: Tensor<1>,
}
