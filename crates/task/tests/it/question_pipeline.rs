//! Answers of a checkpoint of `BertForQuestionAnswering` beside those of the pipeline `question-answering`, which
//! `transformers` had until 5.2: the cases of `tests/reference/question_pipeline.py`, which says what the
//! pipeline's rules are.
//!
//! Its rules on our logits give its answers, all of them. Ours, which are `utils_qa.py`'s, give the same answer
//! wherever the rules are the same: where a context has one window, with `max_answer_len=30` and
//! `align_to_words=False`. Where they are not, the questions with another answer are those that the script found
//! with `transformers` alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use burn::tensor::{Device, Int, Tensor, TensorData};
use embert_data::tokenize::{EncodeOptions, Encoding, Tokenizer, Truncation};
use embert_model::{BertForQuestionAnswering, BertInput, LoadOptions};
use embert_task::question_answering::{
    AnswerOptions, CLS, SpanAlignment, SpanCandidates, post_process, strip_question,
};
use serde::Deserialize;

/// The pipeline's numbers here are those of f64.
const TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Reference {
    max_length: usize,
    stride: usize,
    settings: BTreeMap<String, Settings>,
    otherwise: BTreeMap<String, BTreeSet<String>>,
    questions: Vec<Asked>,
}

/// The pipeline's arguments with its defaults.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    top_k: usize,
    max_answer_len: usize,
    align_to_words: bool,
    handle_impossible_answer: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { top_k: 1, max_answer_len: 15, align_to_words: true, handle_impossible_answer: false }
    }
}

#[derive(Deserialize)]
struct Asked {
    id: String,
    question: String,
    context: String,
    windows: usize,
    /// For each of the settings: first character, one past the last, score.
    #[serde(flatten)]
    answers: BTreeMap<String, Vec<(usize, usize, f64)>>,
}

/// A window with its logits, `[tokens, 2]`.
type Window = (Encoding, Vec<f32>);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/question-pipeline")
}

/// The script's cases, each question with its windows.
fn reference() -> &'static (Reference, Vec<Vec<Window>>) {
    static REFERENCE: LazyLock<(Reference, Vec<Vec<Window>>)> = LazyLock::new(|| {
        let text = fs::read_to_string(folder().join("answers.json")).unwrap();
        let reference: Reference = serde_json::from_str(&text).unwrap();
        let (model, device) = (folder().join("model"), Device::default());
        let tokenizer = Tokenizer::from_folder(&model).unwrap();
        let loaded = BertForQuestionAnswering::from_pretrained(&model, &LoadOptions::default(), &device);
        let model = loaded.unwrap().model;
        let options = EncodeOptions { max_length: reference.max_length, truncation: Truncation::OnlySecond };
        let windows = |question: &Asked| -> Vec<Window> {
            let (asked, context) = (strip_question(&question.question), &question.context);
            let windows = tokenizer.windows(asked, Some(context), &options, reference.stride).unwrap();
            assert_eq!(windows.len(), question.windows, "windows of {}", question.id);
            let with_logits = |window: Encoding| {
                let logits = model.forward(input(&window, &device)).into_data().try_into_vec().unwrap();
                (window, logits)
            };
            windows.into_iter().map(with_logits).collect()
        };
        let windows = reference.questions.iter().map(windows).collect();
        (reference, windows)
    });
    &REFERENCE
}

fn input(window: &Encoding, device: &Device) -> BertInput {
    let [ids, types, mask] = [&window.ids, &window.type_ids, &window.attention_mask].map(|row| {
        let row: Vec<i64> = row.iter().map(|number| i64::from(*number)).collect();
        Tensor::<2, Int>::from_data(TensorData::new(row, [1, window.len()]), device)
    });
    BertInput::new(ids, types, mask)
}

/// The probabilities of each token as the answer's first (`end` = 0) or last one (`end` = 1), and of `[CLS]`.
fn probabilities((encoding, logits): &Window, end: usize) -> (Vec<f64>, f64) {
    let counts = |token: usize| token == CLS || encoding.sequence_ids[token] == Some(1);
    let weight = |token: usize| if counts(token) { f64::from(logits[2 * token + end]).exp() } else { 0.0 };
    let weights: Vec<f64> = (0..encoding.len()).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    let mut probabilities: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
    let of_null = std::mem::take(&mut probabilities[CLS]);
    (probabilities, of_null)
}

/// The characters of the tokens, or of the words that they are a part of, as far as these stand in the window.
fn characters(encoding: &Encoding, first: usize, last: usize, aligned: bool) -> (usize, usize) {
    let of_word = |of: usize| {
        let same = move |token: &usize| {
            (encoding.sequence_ids[*token], encoding.word_ids[*token])
                == (encoding.sequence_ids[of], encoding.word_ids[of])
        };
        (0..encoding.len()).filter(move |token| if aligned { same(token) } else { *token == of })
    };
    let (start, end) = (of_word(first).next().unwrap(), of_word(last).next_back().unwrap());
    (encoding.offsets[start].0, encoding.offsets[end].1)
}

