//! [`post_process`]: from the candidates of all windows to the answer.

use std::ops::Range;

use embert_metrics::softmax;

use super::candidates::SpanCandidates;
use super::options::AnswerOptions;
use super::prediction::{Answer, AnswerPrediction};
use super::span::{Span, keep_best};

/// The answers to a question from the candidates of all windows of its context, in the order of the windows,
/// as `postprocess_qa_predictions` in `utils_qa.py` finds them.
///
/// - The best `n_best` answers have the greatest scores: start logit plus end logit, in f32. Of equal scores
///   the earlier window's comes first, then the greater start logit's, then the greater end logit's. An
///   answer that two windows hold is two answers.
/// - With `with_null` the null answer is one more: the logits of `[CLS]` in the window where their sum is
///   smallest. It comes after answers of its score, and is kept behind the others where it is not among the
///   `n_best`.
/// - Texts are cut from the raw context by the code points of the tokens.
/// - If there is no answer but null, there is one whose text is `empty` and whose logits are 0.
/// - Probabilities are the softmax of the scores, in f64. (`utils_qa.py` computes them in f32, the type of a
///   model's logits: its last digits differ.)
/// - The answer is null if the null score less the best other answer's start logit and end logit, in f32, is
///   greater than `null_threshold`.
///
/// It differs where `utils_qa.py` stops with an error: with `with_null`, answers that are all of zero
/// characters count as none, and there may be no windows.
pub fn post_process(
    context: &str,
    windows: impl IntoIterator<Item = SpanCandidates>,
    options: &AnswerOptions,
) -> AnswerPrediction {
    let (mut spans, mut null) = (Vec::new(), None::<Span>);
    for window in windows {
        spans.extend(window.spans);
        let of_window = window.null.filter(|_| options.with_null);
        null = match (null, of_window) {
            (Some(least), Some(other)) if least.score() > other.score() => Some(other),
            (least, other) => least.or(other),
        };
    }
    spans.extend(null.clone());
    keep_best(&mut spans, options.n_best);
    if !spans.iter().any(is_null) {
        spans.extend(null.clone());
    }
    let mut n_best: Vec<Answer> = spans.iter().map(|span| answer(context, span)).collect();
    let are_null = n_best.iter().all(|answer| answer.text.is_empty());
    if are_null && (options.with_null || n_best.len() < 2) {
        n_best.insert(0, empty());
        spans.insert(0, Span::null([0.0; 2]));
    }
    let scores: Vec<f32> = spans.iter().map(Span::score).collect();
    for (answer, probability) in n_best.iter_mut().zip(softmax(&scores)) {
        answer.probability = probability;
    }
    let is_text = |answer: &Answer| !options.with_null || !answer.text.is_empty();
    let best = n_best.iter().position(is_text).unwrap_or(0);
    let odds = |null: &Span| null.score() - spans[best].start_logit - spans[best].end_logit;
    AnswerPrediction {
        null_odds: null.as_ref().map(|null| f64::from(odds(null))),
        null: null.and_then(|_| spans.iter().rposition(is_null)),
        n_best,
        best,
        is_null: false,
    }
    .with_null_threshold(options.null_threshold)
}

/// Whether a span is taken for the null answer: by its characters, as `utils_qa.py` does.
fn is_null(span: &Span) -> bool {
    span.characters == (0..0)
}

/// What stands in for an answer where there is none.
fn empty() -> Answer {
    Answer { text: "empty".to_owned(), probability: 0.0, start_logit: 0.0, end_logit: 0.0, start: 0, end: 0 }
}

/// The answer of a span; its probability is not known yet.
fn answer(context: &str, span: &Span) -> Answer {
    let Range { start, end } = span.characters;
    Answer {
        text: context.chars().skip(start).take(end.saturating_sub(start)).collect(),
        probability: 0.0,
        start_logit: span.start_logit.into(),
        end_logit: span.end_logit.into(),
        start,
        end: end.max(start),
    }
}

#[cfg(test)]
mod tests {
    use embert_data::tokenize::Encoding;

    use super::*;
    use crate::question_answering::SpanAlignment;

    const CONTEXT: &str = "añ🎬 was seen";

    /// `[CLS] question [SEP]`, the context's three words, `[SEP]`.
    fn window(logits: &[f32; 14], options: &AnswerOptions) -> SpanCandidates {
        let (none, of_context) = ((None, (0, 0)), |offsets| (Some(1), offsets));
        let words = [of_context((0, 3)), of_context((4, 7)), of_context((8, 12))];
        let tokens = [&[none, (Some(0), (0, 8)), none][..], &words, &[none]].concat();
        let (sequence_ids, offsets) = tokens.into_iter().unzip();
        let encoding = Encoding { sequence_ids, offsets, ..Encoding::default() };
        SpanCandidates::new(&SpanAlignment::new(&encoding), logits, options)
    }

    /// Logits of the three words, and of `[CLS]` for both ends.
    fn logits(cls: f32, starts: [f32; 3], ends: [f32; 3]) -> [f32; 14] {
        let [a, b, c] = starts;
        let [x, y, z] = ends;
        [cls, cls, -9.0, -9.0, -9.0, -9.0, a, x, b, y, c, z, -9.0, -9.0]
    }

    fn with_null() -> AnswerOptions {
        AnswerOptions { with_null: true, ..AnswerOptions::default() }
    }

