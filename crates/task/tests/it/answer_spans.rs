//! Windows, targets and answers of `run_qa.py` and `utils_qa.py`: the cases that
//! `tests/reference/answer_spans.py` wrote.

use std::path::Path;
use std::sync::LazyLock;

use embert_data::tokenize::{EncodeOptions, Encoding, TokenizeError, Tokenizer, Truncation};
use embert_task::question_answering::{
    Answer, AnswerOptions, AnswerPrediction, SpanAlignment, SpanCandidates, SpanTarget, post_process,
    strip_question,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    vocabularies: Vec<String>,
    white_space: Vec<u32>,
    examples: Vec<Case>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Case {
    vocabulary: usize,
    question: String,
    context: String,
    answer: Option<(usize, String)>,
    max_length: usize,
    stride: usize,
    question_tokens: usize,
    offsets: Vec<(usize, usize)>,
    windows: Vec<(usize, usize)>,
    targets: Option<Vec<(usize, usize)>>,
    is_exact: bool,
    base: f64,
    step: f64,
    logits: Vec<[Numbers; 2]>,
    n_best: usize,
    max_answer_length: usize,
    threshold: f64,
    without_null: Answers,
    with_null: Answers,
}

/// Whole numbers, where they are below 10 as digits.
#[derive(Deserialize)]
#[serde(untagged)]
enum Numbers {
    Digits(String),
    Numbers(Vec<i32>),
}

#[derive(Deserialize)]
struct Answers {
    answer: String,
    n_best: Vec<Entry>,
    probabilities: Vec<(f64, usize)>,
    null_odds: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Invented(String),
    Span(usize, usize, i32, i32),
}

#[derive(Deserialize)]
struct Refused {
    question: String,
    question_tokens: usize,
    context: String,
    max_length: usize,
    stride: usize,
    error: String,
}

fn reference() -> &'static Reference {
    static REFERENCE: LazyLock<Reference> =
        LazyLock::new(|| serde_json::from_str(include_str!("../fixtures/answer_spans.json")).unwrap());
    &REFERENCE
}

fn tokenizer(vocabulary: usize) -> &'static Tokenizer {
    static TOKENIZERS: LazyLock<Vec<Tokenizer>> = LazyLock::new(|| {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let load = |folder| Tokenizer::from_folder(&repository.join(folder)).unwrap();
        reference().vocabularies.iter().map(load).collect()
    });
    &TOKENIZERS[vocabulary]
}

fn windows(case: &Case) -> Vec<Encoding> {
    let options = EncodeOptions { max_length: case.max_length, truncation: Truncation::OnlySecond };
    let question = strip_question(&case.question);
    tokenizer(case.vocabulary).windows(question, Some(&case.context), &options, case.stride).unwrap()
}

fn alignments(case: &Case) -> Vec<SpanAlignment> {
    windows(case).iter().map(SpanAlignment::new).collect()
}

impl Case {
    /// The logit that a number of the fixture stands for.
    fn logit(&self, number: i32) -> f64 {
        self.base + f64::from(number) * self.step
    }

    /// Start and end logit of each token, window by window.
    fn outputs(&self) -> Vec<Vec<f32>> {
        let numbers = |numbers: &Numbers| match numbers {
            Numbers::Digits(digits) => digits.bytes().map(|digit| i32::from(digit - b'0')).collect(),
            Numbers::Numbers(numbers) => numbers.clone(),
        };
        let window = |[starts, ends]: &[Numbers; 2]| -> Vec<f32> {
            let (starts, ends) = (numbers(starts), numbers(ends));
            assert_eq!(starts.len(), ends.len());
            let pairs = starts.into_iter().zip(ends);
            pairs.flat_map(|(start, end)| [start, end]).map(|number| self.logit(number) as f32).collect()
        };
        self.logits.iter().map(window).collect()
    }

    fn predict(&self, with_null: bool) -> AnswerPrediction {
        let &Self { n_best, max_answer_length, threshold: null_threshold, .. } = self;
        let options = AnswerOptions { n_best, max_answer_length, with_null, null_threshold };
        let (alignments, outputs) = (alignments(self), self.outputs());
        assert_eq!(alignments.len(), outputs.len());
        let candidates = alignments.iter().zip(&outputs).map(|(alignment, logits)| {
            assert_eq!(logits.len(), 2 * alignment.tokens().len());
            SpanCandidates::new(alignment, logits, &options)
        });
        post_process(&self.context, candidates, &options)
    }
}

#[test]
fn a_question_is_stripped_as_python_strips_it() {
    for character in '\0'..=char::MAX {
        let is_space = reference().white_space.contains(&u32::from(character));
        assert_eq!(
            strip_question(&character.to_string()).is_empty(),
            is_space,
            "U+{:04X}",
            u32::from(character)
        );
    }
    assert_eq!(strip_question(" \u{1c}\n who \u{3000}"), "who \u{3000}");
}

/// The question stands in each window, and the context's offsets count code points of the raw context.
#[test]
fn windows_and_offsets_are_those_of_run_qa() {
    for (number, case) in reference().examples.iter().enumerate() {
        let windows = windows(case);
        let whole = EncodeOptions { max_length: 1 << 20, truncation: Truncation::OnlySecond };
        let tokenizer = tokenizer(case.vocabulary);
        let whole = tokenizer.encode(strip_question(&case.question), Some(&case.context), &whole).unwrap();
        let front = case.question_tokens + 2;
        assert_eq!(whole.len(), front + case.offsets.len() + 1, "tokens of example {number}");
        assert_eq!(windows.len(), case.windows.len(), "windows of example {number}");
        for (window, &(first, last)) in windows.iter().zip(&case.windows) {
            let what = format!("{first}..{last} of example {number}");
            let tokens = front + first..front + last;
            let ids = [&whole.ids[..front], &whole.ids[tokens], &whole.ids[whole.len() - 1..]].concat();
            assert_eq!(window.ids, ids, "ids of {what}");
            let types = [vec![0; front], vec![1; last - first + 1]].concat();
            assert_eq!(window.type_ids, types, "types of {what}");
            let offsets = case.offsets[first..last].iter().map(|(start, end)| Some(*start..*end));
            let expected: Vec<_> = vec![None; front].into_iter().chain(offsets).chain([None]).collect();
            assert_eq!(SpanAlignment::new(window).tokens(), expected, "offsets of {what}");
        }
    }
}

