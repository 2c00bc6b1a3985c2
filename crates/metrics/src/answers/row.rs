//! [`Row`]: what is kept of a question.

use super::scores::AnswerScores;

/// What an accumulator keeps of a question.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) place: usize,
    /// Whether it has true answers, be they empty when normalized.
    pub(super) has_answer: bool,
    /// Whether the predicted answer has any character.
    pub(super) is_answered: bool,
    pub(super) null_odds: Option<f64>,
    /// By the rules of version 1.1 and of version 2.0.
    pub(super) scores: [AnswerScores; 2],
}

/// The rows with null odds, in the order in which version 2.0's script takes them.
pub(super) fn by_null_odds(rows: &[Row]) -> Vec<(f64, &Row)> {
    let mut sorted: Vec<(f64, &Row)> = rows.iter().filter_map(|row| Some((row.null_odds?, row))).collect();
    sorted.sort_by(|(one, row), (other, after)| one.total_cmp(other).then(row.place.cmp(&after.place)));
    sorted
}