    fn texts(prediction: &AnswerPrediction) -> Vec<&str> {
        prediction.n_best().iter().map(|answer| answer.text.as_str()).collect()
    }

    #[test]
    fn the_answer_is_null_where_every_window_wants_it_so() {
        let options = with_null();
        let sure = window(&logits(5.0, [3.0, 0.0, 0.0], [3.0, 0.0, 0.0]), &options);
        let other = window(&logits(1.0, [0.0; 3], [0.0; 3]), &options);
        let prediction = post_process(CONTEXT, [sure.clone()], &options);
        assert!(prediction.is_null() && prediction.answer().text.is_empty(), "{prediction:?}");
        assert_eq!((prediction.null_odds(), prediction.best().text.as_str()), (Some(4.0), "añ🎬"));
        // Odds that are not above the threshold are none.
        let prediction = prediction.with_null_threshold(4.0);
        assert!(!prediction.is_null() && prediction.answer() == prediction.best());
        assert!(prediction.with_null_threshold(3.9).is_null());
        // The null score is the smallest.
        for windows in [[sure.clone(), other.clone()], [other, sure]] {
            let prediction = post_process(CONTEXT, windows, &options);
            assert_eq!((prediction.null_odds(), prediction.answer().text.as_str()), (Some(-4.0), "añ🎬"));
        }
    }

    #[test]
    fn without_null_answers_no_threshold_matters() {
        let options = AnswerOptions { null_threshold: -99.0, ..AnswerOptions::default() };
        let window = window(&logits(5.0, [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]), &options);
        let prediction = post_process(CONTEXT, [window], &options);
        let Answer { text, start, end, .. } = prediction.answer();
        assert_eq!((text.as_str(), *start, *end), ("was seen", 4, 12));
        assert_eq!((prediction.null_odds(), prediction.is_null()), (None, false));
        assert!((prediction.n_best().iter().map(|one| one.probability).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(!texts(&prediction).contains(&""));
    }

    #[test]
    fn the_null_answer_is_kept_behind_the_best_ones() {
        let options = AnswerOptions { n_best: 2, ..with_null() };
        let window = window(&logits(-5.0, [3.0, 2.0, -7.0], [1.0, 0.0, -8.0]), &options);
        let prediction = post_process(CONTEXT, [window], &options);
        assert_eq!(texts(&prediction), ["añ🎬", "añ🎬 was", ""]);
    }

    #[test]
    fn an_answer_of_the_null_score_goes_before_it() {
        let options = with_null();
        let window = window(&logits(0.0, [0.0; 3], [0.0; 3]), &options);
        let prediction = post_process(CONTEXT, [window], &options);
        assert_eq!(texts(&prediction), ["seen", "was seen", "was", "añ🎬 was seen", "añ🎬 was", "añ🎬", ""]);
        assert!(!prediction.is_null());
    }

    #[test]
    fn where_nothing_can_be_an_answer_the_answer_is_empty() {
        for options in [AnswerOptions::default(), with_null()] {
            let no_length = AnswerOptions { max_answer_length: 0, ..options };
            let window = window(&logits(3.0, [0.0; 3], [0.0; 3]), &no_length);
            let prediction = post_process(CONTEXT, [window], &no_length);
            let expected: &[&str] = if options.with_null { &["empty", ""] } else { &["empty"] };
            assert_eq!((texts(&prediction).as_slice(), prediction.best().text.as_str()), (expected, "empty"));
            assert_eq!(prediction.null_odds(), options.with_null.then_some(6.0));
            // No windows, as of no example; no logits.
            for windows in [vec![], vec![SpanCandidates { spans: vec![], null: None }]] {
                let prediction = post_process(CONTEXT, windows, &options);
                assert_eq!((texts(&prediction).as_slice(), prediction.null_odds()), (&["empty"][..], None));
            }
        }
    }

    #[test]
    fn logits_that_are_no_numbers_give_probabilities_that_are_none() {
        for number in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for options in [AnswerOptions::default(), with_null()] {
                let window = window(&[number; 14], &options);
                let prediction = post_process(CONTEXT, [window.clone(), window], &options);
                assert!(prediction.answer().probability.is_nan(), "{prediction:?}");
            }
        }
        // What is not a number is the greatest, as for numpy.
        let options = AnswerOptions::default();
        let window = window(&logits(0.0, [0.0, f32::NAN, 1.0], [0.0, 1.0, 2.0]), &options);
        let prediction = post_process(CONTEXT, [window], &options);
        assert_eq!(texts(&prediction)[..2], ["was seen", "was"]);
    }

    #[test]
    fn an_answer_is_written_with_its_logits_as_f64() {
        let options = AnswerOptions { n_best: 1, ..AnswerOptions::default() };
        let window = window(&logits(0.0, [0.0, 0.1, 0.0], [0.0, 0.0, 0.5]), &options);
        let prediction = post_process(CONTEXT, [window], &options);
        let json = serde_json::to_string(prediction.answer()).unwrap();
        // float(np.float32(0.1)) of Python.
        let logits = r#""start_logit":0.10000000149011612,"end_logit":0.5"#;
        let expected = format!(r#"{{"text":"was seen","probability":1.0,{logits},"start":4,"end":12}}"#);
        assert_eq!(json, expected);
    }
}
