//! [`PairLabels`]: what the scores of a data set of pairs mean.

use embert_data::{Card, LoadedRows, Row};

use crate::regression::{Numbers, number_of, read_numbers};
use crate::{ExampleProblem, LabelProblem, TaskError};

/// What the scores of a data set of pairs mean.
#[derive(Clone, Debug, PartialEq)]
pub struct PairLabels {
    /// `None` for pairs without scores.
    pub scores: Option<ScoreScale>,
}

/// The scale of scores.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreScale {
    /// What -1 means, and where the strata of splits are.
    numbers: Numbers,
    /// The score of texts that have nothing in common, and of texts that mean the same.
    range: [f64; 2],
}

impl ScoreScale {
    /// The score on a scale from 0 (nothing in common) to 1 (the same meaning).
    pub fn scaled(&self, score: f64) -> f64 {
        let [low, high] = self.range;
        (score - low) / (high - low)
    }

    /// The stratum of a score.
    pub(super) fn stratum(&self, score: f64) -> usize {
        self.numbers.borders.partition_point(|border| *border <= score)
    }

    /// The score of a row.
    #[allow(clippy::float_cmp, reason = "-1 is exact")]
    pub(super) fn of_row(&self, card: &Card, row: &Row) -> Result<f64, ExampleProblem> {
        let score = number_of(row.get(&card.columns.label))?;
        let score = score.ok_or(ExampleProblem::NoLabel { minus_one: false })?;
        if self.numbers.minus_one_is_none && score == -1.0 {
            return Err(ExampleProblem::NoLabel { minus_one: true });
        }
        let [low, high] = self.range;
        // Cosines are from -1 to 1, so scores without a stated range may be too.
        let lowest = if card.score_range.is_none() { -1.0 } else { low };
        if !(lowest..=high).contains(&score) {
            return Err(ExampleProblem::ScoreRange {
                found: score.to_string(),
                range: format!("from {lowest} to {high}"),
            });
        }
        Ok(score)
    }
}

impl PairLabels {
    /// Reads what the scores in the label's column mean. Without a `score_range` in the card they are cosines.
    pub(super) fn read(card: &Card, rows: &LoadedRows, skip: bool) -> Result<Self, TaskError> {
        if card.columns.label.is_empty() {
            return Ok(Self { scores: None });
        }
        let numbers = read_numbers(card, rows, skip)?;
        let range = card.score_range.unwrap_or([0.0, 1.0]);
        if card.score_range.is_none() {
            let all = rows.splits[0]
                .rows
                .iter()
                .filter_map(|row| number_of(row.row.get(&card.columns.label)).ok()?);
            let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), score| {
                (low.min(score), high.max(score))
            });
            if low < -1.0 || high > 1.0 {
                let (low, high) = (low.to_string(), high.to_string());
                let problem = Box::new(LabelProblem::ScoreRange { low, high });
                return Err(TaskError::Labels { column: card.columns.label.clone(), problem });
            }
        }
        Ok(Self { scores: Some(ScoreScale { numbers, range }) })
    }
}
