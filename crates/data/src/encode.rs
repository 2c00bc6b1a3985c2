//! [`encode`]: from examples to token ids.

use embert_tokenize::{EncodeOptions, Encoding, Input, Sequence, Tokenizer, TruncationCount};

use crate::error::DataError;
use crate::example::Texts;
use crate::features::{EncodedDataset, EncodedFeature};

/// How texts are encoded: cut at a length, or read in windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowOptions {
    /// The largest number of tokens in a feature, and which tokens a longer text loses.
    pub encoding: EncodeOptions,
    /// The number of tokens that neighbouring windows of a longer text share, special tokens not counted;
    /// `None` cuts longer texts.
    pub stride: Option<usize>,
}

/// The largest number of tokens in the windows of a split: 8 GiB of memory, as each token has an id and a
/// type of 4 bytes each.
pub const MOST_TOKENS: usize = 1 << 30;

/// Encodes examples on all cores, and keeps their order. With a stride in `options`, an example has as many
/// windows as its text needs; without a stride, an example has one feature, and truncated examples are
/// counted. `targets` gives the targets of an example's features, one for each encoding, in their order.
///
/// # Errors
/// The tokenizer refuses a text, for instance a text with more than
/// [`MOST_WINDOWS`](embert_tokenize::MOST_WINDOWS) windows; all windows together have more than
/// [`MOST_TOKENS`] tokens; or `target` fails.
pub fn encode<E: Texts, T, X: From<DataError>>(
    examples: &[E],
    tokenizer: &Tokenizer,
    options: &WindowOptions,
    targets: impl Fn(&E, &[Encoding]) -> Result<Vec<T>, X>,
) -> Result<(EncodedDataset<T>, TruncationCount), X> {
    match options.stride {
        Some(stride) => {
            let (data, _) =
                encode_some_windows(examples, tokenizer, &options.encoding, stride, usize::MAX, targets)?;
            Ok((data, TruncationCount { truncated: 0, total: examples.len() }))
        }
        None => encode_whole(examples, tokenizer, &options.encoding, targets),
    }
}

/// Windows that [`encode_some_windows`] has left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOutWindows {
    /// The number of windows.
    pub windows: usize,
    /// The number of texts that they are of.
    pub texts: usize,
}

/// Encodes examples in windows as [`encode`] does, but keeps at most `most` windows of each, at least 2. Of `n`
/// windows, numbered from 0, the windows `round(i (n - 1) / (most - 1))` for `i` from 0 to `most - 1` are kept,
/// a half rounded up: they are spread evenly over the text, its first and its last window among them. Neighbours
/// then share fewer tokens than `stride`, or leave some out.
///
/// # Errors
/// As [`encode`]; tokens of windows that are left out do not count.
pub fn encode_some_windows<E: Texts, T, X: From<DataError>>(
    examples: &[E],
    tokenizer: &Tokenizer,
    options: &EncodeOptions,
    stride: usize,
    most: usize,
    targets: impl Fn(&E, &[Encoding]) -> Result<Vec<T>, X>,
) -> Result<(EncodedDataset<T>, LeftOutWindows), X> {
    /// The number of texts to encode at a time: fewer than in [`encode_whole`], as a text may have many
    /// windows.
    const CHUNK: usize = 256;
    let (mut data, mut left_out, mut tokens) =
        (EncodedDataset::default(), LeftOutWindows::default(), 0_usize);
    for (chunk, first) in examples.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
        let words = words_of(chunk);
        let inputs = inputs_of(chunk, &words);
        let windows = tokenizer.windows_batch(&inputs, options, Some(stride)).map_err(|source| {
            let refuses = |input: &Input<'_>| tokenizer.input_windows(input, options, stride).is_err();
            match chunk.iter().zip(&inputs).find(|(_, input)| refuses(input)) {
                Some((example, _)) => {
                    let source = Box::new(source);
                    DataError::Windows { id: example.id(), name: example.name(), source }
                }
                None => source.into(),
            }
        })?;
        for ((example, all), index) in chunk.iter().zip(windows).zip(first..) {
            let count = all.len();
            let windows = evenly_spaced(all, most);
            left_out.windows += count - windows.len();
            left_out.texts += usize::from(windows.len() < count);
            tokens += windows.iter().map(|window| window.ids.len()).sum::<usize>();
            if tokens > MOST_TOKENS {
                return Err(DataError::TooManyTokens { texts: index, most: MOST_TOKENS }.into());
            }
            data.push_windows(features_of(example, windows, &targets)?);
        }
    }
    Ok((data, left_out))
}

