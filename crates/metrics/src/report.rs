//! [`Report`]: all metrics of an evaluation.

use serde::Serialize;

use crate::counts::{Counts, divide};
use crate::{Average, ConfusionMatrix, Metric, NamedMetric};

/// All metrics over the examples of an [`Accumulator`](crate::Accumulator).
///
/// Every number is finite. 0 divided by 0 is 0, as with scikit-learn's `zero_division="warn"`, and the metric
/// is listed in [`undefined`](Self::undefined).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The number of examples.
    pub examples: usize,
    /// The mean of the examples' cross-entropy, in nats.
    pub loss: f64,
    /// The share of examples predicted right, 0 to 1.
    pub accuracy: f64,
    /// Precision, averaged over the labels as the accumulator's [`Average`] says, 0 to 1.
    pub precision: f64,
    /// Recall, averaged over the labels as the accumulator's [`Average`] says, 0 to 1.
    pub recall: f64,
    /// F1, averaged over the labels as the accumulator's [`Average`] says, 0 to 1.
    pub f1: f64,
    /// Matthews correlation coefficient, -1 to 1, in Gorodkin's form (2004) for any number of labels. 0 where
    /// all examples have the same true label or the same prediction.
    pub mcc: f64,
    /// The area under the ROC curve, 0 to 1. With two labels, the area for the positive label's probability
    /// (label 1 unless [`Average::Binary`] says otherwise). With more labels, the mean of each label's area
    /// against the rest, as scikit-learn's `roc_auc_score(multi_class="ovr")`. `None` if a label does not
    /// occur, or with one label only.
    pub roc_auc: Option<f64>,
    /// Precision, recall and F1 as means over the labels.
    pub macro_average: Scores,
    /// Precision, recall and F1 of the counts summed over the labels.
    pub micro_average: Scores,
    /// Precision, recall and F1 as means over the labels, weighted with their numbers of examples.
    pub weighted_average: Scores,
    /// The metrics of each label, in the order of the labels.
    pub per_class: Vec<ClassScores>,
    /// The confusion matrix.
    pub confusion_matrix: ConfusionMatrix,
    /// The metrics that were 0 divided by 0 and are reported as 0.
    pub undefined: Vec<Undefined>,
}

/// Averaged precision, recall and F1, each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Precision: the share of right predictions among all predictions of a label.
    pub precision: f64,
    /// Recall: the share of a label's examples that were predicted right.
    pub recall: f64,
    /// F1: the average of the labels' F1, not the harmonic mean of the averaged precision and recall.
    pub f1: f64,
}

impl Scores {
    /// The three numbers with their metrics.
    pub fn named(&self) -> [(Metric, f64); 3] {
        [(Metric::Precision, self.precision), (Metric::Recall, self.recall), (Metric::F1, self.f1)]
    }
}

/// The metrics of one label.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassScores {
    /// Precision: the share of right predictions among the predictions of this label, 0 to 1.
    pub precision: f64,
    /// Recall: the share of this label's examples that were predicted right, 0 to 1.
    pub recall: f64,
    /// F1: the harmonic mean of precision and recall, 0 to 1.
    pub f1: f64,
    /// The number of examples that have this label.
    pub support: usize,
}

impl ClassScores {
    /// The scores; 0 divided by 0 is 0, and `undefined` is told of it.
    pub(crate) fn of(counts: Counts, mut undefined: impl FnMut(Metric)) -> Self {
        let mut known = |metric, value: Option<f64>| {
            value.unwrap_or_else(|| {
                undefined(metric);
                0.0
            })
        };
        Self {
            precision: known(Metric::Precision, counts.precision()),
            recall: known(Metric::Recall, counts.recall()),
            f1: known(Metric::F1, counts.f1()),
            support: counts.support,
        }
    }

    /// The three numbers with their metrics.
    pub fn named(&self) -> [(Metric, f64); 3] {
        let Self { precision, recall, f1, support: _ } = *self;
        Scores { precision, recall, f1 }.named()
    }
}

/// A metric that was 0 divided by 0 and is reported as 0, where scikit-learn raises an
/// `UndefinedMetricWarning`.
///
/// An average includes the zeros of undefined labels. The average itself is listed as undefined only in a
/// report without examples. `M` is the enum of the task's metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Undefined<M = Metric> {
    /// The metric.
    pub metric: M,
    /// The label; `None` for a metric over all labels.
    pub class: Option<usize>,
}

