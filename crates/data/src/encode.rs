//! Examples as token ids.

use burn::data::dataset::{Dataset, DatasetError};
use embert_tokenize::{EncodeOptions, Encoding, Tokenizer, TruncationCount};

use crate::error::DataError;
use crate::row::Example;

/// An example as BERT reads it, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedExample {
    /// The example's row number.
    pub id: u64,
    /// Token ids, `[seq]`.
    pub ids: Vec<u32>,
    /// Token types, `[seq]`.
    pub type_ids: Vec<u32>,
    /// The label's index.
    pub label: Option<usize>,
}

impl EncodedExample {
    /// An example without a label.
    pub fn unlabelled(id: u64, encoding: &Encoding) -> Self {
        Self { id, ids: encoding.ids.clone(), type_ids: encoding.type_ids.clone(), label: None }
    }
}

/// Encoded examples in memory; a [`Dataset`] of Burn's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedDataset {
    examples: Vec<EncodedExample>,
}

impl EncodedDataset {
    /// These examples.
    pub fn new(examples: Vec<EncodedExample>) -> Self {
        Self { examples }
    }

    /// The examples.
    pub fn examples(&self) -> &[EncodedExample] {
        &self.examples
    }

    /// Tokens of each example.
    pub fn lengths(&self) -> Vec<usize> {
        self.examples.iter().map(|example| example.ids.len()).collect()
    }

    /// The labels that the examples have.
    pub fn labels(&self) -> impl Iterator<Item = usize> + '_ {
        self.examples.iter().filter_map(|example| example.label)
    }
}

impl Dataset<EncodedExample> for EncodedDataset {
    fn get(&self, index: usize) -> Result<EncodedExample, DatasetError> {
        Ok(self.examples[index].clone())
    }

    fn len(&self) -> usize {
        self.examples.len()
    }
}

/// Encodes examples on all cores, in their order, and counts those that were cut.
///
/// # Errors
/// The tokenizer refuses a text.
pub fn encode(
    examples: &[Example],
    tokenizer: &Tokenizer,
    options: &EncodeOptions,
) -> Result<(EncodedDataset, TruncationCount), DataError> {
    /// Texts encoded at a time, so that the encodings' offsets of a large data set are never all in memory.
    const CHUNK: usize = 4096;
    let mut encoded = Vec::with_capacity(examples.len());
    let mut count = TruncationCount::default();
    for chunk in examples.chunks(CHUNK) {
        let texts: Vec<_> =
            chunk.iter().map(|example| (example.text.as_str(), example.text_pair.as_deref())).collect();
        let encodings = tokenizer.encode_batch(&texts, options)?;
        let of_chunk = TruncationCount::of(&encodings);
        count.truncated += of_chunk.truncated;
        count.total += of_chunk.total;
        encoded.extend(chunk.iter().zip(encodings).map(|(example, encoding)| EncodedExample {
            id: example.id,
            ids: encoding.ids,
            type_ids: encoding.type_ids,
            label: example.label,
        }));
    }
    Ok((EncodedDataset::new(encoded), count))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use embert_tokenize::Truncation;

    use super::*;

    #[test]
    fn order_labels_and_counts_survive_any_number_of_chunks() {
        let vocab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer/vocab.txt");
        let tokenizer = Tokenizer::from_vocab(&vocab, None).unwrap();
        let examples: Vec<Example> = (0..9000)
            .map(|id| Example {
                id,
                text: "a ".repeat(id as usize % 5),
                text_pair: (id % 2 == 0).then(|| "b".to_owned()),
                label: (id % 3 != 0).then_some(id as usize % 3),
            })
            .collect();
        let options = EncodeOptions { max_length: 6, truncation: Truncation::LongestFirst };
        let (data, count) = encode(&examples, &tokenizer, &options).unwrap();
        // A pair has 3 special tokens and its second text has 1, so that texts of 3 and 4 words are cut.
        let cut = (0..9000).filter(|id| id % 2 == 0 && id % 5 > 2).count();
        assert_eq!(count, TruncationCount { truncated: cut, total: 9000 });
        for (example, encoded) in examples.iter().zip(data.examples()) {
            let encoding = tokenizer.encode(&example.text, example.text_pair.as_deref(), &options).unwrap();
            let expected =
                EncodedExample { label: example.label, ..EncodedExample::unlabelled(example.id, &encoding) };
            assert_eq!(encoded, &expected);
        }
        assert_eq!(data.labels().count(), 6000);
    }
}