fn encode_whole<E: Texts, T, X: From<DataError>>(
    examples: &[E],
    tokenizer: &Tokenizer,
    options: &EncodeOptions,
    targets: impl Fn(&E, &[Encoding]) -> Result<Vec<T>, X>,
) -> Result<(EncodedDataset<T>, TruncationCount), X> {
    /// The number of texts to encode at a time, so that the offsets of a large data set are never all in
    /// memory.
    const CHUNK: usize = 4096;
    if examples.iter().any(|example| example.separate().is_some()) {
        return encode_texts(examples, tokenizer, options, targets);
    }
    let mut features = Vec::with_capacity(examples.len());
    let mut count = TruncationCount::default();
    for chunk in examples.chunks(CHUNK) {
        let words = words_of(chunk);
        let encodings =
            tokenizer.encode_batch(&inputs_of(chunk, &words), options).map_err(DataError::from)?;
        let of_chunk = TruncationCount::of(&encodings);
        count.truncated += of_chunk.truncated;
        count.total += of_chunk.total;
        for (example, encoding) in chunk.iter().zip(encodings) {
            features.extend(features_of(example, vec![encoding], &targets)?);
        }
    }
    Ok((EncodedDataset::new(features), count))
}

/// Encodes examples whose texts are features of their own.
fn encode_texts<E: Texts, T, X: From<DataError>>(
    examples: &[E],
    tokenizer: &Tokenizer,
    options: &EncodeOptions,
    targets: impl Fn(&E, &[Encoding]) -> Result<Vec<T>, X>,
) -> Result<(EncodedDataset<T>, TruncationCount), X> {
    const CHUNK: usize = 4096;
    let mut encoded = Vec::with_capacity(examples.len());
    let mut count = TruncationCount::default();
    for chunk in examples.chunks(CHUNK) {
        let texts: Vec<Vec<&str>> = chunk.iter().map(separate_texts).collect();
        let inputs: Vec<&str> = texts.iter().flatten().copied().collect();
        let encodings = tokenizer.encode_batch(&inputs, options).map_err(DataError::from)?;
        let of_chunk = TruncationCount::of(&encodings);
        count.truncated += of_chunk.truncated;
        count.total += of_chunk.total;
        let mut encodings = encodings.into_iter();
        for (example, texts) in chunk.iter().zip(&texts) {
            let own = encodings.by_ref().take(texts.len()).collect();
            encoded.push(features_of(example, own, &targets)?);
        }
    }
    Ok((EncodedDataset::of_texts(encoded), count))
}

/// The texts of an example that are features of their own; its text where it has none.
fn separate_texts<E: Texts>(example: &E) -> Vec<&str> {
    example.separate().unwrap_or_else(|| vec![example.text()])
}

/// At most `most` of these, at least 2: the first, the last and others at even distances between them.
fn evenly_spaced<W>(all: Vec<W>, most: usize) -> Vec<W> {
    let (last, gaps) = (all.len().saturating_sub(1), most.saturating_sub(1).max(1));
    if all.len() <= most {
        return all;
    }
    // The quotient is above 1, so no place comes twice.
    let mut places = (0..=gaps).map(|number| (2 * number * last + gaps) / (2 * gaps)).peekable();
    let kept = all.into_iter().enumerate().filter(|(place, _)| places.next_if_eq(place).is_some());
    kept.map(|(_, window)| window).collect()
}

fn features_of<E: Texts, T, X>(
    example: &E,
    encodings: Vec<Encoding>,
    targets: impl Fn(&E, &[Encoding]) -> Result<Vec<T>, X>,
) -> Result<Vec<EncodedFeature<T>>, X> {
    let targets = targets(example, &encodings)?;
    debug_assert_eq!(targets.len(), encodings.len(), "a target for each encoding");
    let both = encodings.into_iter().zip(targets);
    Ok(both.map(|(encoding, target)| EncodedFeature::new(example.id(), encoding, target)).collect())
}

/// The words of each example, for [`inputs_of`]; `None` for an example whose text the tokenizer splits.
pub fn words_of<E: Texts>(examples: &[E]) -> Vec<Option<Vec<&str>>> {
    examples.iter().map(Texts::words).collect()
}

