//! [`TaggingAccumulator`]: collects tagged sequences one after another and computes a [`TaggingReport`].

use std::collections::{BTreeMap, HashSet};

use super::entities::{Entity, entities, strict_entities};
use super::report::{Counted, TaggingReport};
use super::scheme::{Scheme, split};
use crate::counts::Counts;
use crate::sum::Sum;
use crate::{ConfusionMatrix, MetricsError};

/// Collects one sequence of tagged words after another and gives a [`TaggingReport`] over all of them at any
/// time.
///
/// Memory: counts alone, whatever the number of sequences.
///
/// ```
/// use embert_metrics::{Scheme, TaggingAccumulator};
///
/// let labels = ["O", "B-PER", "I-PER", "B-LOC"].map(str::to_owned);
/// let mut accumulator = TaggingAccumulator::new(labels.to_vec(), Scheme::Iob2)?;
/// accumulator.add(&[1, 2, 0, 3], &[1, 2, 0, 1], 0.8)?;
/// let report = accumulator.report();
/// assert_eq!((report.f1, report.accuracy), (0.5, 0.75));
/// // The place was taken for a person.
/// assert_eq!(report.types, ["PER", "LOC"]);
/// assert_eq!(report.confusion_matrix.rows(), [[1, 0, 0], [1, 0, 0], [0, 0, 0]]);
/// # Ok::<(), embert_metrics::MetricsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TaggingAccumulator {
    labels: Vec<String>,
    scheme: Scheme,
    types: Vec<String>,
    sequences: usize,
    words: usize,
    right_words: usize,
    /// Words that have a loss.
    loss_words: usize,
    loss: Sum,
    strict: Counts,
    matrix: ConfusionMatrix,
}

impl TaggingAccumulator {
    /// An accumulator for a tagger whose head gives the tags `labels`, in this order, in `scheme`.
    ///
    /// # Errors
    /// No labels; a label twice; a label that is not a tag of the scheme.
    pub fn new(labels: Vec<String>, scheme: Scheme) -> Result<Self, MetricsError> {
        if labels.is_empty() {
            return Err(MetricsError::NoLabels);
        }
        scheme.check(&labels)?;
        if let Some(index) = (1..labels.len()).find(|&index| labels[..index].contains(&labels[index])) {
            return Err(MetricsError::LabelTwice { label: labels[index].clone() });
        }
        let mut types: Vec<String> = Vec::new();
        for (prefix, kind) in labels.iter().filter_map(|label| split(label)) {
            if prefix != 'O' && !types.iter().any(|known| known == kind) {
                types.push(kind.to_owned());
            }
        }
        let matrix = ConfusionMatrix::new(types.len() + 1);
        let strict = Counts::default();
        Ok(Self {
            labels,
            scheme,
            types,
            sequences: 0,
            words: 0,
            right_words: 0,
            loss_words: 0,
            loss: Sum::default(),
            strict,
            matrix,
        })
    }

    /// Adds a sequence: the true and the predicted label of each word, and the words' cross-entropy in nats,
    /// summed.
    ///
    /// # Errors
    /// The numbers of words differ, a label is out of range, or the loss is NaN or infinite. The accumulator
    /// is unchanged then.
    pub fn add(&mut self, truth: &[usize], predicted: &[usize], loss_sum: f64) -> Result<(), MetricsError> {
        self.add_words(truth, predicted, loss_sum, truth.len())
    }

    /// Adds a sequence of which some words have no loss, as words that the tagger has not read: `losses` are
    /// the cross-entropies, in nats, of the words that have one. The mean loss is over these words.
    ///
    /// # Errors
    /// As [`add`](Self::add); or there are more losses than words.
    pub fn add_with_losses(
        &mut self,
        truth: &[usize],
        predicted: &[usize],
        losses: &[f64],
    ) -> Result<(), MetricsError> {
        if losses.len() > truth.len() {
            return Err(MetricsError::PredictionCount { found: losses.len(), expected: truth.len() });
        }
        self.add_words(truth, predicted, losses.iter().sum(), losses.len())
    }