/// The pipeline's answers: first character, one past the last, score.
fn by_its_rules(context: &str, windows: &[Window], settings: &Settings) -> Vec<(usize, usize, f64)> {
    let context: Vec<char> = context.chars().collect();
    let text =
        |start: usize, end: usize| context[start..end.max(start)].iter().collect::<String>().to_lowercase();
    let kept = if settings.align_to_words { 2 * settings.top_k + 10 } else { settings.top_k };
    let (mut answers, mut null) = (Vec::<(usize, usize, f64)>::new(), f64::INFINITY);
    for window in windows {
        let [(starts, start_null), (ends, end_null)] = [0, 1].map(|end| probabilities(window, end));
        null = null.min(start_null * end_null);
        let mut pairs = Vec::new();
        for (first, start) in starts.iter().enumerate() {
            let lasts = ends.iter().enumerate().skip(first).take(settings.max_answer_len);
            pairs.extend(lasts.map(|(last, end)| (first, last, start * end)));
        }
        pairs.retain(|(.., score)| *score > 0.0);
        pairs.sort_by(|a, b| b.2.total_cmp(&a.2));
        for (first, last, score) in pairs.into_iter().take(kept) {
            let (start, end) = characters(&window.0, first, last, settings.align_to_words);
            match answers.iter_mut().find(|answer| text(answer.0, answer.1) == text(start, end)) {
                Some(same) => same.2 += score,
                None => answers.push((start, end, score)),
            }
        }
    }
    if settings.handle_impossible_answer {
        answers.push((0, 0, null));
    }
    answers.sort_by(|a, b| b.2.total_cmp(&a.2));
    answers.truncate(settings.top_k);
    answers
}

/// Our answer, as characters: those of the null answer are none.
fn by_our_rules(context: &str, windows: &[Window], with_null: bool) -> (usize, usize) {
    let options = AnswerOptions { with_null, ..AnswerOptions::default() };
    let candidates = windows
        .iter()
        .map(|(encoding, logits)| SpanCandidates::new(&SpanAlignment::new(encoding), logits, &options));
    let prediction = post_process(context, candidates, &options);
    let answer = prediction.answer();
    let text: String = context.chars().skip(answer.start).take(answer.end - answer.start).collect();
    assert_eq!(text, answer.text);
    (answer.start, answer.end)
}

#[test]
fn its_rules_give_the_pipelines_answers() {
    let (reference, windows) = reference();
    let (mut compared, mut largest) = (0, 0.0_f64);
    for (question, windows) in reference.questions.iter().zip(windows) {
        for (name, settings) in &reference.settings {
            let found = by_its_rules(&question.context, windows, settings);
            // Where there are fewer pairs than it keeps, it fills up with pairs of no probability.
            let expected: Vec<_> = question.answers[name].iter().filter(|(.., score)| *score > 0.0).collect();
            assert_eq!(found.len(), expected.len(), "{name} of {}", question.id);
            for (found, expected) in found.iter().zip(expected) {
                let what = format!("{name} of {}: {found:?}, not {expected:?}", question.id);
                assert_eq!((found.0, found.1), (expected.0, expected.1), "{what}");
                let difference = (found.2 - expected.2).abs();
                assert!(difference <= TOLERANCE, "{what}");
                (compared, largest) = (compared + 1, largest.max(difference));
            }
        }
    }
    println!("{compared} answers, their scores differ by at most {largest:.1e}");
    assert!(compared > 500, "{compared}");
}

#[test]
fn our_answers_are_the_pipelines_but_where_its_rules_are_others() {
    let (reference, windows) = reference();
    for (name, with_null) in
        [("same", false), ("same_impossible", true), ("default", false), ("default_impossible", true)]
    {
        let questions = reference.questions.iter().zip(windows);
        let otherwise = questions.filter(|(question, windows)| {
            let (start, end, _) = question.answers[name][0];
            by_our_rules(&question.context, windows, with_null) != (start, end)
        });
        let otherwise: BTreeSet<String> = otherwise.map(|(question, _)| question.id.clone()).collect();
        assert_eq!(otherwise, reference.otherwise[name], "{name}");
        let all = reference.questions.len();
        println!("{name}: {} of {all} answers are the pipeline's", all - otherwise.len());
    }
}

/// Of one window both have the same best answer, whether or not there may be none.
#[test]
fn within_a_window_the_rules_are_one() {
    let (reference, windows) = reference();
    let mut compared = [0, 0];
    for (question, windows) in reference.questions.iter().zip(windows) {
        for (name, with_null) in [("same", false), ("same_impossible", true)] {
            if windows.len() == 1 {
                let (start, end, _) = question.answers[name][0];
                let found = by_our_rules(&question.context, windows, with_null);
                assert_eq!(found, (start, end), "{name} of {}", question.id);
                compared[usize::from(found == (0, 0))] += 1;
            }
        }
    }
    assert!(compared.iter().all(|count| *count >= 5), "answers and null answers: {compared:?}");
}
