//! [`AnswerReport`]: all metrics of answers.

use serde::Serialize;

use super::best::best;
use super::metric::AnswerMetric;
use super::row::{Row, by_null_odds};
use super::scores::{AnswerScores, SquadVersion};
use crate::NamedMetric;
use crate::names::{EXACT_MATCH, F1};
use crate::sum::Sum;

/// All metrics over the questions of an [`AnswerAccumulator`](crate::AnswerAccumulator), 0 to 1 where SQuAD's
/// scripts have 0 to 100. In JSON, they have the scripts' names.
///
/// Every number is finite.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnswerReport {
    /// The version whose rules the numbers follow. Version 1.1 has only [`f1`](Self::f1) and
    /// [`exact_match`](Self::exact_match); the other scores are `None` then.
    pub version: SquadVersion,
    /// The number of questions. Without any, all numbers are 0.
    pub questions: usize,
    /// The number of questions that have an answer.
    #[serde(rename = "HasAns_total")]
    pub has_ans: usize,
    /// The number of questions that have none.
    #[serde(rename = "NoAns_total")]
    pub no_ans: usize,
    /// The null threshold that was applied, if one was; it may be infinite, which JSON has as null.
    pub null_threshold: Option<f64>,
    /// The mean loss of a question.
    pub loss: f64,
    /// The mean of the questions' F1, each with its best true answer.
    pub f1: f64,
    /// The share of questions whose answer is one of the true ones, when normalized.
    pub exact_match: f64,
    /// [`f1`](Self::f1) over the questions that have an answer; `None` if none has.
    #[serde(rename = "HasAns_f1")]
    pub has_ans_f1: Option<f64>,
    /// [`exact_match`](Self::exact_match) over the questions that have an answer; `None` if none has.
    #[serde(rename = "HasAns_exact")]
    pub has_ans_exact: Option<f64>,
    /// [`f1`](Self::f1) over the questions that have no answer; `None` if all have one.
    #[serde(rename = "NoAns_f1")]
    pub no_ans_f1: Option<f64>,
    /// [`exact_match`](Self::exact_match) over the questions that have no answer; `None` if all have one.
    #[serde(rename = "NoAns_exact")]
    pub no_ans_exact: Option<f64>,
    /// The greatest F1 over the null thresholds. `None` without null odds.
    ///
    /// As in the script, questions with equal null odds are answered one after another, in the order of their
    /// places. So with ties it may be greater than what any threshold reaches. An answer to a question that
    /// has none counts as wrong here even where it is empty when normalized.
    pub best_f1: Option<f64>,
    /// The least threshold with that F1: the null odds of the last question that is answered. 0, whatever the
    /// null odds are, where it is best to answer none.
    pub best_f1_thresh: Option<f64>,
    /// The greatest exact match over the null thresholds, as [`best_f1`](Self::best_f1).
    pub best_exact: Option<f64>,
    /// The least threshold with that exact match, as [`best_f1_thresh`](Self::best_f1_thresh).
    pub best_exact_thresh: Option<f64>,
}

/// Mean F1 and exact match of some questions.
#[derive(Default)]
struct Mean {
    count: usize,
    f1: Sum,
    exact: f64,
}

impl Mean {
    fn add(&mut self, scores: AnswerScores) {
        self.count += 1;
        self.f1.add(scores.f1);
        self.exact += f64::from(scores.exact_match);
    }

    fn f1(&self) -> Option<f64> {
        (self.count > 0).then(|| self.f1.value() / self.count as f64)
    }

    fn exact(&self) -> Option<f64> {
        (self.count > 0).then(|| self.exact / self.count as f64)
    }
}

impl AnswerReport {
    pub(super) fn new(rows: &[Row], loss: f64, null_threshold: Option<f64>) -> Self {
        let has_unanswerable = rows.iter().any(|row| !row.has_answer);
        let version = if has_unanswerable || null_threshold.is_some() {
            SquadVersion::V2_0
        } else {
            SquadVersion::V1_1
        };
        let (mut all, mut has_ans, mut no_ans) = (Mean::default(), Mean::default(), Mean::default());
        for row in rows {
            let scores = scores_at(row, version, null_threshold);
            all.add(scores);
            if row.has_answer { &mut has_ans } else { &mut no_ans }.add(scores);
        }
        let of_second = |value: Option<f64>| value.filter(|_| version == SquadVersion::V2_0);
        let sorted = if version == SquadVersion::V2_0 { by_null_odds(rows) } else { Vec::new() };
        let best = |score: fn(AnswerScores) -> f64| {
            (!sorted.is_empty()).then(|| best(&sorted, |row| score(of_version(row, version)))).unzip()
        };
        let (best_f1, best_f1_thresh) = best(|scores| scores.f1);
        let (best_exact, best_exact_thresh) = best(|scores| f64::from(scores.exact_match));
        Self {
            version,
            questions: rows.len(),
            has_ans: has_ans.count,
            no_ans: no_ans.count,
            null_threshold,
            loss: if rows.is_empty() { 0.0 } else { loss / rows.len() as f64 },
            f1: all.f1().unwrap_or_default(),
            exact_match: all.exact().unwrap_or_default(),
            has_ans_f1: of_second(has_ans.f1()),
            has_ans_exact: of_second(has_ans.exact()),
            no_ans_f1: no_ans.f1(),
            no_ans_exact: no_ans.exact(),
            best_f1,
            best_f1_thresh,
            best_exact,
            best_exact_thresh,
        }
    }

