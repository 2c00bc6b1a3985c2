//! [`EncodedFeature`] and [`EncodedDataset`]: examples as token ids.

use burn::data::dataset::{Dataset, DatasetError};
use embert_tokenize::Encoding;

/// The tokens of one input of BERT, without padding: those of an example, or of one window of an example that
/// is too long.
///
/// `T` is the target that the model is trained on. In classification the target is the label's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedFeature<T> {
    /// The example's row number.
    pub id: u64,
    /// Token ids, `[seq]`.
    pub ids: Vec<u32>,
    /// Token types, `[seq]`.
    pub type_ids: Vec<u32>,
    /// The target of training.
    pub target: T,
    /// Tokens of the example before truncation, the special ones included.
    pub untruncated_length: usize,
}

impl<T> EncodedFeature<T> {
    /// A feature of the example with the row number `id`. The encoding's offsets and word ids are dropped: a
    /// data set in memory has no use for them.
    pub fn new(id: u64, encoding: Encoding, target: T) -> Self {
        let Encoding { ids, type_ids, untruncated_length, .. } = encoding;
        Self { id, ids, type_ids, target, untruncated_length }
    }
}

/// Encoded features in memory, a [`Dataset`] for Burn. Examples and features are two counts: an example that
/// is read in windows has several features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedDataset<T> {
    features: Vec<EncodedFeature<T>>,
    /// The example of each feature, ascending; empty where each example has one feature.
    example_of: Vec<usize>,
    /// Whether the features of an example are texts of their own, and no windows of one text.
    are_texts: bool,
}

impl<T> Default for EncodedDataset<T> {
    /// An empty data set.
    fn default() -> Self {
        Self { features: Vec::new(), example_of: Vec::new(), are_texts: false }
    }
}

impl<T> EncodedDataset<T> {
    /// A data set in which each example has one of these features.
    pub fn new(features: Vec<EncodedFeature<T>>) -> Self {
        Self { features, example_of: Vec::new(), are_texts: false }
    }

    /// A data set of examples that may have several features each. An example without features is left out.
    pub fn of_windows(examples: impl IntoIterator<Item = Vec<EncodedFeature<T>>>) -> Self {
        let mut data = Self::default();
        for features in examples {
            data.push_windows(features);
        }
        data
    }

    /// A data set of examples whose features are texts of their own.
    pub fn of_texts(examples: impl IntoIterator<Item = Vec<EncodedFeature<T>>>) -> Self {
        Self { are_texts: true, ..Self::of_windows(examples) }
    }

    /// Adds the features of one more example.
    pub(crate) fn push_windows(&mut self, features: impl IntoIterator<Item = EncodedFeature<T>>) {
        let example = self.example_of.last().map_or(0, |last| last + 1);
        self.features.extend(features);
        self.example_of.resize(self.features.len(), example);
    }

    /// The data set with other targets: `map` makes each from the feature's own.
    pub fn map_targets<U>(self, mut map: impl FnMut(T) -> U) -> EncodedDataset<U> {
        let feature = |feature: EncodedFeature<T>| {
            let EncodedFeature { id, ids, type_ids, target, untruncated_length } = feature;
            EncodedFeature { id, ids, type_ids, target: map(target), untruncated_length }
        };
        EncodedDataset {
            features: self.features.into_iter().map(feature).collect(),
            example_of: self.example_of,
            are_texts: self.are_texts,
        }
    }

    /// The features.
    pub fn features(&self) -> &[EncodedFeature<T>] {
        &self.features
    }

    /// Tokens of each feature.
    pub fn lengths(&self) -> Vec<usize> {
        self.features.iter().map(|feature| feature.ids.len()).collect()
    }

    /// The number of examples: as many as features, unless an example has several windows.
    pub fn examples(&self) -> usize {
        self.example_of.last().map_or(self.features.len(), |last| last + 1)
    }

    /// The index of the example to which the feature with this index belongs.
    pub fn example_of(&self, feature: usize) -> usize {
        self.example_of.get(feature).copied().unwrap_or(feature)
    }

    /// The target of each example's first feature, in the order of the examples: the example's own, where all of
    /// its windows have the same.
    pub fn targets_of_examples(&self) -> impl Iterator<Item = &T> {
        let is_first = |index: usize| index == 0 || self.example_of(index) != self.example_of(index - 1);
        let first = self.features.iter().enumerate().filter(move |(index, _)| is_first(*index));
        first.map(|(_, feature)| &feature.target)
    }

    /// The tokens of each example that are read: tokens that were cut off don't count, tokens that windows
    /// share count once.
    pub fn tokens_of_examples(&self) -> Vec<usize> {
        if self.example_of.is_empty() {
            return self.lengths();
        }
        if self.are_texts {
            return self.sums(|feature| feature.ids.len());
        }
        self.untruncated_of_examples()
    }

    /// The tokens of each example before truncation, the special ones included.
    pub fn untruncated_of_examples(&self) -> Vec<usize> {
        if self.are_texts {
            return self.sums(|feature| feature.untruncated_length);
        }
        let mut tokens = vec![0; self.examples()];
        for (index, feature) in self.features.iter().enumerate() {
            tokens[self.example_of(index)] = feature.untruncated_length;
        }
        tokens
    }

    /// The sum over the features of each example.
    fn sums(&self, of_feature: impl Fn(&EncodedFeature<T>) -> usize) -> Vec<usize> {
        let mut sums = vec![0; self.examples()];
        for (index, feature) in self.features.iter().enumerate() {
            sums[self.example_of(index)] += of_feature(feature);
        }
        sums
    }
}

impl<T: Clone + Send + Sync + 'static> Dataset<EncodedFeature<T>> for EncodedDataset<T> {
    fn get(&self, index: usize) -> Result<EncodedFeature<T>, DatasetError> {
        Ok(self.features[index].clone())
    }

    fn len(&self) -> usize {
        self.features.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feature<T>(id: u64, tokens: usize, target: T) -> EncodedFeature<T> {
        EncodedFeature { id, ids: vec![7; tokens], type_ids: vec![0; tokens], target, untruncated_length: 9 }
    }

    #[test]
    fn examples_and_features_are_two_counts() {
        let data = EncodedDataset::of_windows([
            vec![feature(3, 5, Some(1)), feature(3, 4, Some(1))],
            vec![feature(4, 2, None)],
        ]);
        assert_eq!((data.len(), data.examples()), (3, 2));
        assert_eq!([0, 1, 2].map(|index| data.example_of(index)), [0, 0, 1]);
        assert_eq!((data.lengths(), data.tokens_of_examples()), (vec![5, 4, 2], vec![9, 9]));
        assert_eq!(data.targets_of_examples().collect::<Vec<_>>(), [&Some(1), &None]);
        let alone = EncodedDataset::new(vec![feature(3, 5, Some(1)), feature(4, 2, None)]);
        assert_eq!(alone.targets_of_examples().count(), 2);
        assert_eq!((alone.examples(), alone.example_of(1)), (2, 1));
        assert_eq!(alone.tokens_of_examples(), [5, 2]);
    }

    /// A target may be of any type, as here a tag for each token.
    #[test]
    fn a_target_may_be_of_any_type() {
        let tags =
            EncodedDataset::of_windows([vec![feature(0, 2, vec![0, -100])], vec![feature(1, 1, vec![3])]]);
        assert_eq!((tags.examples(), tags.get(1).unwrap().target), (2, vec![3]));
    }
}