/// The inputs of the tokenizer: the words of each example, as [`words_of`] gives them, or its texts.
pub fn inputs_of<'a, E: Texts>(examples: &'a [E], words: &'a [Option<Vec<&'a str>>]) -> Vec<Input<'a>> {
    let input = |(example, words): (&'a E, &'a Option<Vec<&'a str>>)| match words {
        Some(words) => Input { first: Sequence::Words(words), second: None },
        None => (example.text(), example.text_pair()).into(),
    };
    examples.iter().zip(words).map(input).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use embert_tokenize::Truncation;

    use super::*;
    use crate::example;

    type Example = example::Example<Option<usize>>;

    fn encode_labelled(
        examples: &[Example],
        tokenizer: &Tokenizer,
        options: &WindowOptions,
    ) -> Result<(EncodedDataset<Option<usize>>, TruncationCount), DataError> {
        encode(examples, tokenizer, options, |example, encodings| Ok(vec![example.label; encodings.len()]))
    }

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
                document: None,
            })
            .collect();
        let options = EncodeOptions { max_length: 6, truncation: Truncation::LongestFirst };
        let whole = WindowOptions { encoding: options, stride: None };
        let (data, count) = encode_labelled(&examples, &tokenizer, &whole).unwrap();
        // A pair has 3 special tokens, and its second text has 1 token: first texts of 3 and 4 words are cut.
        let cut = (0..9000).filter(|id| id % 2 == 0 && id % 5 > 2).count();
        assert_eq!(count, TruncationCount { truncated: cut, total: 9000 });
        for (example, encoded) in examples.iter().zip(data.features()) {
            let encoding = tokenizer.encode(&example.text, example.text_pair.as_deref(), &options).unwrap();
            assert_eq!(encoded, &EncodedFeature::new(example.id, encoding, example.label));
        }
        assert_eq!(data.features().iter().filter(|feature| feature.target.is_some()).count(), 6000);
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
            document: None,
        };
        // 6 tokens hold 4 words; with 1 shared word, each further window has 3 more words.
        let examples: Vec<Example> = (0..600).map(|id| example(id, id as usize % 12)).collect();
        let encoding = EncodeOptions { max_length: 6, truncation: Truncation::LongestFirst };
        let windows = |stride| {
            encode_labelled(&examples, &tokenizer, &WindowOptions { encoding, stride }).map(|(data, _)| data)
        };
        let data = windows(Some(1)).unwrap();
        let counts = (0..600).map(|id: usize| (id % 12).saturating_sub(4).div_ceil(3) + 1);
        let expected: Vec<usize> = counts.enumerate().flat_map(|(text, count)| vec![text; count]).collect();
        let example_of: Vec<usize> = (0..data.features().len()).map(|index| data.example_of(index)).collect();
        assert_eq!((example_of.as_slice(), data.examples()), (expected.as_slice(), 600));
        for (window, &text) in data.features().iter().zip(&expected) {
            assert_eq!((window.id, window.target), (examples[text].id, examples[text].label));
        }
        assert_eq!(data.tokens_of_examples(), (0..600).map(|id| id % 12 + 2).collect::<Vec<_>>());

        let cut = windows(None).unwrap();
        assert_eq!((cut.examples(), cut.example_of(599)), (600, 599));
        assert_eq!(cut.tokens_of_examples(), (0..600).map(|id| (id % 12).min(4) + 2).collect::<Vec<_>>());
        let fitting: Vec<Example> = examples.into_iter().filter(|example| example.text.len() <= 8).collect();
        let [one, other] = [None, Some(3)].map(|stride| {
            encode_labelled(&fitting, &tokenizer, &WindowOptions { encoding, stride }).unwrap().0
        });
        assert_eq!(one.features(), other.features());
    }

    #[test]
    fn of_many_windows_the_first_the_last_and_some_between_are_kept() {
        let kept = |count: usize, most: usize| evenly_spaced((0..count).collect(), most);
        assert_eq!(kept(5, 5), [0, 1, 2, 3, 4]);
        assert_eq!(kept(1, 2), [0]);
        assert_eq!(kept(9, 2), [0, 8]);
        // 0, 4/3, 8/3 and 4, rounded; 0, 1.5 and 3, of which the half is rounded up.
        assert_eq!((kept(5, 4), kept(4, 3)), (vec![0, 1, 3, 4], vec![0, 2, 3]));
        for (count, most) in (2..70).flat_map(|count| (2..count).map(move |most| (count, most))) {
            let places = kept(count, most);
            assert_eq!((places.len(), places[0], places[most - 1]), (most, 0, count - 1));
            for (number, place) in places.iter().enumerate() {
                let even = number as f64 * (count - 1) as f64 / (most - 1) as f64;
                assert!((*place as f64 - even).abs() <= 0.5, "{count} {most}: {places:?}");
            }
        }
    }

    #[test]
    fn windows_that_are_left_out_are_counted_with_their_texts() {
        let vocab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer/vocab.txt");
        let tokenizer = Tokenizer::from_vocab(&vocab, None).unwrap();
        let encoding = EncodeOptions { max_length: 6, truncation: Truncation::LongestFirst };
        // Windows of 4 words that share 1: 1, 2, 4 and 7 windows; the last word tells the windows apart.
        let texts = [4, 7, 13, 22].map(|words| format!("{}b", "a ".repeat(words - 1)));
        let examples: Vec<Example> = (0..)
            .zip(texts)
            .map(|(id, text)| Example { id, text, text_pair: None, label: Some(0), document: None })
            .collect();
        let labels =
            |example: &Example, windows: &[Encoding]| Ok::<_, DataError>(vec![example.label; windows.len()]);
        let (all, none) = encode_some_windows(&examples, &tokenizer, &encoding, 1, 7, labels).unwrap();
        let options = WindowOptions { encoding, stride: Some(1) };
        assert_eq!(
            (&all, none),
            (&encode_labelled(&examples, &tokenizer, &options).unwrap().0, LeftOutWindows::default())
        );
        assert_eq!((all.features().len(), all.examples()), (14, 4));

        let (some, left_out) = encode_some_windows(&examples, &tokenizer, &encoding, 1, 3, labels).unwrap();
        assert_eq!(left_out, LeftOutWindows { windows: 5, texts: 2 });
        let examples_of: Vec<usize> =
            (0..some.features().len()).map(|index| some.example_of(index)).collect();
        assert_eq!(examples_of, [0, 1, 1, 2, 2, 2, 3, 3, 3]);
        // The third text's windows 0, 2 and 3, the fourth's 0, 3 and 6.
        let places = [0, 1, 2, 3, 5, 6, 7, 10, 13].map(|place| all.features()[place].clone());
        assert_eq!(some.features(), places);
    }

    /// A stride that leaves a token of progress makes a window of nearly each token.
    #[test]
    fn a_text_of_too_many_windows_is_refused_by_its_row() {
        let vocab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer/vocab.txt");
        let tokenizer = Tokenizer::from_vocab(&vocab, None).unwrap();
        let example = |id: u64, words: usize| Example {
            id,
            text: "a ".repeat(words),
            text_pair: None,
            label: Some(0),
            document: None,
        };
        let encoding = EncodeOptions { max_length: 6, truncation: Truncation::LongestFirst };
        let windows = |words: usize, stride: usize| {
            let options = WindowOptions { encoding, stride: Some(stride) };
            encode_labelled(&[example(70, 9), example(71, words)], &tokenizer, &options).map(|(data, _)| data)
        };
        // Windows of 4 words, each shifted by one word.
        assert_eq!(windows(4096 + 3, 3).unwrap().features().len(), 6 + 4096);
        let error = windows(4096 + 4, 3).unwrap_err();
        assert!(error.to_string().starts_with("row 71"), "{error}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("4102 tokens has 4097 windows") && cause.contains("stride = 3"), "{cause}");
        assert!(windows(4096 + 4, 2).is_ok());
    }

    /// A question whose context is its second text.
    struct Question(u64, &'static str);

    impl Texts for Question {
        fn id(&self) -> u64 {
            self.0
        }

        fn name(&self) -> Option<String> {
            Some(format!("question \"q{}\"", self.0))
        }

        fn text(&self) -> &str {
            self.1
        }

        fn text_pair(&self) -> Option<&str> {
            Some("a b c a b c")
        }
    }

    #[test]
    fn a_question_that_leaves_its_context_no_room_is_refused_by_its_name() {
        let vocab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer/vocab.txt");
        let tokenizer = Tokenizer::from_vocab(&vocab, None).unwrap();
        let encoding = EncodeOptions { max_length: 8, truncation: Truncation::OnlySecond };
        let windows = |question: &'static str, stride: usize| {
            let examples = [Question(5, "a b"), Question(6, question)];
            let options = WindowOptions { encoding, stride: Some(stride) };
            encode(&examples, &tokenizer, &options, |_, windows| Ok::<_, DataError>(vec![(); windows.len()]))
        };
        assert_eq!(windows("a", 1).unwrap().0.features().len(), 3 + 2);
        for (question, stride, why) in
            [("a b c a b", 1, "its other text has 5 tokens"), ("a b c", 2, "stride = 2")]
        {
            let error = windows(question, stride).unwrap_err();
            assert_eq!(
                error.to_string(),
                "question \"q6\" in row 6 (counted from 0 over all files) can't be read in windows"
            );
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.contains(why), "{cause}");
        }
    }
}
