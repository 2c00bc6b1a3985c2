//! [`AnswerScorer`]: SQuAD's metrics of answers.

use embert_metrics::{AnswerAccumulator, AnswerReport};
use serde::Serialize;

use super::aligned::QuestionPrediction;
use super::example::QuestionExample;
use crate::TaskError;

/// The metrics and, where a null threshold is fitted, the metrics with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnswerOutcome {
    /// Without null answers, or with the null threshold 0.
    #[serde(flatten)]
    pub report: AnswerReport,
    /// With the fitted null threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_threshold: Option<AnswerReport>,
}

/// The metrics of all questions' answers.
#[derive(Clone, Debug)]
pub struct AnswerScorer {
    answers: AnswerAccumulator,
    with_null: bool,
    fitted: Option<f64>,
}

impl AnswerScorer {
    /// A scorer of answers that may be null, where `with_null` says so, with the fitted null threshold.
    pub(super) fn new(with_null: bool, fitted: Option<f64>) -> Self {
        Self { answers: AnswerAccumulator::default(), with_null, fitted }
    }

    /// Adds a question with the model's answer, before any null threshold.
    pub(super) fn add_answer(
        &mut self,
        example: &QuestionExample,
        prediction: &QuestionPrediction,
    ) -> Result<(), TaskError> {
        let unlabelled = TaskError::Unlabelled { id: example.id };
        let (Some(answers), Some(loss)) = (&example.question.answers, prediction.loss) else {
            return Err(unlabelled);
        };
        let gold: Vec<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
        let answers = &prediction.answers;
        // Rows have their numbers in the order of the files.
        let place = usize::try_from(example.id).unwrap_or(usize::MAX);
        Ok(self.answers.add(place, &gold, &answers.best().text, answers.null_odds(), loss)?)
    }

    /// Adds the questions of another scorer.
    pub(super) fn merge_answers(&mut self, other: Self) -> Result<(), TaskError> {
        Ok(self.answers.merge(other.answers)?)
    }

    /// The metrics.
    pub(super) fn outcome(&self) -> AnswerOutcome {
        let at = |threshold: f64| self.answers.report_at(threshold).ok();
        AnswerOutcome {
            report: self.with_null.then(|| at(0.0)).flatten().unwrap_or_else(|| self.answers.report()),
            at_threshold: self.fitted.and_then(at),
        }
    }
}
