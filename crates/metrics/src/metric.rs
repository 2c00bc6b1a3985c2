//! [`Metric`]: the metrics of a report by name.

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::read_by_name;

/// A metric of a [`Report`](crate::Report), by the name that configurations, logs and the command line use
/// (`macro_f1`, `roc_auc`).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(try_from = "String", into = "&'static str")]
pub enum Metric {
    /// `loss`: the mean cross-entropy, where smaller is better.
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
    /// `micro_f1`: F1 of the counts summed over the labels.
    MicroF1,
    /// `weighted_f1`: the mean of the labels' F1, weighted with their numbers of examples.
    WeightedF1,
    /// `mcc`: Matthews correlation coefficient.
    Mcc,
    /// `roc_auc`: the area under the ROC curve, see [`Report::roc_auc`](crate::Report::roc_auc).
    RocAuc,
}

read_by_name!(Metric);

impl Metric {
    /// Whether the metric is averaged over the labels as the report's [`Average`](crate::Average) says.
    pub const fn is_averaged(self) -> bool {
        match self {
            Self::Precision | Self::Recall | Self::F1 => true,
            Self::Loss
            | Self::Accuracy
            | Self::MacroF1
            | Self::MicroF1
            | Self::WeightedF1
            | Self::Mcc
            | Self::RocAuc => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Accumulator, Average, NamedMetric as _, Report, Scores};

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
    fn only_errors_are_better_when_less() {
        const ERRORS: [Metric; 1] = [Metric::Loss];
        for &metric in Metric::ALL {
            let is_error = ERRORS.contains(&metric);
            assert_eq!(metric.is_higher_better(), !is_error, "{metric}");
            assert_eq!(metric.is_better(0.4, 0.5), is_error, "{metric}");
            assert_eq!(metric.is_better(0.5, 0.4), !is_error, "{metric}");
            for (value, than) in [(0.5, 0.5), (f64::NAN, 0.5), (0.5, f64::NAN)] {
                assert!(!metric.is_better(value, than), "{metric} {value} {than}");
            }
        }
    }
}
