//! [`Outputs`]: a head's outputs on the host, feature by feature.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor};
use embert_model::{Head, Layout, Reads};

/// The outputs of a head for a batch, on the host.
#[derive(Clone, Debug)]
pub struct Outputs {
    values: Vec<f32>,
    /// The number of outputs in a row.
    width: usize,
    rows: Vec<Range<usize>>,
}

/// The rows of a batch at which the tokens with these places stand, `[rows]`, feature by feature; row 0 alone where
/// there are none, for a head needs a row.
pub fn rows_of<'a>(
    layout: &Layout,
    positions: impl IntoIterator<Item = &'a [usize]>,
    device: &Device,
) -> Tensor<1, Int> {
    let of_feature = |(feature, positions): (usize, &'a [usize])| {
        let first = layout.feature_rows(feature).start;
        positions.iter().map(move |position| i64::try_from(first + position).unwrap_or(i64::MAX))
    };
    let mut rows: Vec<i64> = positions.into_iter().enumerate().flat_map(of_feature).collect();
    if rows.is_empty() {
        rows.push(0);
    }
    Tensor::from_ints(rows.as_slice(), device)
}

impl Outputs {
    /// Copies the outputs `[rows, outputs]` of the head `H` for a batch with this layout to the host. Waits
    /// for the device.
    pub fn new<H: Head>(outputs: Tensor<2>, layout: &Layout) -> Self {
        let rows = (0..layout.features()).map(|feature| match H::READS {
            Reads::Pooled | Reads::FirstToken | Reads::WholeFeature => feature..feature + 1,
            Reads::AllTokens => layout.feature_rows(feature),
        });
        Self::with_rows(outputs, rows.collect())
    }

    /// Copies the outputs `[rows, outputs]` of the tokens that [`rows_of`] chose to the host, of which each feature
    /// has so many. Waits for the device.
    pub fn of_some(outputs: Tensor<2>, counts: impl IntoIterator<Item = usize>) -> Self {
        let mut first = 0;
        let rows = counts.into_iter().map(|count| {
            first += count;
            first - count..first
        });
        Self::with_rows(outputs, rows.collect())
    }

    fn with_rows(outputs: Tensor<2>, rows: Vec<Range<usize>>) -> Self {
        let [_, width] = outputs.dims();
        Self { values: outputs.into_data().iter::<f32>().collect(), width, rows }
    }

    /// The outputs of one feature, row after row: one row for a head that gives one row for each feature, a row
    /// for each token for a head that reads all tokens, or for each that was chosen. Padding has no row.
    ///
    /// # Panics
    /// The batch has no feature with this index.
    pub fn of(&self, feature: usize) -> &[f32] {
        let rows = &self.rows[feature];
        &self.values[rows.start * self.width..rows.end * self.width]
    }
}

/// The logistic function of an output: a probability in [0, 1].
pub(crate) fn sigmoid(output: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(output)).exp())
}

#[cfg(test)]
mod tests {
    use embert_model::{SequenceClassificationHead, TokenClassificationHead};

    use super::*;

    #[test]
    fn a_feature_has_one_row_or_one_for_each_of_its_tokens() {
        let device = Device::default();
        let mask = Tensor::<2, Int>::from_ints([[1, 1, 0], [1, 1, 1]], &device);
        let layout = Layout::from_attention_mask(mask);
        let of = |values: &[f32]| Tensor::<1>::from_floats(values, &device).reshape([values.len() / 2, 2]);
        let pooled = Outputs::new::<SequenceClassificationHead>(of(&[1.0, 2.0, 3.0, 4.0]), &layout);
        assert_eq!((pooled.of(0), pooled.of(1)), (&[1.0, 2.0][..], &[3.0, 4.0][..]));
        let values: Vec<f32> = (0..12_u8).map(f32::from).collect();
        let tokens = Outputs::new::<TokenClassificationHead>(of(&values), &layout);
        assert_eq!((tokens.of(0), tokens.of(1)), (&values[..4], &values[6..]));

        let positions = [&[1][..], &[0, 2]];
        let rows = |positions: [&[usize]; 2]| -> Vec<i64> {
            rows_of(&layout, positions, &device).into_data().iter().collect()
        };
        assert_eq!(rows(positions), [1, 3, 5]);
        assert_eq!(rows([&[], &[2]]), [5]);
        assert_eq!(rows([&[], &[]]), [0], "a head needs a row");
        let some = Outputs::of_some(of(&values[..6]), positions.map(<[usize]>::len));
        assert_eq!((some.of(0), some.of(1)), (&values[..2], &values[2..6]));
        let none = Outputs::of_some(of(&values[..2]), [0, 0]);
        assert!(none.of(1).is_empty());
    }
}
