//! Questions with their answers: the answer that a null threshold leaves, and how good it is.

use embert_metrics::{AnswerAccumulator, AnswerReport, apply_null_threshold};
use embert_run::{AnsweredExample, SplitScores};

/// The null threshold that a run's answers are shown with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum NullThreshold {
    /// None was fitted.
    Zero,
    /// It was fitted on the validation split.
    Fitted(f64),
}

impl NullThreshold {
    /// The threshold of these questions; `None` where they have no null odds.
    pub(crate) fn of(examples: &[&AnsweredExample], scores: Option<&SplitScores>) -> Option<Self> {
        examples.first()?.null_odds?;
        Some(match scores.map(|scores| scores.detail.thresholds.as_slice()) {
            Some([fitted]) => Self::Fitted(*fitted),
            _ => Self::Zero,
        })
    }

    pub(crate) const fn value(self) -> f64 {
        match self {
            Self::Zero => 0.0,
            Self::Fitted(value) => value,
        }
    }
}

/// Scores as the run's own evaluation computes them, with no answer above the null threshold; `None` without
/// questions. With a threshold all questions have null odds, which is checked as they are read.
pub(crate) fn report<'a>(
    examples: impl IntoIterator<Item = &'a AnsweredExample>,
    threshold: Option<f64>,
) -> Option<AnswerReport> {
    let accumulator = accumulated(examples)?;
    match threshold {
        Some(threshold) => accumulator.report_at(threshold).ok(),
        None => Some(accumulator.report()),
    }
}

/// The questions in their order; `None` without any.
pub(crate) fn accumulated<'a>(
    examples: impl IntoIterator<Item = &'a AnsweredExample>,
) -> Option<AnswerAccumulator> {
    let mut accumulator = AnswerAccumulator::default();
    let mut is_empty = true;
    for (place, example) in examples.into_iter().enumerate() {
        add(&mut accumulator, place, example).ok()?;
        is_empty = false;
    }
    (!is_empty).then_some(accumulator)
}

/// Adds a question. Its loss is not recorded.
pub(crate) fn add(
    accumulator: &mut AnswerAccumulator,
    place: usize,
    example: &AnsweredExample,
) -> Result<(), embert_metrics::MetricsError> {
    let truths: Vec<&str> = example.answers.iter().map(|answer| answer.text.as_str()).collect();
    accumulator.add(place, &truths, &example.predicted.text, example.null_odds, 0.0)
}

/// The answer that a question is given; empty for none.
pub(crate) fn given(example: &AnsweredExample, threshold: Option<f64>) -> &str {
    match (example.null_odds, threshold) {
        (Some(odds), Some(threshold)) => apply_null_threshold(&example.predicted.text, odds, threshold),
        _ => &example.predicted.text,
    }
}

/// A question with the answer that it is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered<'a> {
    pub(crate) example: &'a AnsweredExample,
    /// The answer; empty for none.
    pub(crate) given: &'a str,
    pub(crate) is_exact: bool,
    /// The F1 of its words.
    pub(crate) words: f64,
}

impl<'a> Answered<'a> {
    pub(crate) fn of(example: &'a AnsweredExample, threshold: Option<f64>) -> Option<Self> {
        let report = report([example], threshold)?;
        let given = given(example, threshold);
        Some(Self { example, given, is_exact: report.exact_match > 0.0, words: report.f1 })
    }

    /// Whether no word of the answer is right.
    pub(crate) fn is_wrong(&self) -> bool {
        !self.is_exact && self.words <= 0.0
    }

    /// The answer's probability; less of it, less sure.
    pub(crate) fn score(&self) -> f64 {
        self.example.predicted.score
    }
}

/// A question with these true answers, for tests.
#[cfg(test)]
pub(crate) fn example(truths: &[&str], predicted: &str, null_odds: Option<f64>) -> AnsweredExample {
    let truth = |text: &&str| embert_run::TrueAnswer { text: (*text).to_owned(), start: 0, end: 1 };
    AnsweredExample {
        split: "test".to_owned(),
        id: 0,
        question_id: String::new(),
        question: String::new(),
        context: "a".to_owned(),
        answers: truths.iter().map(truth).collect(),
        predicted: embert_run::PredictedAnswer { text: predicted.to_owned(), score: 0.5, start: 0, end: 1 },
        null_odds,
        tokens: 1,
    }
}

#[cfg(test)]
mod tests {
    use embert_run::{Detail, Metrics};

    use super::*;

    #[test]
    fn the_threshold_is_the_one_that_was_fitted() {
        let (with, without) = (example(&[], "x", Some(1.0)), example(&["x"], "x", None));
        let scores = |thresholds: &[f64]| SplitScores {
            split: "test".to_owned(),
            examples: 1,
            metrics: Metrics::default(),
            detail: Detail { thresholds: thresholds.to_vec(), ..Detail::default() },
            baselines: Vec::new(),
        };
        let of =
            |example: &AnsweredExample, scores: Option<&SplitScores>| NullThreshold::of(&[example], scores);
        assert_eq!(of(&with, Some(&scores(&[-1.5]))), Some(NullThreshold::Fitted(-1.5)));
        assert_eq!(of(&with, Some(&scores(&[]))), Some(NullThreshold::Zero));
        assert_eq!(of(&with, None).map(NullThreshold::value), Some(0.0));
        assert_eq!(of(&without, Some(&scores(&[-1.5]))), None);
        assert_eq!(NullThreshold::of(&[], None), None);
    }

    #[test]
    fn an_answer_is_scored_as_the_official_scripts_do() {
        let answered = |truths: &[&str], predicted, odds, threshold| {
            let example = example(truths, predicted, odds);
            let one = Answered::of(&example, threshold).unwrap();
            (one.given.to_owned(), one.is_exact, one.words, one.is_wrong())
        };
        assert_eq!(answered(&["x", "The cat"], "a cat", None, None), ("a cat".to_owned(), true, 1.0, false));
        let part = answered(&["cat dog"], "cat mouse", None, None);
        assert_eq!((part.1, part.2, part.3), (false, 0.5, false));
        // Version 1.1 gives an empty answer no F1, exact or not.
        assert_eq!(answered(&["The"], "a", None, None), ("a".to_owned(), true, 0.0, false));
        assert_eq!(answered(&["cat"], "cat", Some(1.0), Some(0.5)), (String::new(), false, 0.0, true));
        assert_eq!(answered(&["cat"], "cat", Some(0.5), Some(0.5)), ("cat".to_owned(), true, 1.0, false));
        assert_eq!(answered(&[], "cat", Some(1.0), Some(0.5)), (String::new(), true, 1.0, false));
        assert_eq!(answered(&[], "cat", Some(0.0), Some(0.5)), ("cat".to_owned(), false, 0.0, true));
    }

    #[test]
    fn no_questions_have_no_scores() {
        assert_eq!(report([], None), None);
        let (right, wrong) = (example(&["x"], "x", None), example(&["x"], "y", None));
        let both = report([&right, &wrong], None).unwrap();
        assert_eq!((both.questions, both.exact_match, both.f1), (2, 0.5, 0.5));
    }
}
