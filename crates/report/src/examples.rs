//! [`RunExamples`]: the lines of `examples.jsonl`, whose form the run's task decides. Each is checked as it is
//! read.

use std::path::Path;

use embert_metrics::{Accumulator, AnswerAccumulator, Average};
use embert_run::{
    AnsweredExample, Example, Examples, Facts, MultiLabelExample, QUESTION_ANSWERING, SENTENCE_SIMILARITY,
    ScoredExample, Scores, SplitScores, TEXT_CLASSIFICATION, TOKEN_CLASSIFICATION, TaggedExample,
};
use serde::de::DeserializeOwned;

use crate::error::ExampleProblem;
use crate::{ReportError, answers};

/// What a run predicts for an example, by its task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One label.
    SingleLabel,
    /// Any number of labels.
    MultiLabel,
    /// A number.
    Score,
    /// Entities in the text.
    Entities,
    /// An answer in a context.
    Answers,
    /// The task is of a later version. Its lines may have any form; those with one label are shown.
    Unknown,
}

impl Kind {
    /// The kind of a run with these facts. Runs without facts are older than all other tasks.
    pub(crate) fn of(facts: Option<&Facts>) -> Self {
        let Some(facts) = facts else { return Self::SingleLabel };
        match (facts.task.as_str(), facts.problem_type.as_deref()) {
            (TEXT_CLASSIFICATION, None | Some("single_label_classification")) => Self::SingleLabel,
            (TEXT_CLASSIFICATION, Some("multi_label_classification")) => Self::MultiLabel,
            (TEXT_CLASSIFICATION, Some("regression")) => Self::Score,
            (TOKEN_CLASSIFICATION, _) => Self::Entities,
            (QUESTION_ANSWERING, _) => Self::Answers,
            (SENTENCE_SIMILARITY, _) => Self::Score,
            _ => Self::Unknown,
        }
    }

    /// The thresholds of the metrics that every evaluation logs, in words.
    pub(crate) const fn first_threshold(self) -> &'static str {
        match self {
            Self::Answers => "null threshold 0",
            _ => "thresholds 0.5",
        }
    }

    /// The thresholds that are fitted on the validation split, in words.
    pub(crate) const fn fitted_threshold(self) -> &'static str {
        match self {
            Self::Answers => "fitted null threshold",
            _ => "fitted thresholds",
        }
    }
}

/// The predictions of a run, by what its task predicts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RunExamples {
    /// Texts with one label each.
    SingleLabel(Vec<Example>),
    /// Texts with any number of labels.
    MultiLabel(Vec<MultiLabelExample>),
    /// Texts with a number each.
    Scored(Vec<ScoredExample>),
    /// Texts with their entities.
    Tagged(Vec<TaggedExample>),
    /// Questions with their answers.
    Answered(Vec<AnsweredExample>),
}

/// Reads the examples of a run with `labels` labels; `None` if there is no file. A line that does not fit the
/// labels or its own text is an error, since the run's own evaluation can't have written it.
pub(crate) fn read(
    path: &Path,
    kind: Kind,
    labels: Option<usize>,
) -> Result<Option<RunExamples>, ReportError> {
    let mut labels = labels;
    Ok(match kind {
        Kind::SingleLabel | Kind::Unknown => lines(path, |example: &Example| {
            let labels = *labels.get_or_insert(example.probabilities.len());
            Ok(Accumulator::new(labels, Average::Macro)?.add(example.label, &example.probabilities, 0.0)?)
        })?
        .map(RunExamples::SingleLabel),
        Kind::MultiLabel => lines(path, |example: &MultiLabelExample| {
            fits_labels(example, *labels.get_or_insert(example.probabilities.len()))
        })?
        .map(RunExamples::MultiLabel),
        // JSON has no number that is not finite.
        Kind::Score => lines(path, |_: &ScoredExample| Ok(()))?.map(RunExamples::Scored),
        Kind::Entities => lines(path, fits_text)?.map(RunExamples::Tagged),
        Kind::Answers => {
            let mut all = AnswerAccumulator::default();
            lines(path, |example: &AnsweredExample| {
                fits_context(example)?;
                Ok(answers::add(&mut all, 0, example)?)
            })?
            .map(RunExamples::Answered)
        }
    })
}

fn lines<E: DeserializeOwned>(
    path: &Path,
    mut check: impl FnMut(&E) -> Result<(), ExampleProblem>,
) -> Result<Option<Vec<E>>, ReportError> {
    let Some(lines) = Examples::<E>::open(path)? else { return Ok(None) };
    let mut examples = Vec::new();
    for line in lines {
        let (line, example) = line?;
        check(&example).map_err(|problem| ReportError::Example { path: path.to_owned(), line, problem })?;
        examples.push(example);
    }
    Ok(Some(examples))
}

