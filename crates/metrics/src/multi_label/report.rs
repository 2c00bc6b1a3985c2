//! [`MultiLabelReport`]: all metrics of an evaluation with several labels on an example.

use serde::Serialize;

use super::metric::MultiLabelMetric;
use super::thresholds::is_predicted;
use crate::counts::{Counts, divide};
use crate::names::MICRO_F1;
use crate::report::mean;
use crate::roc::area;
use crate::sum::Sum;
use crate::{ClassScores, Metric, NamedMetric, Undefined};

/// All metrics over the examples of a [`MultiLabelAccumulator`](crate::MultiLabelAccumulator).
///
/// Every number is finite. 0 divided by 0 is 0, as with scikit-learn's `zero_division="warn"`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MultiLabelReport {
    /// The number of examples. Without any, all numbers are 0.
    pub examples: usize,
    /// The mean of the examples' losses.
    pub loss: f64,
    /// F1 of the counts summed over the labels, 0 to 1.
    pub micro_f1: f64,
    /// The mean of the labels' F1, 0 to 1. All labels count, whether or not they occur.
    pub macro_f1: f64,
    /// The mean of the labels' F1, weighted with their numbers of examples, 0 to 1.
    pub weighted_f1: f64,
    /// The mean over the examples of the F1 of an example's labels, 0 to 1. An example without true and
    /// without predicted labels counts 0, see [`empty_examples`](Self::empty_examples).
    pub samples_f1: f64,
    /// The mean over the examples of the number of labels that are true and predicted, divided by that of the
    /// labels that are one of the two, 0 to 1: scikit-learn's `jaccard_score(average="samples")`. An example
    /// without both counts 0.
    pub jaccard: f64,
    /// The share of examples with exactly the right labels, 0 to 1.
    pub subset_accuracy: f64,
    /// The mean of the areas under the ROC curves of the labels that have one, 0 to 1; `None` if none has.
    pub roc_auc: Option<f64>,
    /// The number of examples without true and without predicted labels. [`samples_f1`](Self::samples_f1) and
    /// [`jaccard`](Self::jaccard) count them as 0, although nothing about them is wrong.
    pub empty_examples: usize,
    /// The metrics of each label, in the order of the labels.
    pub per_label: Vec<LabelScores>,
    /// Counts of examples that have both labels in truth, `[labels, labels]`; on the diagonal each label's.
    pub co_occurrence: Vec<Vec<usize>>,
    /// The threshold of each label that the metrics but for ROC AUC and loss are computed with.
    pub thresholds: Vec<f64>,
    /// What was 0 divided by 0 and is reported as 0, and the labels without a ROC curve, of which all
    /// examples or none have the label. A metric of all labels has no `class`.
    pub undefined: Vec<Undefined>,
}

/// The metrics of one of several labels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LabelScores {
    /// The share of right predictions among the predictions of this label, 0 to 1.
    pub precision: f64,
    /// The share of this label's examples that were predicted right, 0 to 1.
    pub recall: f64,
    /// The harmonic mean of precision and recall, 0 to 1.
    pub f1: f64,
    /// The number of examples that have this label.
    pub support: usize,
    /// The number of examples that were given this label.
    pub predicted: usize,
    /// The area under the ROC curve, 0 to 1; `None` if all examples or none have the label.
    pub roc_auc: Option<f64>,
}

impl LabelScores {
    /// Precision, recall and F1 with their metrics.
    pub fn named(&self) -> [(Metric, f64); 3] {
        [(Metric::Precision, self.precision), (Metric::Recall, self.recall), (Metric::F1, self.f1)]
    }
}

/// What an accumulator has collected: rows `[examples, labels]`, one after another.
pub(super) struct Rows<'a> {
    pub(super) thresholds: &'a [f64],
    pub(super) examples: usize,
    /// Summed over the examples.
    pub(super) loss: f64,
    pub(super) truths: &'a [bool],
    pub(super) probabilities: &'a [f64],
}

/// What is counted example by example.
struct Tally {
    labels: Vec<Counts>,
    co_occurrence: Vec<Vec<usize>>,
    f1: Sum,
    jaccard: Sum,
    exact: usize,
    empty: usize,
}

impl Tally {
    fn of(rows: &Rows<'_>) -> Self {
        let labels = rows.thresholds.len();
        let mut tally = Self {
            labels: vec![Counts::default(); labels],
            co_occurrence: vec![vec![0; labels]; labels],
            f1: Sum::default(),
            jaccard: Sum::default(),
            exact: 0,
            empty: 0,
        };
        for (truth, probabilities) in rows.truths.chunks(labels).zip(rows.probabilities.chunks(labels)) {
            let predicted = probabilities.iter().zip(rows.thresholds).map(|(p, t)| is_predicted(*p, *t));
            tally.add(truth, &predicted.collect::<Vec<_>>());
        }
        tally
    }

    fn add(&mut self, truth: &[bool], predicted: &[bool]) {
        let mut example = Counts::default();
        for (label, (&truth, &predicted)) in self.labels.iter_mut().zip(truth.iter().zip(predicted)) {
            let counts = Counts {
                correct: usize::from(truth && predicted),
                predicted: usize::from(predicted),
                support: usize::from(truth),
            };
            label.add(counts);
            example.add(counts);
        }
        let either = example.predicted + example.support - example.correct;
        self.f1.add(example.f1().unwrap_or_default());
        self.jaccard.add(divide(example.correct, either).unwrap_or_default());
        self.exact += usize::from(either == example.correct);
        self.empty += usize::from(either == 0);
        let present: Vec<usize> = (0..truth.len()).filter(|&label| truth[label]).collect();
        for &one in &present {
            for &other in &present {
                self.co_occurrence[one][other] += 1;
            }
        }
    }
}

