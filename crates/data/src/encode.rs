//! Examples as token ids.

use burn::data::dataset::{Dataset, DatasetError};
use embert_tokenize::{EncodeOptions, Encoding, Tokenizer, TruncationCount};

use crate::error::DataError;
use crate::row::Example;

/// An example, or a window of one that is too long, as BERT reads it, without padding.
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
    /// Tokens of the example before it was cut.
    pub uncut: usize,
}

/// How texts are read that are not trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowOptions {
    /// The most tokens at a time, and what is cut.
    pub encoding: EncodeOptions,
    /// Longer texts are not cut, but read in windows that share this many tokens with the next, special ones not counted.
    pub stride: Option<usize>,
}

impl EncodedExample {
    fn new(id: u64, encoding: Encoding, label: Option<usize>) -> Self {
        Self { id, ids: encoding.ids, type_ids: encoding.type_ids, label, uncut: encoding.uncut }
    }

    /// An example without a label.
    pub fn unlabelled(id: u64, encoding: &Encoding) -> Self {
        Self::new(id, encoding.clone(), None)
    }
}

/// Encoded examples in memory; a [`Dataset`] of Burn's. Each window of a text that has several is an example, with the row
/// number and the label of its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedDataset {
    examples: Vec<EncodedExample>,
    /// The text of each window, ascending; empty where each example is a text.
    text_of: Vec<usize>,
}

impl EncodedDataset {
    /// These examples.
    pub fn new(examples: Vec<EncodedExample>) -> Self {
        Self { examples, text_of: Vec::new() }
    }

    /// The examples.
    pub fn examples(&self) -> &[EncodedExample] {
        &self.examples
    }

    /// Tokens of each example.
    pub fn lengths(&self) -> Vec<usize> {
        self.examples.iter().map(|example| example.ids.len()).collect()
    }

    /// How many texts there are: as many as examples, unless some have several windows.
    pub fn texts(&self) -> usize {
        self.text_of.last().map_or(self.examples.len(), |last| last + 1)
    }

    /// The index of the text that the example with this index is, or is a window of.
    pub fn text_of(&self, index: usize) -> usize {
        self.text_of.get(index).copied().unwrap_or(index)
    }

    /// The tokens of each text that are read: what was cut off is not counted, what windows share counts once.
    pub fn tokens_of_texts(&self) -> Vec<usize> {
        if self.text_of.is_empty() {
            return self.lengths();
        }
        let mut tokens = vec![0; self.texts()];
        for (example, &text) in self.examples.iter().zip(&self.text_of) {
            tokens[text] = example.uncut;
        }
        tokens
    }

    /// The same examples, their labels numbered anew.
    #[must_use]
    pub fn with_labels(&self, number: impl Fn(usize) -> usize) -> Self {
        let mut data = self.clone();
        for example in &mut data.examples {
            example.label = example.label.map(&number);
        }
        data
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
        encoded.extend(
            chunk
                .iter()
                .zip(encodings)
                .map(|(example, encoding)| EncodedExample::new(example.id, encoding, example.label)),
        );
    }
    Ok((EncodedDataset::new(encoded), count))
}

/// The most tokens that the windows of a split have in memory, which are 8 GiB: an id and a type of each.
pub const MOST_TOKENS: usize = 1 << 30;