fn fits_labels(example: &MultiLabelExample, count: usize) -> Result<(), ExampleProblem> {
    let MultiLabelExample { labels, probabilities, .. } = example;
    if probabilities.len() != count {
        return Err(ExampleProblem::ProbabilityCount { found: probabilities.len(), expected: count });
    }
    if let Some(&value) = probabilities.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        return Err(ExampleProblem::Probability { value });
    }
    if labels.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(ExampleProblem::LabelOrder { labels: labels.clone() });
    }
    match labels.last() {
        Some(&label) if label >= count => Err(ExampleProblem::Label { label, count }),
        _ => Ok(()),
    }
}

fn fits_text(example: &TaggedExample) -> Result<(), ExampleProblem> {
    let length = example.text.chars().count();
    let truth = example.entities.iter().map(|entity| (entity.start, entity.end));
    let found = example.predicted.iter().map(|entity| (entity.start, entity.end));
    if let Some((start, end)) = truth.chain(found).find(|&(start, end)| start >= end || end > length) {
        return Err(ExampleProblem::Entity { start, end, length });
    }
    match example.predicted.iter().find(|entity| !(0.0..=1.0).contains(&entity.score)) {
        Some(entity) => Err(ExampleProblem::Probability { value: entity.score }),
        None => Ok(()),
    }
}

fn fits_context(example: &AnsweredExample) -> Result<(), ExampleProblem> {
    let AnsweredExample { context, answers, predicted, .. } = example;
    let length = context.chars().count();
    let truths = answers.iter().map(|answer| (answer.start, answer.end));
    let mut all = truths.chain([(predicted.start, predicted.end)]);
    if let Some((start, end)) = all.find(|&(start, end)| start > end || end > length) {
        return Err(ExampleProblem::Answer { start, end, length });
    }
    if !(0.0..=1.0).contains(&predicted.score) {
        return Err(ExampleProblem::Probability { value: predicted.score });
    }
    Ok(())
}

/// An example of a split.
pub(crate) trait OfSplit {
    fn split(&self) -> &str;
}

impl OfSplit for MultiLabelExample {
    fn split(&self) -> &str {
        &self.split
    }
}

impl OfSplit for ScoredExample {
    fn split(&self) -> &str {
        &self.split
    }
}

impl OfSplit for TaggedExample {
    fn split(&self) -> &str {
        &self.split
    }
}

impl OfSplit for AnsweredExample {
    fn split(&self) -> &str {
        &self.split
    }
}

/// A split's examples, and the metrics that the run's own evaluation wrote.
#[derive(Clone, Debug)]
pub(crate) struct Split<'a, E> {
    pub(crate) name: &'static str,
    /// The examples; empty if the run has no `examples.jsonl`.
    pub(crate) examples: Vec<&'a E>,
    /// The metrics; `None` if there are none, or if they are those of other examples.
    pub(crate) scores: Option<&'a SplitScores>,
}