    fn add_words(
        &mut self,
        truth: &[usize],
        predicted: &[usize],
        loss_sum: f64,
        loss_words: usize,
    ) -> Result<(), MetricsError> {
        if truth.len() != predicted.len() {
            return Err(MetricsError::PredictionCount { found: predicted.len(), expected: truth.len() });
        }
        let num_labels = self.labels.len();
        let true_tags =
            self.tags(truth).map_err(|target| MetricsError::TargetOutOfRange { target, num_labels })?;
        let predicted_tags = self
            .tags(predicted)
            .map_err(|predicted| MetricsError::PredictionOutOfRange { predicted, num_labels })?;
        if !loss_sum.is_finite() {
            return Err(MetricsError::LossNotFinite { value: loss_sum });
        }
        let strict_truth = strict_entities(&true_tags, self.scheme)?;
        let strict_predicted = strict_entities(&predicted_tags, self.scheme)?;
        let known: HashSet<_> = strict_truth.iter().collect();
        let strict = Counts {
            correct: strict_predicted.iter().filter(|entity| known.contains(entity)).count(),
            predicted: strict_predicted.len(),
            support: strict_truth.len(),
        };
        let found = compared(&self.types, &entities(&true_tags), &entities(&predicted_tags));
        self.strict.add(strict);
        for (truth, predicted) in found {
            self.matrix.add(truth, predicted);
        }
        self.sequences += 1;
        self.words += truth.len();
        self.right_words +=
            truth.iter().zip(predicted).filter(|(truth, predicted)| truth == predicted).count();
        self.loss_words += loss_words;
        self.loss.add(loss_sum);
        Ok(())
    }

    /// Adds all sequences of `other`.
    ///
    /// # Errors
    /// `other` has other labels or another scheme.
    pub fn merge(&mut self, other: Self) -> Result<(), MetricsError> {
        let Self {
            labels,
            scheme,
            types: _,
            sequences,
            words,
            right_words,
            loss_words,
            loss,
            strict,
            matrix,
        } = other;
        if labels != self.labels || scheme != self.scheme {
            return Err(MetricsError::DifferentTags);
        }
        self.sequences += sequences;
        self.words += words;
        self.right_words += right_words;
        self.loss_words += loss_words;
        self.loss.merge(loss);
        self.strict.add(strict);
        self.matrix.merge(&matrix);
        Ok(())
    }

    /// The metrics over all sequences so far.
    pub fn report(&self) -> TaggingReport {
        TaggingReport::new(&Counted {
            types: &self.types,
            sequences: self.sequences,
            words: self.words,
            right_words: self.right_words,
            loss_words: self.loss_words,
            loss: self.loss.value(),
            strict: self.strict,
            matrix: &self.matrix,
        })
    }

    /// The tags of labels, or the first label that is out of range.
    fn tags(&self, labels: &[usize]) -> Result<Vec<&str>, usize> {
        labels.iter().map(|&label| self.labels.get(label).map(String::as_str).ok_or(label)).collect()
    }
}

