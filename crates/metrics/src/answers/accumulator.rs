//! [`AnswerAccumulator`]: collects answers and computes an [`AnswerReport`].

use std::fmt;

use super::report::AnswerReport;
use super::row::Row;
use super::scores::AnswerScores;
use crate::MetricsError;
use crate::sum::Sum;

/// Collects the predicted and the true answers of one question after another and gives an [`AnswerReport`]
/// over all questions at any time.
///
/// Questions may be added and accumulators merged in any order: where the order of questions counts, it is
/// that of their places.
///
/// Memory: the scores and the null odds of each question, because the best threshold depends on the order of
/// all null odds; no texts.
///
/// ```
/// use embert_metrics::{AnswerAccumulator, AnswerMetric, NamedMetric as _};
///
/// let mut accumulator = AnswerAccumulator::default();
/// accumulator.add(0, &["Lagos", "in Lagos"], "in Lagos", Some(-4.0), 0.1)?;
/// accumulator.add(1, &["Ms. Okafor"], "Okafor", Some(1.0), 0.9)?;
/// // No answer is in the context of this question, and the model gives one with odds of 3 against it.
/// accumulator.add(2, &[""; 0], "Abuja", Some(3.0), 0.5)?;
/// let report = accumulator.report();
/// assert_eq!(AnswerMetric::NoAnsExact.value(&report), Some(0.0));
/// assert_eq!((report.best_exact, report.best_exact_thresh), (Some(2.0 / 3.0), Some(-4.0)));
/// assert_eq!(report.best_f1_thresh, Some(1.0));
/// // Without an answer from there on:
/// let report = accumulator.report_at(1.0)?;
/// assert_eq!((report.exact_match, report.no_ans_exact), (2.0 / 3.0, Some(1.0)));
/// # Ok::<(), embert_metrics::MetricsError>(())
/// ```
#[derive(Clone, Default)]
pub struct AnswerAccumulator {
    rows: Vec<Row>,
    loss: Sum,
}

impl AnswerAccumulator {
    /// Adds a question: its true answers, none if it has no answer, and the predicted one, empty if the model
    /// gives none.
    ///
    /// `null_odds` is the score of no answer less the score of the answer, as in `null_odds.json`; all
    /// questions have them, or none has. Where thresholds are looked for, `predicted` is best the answer
    /// before any threshold. `loss` is the question's, the mean over its features.
    ///
    /// `place` tells the question's place in the file that the official script would read. Version 2.0's
    /// script takes questions in order of their null odds and, where these are equal, in the file's order.
    ///
    /// # Errors
    /// Null odds or a loss that are NaN or infinite; null odds after questions without them, or the other way
    /// round. The accumulator is unchanged then.
    pub fn add(
        &mut self,
        place: usize,
        gold: &[impl AsRef<str>],
        predicted: &str,
        null_odds: Option<f64>,
        loss: f64,
    ) -> Result<(), MetricsError> {
        if let Some(value) = null_odds.filter(|odds| !odds.is_finite()) {
            return Err(MetricsError::NullOddsNotFinite { value });
        }
        if !loss.is_finite() {
            return Err(MetricsError::LossNotFinite { value: loss });
        }
        self.check_odds(null_odds.is_some())?;
        self.rows.push(Row {
            place,
            has_answer: !gold.is_empty(),
            is_answered: !predicted.is_empty(),
            // `+ 0.0` turns -0.0 into 0.0, with which it ties.
            null_odds: null_odds.map(|odds| odds + 0.0),
            scores: AnswerScores::of_both(gold, predicted),
        });
        self.loss.add(loss);
        Ok(())
    }

    /// Adds all questions of `other`, which keep their places.
    ///
    /// # Errors
    /// One of the two has null odds and the other has questions without them.
    pub fn merge(&mut self, other: Self) -> Result<(), MetricsError> {
        if let Some(row) = other.rows.first() {
            self.check_odds(row.null_odds.is_some())?;
        }
        self.rows.extend(other.rows);
        self.loss.merge(other.loss);
        Ok(())
    }

    /// The metrics over all questions so far, each with the answer that was added: by version 2.0's rules if
    /// a question has no answer, and else by version 1.1's. With version 2.0 and null odds, sorts the
    /// questions.
    ///
    /// `evaluate-v2.0.py --na-prob-file` takes a threshold of 1 unless it is told another: that is
    /// [`report_at`](Self::report_at) 1.
    pub fn report(&self) -> AnswerReport {
        AnswerReport::new(&self.rows, self.loss.value(), None)
    }

    /// The metrics where no answer is given to the questions whose null odds are above the threshold, always
    /// by version 2.0's rules: `evaluate-v2.0.py --na-prob-thresh`. The best thresholds are looked for
    /// without it.
    ///
    /// As the script has it, such a question is right if it has no true answer, and wrong if it has one, be
    /// it empty when normalized. An infinite threshold lets each answer stand, or none.
    ///
    /// # Errors
    /// A threshold that is NaN, or questions without null odds.
    pub fn report_at(&self, null_threshold: f64) -> Result<AnswerReport, MetricsError> {
        if null_threshold.is_nan() {
            return Err(MetricsError::NullThresholdNotANumber);
        }
        self.check_odds(true).map_err(|_| MetricsError::NoNullOdds)?;
        Ok(AnswerReport::new(&self.rows, self.loss.value(), Some(null_threshold)))
    }