/// Encodes examples that are not trained on, as [`encode`] does, but with a stride in as many windows as it takes.
///
/// # Errors
/// The tokenizer refuses a text, one that has more than [`MOST_WINDOWS`](embert_tokenize::MOST_WINDOWS) among others; or the windows
/// have more than [`MOST_TOKENS`] in all.
pub fn encode_windows(
    examples: &[Example],
    tokenizer: &Tokenizer,
    options: &WindowOptions,
) -> Result<EncodedDataset, DataError> {
    /// Fewer than in [`encode`]: each text may have many windows.
    const CHUNK: usize = 256;
    let WindowOptions { encoding, stride: Some(stride) } = options else {
        return Ok(encode(examples, tokenizer, &options.encoding)?.0);
    };
    let (mut data, mut tokens) = (EncodedDataset::default(), 0_usize);
    for (chunk, first) in examples.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
        let texts: Vec<_> =
            chunk.iter().map(|example| (example.text.as_str(), example.text_pair.as_deref())).collect();
        let windows = tokenizer.windows_batch(&texts, encoding, Some(*stride)).map_err(|source| {
            let refuses = |example: &&Example| {
                let text_pair = example.text_pair.as_deref();
                tokenizer.windows(&example.text, text_pair, encoding, *stride).is_err()
            };
            match chunk.iter().find(refuses) {
                Some(example) => DataError::Windows { id: example.id, source: Box::new(source) },
                None => source.into(),
            }
        })?;
        for ((example, windows), text) in chunk.iter().zip(windows).zip(first..) {
            tokens += windows.iter().map(|window| window.ids.len()).sum::<usize>();
            if tokens > MOST_TOKENS {
                return Err(DataError::TooManyTokens { texts: text, most: MOST_TOKENS });
            }
            data.text_of.extend(windows.iter().map(|_| text));
            let windows = windows.into_iter();
            data.examples
                .extend(windows.map(|window| EncodedExample::new(example.id, window, example.label)));
        }
    }
    Ok(data)
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
    #[test]
    fn windows_know_their_text_and_texts_that_fit_are_as_without() {
        let vocab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer/vocab.txt");
        let tokenizer = Tokenizer::from_vocab(&vocab, None).unwrap();
        let example = |id: u64, words: usize| Example {
            id: id + 70,
            text: "a ".repeat(words),
            text_pair: None,
            label: Some(id as usize % 2),
        };
        // 6 tokens hold 4 words; with 1 of them shared, each further window has 3 more.
        let examples: Vec<Example> = (0..600).map(|id| example(id, id as usize % 12)).collect();
        let encoding = EncodeOptions { max_length: 6, truncation: Truncation::LongestFirst };
        let windows = |stride| encode_windows(&examples, &tokenizer, &WindowOptions { encoding, stride });
        let data = windows(Some(1)).unwrap();
        let counts = (0..600).map(|id: usize| (id % 12).saturating_sub(4).div_ceil(3) + 1);
        let expected: Vec<usize> = counts.enumerate().flat_map(|(text, count)| vec![text; count]).collect();
        assert_eq!((data.text_of.as_slice(), data.texts()), (expected.as_slice(), 600));
        for (window, &text) in data.examples().iter().zip(&expected) {
            assert_eq!((window.id, window.label), (examples[text].id, examples[text].label));
        }
        assert_eq!(data.tokens_of_texts(), (0..600).map(|id| id % 12 + 2).collect::<Vec<_>>());

        let turned = data.with_labels(|label| 1 - label);
        assert_eq!((turned.texts(), turned.text_of(599)), (600, data.text_of(599)));
        assert!(turned.labels().zip(data.labels()).all(|(one, other)| one + other == 1));

        let cut = windows(None).unwrap();
        assert_eq!((cut.texts(), cut.text_of(599)), (600, 599));
        assert_eq!(cut.tokens_of_texts(), (0..600).map(|id| (id % 12).min(4) + 2).collect::<Vec<_>>());
        let fitting: Vec<Example> = examples.into_iter().filter(|example| example.text.len() <= 8).collect();
        let [one, other] = [None, Some(3)]
            .map(|stride| encode_windows(&fitting, &tokenizer, &WindowOptions { encoding, stride }).unwrap());
        assert_eq!(one.examples(), other.examples());
    }

    /// A stride that leaves a token of progress makes a window of nearly each token.
    #[test]
    fn a_text_of_too_many_windows_is_refused_by_its_row() {
        let vocab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer/vocab.txt");
        let tokenizer = Tokenizer::from_vocab(&vocab, None).unwrap();
        let example =
            |id: u64, words: usize| Example { id, text: "a ".repeat(words), text_pair: None, label: Some(0) };
        let encoding = EncodeOptions { max_length: 6, truncation: Truncation::LongestFirst };
        let windows = |words: usize, stride: usize| {
            let options = WindowOptions { encoding, stride: Some(stride) };
            encode_windows(&[example(70, 9), example(71, words)], &tokenizer, &options)
        };
        // Windows of 4 words, each one word on from the one before.
        assert_eq!(windows(4096 + 3, 3).unwrap().examples().len(), 6 + 4096);
        let error = windows(4096 + 4, 3).unwrap_err();
        assert!(error.to_string().starts_with("row 71"), "{error}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("4102 tokens has 4097 windows") && cause.contains("stride = 3"), "{cause}");
        assert!(windows(4096 + 4, 2).is_ok());
    }
}
