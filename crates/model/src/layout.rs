//! [`Layout`]: the positions of each feature's tokens in a batch.

use std::ops::Range;
use std::sync::OnceLock;

use burn::tensor::{Int, Tensor};

/// The positions of each feature's tokens in the tensors of a batch, and which positions are padding.
///
/// A *feature* is one input of the model: a text, a pair of texts, or a window of a long text. A *row* is one
/// position of one feature, token or padding: the hidden state of a whole batch is `[rows, hidden]`. Heads,
/// caches and losses find a feature's rows through the layout.
#[derive(Clone, Debug)]
pub enum Layout {
    /// Features of `[batch, seq]`, each padded at its end to the length of the longest feature.
    Padded(Padded),
}

/// The layout of a padded batch `[batch, seq]`.
#[derive(Clone, Debug)]
pub struct Padded {
    /// 1 at real tokens, 0 at padding, `[batch, seq]`.
    attention_mask: Tensor<2, Int>,
    /// The length of each feature: its positions up to the last real token. Computed from the mask unless the
    /// caller gave the lengths.
    lengths: OnceLock<Vec<usize>>,
}

impl Layout {
    /// The layout of a padded batch, from its attention mask `[batch, seq]`: 1 at real tokens, 0 at padding.
    ///
    /// The features' lengths are read from the mask on first use, which waits for the device. A caller that
    /// knows the lengths calls [`padded`](Self::padded) instead.
    pub fn from_attention_mask(attention_mask: Tensor<2, Int>) -> Self {
        Self::Padded(Padded { attention_mask, lengths: OnceLock::new() })
    }

    /// The layout of a padded batch, from its attention mask `[batch, seq]` and the length of each feature in
    /// tokens.
    pub fn padded(attention_mask: Tensor<2, Int>, lengths: Vec<usize>) -> Self {
        Self::Padded(Padded { attention_mask, lengths: OnceLock::from(lengths) })
    }

    /// The number of features in the batch.
    pub fn features(&self) -> usize {
        self.padded_shape()[0]
    }

    /// The number of rows in the batch, padding included.
    pub fn rows(&self) -> usize {
        let [features, seq] = self.padded_shape();
        features * seq
    }

    /// The number of features, and the number of rows of the longest feature with padding: `[batch, seq]`.
    pub fn padded_shape(&self) -> [usize; 2] {
        let Self::Padded(padded) = self;
        padded.attention_mask.dims()
    }

    /// The length of each feature: its positions up to the last real token.
    pub fn lengths(&self) -> &[usize] {
        let Self::Padded(padded) = self;
        padded.lengths.get_or_init(|| {
            let seq = padded.attention_mask.dims()[1].max(1);
            let mask: Vec<i64> = padded.attention_mask.to_data().iter::<i64>().collect();
            mask.chunks(seq)
                .map(|row| row.iter().rposition(|real| *real != 0).map_or(0, |last| last + 1))
                .collect()
        })
    }

    /// The rows of a feature in `[rows, hidden]`, without the padding at its end.
    pub fn feature_rows(&self, feature: usize) -> Range<usize> {
        let first = feature * self.padded_shape()[1];
        first..first + self.lengths()[feature]
    }

    /// The rows in `[rows, hidden]` that hold tokens, feature by feature.
    pub fn token_rows(&self) -> impl Iterator<Item = usize> {
        (0..self.features()).flat_map(|feature| self.feature_rows(feature))
    }

    /// The hidden state of each feature's first token.
    ///
    /// # Shapes
    /// - `hidden_state`: `[batch, seq, hidden]`
    /// - output: `[features, hidden]`
    pub fn first_tokens(&self, hidden_state: Tensor<3>) -> Tensor<2> {
        let [batch, _, hidden] = hidden_state.dims();
        hidden_state.slice([0..batch, 0..1]).reshape([batch, hidden])
    }

    /// The hidden state as one row a position, padding included.
    ///
    /// # Shapes
    /// - `hidden_state`: `[batch, seq, hidden]`
    /// - output: `[rows, hidden]`
    pub fn all_rows(&self, hidden_state: Tensor<3>) -> Tensor<2> {
        let hidden = hidden_state.dims()[2];
        hidden_state.reshape([self.rows(), hidden])
    }

    /// The hidden state `[batch, seq, hidden]` from all of its rows: the inverse of
    /// [`all_rows`](Self::all_rows).
    pub fn hidden_state(&self, rows: Tensor<2>) -> Tensor<3> {
        let ([batch, seq], hidden) = (self.padded_shape(), rows.dims()[1]);
        rows.reshape([batch, seq, hidden])
    }