impl MultiLabelReport {
    pub(super) fn new(rows: &Rows<'_>) -> Self {
        let (examples, labels) = (rows.examples, rows.thresholds.len());
        let tally = Tally::of(rows);
        let mut undefined = Vec::new();
        let mut classes = Vec::with_capacity(labels);
        let mut per_label = Vec::with_capacity(labels);
        for (label, counts) in tally.labels.iter().enumerate() {
            let mut is_undefined = |metric| undefined.push(Undefined { metric, class: Some(label) });
            let scores = ClassScores::of(*counts, &mut is_undefined);
            let roc_auc = area(rows.column(label));
            if roc_auc.is_none() {
                is_undefined(Metric::RocAuc);
            }
            classes.push(scores);
            let ClassScores { precision, recall, f1, support } = scores;
            per_label.push(LabelScores {
                precision,
                recall,
                f1,
                support,
                predicted: counts.predicted,
                roc_auc,
            });
        }
        let areas: Vec<f64> = per_label.iter().filter_map(|label| label.roc_auc).collect();
        let micro_f1 = Counts::sum(&tally.labels).f1();
        if micro_f1.is_none() {
            undefined.push(Undefined { metric: Metric::MicroF1, class: None });
        }
        if areas.is_empty() {
            undefined.push(Undefined { metric: Metric::RocAuc, class: None });
        }
        let mean_of = |sum: f64| if examples == 0 { 0.0 } else { sum / examples as f64 };
        Self {
            examples,
            loss: mean_of(rows.loss),
            micro_f1: micro_f1.unwrap_or_default(),
            macro_f1: mean(&classes, |_| 1).f1,
            weighted_f1: mean(&classes, |label| label.support).f1,
            samples_f1: mean_of(tally.f1.value()),
            jaccard: mean_of(tally.jaccard.value()),
            subset_accuracy: divide(tally.exact, examples).unwrap_or_default(),
            roc_auc: crate::mean(&areas),
            empty_examples: tally.empty,
            per_label,
            co_occurrence: tally.co_occurrence,
            thresholds: rows.thresholds.to_vec(),
            undefined,
        }
    }
}

impl Rows<'_> {
    /// The probability and the truth of a label, row after row. `+ 0.0` turns -0.0 into 0.0, with which it
    /// ties.
    pub(super) fn column(&self, label: usize) -> Vec<(f64, bool)> {
        let labels = self.thresholds.len();
        let truths = self.truths.iter().skip(label).step_by(labels);
        let probabilities = self.probabilities.iter().skip(label).step_by(labels);
        probabilities.zip(truths).map(|(probability, truth)| (probability + 0.0, *truth)).collect()
    }
}

impl NamedMetric for MultiLabelMetric {
    type Report = MultiLabelReport;
    const DEFAULT: &'static str = MICRO_F1;

    fn title(self) -> &'static str {
        match self {
            Self::MicroF1 => "Micro F1",
            Self::MacroF1 => "Macro F1",
            Self::SamplesF1 => "Samples F1",
            Self::Jaccard => "Jaccard",
            Self::SubsetAccuracy => "Subset accuracy",
            Self::RocAuc => "ROC AUC",
            Self::Loss => "Loss",
        }
    }

    /// The title, with the average where it does not say so.
    fn long_title(self) -> &'static str {
        match self {
            Self::Jaccard => "Jaccard index (samples)",
            Self::RocAuc => "ROC AUC (macro)",
            other => other.title(),
        }
    }

    /// The Hugging Face Hub's identifier of the metric, without the average.
    fn hub_name(self) -> &'static str {
        match self {
            Self::MicroF1 | Self::MacroF1 | Self::SamplesF1 => "f1",
            Self::SubsetAccuracy => "accuracy",
            other => other.name(),
        }
    }

    fn is_higher_better(self) -> bool {
        match self {
            Self::Loss => false,
            Self::MicroF1
            | Self::MacroF1
            | Self::SamplesF1
            | Self::Jaccard
            | Self::SubsetAccuracy
            | Self::RocAuc => true,
        }
    }

    /// True for all but the means over examples.
    fn is_headline(self) -> bool {
        match self {
            Self::MicroF1 | Self::MacroF1 | Self::SubsetAccuracy | Self::RocAuc | Self::Loss => true,
            Self::SamplesF1 | Self::Jaccard => false,
        }
    }

    /// `None` for a report without examples, and for an undefined ROC AUC. Other undefined metrics are 0.
    fn value(self, report: &MultiLabelReport) -> Option<f64> {
        if report.examples == 0 {
            return None;
        }
        match self {
            Self::MicroF1 => Some(report.micro_f1),
            Self::MacroF1 => Some(report.macro_f1),
            Self::SamplesF1 => Some(report.samples_f1),
            Self::Jaccard => Some(report.jaccard),
            Self::SubsetAccuracy => Some(report.subset_accuracy),
            Self::RocAuc => report.roc_auc,
            Self::Loss => Some(report.loss),
        }
    }
}
