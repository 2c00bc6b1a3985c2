//! [`Batcher`]: encoded features to tensors.

use burn::tensor::{Device, Int, Tensor, TensorData};
use embert_tokenize::Padding;

use crate::features::EncodedFeature;

/// Encoded features as tensors, padded on the right, with a target of type `T` for each.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    /// Token ids, `[batch, seq]`.
    pub input_ids: Tensor<2, Int>,
    /// Token types, `[batch, seq]`; 0 at padding.
    pub token_type_ids: Tensor<2, Int>,
    /// `[batch, seq]`: 1 at tokens, 0 at padding.
    pub attention_mask: Tensor<2, Int>,
    /// Tokens of each feature, without padding.
    pub lengths: Vec<usize>,
    /// The target of each feature.
    pub targets: Vec<T>,
    /// The row number of each feature's example.
    pub ids: Vec<u64>,
    /// Tokens of all features, without padding.
    pub tokens: usize,
}

/// Pads features to one length and makes tensors of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batcher {
    pad_id: u32,
    padding: Padding,
}

impl Batcher {
    /// Pads with the token `pad_id`, to the length that `padding` says.
    pub fn new(pad_id: u32, padding: Padding) -> Self {
        Self { pad_id, padding }
    }

    /// The length to which batches are padded.
    pub fn padding(&self) -> Padding {
        self.padding
    }
}

impl<T: Clone + Send + Sync + 'static> burn::data::dataloader::batcher::Batcher<EncodedFeature<T>, Batch<T>>
    for Batcher
{
    fn batch(&self, features: Vec<EncodedFeature<T>>, device: &Device) -> Batch<T> {
        let lengths: Vec<usize> = features.iter().map(|feature| feature.ids.len()).collect();
        let shape = [features.len(), self.padding.length(lengths.iter().copied().max().unwrap_or(0))];
        let padded = |values: &dyn Fn(&EncodedFeature<T>) -> Vec<u32>, pad: u32| {
            let mut all = Vec::with_capacity(shape[0] * shape[1]);
            for (row, feature) in (1..).zip(&features) {
                all.extend(values(feature).into_iter().map(i64::from));
                all.resize(row * shape[1], i64::from(pad));
            }
            Tensor::<2, Int>::from_data(TensorData::new(all, shape), device)
        };
        Batch {
            input_ids: padded(&|feature| feature.ids.clone(), self.pad_id),
            token_type_ids: padded(&|feature| feature.type_ids.clone(), 0),
            attention_mask: padded(&|feature| vec![1; feature.ids.len()], 0),
            tokens: lengths.iter().sum(),
            lengths,
            ids: features.iter().map(|feature| feature.id).collect(),
            targets: features.into_iter().map(|feature| feature.target).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::data::dataloader::DataLoaderBuilder;
    use burn::data::dataloader::batcher::Batcher as _;
    use burn::data::dataset::Dataset as _;

    use super::*;
    use crate::features::EncodedDataset;

    fn item<T>(id: u64, ids: &[u32], target: T) -> EncodedFeature<T> {
        let (type_ids, untruncated_length) = (vec![1; ids.len()], ids.len());
        EncodedFeature { id, ids: ids.to_vec(), type_ids, target, untruncated_length }
    }

    fn rows(tensor: Tensor<2, Int>) -> Vec<i64> {
        tensor.into_data().iter::<i64>().collect()
    }

    #[test]
    fn padding_is_on_the_right_and_masked() {
        let items = vec![item(5, &[2, 7, 3], Some(1)), item(9, &[2, 3], Some(0))];
        let batch = Batcher::new(9, Padding::MultipleOf(4)).batch(items, &Device::flex());
        assert_eq!(batch.input_ids.dims(), [2, 4]);
        assert_eq!(rows(batch.input_ids), [2, 7, 3, 9, 2, 3, 9, 9]);
        assert_eq!(rows(batch.attention_mask), [1, 1, 1, 0, 1, 1, 0, 0]);
        assert_eq!(rows(batch.token_type_ids), [1, 1, 1, 0, 1, 1, 0, 0]);
        assert_eq!((batch.targets, batch.ids), (vec![Some(1), Some(0)], vec![5, 9]));
        assert_eq!((batch.lengths, batch.tokens), (vec![3, 2], 5));
    }

    #[test]
    fn a_batch_has_a_target_for_each_feature_whatever_its_type() {
        let items = vec![item(0, &[2, 3], Some(1)), item(1, &[2, 3], None)];
        let batch = Batcher::new(0, Padding::Longest).batch(items, &Device::flex());
        assert_eq!(batch.targets, [Some(1), None]);
        let spans = vec![item(0, &[2, 3], (0_usize, 1_usize)), item(1, &[2, 3], (1, 1))];
        let batch = Batcher::new(0, Padding::Longest).batch(spans, &Device::flex());
        assert_eq!(batch.targets, [(0, 1), (1, 1)]);
    }

    /// Burn's own data loader takes this crate's data set and batcher.
    #[test]
    fn burns_data_loader_takes_our_dataset_and_batcher() {
        let examples = (0..5).map(|id| item(id, &vec![7; 2 + id as usize], Some(id as usize % 2)));
        let data = EncodedDataset::new(examples.collect());
        assert_eq!((data.len(), data.lengths()), (5, vec![2, 3, 4, 5, 6]));
        let loader = DataLoaderBuilder::<EncodedFeature<_>, Batch<_>>::new(Batcher::new(0, Padding::Longest))
            .batch_size(2)
            .build(data);
        let shapes: Vec<[usize; 2]> = loader.iter().map(|batch| batch.unwrap().input_ids.dims()).collect();
        assert_eq!(shapes, [[2, 3], [2, 5], [1, 6]]);
    }
}
