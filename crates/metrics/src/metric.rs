//! The name of a figure.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{MetricsError, Report};

/// One figure of a [`Report`], by the name that configurations, logs and the command line use (`macro_f1`, `roc_auc`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Metric {
    /// `loss`: the mean cross-entropy; the only one where less is better.
    Loss,
    /// `accuracy`: the share of examples predicted right.
    Accuracy,
    /// `precision`, of the report's average.
    Precision,
    /// `recall`, of the report's average.
    Recall,
    /// `f1`, of the report's average.
    F1,
    /// `macro_f1`: the mean of the labels' F1.
    MacroF1,
    /// `micro_f1`: F1 of the counts of all labels together.
    MicroF1,
    /// `weighted_f1`: the mean of the labels' F1, weighted with their numbers of examples.
    WeightedF1,
    /// `mcc`: Matthews correlation coefficient.
    Mcc,
    /// `roc_auc`: the area under the ROC curve.
    RocAuc,
}

impl Metric {
    /// Every metric, in the order in which they are listed to users.
    pub const ALL: &[Metric] = &[
        Self::Loss,
        Self::Accuracy,
        Self::Precision,
        Self::Recall,
        Self::F1,
        Self::MacroF1,
        Self::MicroF1,
        Self::WeightedF1,
        Self::Mcc,
        Self::RocAuc,
    ];

    /// The name, as [`FromStr`] takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Accuracy => "accuracy",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
            Self::MacroF1 => "macro_f1",
            Self::MicroF1 => "micro_f1",
            Self::WeightedF1 => "weighted_f1",
            Self::Mcc => "mcc",
            Self::RocAuc => "roc_auc",
        }
    }

    /// What an evaluation logs, in the order of the line.
    pub const LOGGED: &[Metric] =
        &[Self::Loss, Self::Accuracy, Self::Precision, Self::Recall, Self::F1, Self::Mcc, Self::RocAuc];

    /// Every metric in the order in which figures are shown: the loss last. The first judges a run by default.
    pub fn displayed() -> impl Iterator<Item = Self> + Clone {
        let others = Self::ALL.iter().copied().filter(|metric| *metric != Self::Loss);
        others.chain([Self::Loss])
    }

    /// As a heading has it.
    pub const fn title(self) -> &'static str {
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

    /// The title without an abbreviation that a stranger to it would have to look up.
    pub const fn long_title(self) -> &'static str {
        match self {
            Self::Mcc => "Matthews correlation",
            other => other.title(),
        }
    }

    /// The hub's identifier of it, in model cards.
    pub const fn hub_name(self) -> &'static str {
        match self {
            Self::Mcc => "matthews_correlation",
            other => other.name(),
        }
    }

    /// Whether more is better: of all but the loss.
    pub const fn is_higher_better(self) -> bool {
        !matches!(self, Self::Loss)
    }

    /// Whether it is among the few that sum up an evaluation.
    pub const fn is_headline(self) -> bool {
        matches!(self, Self::Loss | Self::Accuracy | Self::F1 | Self::Mcc | Self::RocAuc)
    }

    /// Whether it comes from the figures of single labels as the report's [`Average`](crate::Average) says.
    pub const fn is_averaged(self) -> bool {
        matches!(self, Self::Precision | Self::Recall | Self::F1)
    }

    /// The figure in `report`. `None` where nothing can be compared: a report of no examples, and a ROC AUC that is not
    /// defined. Other undefined figures are 0, as in the report.
    pub fn value(self, report: &Report) -> Option<f64> {
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

    /// Whether `value` is strictly better than `than`: less for the loss, more for all others. Never with a NaN.
    pub fn is_better(self, value: f64, than: f64) -> bool {
        if self.is_higher_better() { value > than } else { value < than }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Metric {
    type Err = MetricsError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().copied().find(|metric| metric.name() == name);
        known.ok_or_else(|| MetricsError::UnknownMetric { name: name.to_owned() })
    }
}

impl TryFrom<String> for Metric {
    type Error = MetricsError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<Metric> for &'static str {
    fn from(metric: Metric) -> Self {
        metric.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Accumulator, Average, Scores};

    #[test]
    fn each_metric_is_its_own_figure() {
        let mut accumulator = Accumulator::new(2, Average::Macro).unwrap();
        accumulator.add(0, &[0.8, 0.2], 0.2).unwrap();
        let f1 = |f1| Scores { precision: -1.0, recall: -2.0, f1 };
        let report = Report {
            loss: 0.0,
            accuracy: 1.0,
            precision: 2.0,
            recall: 3.0,
            f1: 4.0,
            macro_average: f1(5.0),
            micro_average: f1(6.0),
            weighted_average: f1(7.0),
            mcc: 8.0,
            roc_auc: Some(9.0),
            ..accumulator.report()
        };
        let values: Vec<_> = Metric::ALL.iter().filter_map(|metric| metric.value(&report)).collect();
        assert_eq!(values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
        assert_eq!(Metric::RocAuc.value(&Report { roc_auc: None, ..report }), None);
    }

    #[test]
    fn names_go_there_and_back() {
        for &metric in Metric::ALL {
            assert_eq!(metric.to_string().parse(), Ok(metric));
            let json = serde_json::to_string(&metric).unwrap();
            assert_eq!(json, format!("\"{metric}\""));
            assert_eq!(serde_json::from_str::<Metric>(&json).unwrap(), metric);
        }
        assert_eq!(format!("{:>8}|", Metric::F1), "      f1|");
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let message = "there is no metric `F1`; known are loss, accuracy, precision, recall, f1, macro_f1, micro_f1, \
                       weighted_f1, mcc, roc_auc";
        assert_eq!("F1".parse::<Metric>().unwrap_err().to_string(), message);
        let from_file = serde_json::from_str::<Metric>("\"F1\"").unwrap_err().to_string();
        assert!(from_file.starts_with(message), "{from_file}");
    }

    #[test]
    fn the_loss_is_shown_last_and_nothing_is_lost() {
        let shown: Vec<_> = Metric::displayed().collect();
        assert_eq!((shown.len(), shown.last()), (Metric::ALL.len(), Some(&Metric::Loss)));
        assert!(Metric::ALL.iter().all(|metric| shown.contains(metric)));
        let logged: Vec<_> = Metric::ALL.iter().filter(|metric| Metric::LOGGED.contains(metric)).collect();
        assert!(logged.into_iter().eq(Metric::LOGGED), "logged in another order than listed");
    }

    #[test]
    fn only_the_loss_is_better_when_less() {
        for &metric in Metric::ALL {
            assert_eq!(metric.is_better(0.4, 0.5), metric == Metric::Loss);
            assert_eq!(metric.is_better(0.5, 0.4), metric != Metric::Loss);
            for (value, than) in [(0.5, 0.5), (f64::NAN, 0.5), (0.5, f64::NAN)] {
                assert!(!metric.is_better(value, than), "{metric} {value} {than}");
            }
        }
    }
}
