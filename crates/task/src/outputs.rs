//! [`Outputs`]: a head's outputs on the host, feature by feature.

use burn::tensor::Tensor;
use embert_model::{Head, Layout, Reads};

/// The outputs of a head for a batch, on the host.
#[derive(Clone, Debug)]
pub struct Outputs {
    values: Vec<f32>,
    /// The number of outputs in a row.
    width: usize,
    layout: Layout,
    reads: Reads,
}

impl Outputs {
    /// Copies the outputs `[rows, outputs]` of the head `H` for a batch with this layout to the host. Waits
    /// for the device.
    pub fn new<H: Head>(outputs: Tensor<2>, layout: Layout) -> Self {
        let [_, width] = outputs.dims();
        Self { values: outputs.into_data().iter::<f32>().collect(), width, layout, reads: H::READS }
    }

    /// The outputs of one feature, row after row: one row for a head that gives one row for each feature,
    /// a row for each token for a head that reads all tokens. Padding has no row.
    ///
    /// # Panics
    /// The batch has no feature with this index.
    pub fn of(&self, feature: usize) -> &[f32] {
        let rows = match self.reads {
            Reads::Pooled | Reads::FirstToken | Reads::WholeFeature => feature..feature + 1,
            Reads::AllTokens => self.layout.feature_rows(feature),
        };
        &self.values[rows.start * self.width..rows.end * self.width]
    }
}

/// The logistic function of an output: a probability in [0, 1].
pub(crate) fn sigmoid(output: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(output)).exp())
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Int};
    use embert_model::{SequenceClassificationHead, TokenClassificationHead};

    use super::*;

    #[test]
    fn a_feature_has_one_row_or_one_for_each_of_its_tokens() {
        let device = Device::default();
        let mask = Tensor::<2, Int>::from_ints([[1, 1, 0], [1, 1, 1]], &device);
        let layout = Layout::from_attention_mask(mask);
        let of = |values: &[f32]| Tensor::<1>::from_floats(values, &device).reshape([values.len() / 2, 2]);
        let pooled = Outputs::new::<SequenceClassificationHead>(of(&[1.0, 2.0, 3.0, 4.0]), layout.clone());
        assert_eq!((pooled.of(0), pooled.of(1)), (&[1.0, 2.0][..], &[3.0, 4.0][..]));
        let values: Vec<f32> = (0..12_u8).map(f32::from).collect();
        let tokens = Outputs::new::<TokenClassificationHead>(of(&values), layout);
        assert_eq!((tokens.of(0), tokens.of(1)), (&values[..4], &values[6..]));
    }
}