impl Report {
    /// The macro, micro and weighted averages with their names.
    pub fn averages(&self) -> [(&'static str, Scores); 3] {
        [("macro", self.macro_average), ("micro", self.micro_average), ("weighted", self.weighted_average)]
    }

    /// Computes the report. `loss` is the sum over the examples.
    pub(crate) fn new(
        average: Average,
        loss: f64,
        roc_auc: Option<f64>,
        confusion_matrix: ConfusionMatrix,
    ) -> Self {
        let examples = confusion_matrix.total();
        let mut undefined = Vec::new();
        let per_class = per_class(&confusion_matrix, &mut undefined);
        let mcc = mcc(&confusion_matrix);
        if mcc.is_none() && examples > 0 {
            undefined.push(Undefined { metric: Metric::Mcc, class: None });
        }
        if examples == 0 {
            let all = Metric::ALL.iter().filter(|metric| **metric != Metric::RocAuc);
            undefined.extend(all.map(|&metric| Undefined { metric, class: None }));
        }

        let accuracy = divide(confusion_matrix.correct(), examples).unwrap_or_default();
        let macro_average = mean(&per_class, |_| 1);
        // One label an example: each wrong prediction is one false positive and one false negative.
        let micro_average = Scores { precision: accuracy, recall: accuracy, f1: accuracy };
        let weighted_average = mean(&per_class, |class| class.support);
        let Scores { precision, recall, f1 } = match average {
            Average::Binary { positive } => {
                let ClassScores { precision, recall, f1, support: _ } = per_class[positive];
                Scores { precision, recall, f1 }
            }
            Average::Macro => macro_average,
            Average::Micro => micro_average,
            Average::Weighted => weighted_average,
        };
        Self {
            examples,
            loss: if examples == 0 { 0.0 } else { loss / examples as f64 },
            accuracy,
            precision,
            recall,
            f1,
            mcc: mcc.unwrap_or_default(),
            roc_auc,
            macro_average,
            micro_average,
            weighted_average,
            per_class,
            confusion_matrix,
            undefined,
        }
    }
}

impl NamedMetric for Metric {
    type Report = Report;
    const DEFAULT: &'static str = "accuracy";
    const LOGGED: &'static [Self] =
        &[Self::Loss, Self::Accuracy, Self::Precision, Self::Recall, Self::F1, Self::Mcc, Self::RocAuc];

    fn title(self) -> &'static str {
        match self {
            Self::Loss => "Loss",
            Self::Accuracy => "Accuracy",
            Self::Precision => "Precision",
            Self::Recall => "Recall",
            Self::F1 => "F1",
            Self::MacroF1 => "Macro F1",
            Self::MicroF1 => "Micro F1",
            Self::WeightedF1 => "Weighted F1",
            Self::Mcc => "MCC",
            Self::RocAuc => "ROC AUC",
        }
    }

    /// The title, with MCC written out as Matthews correlation.
    fn long_title(self) -> &'static str {
        match self {
            Self::Mcc => "Matthews correlation",
            other => other.title(),
        }
    }

    fn hub_name(self) -> &'static str {
        match self {
            Self::Mcc => "matthews_correlation",
            other => other.name(),
        }
    }

    fn is_higher_better(self) -> bool {
        match self {
            Self::Loss => false,
            Self::Accuracy
            | Self::Precision
            | Self::Recall
            | Self::F1
            | Self::MacroF1
            | Self::MicroF1
            | Self::WeightedF1
            | Self::Mcc
            | Self::RocAuc => true,
        }
    }

    /// True for loss, accuracy, F1, MCC and ROC AUC.
    fn is_headline(self) -> bool {
        match self {
            Self::Loss | Self::Accuracy | Self::F1 | Self::Mcc | Self::RocAuc => true,
            Self::Precision | Self::Recall | Self::MacroF1 | Self::MicroF1 | Self::WeightedF1 => false,
        }
    }

    /// `None` for a report without examples, and for an undefined ROC AUC. Other undefined metrics are 0.
    fn value(self, report: &Report) -> Option<f64> {
        if report.examples == 0 {
            return None;
        }
        match self {
            Self::Loss => Some(report.loss),
            Self::Accuracy => Some(report.accuracy),
            Self::Precision => Some(report.precision),
            Self::Recall => Some(report.recall),
            Self::F1 => Some(report.f1),
            Self::MacroF1 => Some(report.macro_average.f1),
            Self::MicroF1 => Some(report.micro_average.f1),
            Self::WeightedF1 => Some(report.weighted_average.f1),
            Self::Mcc => Some(report.mcc),
            Self::RocAuc => report.roc_auc,
        }
    }
}

fn per_class(matrix: &ConfusionMatrix, undefined: &mut Vec<Undefined>) -> Vec<ClassScores> {
    let score = |class| {
        let counts = Counts {
            correct: matrix.count(class, class),
            predicted: matrix.predicted(class),
            support: matrix.support(class),
        };
        ClassScores::of(counts, |metric| undefined.push(Undefined { metric, class: Some(class) }))
    };
    (0..matrix.num_labels()).map(score).collect()
}

/// The weighted mean of the labels' scores; 0 if all weights are 0.
pub(crate) fn mean(classes: &[ClassScores], weight: impl Fn(&ClassScores) -> usize) -> Scores {
    let total = classes.iter().map(&weight).sum::<usize>().max(1) as f64;
    let of = |figure: fn(&ClassScores) -> f64| {
        classes.iter().map(|class| weight(class) as f64 * figure(class)).sum::<f64>() / total
    };
    Scores {
        precision: of(|class| class.precision),
        recall: of(|class| class.recall),
        f1: of(|class| class.f1),
    }
}

/// Gorodkin's correlation for many labels (2004), the covariances counted in whole numbers. `None` where all
/// true labels or all predictions are the same.
fn mcc(matrix: &ConfusionMatrix) -> Option<f64> {
    let sum_of_products = |one: &dyn Fn(usize) -> usize, other: &dyn Fn(usize) -> usize| -> i128 {
        (0..matrix.num_labels()).map(|label| one(label) as i128 * other(label) as i128).sum()
    };
    let (support, predicted) = (|label| matrix.support(label), |label| matrix.predicted(label));
    let (examples, correct) = (matrix.total() as i128, matrix.correct() as i128);
    let covariance = correct * examples - sum_of_products(&support, &predicted);
    let of_targets = examples * examples - sum_of_products(&support, &support);
    let of_predictions = examples * examples - sum_of_products(&predicted, &predicted);
    let varies = of_targets > 0 && of_predictions > 0;
    varies.then(|| covariance as f64 / (of_targets as f64 * of_predictions as f64).sqrt())
}
