//! [`Batcher`]: encoded examples to tensors.

use burn::tensor::{Device, Int, Tensor, TensorData};
use embert_tokenize::Padding;

use crate::encode::EncodedExample;

/// Encoded examples as tensors, padded on the right.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Token ids, `[batch, seq]`.
    pub input_ids: Tensor<2, Int>,
    /// Token types, `[batch, seq]`; 0 at padding.
    pub token_type_ids: Tensor<2, Int>,
    /// `[batch, seq]`: 1 at tokens, 0 at padding.
    pub attention_mask: Tensor<2, Int>,
    /// The labels' indices, `[batch]`; `None` unless every example has one.
    pub labels: Option<Tensor<1, Int>>,
    /// The same on the host; empty without labels.
    pub targets: Vec<usize>,
    /// The examples' row numbers.
    pub ids: Vec<u64>,
    /// Tokens, without padding.
    pub tokens: usize,
}

/// Pads examples to one length and makes tensors of them.
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

    /// To what length it pads.
    pub fn padding(&self) -> Padding {
        self.padding
    }
}

impl burn::data::dataloader::batcher::Batcher<EncodedExample, Batch> for Batcher {
    fn batch(&self, items: Vec<EncodedExample>, device: &Device) -> Batch {
        let longest = items.iter().map(|item| item.ids.len()).max().unwrap_or(0);
        let shape = [items.len(), self.padding.length(longest)];
        let padded = |values: &dyn Fn(&EncodedExample) -> Vec<u32>, pad: u32| {
            let mut all = Vec::with_capacity(shape[0] * shape[1]);
            for (row, item) in (1..).zip(&items) {
                all.extend(values(item).into_iter().map(i64::from));
                all.resize(row * shape[1], i64::from(pad));
            }
            Tensor::<2, Int>::from_data(TensorData::new(all, shape), device)
        };
        let targets: Option<Vec<usize>> = items.iter().map(|item| item.label).collect();
        Batch {
            input_ids: padded(&|item| item.ids.clone(), self.pad_id),
            token_type_ids: padded(&|item| item.type_ids.clone(), 0),
            attention_mask: padded(&|item| vec![1; item.ids.len()], 0),
            labels: targets.as_ref().map(|targets| {
                let targets: Vec<i64> =
                    targets.iter().map(|&target| target.try_into().unwrap_or(i64::MAX)).collect();
                Tensor::from_data(TensorData::new(targets, [shape[0]]), device)
            }),
            targets: targets.unwrap_or_default(),
            ids: items.iter().map(|item| item.id).collect(),
            tokens: items.iter().map(|item| item.ids.len()).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::data::dataloader::DataLoaderBuilder;
    use burn::data::dataloader::batcher::Batcher as _;
    use burn::data::dataset::Dataset as _;

    use super::*;
    use crate::encode::EncodedDataset;

    fn item(id: u64, ids: &[u32], label: Option<usize>) -> EncodedExample {
        EncodedExample { id, ids: ids.to_vec(), type_ids: vec![1; ids.len()], label, uncut: ids.len() }
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
        assert_eq!((batch.targets, batch.ids, batch.tokens), (vec![1, 0], vec![5, 9], 5));
    }

    #[test]
    fn one_example_without_a_label_makes_a_batch_without_labels() {
        let items = vec![item(0, &[2, 3], Some(1)), item(1, &[2, 3], None)];
        let batch = Batcher::new(0, Padding::Longest).batch(items, &Device::flex());
        assert!(batch.labels.is_none() && batch.targets.is_empty());
    }

    /// Burn's own loader can drive them.
    #[test]
    fn burns_data_loader_takes_our_dataset_and_batcher() {
        let examples = (0..5).map(|id| item(id, &vec![7; 2 + id as usize], Some(id as usize % 2)));
        let data = EncodedDataset::new(examples.collect());
        assert_eq!((data.len(), data.lengths()), (5, vec![2, 3, 4, 5, 6]));
        let loader = DataLoaderBuilder::new(Batcher::new(0, Padding::Longest)).batch_size(2).build(data);
        let shapes: Vec<[usize; 2]> = loader.iter().map(|batch| batch.unwrap().input_ids.dims()).collect();
        assert_eq!(shapes, [[2, 3], [2, 5], [1, 6]]);
    }
}
