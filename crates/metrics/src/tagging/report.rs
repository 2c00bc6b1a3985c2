//! [`TaggingReport`]: all metrics of a tagger's evaluation.

use serde::Serialize;

use super::metric::TaggingMetric;
use crate::counts::{Counts, divide};
use crate::names::F1;
use crate::report::mean;
use crate::{ClassScores, ConfusionMatrix, Metric, NamedMetric, Scores, Undefined};

/// All metrics over the sequences of a [`TaggingAccumulator`](crate::TaggingAccumulator).
///
/// An entity is right where its type, its first and its last word are. Entities are found as
/// [`entities`](crate::entities) does, leniently, for all metrics but [`f1_strict`](Self::f1_strict). Every
/// number is finite; 0 divided by 0 is 0 and listed in [`undefined`](Self::undefined).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaggingReport {
    /// The number of sequences.
    pub sequences: usize,
    /// The number of words.
    pub words: usize,
    /// The number of true entities.
    pub entities: usize,
    /// The number of predicted entities.
    pub predicted_entities: usize,
    /// The mean cross-entropy of a word, in nats, over the words that have one.
    pub loss: f64,
    /// The share of words with the right tag, 0 to 1.
    pub accuracy: f64,
    /// The share of the predicted entities that are true ones, 0 to 1.
    pub precision: f64,
    /// The share of the true entities that were predicted, 0 to 1.
    pub recall: f64,
    /// F1 of all entities, 0 to 1.
    pub f1: f64,
    /// F1 of the entities that are tagged exactly as the scheme demands, in truth and prediction
    /// ([`strict_entities`](crate::strict_entities)), 0 to 1.
    pub f1_strict: f64,
    /// Means over the types that occur, in the truth or among the predictions, as with seqeval.
    pub macro_average: Scores,
    /// Means over the types, weighted with their numbers of true entities.
    pub weighted_average: Scores,
    /// The names of the types, in the order in which the labels name them.
    pub types: Vec<String>,
    /// The metrics of each type, in the order of `types`. `support` is the number of true entities.
    pub per_type: Vec<ClassScores>,
    /// Counts of entities `[types + 1, types + 1]`: a row for each true type, a column for each predicted
    /// one. The last row has the invented entities, the last column the missed ones. An entity with another
    /// type has the same first and last word; where these differ, an entity is both missed and invented, also
    /// if the two overlap.
    pub confusion_matrix: ConfusionMatrix,
    /// The metrics that were 0 divided by 0 and are reported as 0; `class` is the type's place in `types`.
    pub undefined: Vec<Undefined<TaggingMetric>>,
}

/// What an accumulator has counted.
pub(super) struct Counted<'a> {
    pub(super) types: &'a [String],
    pub(super) sequences: usize,
    pub(super) words: usize,
    pub(super) right_words: usize,
    /// Words that have a loss.
    pub(super) loss_words: usize,
    /// Summed over these words.
    pub(super) loss: f64,
    pub(super) strict: Counts,
    pub(super) matrix: &'a ConfusionMatrix,
}

impl TaggingReport {
    /// The micro, macro and weighted averages with their names.
    pub fn averages(&self) -> [(&'static str, Scores); 3] {
        let micro_average = Scores { precision: self.precision, recall: self.recall, f1: self.f1 };
        [("micro", micro_average), ("macro", self.macro_average), ("weighted", self.weighted_average)]
    }

    pub(super) fn new(counted: &Counted<'_>) -> Self {
        let Counted { types, sequences, words, right_words, loss_words, loss, strict, matrix } = *counted;
        let counts: Vec<Counts> = (0..types.len())
            .map(|kind| Counts {
                correct: matrix.count(kind, kind),
                predicted: matrix.predicted(kind),
                support: matrix.support(kind),
            })
            .collect();
        let mut undefined = Vec::new();
        let mut scores = |counts: Counts, class| {
            ClassScores::of(counts, |metric| undefined.push(Undefined { metric: of_entities(metric), class }))
        };
        let all = Counts::sum(&counts);
        let per_type: Vec<ClassScores> =
            counts.iter().enumerate().map(|(kind, counts)| scores(*counts, Some(kind))).collect();
        let ClassScores { precision, recall, f1, support: entities } = scores(all, None);
        let occurring: Vec<ClassScores> = per_type
            .iter()
            .zip(&counts)
            .filter(|(_, counts)| counts.support + counts.predicted > 0)
            .map(|(scores, _)| *scores)
            .collect();
        let mut known = |metric, value: Option<f64>| {
            value.unwrap_or_else(|| {
                undefined.push(Undefined { metric, class: None });
                0.0
            })
        };
        Self {
            sequences,
            words,
            entities,
            predicted_entities: all.predicted,
            loss: known(TaggingMetric::Loss, (loss_words > 0).then(|| loss / loss_words as f64)),
            accuracy: known(TaggingMetric::Accuracy, divide(right_words, words)),
            precision,
            recall,
            f1,
            f1_strict: known(TaggingMetric::F1Strict, strict.f1()),
            macro_average: mean(&occurring, |_| 1),
            weighted_average: mean(&occurring, |kind| kind.support),
            types: types.to_vec(),
            per_type,
            confusion_matrix: matrix.clone(),
            undefined,
        }
    }
}

/// The tagger's metric of the three that [`ClassScores`] has.
fn of_entities(metric: Metric) -> TaggingMetric {
    match metric {
        Metric::Precision => TaggingMetric::Precision,
        Metric::Recall => TaggingMetric::Recall,
        _ => TaggingMetric::F1,
    }
}

impl NamedMetric for TaggingMetric {
    type Report = TaggingReport;
    const DEFAULT: &'static str = F1;

    fn title(self) -> &'static str {
        match self {
            Self::F1 => "F1",
            Self::Precision => "Precision",
            Self::Recall => "Recall",
            Self::Accuracy => "Accuracy",
            Self::F1Strict => "Strict F1",
            Self::Loss => "Loss",
        }
    }

    /// The title, with what is counted.
    fn long_title(self) -> &'static str {
        match self {
            Self::F1 => "F1 of entities",
            Self::Precision => "Precision of entities",
            Self::Recall => "Recall of entities",
            Self::Accuracy => "Accuracy of words",
            Self::F1Strict => "Strict F1 of entities",
            Self::Loss => "Loss",
        }
    }

    fn hub_name(self) -> &'static str {
        match self {
            Self::F1Strict => F1,
            other => other.name(),
        }
    }

    fn is_higher_better(self) -> bool {
        match self {
            Self::Loss => false,
            Self::F1 | Self::Precision | Self::Recall | Self::Accuracy | Self::F1Strict => true,
        }
    }

    /// True for all but the strict F1, which differs from F1 where the tagger breaks the scheme.
    fn is_headline(self) -> bool {
        match self {
            Self::F1 | Self::Precision | Self::Recall | Self::Accuracy | Self::Loss => true,
            Self::F1Strict => false,
        }
    }

    /// `None` for a report without words, and for a loss that no word has. Other undefined metrics are 0.
    fn value(self, report: &TaggingReport) -> Option<f64> {
        let value = match self {
            Self::F1 => report.f1,
            Self::Precision => report.precision,
            Self::Recall => report.recall,
            Self::Accuracy => report.accuracy,
            Self::F1Strict => report.f1_strict,
            Self::Loss => report.loss,
        };
        let lost = Undefined { metric: Self::Loss, class: None };
        let is_there = report.words > 0 && (self != Self::Loss || !report.undefined.contains(&lost));
        is_there.then_some(value)
    }
}
