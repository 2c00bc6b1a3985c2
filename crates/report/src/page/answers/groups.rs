//! Exact match and F1 of groups of questions: by question word, by length of the answer and of the context.

use embert_metrics::AnswerReport;
use embert_run::AnsweredExample;

use super::super::figure::{Figure, Table};
use super::super::lengths::{bin_of, name_of};
use super::super::roc::unit;
use crate::answers::report;
use crate::number::{figure, or_dash, thousands};
use crate::plot::{Ink, Layer, Plot, Ticks};

/// The names of groups by question word.
const QUESTION_WORDS: [&str; 9] =
    ["who", "what", "when", "where", "which", "why", "how many", "how", "other"];

/// The number of the group of a question: that of its first question word, wherever it stands, as in `In
/// which year did it end?`. English alone: a question in another language has no such word.
fn question_word(question: &str) -> usize {
    let lower = question.to_lowercase();
    let mut words = lower.split(|character: char| !character.is_alphanumeric());
    let name = loop {
        let Some(word) = words.next() else { break "other" };
        match word {
            "who" | "whom" | "whose" => break "who",
            "how" => {
                let next = words.find(|word| !word.is_empty());
                break if matches!(next, Some("many" | "much")) { "how many" } else { "how" };
            }
            "what" | "when" | "where" | "which" | "why" => break word,
            _ => {}
        }
    };
    QUESTION_WORDS.iter().position(|known| *known == name).unwrap_or(QUESTION_WORDS.len() - 1)
}

/// The ends of the bins of lengths; the last bin is open.
const ANSWER_WORDS: [usize; 5] = [1, 2, 3, 5, 10];
const ANSWER_CHARACTERS: [usize; 6] = [1, 2, 4, 8, 16, 32];
const CONTEXT_WORDS: [usize; 7] = [50, 100, 150, 200, 400, 800, 1600];

pub(super) fn by_question_word(examples: &[&AnsweredExample], threshold: Option<f64>, key: &str) -> Figure {
    Grouping {
        id: "question-words",
        title: "By question word",
        what: "question word",
        names: QUESTION_WORDS.map(str::to_owned).to_vec(),
        note: "The first English one; “how much” counts as “how many”, “whom” and “whose” as “who”."
            .to_owned(),
    }
    .figure(examples, |example| question_word(&example.question), threshold, key)
}

/// By the length of the first true answer: in words, or in characters where no answer has a space, as in
/// Chinese.
pub(super) fn by_answer_length(examples: &[&AnsweredExample], threshold: Option<f64>, key: &str) -> Figure {
    let first = |example: &AnsweredExample| example.answers.first().map(|answer| answer.text.clone());
    let in_words =
        examples.iter().any(|example| first(example).is_some_and(|text| text.contains(char::is_whitespace)));
    let (ends, unit): (&[usize], _) =
        if in_words { (&ANSWER_WORDS, "words") } else { (&ANSWER_CHARACTERS, "characters") };
    let lengths = (0..=ends.len()).map(|bin| name_of(bin, ends));
    // Questions without an answer are the first group.
    let group = |example: &AnsweredExample| {
        let length = |text: String| {
            if in_words { text.split_whitespace().count() } else { text.chars().count() }
        };
        first(example).map_or(0, |text| 1 + bin_of(length(text), ends))
    };
    let mut names: Vec<String> = std::iter::once("no answer".to_owned()).chain(lengths).collect();
    let has_none = examples.iter().any(|example| example.answers.is_empty());
    if !has_none {
        names.remove(0);
    }
    Grouping {
        id: "answer-lengths",
        title: "By length of the answer",
        what: unit,
        names,
        note: format!("In {unit} of the first true answer."),
    }
    .figure(examples, |example| group(example) - usize::from(!has_none), threshold, key)
}

pub(super) fn by_context_length(examples: &[&AnsweredExample], threshold: Option<f64>, key: &str) -> Figure {
    Grouping {
        id: "context-lengths",
        title: "By length of the context",
        what: "words",
        names: (0..=CONTEXT_WORDS.len()).map(|bin| name_of(bin, &CONTEXT_WORDS)).collect(),
        note: "In words of the context.".to_owned(),
    }
    .figure(
        examples,
        |example| bin_of(example.context.split_whitespace().count(), &CONTEXT_WORDS),
        threshold,
        key,
    )
}

/// Groups of questions.
struct Grouping {
    id: &'static str,
    title: &'static str,
    /// What tells the groups apart.
    what: &'static str,
    names: Vec<String>,
    note: String,
}