    fn check_odds(&self, has_odds: bool) -> Result<(), MetricsError> {
        match self.rows.first() {
            Some(row) if row.null_odds.is_some() != has_odds => Err(MetricsError::NullOddsMixed),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for AnswerAccumulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut name = formatter.debug_struct("AnswerAccumulator");
        name.field("questions", &self.rows.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AnswerMetric, NamedMetric as _, SquadVersion};

    const NONE: [&str; 0] = [];

    #[test]
    fn a_refused_question_leaves_no_trace() {
        let mut accumulator = AnswerAccumulator::default();
        accumulator.add(0, &["a cat"], "cat", Some(1.0), 0.5).unwrap();
        let before = accumulator.report();
        let mut error = |odds, loss| accumulator.add(1, &NONE, "", odds, loss).unwrap_err().to_string();
        let odds = "the null odds of a question are NaN, expected a finite number";
        assert_eq!(error(Some(f64::NAN), 0.5), odds);
        assert_eq!(
            error(Some(1.0), f64::INFINITY),
            "the loss of an example is inf, expected a finite number"
        );
        let mixed =
            "some questions have null odds and others have none, expected them for each question or for none";
        assert_eq!(error(None, 0.5), mixed);
        let mut without = AnswerAccumulator::default();
        without.add(0, &NONE, "", None, 0.5).unwrap();
        assert_eq!(accumulator.merge(without.clone()).unwrap_err().to_string(), mixed);
        assert_eq!(without.merge(accumulator.clone()).unwrap_err().to_string(), mixed);
        assert_eq!(accumulator.report(), before);
        // What has no questions goes with both.
        without.merge(AnswerAccumulator::default()).unwrap();
        let mut empty = AnswerAccumulator::default();
        empty.merge(without).unwrap();
        assert_eq!(empty.report().questions, 1);
    }

    #[test]
    fn a_threshold_needs_null_odds() {
        let mut accumulator = AnswerAccumulator::default();
        let error = |accumulator: &AnswerAccumulator, threshold| {
            accumulator.report_at(threshold).unwrap_err().to_string()
        };
        assert_eq!(error(&accumulator, f64::NAN), "the null threshold is NaN, expected a number");
        accumulator.add(0, &["x"], "x", None, 0.5).unwrap();
        assert!(error(&accumulator, 0.0).starts_with("the questions have no null odds to compare with"));
    }

    #[test]
    fn what_is_not_defined_is_none() {
        use AnswerMetric::{BestExact, BestExactThresh, BestF1, BestF1Thresh, ExactMatch, F1};
        use AnswerMetric::{HasAnsExact, HasAnsF1, Loss};
        let undefined =
            |accumulator: &AnswerAccumulator| accumulator.report().undefined().collect::<Vec<_>>();
        let mut accumulator = AnswerAccumulator::default();
        assert_eq!(undefined(&accumulator), [F1, ExactMatch, Loss]);
        assert_eq!(accumulator.report_at(0.0).unwrap().undefined().count(), AnswerMetric::ALL.len());
        accumulator.add(0, &NONE, "", None, 0.5).unwrap();
        let best = [BestF1, BestF1Thresh, BestExact, BestExactThresh];
        assert_eq!(undefined(&accumulator), [&[HasAnsF1, HasAnsExact], &best[..]].concat());
        accumulator.add(1, &["x"], "", None, 0.5).unwrap();
        assert_eq!(undefined(&accumulator), best);
        let mut first = AnswerAccumulator::default();
        first.add(0, &["x"], "x", None, 0.5).unwrap();
        let report = first.report();
        assert_eq!((report.version, undefined(&first)), (SquadVersion::V1_1, vec![]));
        assert_eq!(HasAnsF1.value(&report), None, "the script of version 1.1 has no such number");
    }

    /// Answered one after another, the second question is right before the third is wrong; no threshold has
    /// the one without the other.
    #[test]
    fn between_equal_null_odds_the_place_decides() {
        let report = |places: [usize; 3]| {
            let mut accumulator = AnswerAccumulator::default();
            accumulator.add(places[0], &["x"], "y", Some(-1.0), 0.0).unwrap();
            accumulator.add(places[1], &["x"], "x", Some(0.0), 0.0).unwrap();
            accumulator.add(places[2], &NONE, "x", Some(-0.0), 0.0).unwrap();
            accumulator.report()
        };
        let answered_first = report([0, 1, 2]);
        assert_eq!((answered_first.best_f1, answered_first.best_f1_thresh), (Some(2.0 / 3.0), Some(0.0)));
        let answered_last = report([0, 2, 1]);
        assert_eq!((answered_last.best_f1, answered_last.best_f1_thresh), (Some(1.0 / 3.0), Some(0.0)));
    }

    #[test]
    fn to_answer_nothing_has_a_threshold_of_0() {
        let mut accumulator = AnswerAccumulator::default();
        accumulator.add(0, &NONE, "x", Some(-7.0), 0.0).unwrap();
        let report = accumulator.report();
        assert_eq!((report.best_exact, report.best_exact_thresh), (Some(1.0), Some(0.0)));
        assert_eq!(accumulator.report_at(0.0).unwrap().exact_match.to_bits(), 0.0_f64.to_bits());
        assert_eq!(accumulator.report_at(f64::NEG_INFINITY).unwrap().no_ans_f1, Some(1.0));
    }

    #[test]
    fn reports_have_the_scripts_names_in_json() {
        let mut accumulator = AnswerAccumulator::default();
        accumulator.add(0, &["x"], "x", Some(0.0), 0.5).unwrap();
        let json = serde_json::to_value(accumulator.report_at(1.0).unwrap()).unwrap();
        for &metric in AnswerMetric::ALL {
            assert!(json.get(metric.name()).is_some(), "{metric}");
        }
        assert_eq!((json["HasAns_total"].as_u64(), json["version"].as_str()), (Some(1), Some("2.0")));
    }
}