    /// The mean of the rows that hold tokens, one row a feature.
    ///
    /// # Shapes
    /// - `rows`: `[rows, hidden]`, padding included
    /// - output: `[features, hidden]`
    pub fn mean_of_tokens(&self, rows: Tensor<2>) -> Tensor<2> {
        let state = self.hidden_state(rows);
        let [batch, seq, hidden] = state.dims();
        let mask = self.mask_beside(&state).float().cast(state.dtype());
        // A feature without tokens has the mean 0.
        let counts = mask.clone().sum_dim(1).clamp_min(1.0);
        let weights = (mask / counts).reshape([batch, 1, seq]);
        weights.matmul(state).reshape([batch, hidden])
    }

    /// The largest value of each dimension over the rows that hold tokens, one row a feature. Shapes as in
    /// [`mean_of_tokens`](Self::mean_of_tokens).
    pub fn max_of_tokens(&self, rows: Tensor<2>) -> Tensor<2> {
        let state = self.hidden_state(rows);
        let [batch, seq, hidden] = state.dims();
        let minimum = state.dtype().finfo().map_or(f64::from(f32::MIN), |info| info.min);
        let padding =
            self.mask_beside(&state).equal_elem(0).reshape([batch, seq, 1]).expand([batch, seq, hidden]);
        state.mask_fill(padding, minimum).max_dim(1).reshape([batch, hidden])
    }

    /// The attention mask `[batch, seq]` on the device of `state`, with autodiff if `state` has it.
    fn mask_beside(&self, state: &Tensor<3>) -> Tensor<2, Int> {
        let Self::Padded(Padded { attention_mask, .. }) = self;
        match (state.is_autodiff(), attention_mask.device().is_autodiff()) {
            (true, false) => Tensor::from_inner(attention_mask.clone()),
            (false, true) => attention_mask.clone().inner(),
            _ => attention_mask.clone(),
        }
    }

    /// The mask as a term to add to attention scores, `[batch, 1, 1, seq]`, with the device and dtype of
    /// `like`: 0 at real tokens, and the dtype's minimum at padding, so that the probability of padding is
    /// exactly 0. With minus infinity, a feature of padding alone would be NaN.
    pub fn attention_bias(&self, like: &Tensor<3>) -> Tensor<4> {
        let [batch, seq] = self.padded_shape();
        let dtype = like.dtype();
        let minimum = dtype.finfo().map_or(f64::from(f32::MIN), |info| info.min);
        let padding = self.mask_beside(like).equal_elem(0).reshape([batch, 1, 1, seq]);
        Tensor::zeros([batch, 1, 1, seq], (&like.device(), dtype)).mask_fill(padding, minimum)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn layouts() -> [Layout; 2] {
        let mask = Tensor::from_ints([[1, 1, 0], [1, 0, 1], [1, 0, 0]], &Device::default());
        [Layout::from_attention_mask(mask.clone()), Layout::padded(mask, vec![2, 3, 1])]
    }

    #[test]
    fn each_feature_has_its_rows() {
        for layout in layouts() {
            assert_eq!((layout.features(), layout.rows(), layout.padded_shape()), (3, 9, [3, 3]));
            assert_eq!(layout.lengths(), [2, 3, 1]);
            assert_eq!(layout.feature_rows(1), 3..6);
            assert_eq!(layout.token_rows().collect::<Vec<_>>(), [0, 1, 3, 4, 5, 6]);
        }
    }

    #[test]
    fn rows_of_a_hidden_state_are_found_and_put_back() {
        let device = Device::default();
        let values: Vec<f32> = (0..18_u8).map(f32::from).collect();
        let state = Tensor::<1>::from_floats(values.as_slice(), &device).reshape([3, 3, 2]);
        let [layout, _] = layouts();
        let first: Vec<f32> = layout.first_tokens(state.clone()).into_data().iter().collect();
        assert_eq!(first, [0.0, 1.0, 6.0, 7.0, 12.0, 13.0]);
        let rows = layout.all_rows(state.clone());
        assert_eq!(rows.dims(), [9, 2]);
        assert_eq!(layout.hidden_state(rows).into_data(), state.into_data());
    }

    #[test]
    fn the_bias_is_on_the_device_of_the_state() {
        for device in [Device::default(), Device::default().autodiff()] {
            for layout in layouts() {
                let bias = layout.attention_bias(&Tensor::zeros([3, 3, 2], &device));
                assert_eq!(bias.is_autodiff(), device.is_autodiff());
                let bias: Vec<f32> = bias.into_data().iter().collect();
                let (real, padding) = (0.0, f32::MIN);
                assert_eq!(bias, [real, real, padding, real, padding, real, real, padding, padding]);
            }
        }
    }
}