impl Grouping {
    /// Exact match and F1 of each group that has questions, as dots in a row of their own. The table has all
    /// groups.
    fn figure(
        self,
        examples: &[&AnsweredExample],
        group: impl Fn(&AnsweredExample) -> usize,
        threshold: Option<f64>,
        key: &str,
    ) -> Figure {
        let mut members: Vec<Vec<&AnsweredExample>> = vec![Vec::new(); self.names.len()];
        for &example in examples {
            members[group(example)].push(example);
        }
        let reports: Vec<Option<AnswerReport>> =
            members.into_iter().map(|members| report(members, threshold)).collect();
        let filled: Vec<(&String, &AnswerReport)> = self
            .names
            .iter()
            .zip(&reports)
            .filter_map(|(name, report)| Some((name, report.as_ref()?)))
            .collect();
        let dots = |score: fn(&AnswerReport) -> f64, up: f64| -> Vec<(f64, f64)> {
            let dot =
                |(row, (_, report)): (usize, &(&String, &AnswerReport))| (score(report), up - row as f64);
            filled.iter().enumerate().map(dot).collect()
        };
        let (y, y_ticks) = Plot::rows(
            filled.iter().map(|(name, report)| format!("{name} ({})", thousands(report.questions))),
        );
        let told: Vec<String> = filled
            .iter()
            .map(|(name, report)| format!("{name} {} and {}", figure(report.exact_match), figure(report.f1)))
            .collect();
        let rows = self.names.iter().zip(&reports).map(|(name, report)| {
            let report = report.as_ref();
            let count = |count: fn(&AnswerReport) -> usize| thousands(report.map_or(0, count));
            vec![
                name.clone(),
                or_dash(report.map(|report| report.exact_match)),
                or_dash(report.map(|report| report.f1)),
                count(|report| report.questions),
                count(|report| report.no_ans),
            ]
        });
        Figure {
            key: key.to_owned(),
            title: self.title.to_owned(),
            value: None,
            alt: format!("Exact match and F1 by {}: {}.", self.what, told.join(", ")),
            plot: Plot {
                id: self.id,
                x: unit(),
                y,
                x_title: "exact match and F1".into(),
                x_ticks: Ticks::Numbers,
                y_ticks,
                layers: vec![
                    Layer::Dots { points: dots(|report| report.exact_match, 0.14), ink: Ink::Series(1) },
                    Layer::Dots { points: dots(|report| report.f1, -0.14), ink: Ink::Series(0) },
                ],
            },
            legend: vec![(Ink::Series(1), "exact match".to_owned()), (Ink::Series(0), "F1".to_owned())],
            note: format!("{} The number of questions is in brackets.", self.note),
            table: Table::new(
                [self.what, "exact match", "F1", "questions", "without an answer"],
                rows.collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use embert_run::{PredictedAnswer, TrueAnswer};

    use super::*;

    #[test]
    fn the_first_question_word_counts() {
        for (question, name) in [
            ("Who's there?", "who"),
            ("To WHOM was it given?", "who"),
            ("In which year did it end, and why?", "which"),
            ("How  many people live there?", "how many"),
            ("For how much was it sold?", "how many"),
            ("How long is it?", "how"),
            ("How?", "how"),
            ("Somewhat whatever?", "other"),
            ("Wer war es?", "other"),
            ("", "other"),
        ] {
            assert_eq!(QUESTION_WORDS[question_word(question)], name, "{question}");
        }
    }

    fn example(question: &str, truth: Option<&str>, predicted: &str, words: usize) -> AnsweredExample {
        let truth = truth.map(|text| TrueAnswer { text: text.to_owned(), start: 0, end: 1 });
        AnsweredExample {
            split: "test".to_owned(),
            id: 0,
            question_id: String::new(),
            question: question.to_owned(),
            context: "w ".repeat(words),
            answers: truth.into_iter().collect(),
            predicted: PredictedAnswer { text: predicted.to_owned(), score: 0.5, start: 0, end: 1 },
            null_odds: None,
            tokens: 1,
        }
    }

    fn rows(figure: &Figure) -> Vec<String> {
        figure.table.rows.iter().map(|row| row.join(" ")).collect()
    }

    #[test]
    fn a_group_without_questions_has_dashes() {
        let examples = [
            example("Who?", Some("a b"), "b", 50),
            example("Whose?", Some("b"), "b", 51),
            example("Why?", Some("b c d e f g h i j k l"), "x", 2000),
        ];
        let examples: Vec<&AnsweredExample> = examples.iter().collect();
        let by_word = by_question_word(&examples, None, "-test");
        let rows_of_words = rows(&by_word);
        assert_eq!(rows_of_words.len(), 9);
        // An article is no word of an answer.
        assert_eq!(rows_of_words[0], "who 1.0000 1.0000 2 0");
        assert_eq!(
            (rows_of_words[1].as_str(), rows_of_words[5].as_str()),
            ("what – – 0 0", "why 0.0000 0.0000 1 0")
        );
        // Only groups with questions are drawn.
        assert_eq!(by_word.plot.y, -1.5..0.5);
        let rows_of_answers = rows(&by_answer_length(&examples, None, ""));
        assert_eq!(rows_of_answers[0], "1 1.0000 1.0000 1 0");
        assert_eq!(rows_of_answers[1], "2 1.0000 1.0000 1 0");
        assert_eq!(rows_of_answers[5], "11+ 0.0000 0.0000 1 0");
        let rows_of_contexts = rows(&by_context_length(&examples, None, ""));
        assert_eq!(rows_of_contexts[0], "1–50 1.0000 1.0000 1 0");
        assert_eq!(rows_of_contexts[1], "51–100 1.0000 1.0000 1 0");
        assert_eq!(rows_of_contexts[7], "1,601+ 0.0000 0.0000 1 0");
    }

    #[test]
    fn questions_without_an_answer_are_a_group_and_lengths_may_be_in_characters() {
        let mut examples =
            [example("", None, "x", 1), example("", None, "x", 1), example("", Some("東京都"), "東京", 1)];
        for (example, odds) in examples.iter_mut().zip([1.0, -1.0, -1.0]) {
            example.null_odds = Some(odds);
        }
        let examples: Vec<&AnsweredExample> = examples.iter().collect();
        let figure = by_answer_length(&examples, Some(0.0), "");
        assert_eq!(figure.table.headings[0], "characters");
        let rows = rows(&figure);
        assert_eq!(rows[0], "no answer 0.5000 0.5000 2 2");
        assert_eq!((rows[3].as_str(), rows.len()), ("3–4 0.0000 0.0000 1 0", 8));
    }
}