/// The splits that have examples or metrics, validation first.
pub(crate) fn by_split<'a, E: OfSplit>(examples: &'a [E], scores: Option<&'a Scores>) -> Vec<Split<'a, E>> {
    let of = |name: &'static str| {
        let examples: Vec<&E> = examples.iter().filter(|example| example.split() == name).collect();
        let scores = scores
            .and_then(|scores| scores.split(name))
            .filter(|scores| examples.is_empty() || examples.len() == scores.examples);
        (scores.is_some() || !examples.is_empty()).then_some(Split { name, examples, scores })
    };
    ["validation", "test"].into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first line is right; the second is wrong, and the error says how.
    fn assert_named(kind: Kind, right: &str, wrong: &[(&str, &str)]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("examples.jsonl");
        assert_eq!(read(&path, kind, Some(2)).unwrap(), None);
        for (second, part) in wrong {
            std::fs::write(&path, format!("{right}\n{second}\n")).unwrap();
            for labels in [Some(2), None] {
                let error = read(&path, kind, labels).unwrap_err().to_string();
                assert!(error.contains(&format!("examples.jsonl, line 2, can't be used: {part}")), "{error}");
            }
        }
        std::fs::write(&path, format!("{right}\n{right}\n")).unwrap();
        assert!(read(&path, kind, Some(2)).unwrap().is_some());
    }

    #[test]
    fn a_line_that_does_not_fit_the_labels_is_named() {
        let row = |label: usize, probabilities: &str| {
            format!(
                r#"{{"split":"test","id":1,"text":"a","label":{label},"probabilities":{probabilities},"tokens":3}}"#
            )
        };
        assert_named(
            Kind::SingleLabel,
            &row(0, "[0.5,0.5]"),
            &[
                (&row(2, "[0.5,0.5]"), "the true label is 2"),
                (&row(1, "[0.5]"), "found 1 probabilities"),
                (&row(1, "[0.5,null]"), "it is not what"),
            ],
        );
        let row = |labels: &str, probabilities: &str| {
            format!(
                r#"{{"split":"test","id":1,"text":"a","labels":{labels},"probabilities":{probabilities},"tokens":3}}"#
            )
        };
        assert_named(
            Kind::MultiLabel,
            &row("[0,1]", "[0.5,1.0]"),
            &[
                (&row("[0,2]", "[0.5,0.5]"), "the true label is 2, expected less than 2"),
                (&row("[1,0]", "[0.5,0.5]"), "the true labels are [1, 0], expected ascending numbers"),
                (&row("[1,1]", "[0.5,0.5]"), "the true labels are [1, 1]"),
                (&row("[]", "[0.5]"), "found 1 probabilities, expected 2"),
                (&row("[]", "[0.5,1.5]"), "the probability 1.5 is not between 0 and 1"),
                (&row("[]", "[0.5,null]"), "it is not what"),
            ],
        );
    }

    #[test]
    fn a_line_without_a_number_is_named() {
        let row = |predicted: &str| {
            format!(r#"{{"split":"test","id":1,"text":"a","score":2.5,"predicted":{predicted},"tokens":3}}"#)
        };
        assert_named(
            Kind::Score,
            &row("-1e300"),
            &[(&row("null"), "it is not what"), (&row("1e999"), "it is not")],
        );
    }

    #[test]
    fn an_entity_beyond_its_text_is_named() {
        let row = |true_one: (usize, usize), found: (usize, usize), score: f64| {
            format!(
                r#"{{"split":"test","id":1,"text":"a😀b","entities":[{{"entity_group":"A","start":{},"end":{}}}],
                "predicted":[{{"entity_group":"A","score":{score},"start":{},"end":{}}}],"words":1,"tokens":3}}"#,
                true_one.0, true_one.1, found.0, found.1
            )
            .replace('\n', "")
        };
        assert_named(
            Kind::Entities,
            &row((0, 3), (1, 2), 1.0),
            &[
                (&row((0, 4), (1, 2), 0.5), "an entity goes from character 0 to 4, but the text has 3"),
                (&row((0, 1), (2, 2), 0.5), "an entity goes from character 2 to 2"),
                (&row((0, 1), (3, 1), 0.5), "an entity goes from character 3 to 1"),
                (
                    &row((0, 1), (0, usize::MAX), 0.5),
                    "an entity goes from character 0 to 18446744073709551615",
                ),
                (&row((0, 1), (0, 1), -0.5), "the probability -0.5 is not between"),
            ],
        );
    }

    #[test]
    fn an_answer_beyond_its_context_is_named() {
        let row = |truth: (usize, usize), found: (usize, usize), score: f64, odds: &str| {
            format!(
                r#"{{"split":"test","id":1,"question_id":"q","question":"?","context":"a😀b","answers":[{{"text":"a","start":{},"end":{}}}],"predicted":{{"text":"a","score":{score},"start":{},"end":{}}},{odds}"tokens":3}}"#,
                truth.0, truth.1, found.0, found.1
            )
        };
        assert_named(
            Kind::Answers,
            &row((0, 3), (1, 1), 1.0, ""),
            &[
                (
                    &row((0, 4), (1, 2), 0.5, ""),
                    "an answer goes from character 0 to 4, but the context has 3, counted from 0",
                ),
                (&row((0, 1), (3, 2), 0.5, ""), "an answer goes from character 3 to 2"),
                (
                    &row((0, 1), (0, usize::MAX), 0.5, ""),
                    "an answer goes from character 0 to 18446744073709551615",
                ),
                (&row((0, 1), (0, 1), 1.5, ""), "the probability 1.5 is not between"),
                (
                    &row((0, 1), (0, 1), 0.5, r#""null_odds":1.5,"#),
                    "some questions have null odds and others have none",
                ),
                (&row((0, 1), (0, 1), 0.5, r#""null_odds":1e999,"#), "it is not"),
            ],
        );
    }

    #[test]
    fn the_task_decides_what_a_line_is() {
        let kind = |task: &str, problem: &str| {
            let facts = format!(
                r#"{{"task": "{task}", "problem_type": {problem}, "model": "m", "dataset": "d", "labels": [], "positive": null,
                "parameters": {{"total": 9, "trainable": 9}}, "splits": {{"train": {{"examples": 0, "labels": [], "duplicates": 0}}}},
                "lengths": {{"max_length": 32, "truncated": 0, "bin_width": 16, "counts": []}}}}"#
            );
            Kind::of(Some(&serde_json::from_str(&facts).unwrap()))
        };
        assert_eq!(Kind::of(None), Kind::SingleLabel);
        assert_eq!(kind("text-classification", "null"), Kind::SingleLabel);
        assert_eq!(kind("text-classification", "\"multi_label_classification\""), Kind::MultiLabel);
        assert_eq!(kind("text-classification", "\"regression\""), Kind::Score);
        assert_eq!(kind("token-classification", "null"), Kind::Entities);
        assert_eq!(kind("question-answering", "null"), Kind::Answers);
        assert_eq!(kind("fill-mask", "null"), Kind::Unknown);
    }
}