/// The true and the predicted type of every entity; the number of types stands for none.
fn compared(types: &[String], truth: &[Entity<'_>], predicted: &[Entity<'_>]) -> Vec<(usize, usize)> {
    let none = types.len();
    let number = |entity: &Entity<'_>| types.iter().position(|kind| kind == entity.kind).unwrap_or(none);
    let mut spans: BTreeMap<(usize, usize), (usize, usize)> = BTreeMap::new();
    for entity in truth {
        spans.insert((entity.start, entity.end), (number(entity), none));
    }
    for entity in predicted {
        spans.entry((entity.start, entity.end)).or_insert((none, none)).1 = number(entity);
    }
    spans.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NamedMetric as _, TaggingMetric, Undefined};

    fn accumulator(labels: &[&str], scheme: Scheme) -> TaggingAccumulator {
        TaggingAccumulator::new(labels.iter().map(|&label| label.to_owned()).collect(), scheme).unwrap()
    }

    const LABELS: [&str; 5] = ["O", "B-A", "I-A", "B-B", "I-B"];

    #[test]
    fn impossible_labels_are_refused() {
        let error = |labels: &[&str]| {
            let labels = labels.iter().map(|&label| label.to_owned()).collect();
            TaggingAccumulator::new(labels, Scheme::Iob2).unwrap_err().to_string()
        };
        assert_eq!(error(&[]), "the number of labels is 0, expected at least 1");
        assert_eq!(error(&["O", "B-A", "O"]), "the label `O` is there twice, expected each label once");
        assert!(error(&["O", "NOUN"]).starts_with("the tag at index 1 is `NOUN`, expected a tag of"));
    }

    #[test]
    fn a_refused_sequence_leaves_no_trace() {
        let mut accumulator = accumulator(&LABELS, Scheme::Iob2);
        accumulator.add(&[1, 0], &[1, 1], 0.5).unwrap();
        let before = accumulator.report();
        let mut error = |truth: &[usize], predicted: &[usize], loss| {
            accumulator.add(truth, predicted, loss).unwrap_err().to_string()
        };
        assert_eq!(error(&[1], &[1, 2], 0.5), "found 2 predictions, expected 1, one for each truth");
        assert_eq!(error(&[5], &[1], 0.5), "the true label is 5, expected 0 to 4");
        assert_eq!(error(&[1], &[5], 0.5), "the predicted label is 5, expected 0 to 4");
        assert_eq!(error(&[1], &[1], f64::NAN), "the loss of an example is NaN, expected a finite number");
        assert_eq!(accumulator.report(), before);
    }

    #[test]
    fn only_the_like_can_be_merged() {
        let mut one = accumulator(&LABELS, Scheme::Iob2);
        let message = "can't merge figures of taggers with other labels or another scheme";
        for other in [accumulator(&LABELS, Scheme::Iob1), accumulator(&LABELS[..3], Scheme::Iob2)] {
            assert_eq!(one.merge(other).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn each_kind_of_mistake_has_its_cell() {
        let mut accumulator = accumulator(&LABELS, Scheme::Iob2);
        // Right; of another type; missed; invented; longer than the true one.
        accumulator.add(&[1, 0, 1, 0, 3, 0, 0, 0, 1, 0], &[1, 0, 3, 0, 0, 0, 1, 0, 1, 2], 1.0).unwrap();
        let report = accumulator.report();
        assert_eq!(report.confusion_matrix.rows(), [[1, 1, 1], [0, 0, 1], [2, 0, 0]]);
        assert_eq!((report.entities, report.predicted_entities), (4, 4));
        assert_eq!((report.precision, report.recall, report.f1), (0.25, 0.25, 0.25));
        assert_eq!((report.sequences, report.words, report.accuracy, report.loss), (1, 10, 0.6, 0.1));
    }

    #[test]
    fn a_broken_prediction_counts_leniently_and_not_strictly() {
        let mut accumulator = accumulator(&LABELS, Scheme::Iob2);
        accumulator.add(&[1, 2, 0, 3], &[2, 2, 0, 3], 1.0).unwrap();
        let report = accumulator.report();
        assert_eq!(report.f1.to_bits(), 1.0_f64.to_bits());
        assert!((report.f1_strict - 2.0 / 3.0).abs() < 1e-15, "{}", report.f1_strict);
    }

    /// Words that the tagger has not read count for accuracy and entities, and not for the loss.
    #[test]
    fn the_loss_is_the_mean_over_the_words_that_have_one() {
        let mut accumulator = accumulator(&LABELS, Scheme::Iob2);
        accumulator.add_with_losses(&[1, 0, 3, 0], &[1, 0, 0, 0], &[0.5, 0.25]).unwrap();
        let report = accumulator.report();
        assert_eq!((report.words, report.accuracy, report.loss), (4, 0.75, 0.375));
        accumulator.add(&[0, 0], &[0, 0], 0.25).unwrap();
        let mut twice = accumulator.clone();
        twice.merge(accumulator).unwrap();
        assert_eq!((twice.report().words, twice.report().loss), (12, 0.25));
        let error = twice.add_with_losses(&[1], &[1], &[0.5, 0.5]).unwrap_err().to_string();
        assert!(error.starts_with("found 2 predictions, expected 1"), "{error}");
        // No word has one.
        let mut unread = self::accumulator(&LABELS, Scheme::Iob2);
        unread.add_with_losses(&[1, 0], &[0, 0], &[]).unwrap();
        assert_eq!(TaggingMetric::Loss.value(&unread.report()), None);
        assert_eq!(TaggingMetric::Accuracy.value(&unread.report()), Some(0.5));
    }

    /// A second here; the square of the entities would take a minute.
    #[test]
    fn a_sequence_of_many_entities_takes_time_in_proportion() {
        let words = vec![1; 40_000];
        let begin = std::time::Instant::now();
        let mut accumulator = accumulator(&LABELS, Scheme::Iob2);
        accumulator.add(&words, &words, 0.0).unwrap();
        assert!(begin.elapsed().as_secs() < 15, "{:?}", begin.elapsed());
        assert_eq!(accumulator.report().f1_strict.to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn nothing_to_divide_by_is_listed() {
        let mut accumulator = accumulator(&LABELS, Scheme::Iob2);
        let empty = accumulator.report();
        for &metric in TaggingMetric::ALL {
            assert_eq!(metric.value(&empty), None, "{metric}");
            assert!(empty.undefined.contains(&Undefined { metric, class: None }), "{metric}");
        }
        accumulator.add(&[0, 1], &[0, 0], 1.0).unwrap();
        let report = accumulator.report();
        let undefined = |metric, class| report.undefined.contains(&Undefined { metric, class });
        assert!(undefined(TaggingMetric::Precision, None) && undefined(TaggingMetric::Precision, Some(0)));
        assert!(undefined(TaggingMetric::F1, Some(1)) && !undefined(TaggingMetric::F1, None));
        assert_eq!(TaggingMetric::Precision.value(&report), Some(0.0));
    }
}