#[test]
fn a_question_that_leaves_no_room_is_refused_as_transformers_refuses_it() {
    for refused in &reference().refused {
        let options = EncodeOptions { max_length: refused.max_length, truncation: Truncation::OnlySecond };
        let found = tokenizer(0).windows(&refused.question, Some(&refused.context), &options, refused.stride);
        let error = found.unwrap_err();
        match error {
            TokenizeError::Truncation { max_length, tokens, .. } if refused.error.contains("too short") => {
                assert_eq!((max_length, tokens), (refused.max_length, refused.question_tokens));
            }
            TokenizeError::Stride { stride, room, .. } if refused.error.contains("`stride` must be") => {
                let expected = refused.max_length - refused.question_tokens - 3;
                assert_eq!((stride, room), (refused.stride, expected));
            }
            _ => panic!("{error}, transformers says {}", refused.error),
        }
    }
    assert!(reference().refused.len() > 5);
}

/// But for an answer that begins in a window's last token of the context: `run_qa.py` finds `[SEP]`.
#[test]
fn targets_are_those_of_run_qa() {
    let (mut found, mut last_tokens) = (0, 0);
    for (number, case) in reference().examples.iter().enumerate() {
        let answer = case.answer.as_ref().map(|(start, text)| *start..start + text.chars().count());
        let of_window = |window: &SpanAlignment| SpanTarget::new(window, answer.as_ref());
        let targets: Vec<SpanTarget> = alignments(case).iter().map(of_window).collect();
        let Some(expected) = &case.targets else {
            // Not a token of the context: `run_qa.py` stops.
            assert_eq!((targets.as_slice(), case.offsets.len()), (&[SpanTarget::NONE][..], 0));
            continue;
        };
        let expected: Vec<SpanTarget> = (expected.iter().zip(&case.windows))
            .map(|(&(start, end), (first, last))| {
                let behind = case.question_tokens + 2 + last - first;
                last_tokens += usize::from(start == behind);
                SpanTarget { start: start.min(behind - 1), end }
            })
            .collect();
        found += expected.iter().filter(|target| **target != SpanTarget::NONE).count();
        assert_eq!(targets, expected, "example {number}: {:?} in {:?}", case.answer, case.context);
    }
    assert!(found > 150 && last_tokens > 20, "{found} targets, {last_tokens} of last tokens");
}

#[test]
fn answers_are_those_of_utils_qa() {
    let (mut nulls, mut largest) = (0, [0.0_f64; 2]);
    for (number, case) in reference().examples.iter().enumerate() {
        for (with_null, expected) in [(false, &case.without_null), (true, &case.with_null)] {
            let what = format!("example {number}, {}", if with_null { "with null" } else { "without null" });
            let prediction = case.predict(with_null);
            assert_eq!(prediction.answer().text, expected.answer, "{what}");
            assert_eq!(
                prediction.null_odds().map(f64::to_bits),
                expected.null_odds.map(f64::to_bits),
                "{what}"
            );
            let is_null = expected.null_odds.is_some_and(|odds| odds > case.threshold);
            assert_eq!(prediction.is_null(), is_null, "{what}");
            nulls += usize::from(is_null);

            let entries: Vec<_> = prediction.n_best().iter().map(entry).collect();
            let wanted: Vec<_> = expected.n_best.iter().map(|entry| wanted(case, entry)).collect();
            assert_eq!(entries, wanted, "{what}: {:?}", case.context);

            let probabilities = expected.probabilities.iter();
            let probabilities = probabilities.flat_map(|&(one, count)| std::iter::repeat_n(one, count));
            let probabilities: Vec<f64> = probabilities.collect();
            assert_eq!(probabilities.len(), entries.len(), "{what}");
            for (answer, probability) in prediction.n_best().iter().zip(probabilities) {
                let difference = (answer.probability - probability).abs();
                let largest = &mut largest[usize::from(case.is_exact)];
                *largest = largest.max(difference);
            }
        }
    }
    // In f64 on both sides, written with 12 digits.
    assert!(largest[1] < 1e-9, "{largest:?}");
    // utils_qa.py's are in f32, whose numbers below 1 are 6e-8 apart; their sum is rounded too.
    assert!(largest[0] < 1e-6, "{largest:?}");
    assert!(nulls > 50, "{nulls}");
}

/// Text, offsets, logits.
type Compared = (String, usize, usize, u64, u64);

fn entry(answer: &Answer) -> Compared {
    let Answer { text, start, end, start_logit, end_logit, .. } = answer;
    (text.clone(), *start, *end, start_logit.to_bits(), end_logit.to_bits())
}

fn wanted(case: &Case, entry: &Entry) -> Compared {
    match entry {
        Entry::Invented(text) => (text.clone(), 0, 0, 0, 0),
        Entry::Span(start, end, start_logit, end_logit) => {
            let text = case.context.chars().take(*end).skip(*start).collect();
            let bits = |number: i32| case.logit(number).to_bits();
            (text, *start, *end, bits(*start_logit), bits(*end_logit))
        }
    }
}
