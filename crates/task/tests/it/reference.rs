//! The cases that `tests/reference/tagging_alignment.py` wrote.

use std::path::Path;
use std::sync::LazyLock;

use embert_data::Texts as _;
use embert_data::tokenize::{EncodeOptions, Encoding, Input, Sequence, Tokenizer, Truncation};
use embert_task::{Aggregation, FoundEntity, Tags, Task as _, TokenClassification, TokenExample, TokenPart};
use serde::Deserialize;

/// A token of the pipeline: tag, score, index, word; for words also start and end.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Single {
    OfText(String, f64, usize, String),
    OfWords(String, f64, usize, String, usize, usize),
}

/// An entity of the pipeline: group, score, word, start, end.
pub(crate) type Group = (String, f64, String, usize, usize);

#[derive(Deserialize)]
pub(crate) struct Reference {
    vocabularies: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) examples: Vec<Case>,
    pub(crate) strides: Vec<Stride>,
}

/// `max_length`, `stride`, and each window as a range of the tokens.
pub(crate) type Cut = (usize, usize, Vec<(usize, usize)>);

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) vocabulary: usize,
    pub(crate) words: Vec<String>,
    pub(crate) tags: Vec<usize>,
    pub(crate) ids: Vec<u32>,
    pub(crate) word_ids: Vec<u32>,
    pub(crate) first: Vec<i64>,
    pub(crate) all: Vec<i64>,
    pub(crate) cut: (usize, Vec<i64>),
    pub(crate) windows: Cut,
    pub(crate) text: String,
    pub(crate) raw: Raw,
    pub(crate) text_windows: Cut,
    pub(crate) joined: Option<Joined>,
}

#[derive(Deserialize)]
pub(crate) struct Raw {
    pub(crate) ids: Vec<u32>,
    pub(crate) offsets: Vec<(usize, usize)>,
    pub(crate) special: String,
    pub(crate) logits: String,
    pub(crate) none: Vec<Single>,
    pub(crate) simple: Vec<Group>,
    pub(crate) first: Vec<Group>,
    pub(crate) average: Vec<Group>,
    pub(crate) max: Vec<Group>,
}

#[derive(Deserialize)]
pub(crate) struct Joined {
    pub(crate) logits: String,
    pub(crate) none: Vec<Single>,
    pub(crate) first: Vec<Group>,
}

#[derive(Deserialize)]
pub(crate) struct Stride {
    pub(crate) vocabulary: usize,
    pub(crate) text: String,
    pub(crate) max_length: usize,
    #[serde(rename = "stride")]
    pub(crate) shared: usize,
    pub(crate) windows: Vec<(usize, usize)>,
    pub(crate) logits: Vec<String>,
}

impl Reference {
    pub(crate) fn task(&self) -> TokenClassification {
        TokenClassification::new(self.tags.clone())
    }
}

pub(crate) fn tokenizer(vocabulary: usize) -> &'static Tokenizer {
    static TOKENIZERS: LazyLock<Vec<Tokenizer>> = LazyLock::new(|| {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let load = |folder| {
            Tokenizer::from_vocab(
                &repository.join(folder).join("vocab.txt"),
                Some(&repository.join(folder).join("tokenizer_config.json")),
            )
            .unwrap()
        };
        reference().vocabularies.iter().map(load).collect()
    });
    &TOKENIZERS[vocabulary]
}

pub(crate) fn reference() -> &'static Reference {
    static REFERENCE: LazyLock<Reference> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../fixtures/token_classification.json")).unwrap()
    });
    &REFERENCE
}

/// A length that cuts nothing.
pub(crate) const WHOLE: usize = 4096;

pub(crate) fn options(max_length: usize) -> EncodeOptions {
    EncodeOptions { max_length, truncation: Truncation::default() }
}

pub(crate) fn of_words(case: &Case) -> TokenExample {
    TokenExample { tags: Tags::OfWords(case.tags.clone()), ..TokenExample::of_words(0, &case.words) }
}

/// The encoding of an example, cut to `max_length`.
pub(crate) fn encode(example: &TokenExample, tokenizer: &Tokenizer, max_length: usize) -> Encoding {
    with_input(example, |input| tokenizer.encode_input(input, &options(max_length)).unwrap())
}

/// The windows of an example.
pub(crate) fn windows(
    example: &TokenExample,
    tokenizer: &Tokenizer,
    max_length: usize,
    stride: usize,
) -> Vec<Encoding> {
    with_input(example, |input| tokenizer.input_windows(input, &options(max_length), stride).unwrap())
}

fn with_input<R>(example: &TokenExample, with: impl Fn(&Input<'_>) -> R) -> R {
    let words = example.words();
    let first = words.as_deref().map_or(Sequence::Text(&example.text), Sequence::Words);
    with(&Input { first, second: None })
}

/// Logits from two times the logits, a digit each.
pub(crate) fn logits(digits: &str) -> Vec<f32> {
    digits.chars().map(|digit| digit.to_digit(10).unwrap() as f32 / 2.0).collect()
}

/// What the task makes of the windows of a text: the outputs of each are its logits.
pub(crate) fn entities(
    example: &TokenExample,
    tokenizer: &Tokenizer,
    windows: &[(Encoding, Vec<f32>)],
    aggregation: Aggregation,
) -> Vec<FoundEntity> {
    let task = reference().task().with_aggregation(aggregation);
    let part = |(encoding, outputs): &(Encoding, Vec<f32>)| -> TokenPart {
        task.decode(&task.alignment(example, encoding, tokenizer), outputs)
    };
    let prediction = task.join(example, windows.iter().map(part).collect());
    task.answer(example.clone(), prediction).entities
}
