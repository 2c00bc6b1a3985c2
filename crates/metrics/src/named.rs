//! [`NamedMetric`]: what the metrics of all tasks have in common.

use strum::VariantArray;

use crate::MetricsError;

/// The name of the mean loss, which every task has.
const LOSS: &str = "loss";

/// A metric of a task's report, by the name that configurations, logs and the command line use.
///
/// It is implemented for an enum with a variant for each metric: [`Metric`](crate::Metric) and those of the
/// other tasks. strum's `IntoStaticStr` gives a variant its name, and `VariantArray` the order in which the
/// metrics are listed to users.
pub trait NamedMetric: Copy + Eq + Into<&'static str> + VariantArray {
    /// The report that has the metrics' values.
    type Report;

    /// The name of the metric by which the best weights are chosen unless the user names another.
    const DEFAULT: &'static str;

    /// Every metric, in the order in which they are listed to users.
    const ALL: &'static [Self] = Self::VARIANTS;

    /// The metrics that an evaluation logs, in the order of the log line.
    const LOGGED: &'static [Self] = Self::VARIANTS;

    /// The name in headings.
    fn title(self) -> &'static str;

    /// Whether greater is better.
    fn is_higher_better(self) -> bool;

    /// True for the metrics that sum up an evaluation, and are shown as curves and tiles.
    fn is_headline(self) -> bool;

    /// The metric's value in `report`; `None` where it has none.
    fn value(self, report: &Self::Report) -> Option<f64>;

    /// The title, written out.
    fn long_title(self) -> &'static str {
        self.title()
    }

    /// The Hugging Face Hub's identifier of the metric, for model cards.
    fn hub_name(self) -> &'static str {
        self.name()
    }

    /// The name, which [`from_name`](Self::from_name) reads.
    fn name(self) -> &'static str {
        self.into()
    }

    /// The metric with this name.
    ///
    /// # Errors
    /// No metric has the name; the error lists the names.
    fn from_name(name: &str) -> Result<Self, MetricsError> {
        let found = Self::ALL.iter().copied().find(|metric| metric.name() == name);
        found.ok_or_else(|| MetricsError::UnknownMetric {
            name: name.to_owned(),
            known: Self::ALL.iter().map(|metric| metric.name()).collect::<Vec<_>>().join(", "),
        })
    }

    /// Whether the metric is the mean loss.
    fn is_loss(self) -> bool {
        self.name() == LOSS
    }

    /// Whether `value` is strictly better than `than`: greater, or smaller where smaller is better. Always
    /// false with a NaN.
    fn is_better(self, value: f64, than: f64) -> bool {
        if self.is_higher_better() { value > than } else { value < than }
    }

    /// The metrics that are shown, in the order of display: the loss last. Runs are compared by the first
    /// metric by default.
    fn displayed() -> impl Iterator<Item = Self> + Clone {
        let all = Self::ALL.iter().copied();
        all.clone().filter(|metric| !metric.is_loss()).chain(all.filter(|metric| metric.is_loss()))
    }

    /// The names and values of `metrics` in `report`; a metric without a value is left out.
    fn values(
        report: &Self::Report,
        metrics: impl IntoIterator<Item = Self>,
    ) -> impl Iterator<Item = (&'static str, f64)> {
        metrics.into_iter().filter_map(|metric| Some((metric.name(), metric.value(report)?)))
    }
}

/// Reads a metric of the type `$metric` from its name, in code and in files. (A trait of another crate can't
/// be implemented for every [`NamedMetric`] at once.)
macro_rules! read_by_name {
    ($metric:ty) => {
        impl std::str::FromStr for $metric {
            type Err = $crate::MetricsError;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                $crate::NamedMetric::from_name(name)
            }
        }

        impl TryFrom<String> for $metric {
            type Error = $crate::MetricsError;

            fn try_from(name: String) -> Result<Self, Self::Error> {
                $crate::NamedMetric::from_name(&name)
            }
        }
    };
}

pub(crate) use read_by_name;

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use strum::{Display, IntoStaticStr};

    use super::*;

    /// The metrics of a task whose data set has names of its own for them.
    #[derive(
        Clone, Copy, Debug, PartialEq, Eq, Display, IntoStaticStr, VariantArray, Serialize, Deserialize,
    )]
    #[strum(serialize_all = "snake_case")]
    #[serde(try_from = "String", into = "&'static str")]
    enum Answers {
        Loss,
        ExactMatch,
        #[strum(serialize = "HasAns_f1")]
        HasAnswerF1,
    }

    read_by_name!(Answers);

    impl NamedMetric for Answers {
        type Report = Option<f64>;
        const DEFAULT: &'static str = "exact_match";

        fn title(self) -> &'static str {
            match self {
                Self::Loss => "Loss",
                Self::ExactMatch => "Exact match",
                Self::HasAnswerF1 => "F1 of answerable questions",
            }
        }

        fn is_higher_better(self) -> bool {
            self != Self::Loss
        }

        fn is_headline(self) -> bool {
            self != Self::HasAnswerF1
        }

        fn value(self, report: &Option<f64>) -> Option<f64> {
            if self == Self::HasAnswerF1 { *report } else { Some(0.5) }
        }
    }

    #[test]
    fn a_metric_needs_a_title_a_direction_and_a_value() {
        let names: Vec<_> = Answers::ALL.iter().map(|metric| metric.name()).collect();
        assert_eq!(names, ["loss", "exact_match", "HasAns_f1"]);
        assert_eq!(Answers::LOGGED, Answers::ALL);
        let shown: Vec<_> = Answers::displayed().collect();
        assert_eq!(shown, [Answers::ExactMatch, Answers::HasAnswerF1, Answers::Loss], "the loss is last");
        let metric = Answers::HasAnswerF1;
        assert_eq!((metric.hub_name(), metric.long_title()), ("HasAns_f1", "F1 of answerable questions"));
        assert!(metric.is_better(0.5, 0.4) && Answers::Loss.is_better(0.4, 0.5));
        assert!(Answers::Loss.is_loss() && !metric.is_loss() && !metric.is_headline());
    }

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for &metric in Answers::ALL {
            assert_eq!(
                (metric.to_string().parse(), Answers::from_name(metric.name())),
                (Ok(metric), Ok(metric))
            );
            let json = serde_json::to_string(&metric).unwrap();
            assert_eq!(json, format!("\"{metric}\""));
            assert_eq!(serde_json::from_str::<Answers>(&json).unwrap(), metric);
        }
        let message = "there is no metric `hasans_f1`; known are loss, exact_match, HasAns_f1";
        assert_eq!(Answers::from_name("hasans_f1").unwrap_err().to_string(), message);
        let from_file = serde_json::from_str::<Answers>("\"hasans_f1\"").unwrap_err().to_string();
        assert!(from_file.starts_with(message), "{from_file}");
    }

    #[test]
    fn a_metric_without_a_value_is_left_out() {
        let values = |report| Answers::values(&report, Answers::displayed()).collect::<Vec<_>>();
        assert_eq!(values(Some(0.25)), [("exact_match", 0.5), ("HasAns_f1", 0.25), ("loss", 0.5)]);
        assert_eq!(values(None), [("exact_match", 0.5), ("loss", 0.5)]);
    }
}