    /// The metrics that are not defined on these questions: all without a question; by version 2.0's rules
    /// those of a kind of questions that does not occur, and the best ones without null odds.
    pub fn undefined(&self) -> impl Iterator<Item = AnswerMetric> {
        let is_expected = |metric: &AnswerMetric| {
            use AnswerMetric::{ExactMatch, F1, Loss};
            self.version == SquadVersion::V2_0 || matches!(metric, F1 | ExactMatch | Loss)
        };
        AnswerMetric::displayed().filter(is_expected).filter(|metric| metric.value(self).is_none())
    }
}

fn of_version(row: &Row, version: SquadVersion) -> AnswerScores {
    let [first, second] = row.scores;
    match version {
        SquadVersion::V1_1 => first,
        SquadVersion::V2_0 => second,
    }
}

/// The scores of a question's answer, or of none where its null odds are above the threshold.
fn scores_at(row: &Row, version: SquadVersion, null_threshold: Option<f64>) -> AnswerScores {
    match (row.null_odds, null_threshold) {
        (Some(odds), Some(threshold)) if odds > threshold => {
            AnswerScores { exact_match: !row.has_answer, f1: f64::from(!row.has_answer) }
        }
        _ => of_version(row, version),
    }
}

impl NamedMetric for AnswerMetric {
    type Report = AnswerReport;
    const DEFAULT: &'static str = F1;

    fn title(self) -> &'static str {
        match self {
            Self::F1 => "F1",
            Self::ExactMatch => "Exact match",
            Self::HasAnsF1 => "HasAns F1",
            Self::HasAnsExact => "HasAns exact",
            Self::NoAnsF1 => "NoAns F1",
            Self::NoAnsExact => "NoAns exact",
            Self::BestF1 => "Best F1",
            Self::BestF1Thresh => "Best F1 threshold",
            Self::BestExact => "Best exact",
            Self::BestExactThresh => "Best exact threshold",
            Self::Loss => "Loss",
        }
    }

    /// The title, with what is counted.
    fn long_title(self) -> &'static str {
        match self {
            Self::F1 => "F1 of words",
            Self::ExactMatch => "Exact match",
            Self::HasAnsF1 => "F1 of questions with an answer",
            Self::HasAnsExact => "Exact match of questions with an answer",
            Self::NoAnsF1 => "F1 of questions without an answer",
            Self::NoAnsExact => "Exact match of questions without an answer",
            Self::BestF1 => "F1 at the best null threshold",
            Self::BestF1Thresh => "Null threshold with the best F1",
            Self::BestExact => "Exact match at the best null threshold",
            Self::BestExactThresh => "Null threshold with the best exact match",
            Self::Loss => "Loss",
        }
    }

    fn hub_name(self) -> &'static str {
        match self {
            Self::HasAnsF1 | Self::NoAnsF1 | Self::BestF1 => F1,
            Self::HasAnsExact | Self::NoAnsExact | Self::BestExact => EXACT_MATCH,
            other => other.name(),
        }
    }

    /// A threshold is better neither way; see [`is_score`](Self::is_score).
    fn is_higher_better(self) -> bool {
        match self {
            Self::Loss => false,
            Self::F1
            | Self::ExactMatch
            | Self::HasAnsF1
            | Self::HasAnsExact
            | Self::NoAnsF1
            | Self::NoAnsExact
            | Self::BestF1
            | Self::BestF1Thresh
            | Self::BestExact
            | Self::BestExactThresh => true,
        }
    }

    /// True for F1 and exact match, F1 with and without an answer, and the loss.
    fn is_headline(self) -> bool {
        match self {
            Self::F1 | Self::ExactMatch | Self::HasAnsF1 | Self::NoAnsF1 | Self::Loss => true,
            Self::HasAnsExact
            | Self::NoAnsExact
            | Self::BestF1
            | Self::BestF1Thresh
            | Self::BestExact
            | Self::BestExactThresh => false,
        }
    }

    /// `None` where it is not defined, and for version 2.0's metrics where all questions have an answer.
    fn value(self, report: &AnswerReport) -> Option<f64> {
        let of_all = |value: f64| (report.questions > 0).then_some(value);
        match self {
            Self::F1 => of_all(report.f1),
            Self::ExactMatch => of_all(report.exact_match),
            Self::HasAnsF1 => report.has_ans_f1,
            Self::HasAnsExact => report.has_ans_exact,
            Self::NoAnsF1 => report.no_ans_f1,
            Self::NoAnsExact => report.no_ans_exact,
            Self::BestF1 => report.best_f1,
            Self::BestF1Thresh => report.best_f1_thresh,
            Self::BestExact => report.best_exact,
            Self::BestExactThresh => report.best_exact_thresh,
            Self::Loss => of_all(report.loss),
        }
    }

    /// Never with a threshold.
    fn is_better(self, value: f64, than: f64) -> bool {
        self.is_score() && if self.is_higher_better() { value > than } else { value < than }
    }
}
