//! The metrics of each task, by name.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use embert_metrics::{
    MetricsError, MultiLabelAccumulator, MultiLabelMetric, NamedMetric, RegressionAccumulator,
    RegressionMetric, Scheme, TaggingAccumulator, TaggingMetric,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What holds for the enum of a task's metrics. Smaller is better for those in `errors`, and those in `hidden`
/// are not shown.
fn check<M>(names: &[&str], errors: &[&str], hidden: &[&str])
where
    M: NamedMetric + Debug + Display + FromStr<Err = MetricsError> + Serialize + DeserializeOwned,
{
    assert!(M::ALL.iter().map(|metric| metric.name()).eq(names.iter().copied()), "{:?}", M::ALL);
    assert_eq!(M::DEFAULT, names[0], "the default is listed first");
    assert_eq!(M::LOGGED, M::ALL);
    let shown: Vec<_> = M::displayed().map(M::name).collect();
    let expected: Vec<_> = names.iter().copied().filter(|name| !hidden.contains(name)).collect();
    assert_eq!(shown, expected, "the order of display");
    for &metric in M::ALL {
        assert_eq!(metric.to_string().parse(), Ok(metric));
        let json = serde_json::to_string(&metric).unwrap();
        assert_eq!(json, format!("\"{metric}\""));
        assert_eq!(serde_json::from_str::<M>(&json).unwrap(), metric);
        let is_error = errors.contains(&metric.name());
        assert_eq!(metric.is_higher_better(), !is_error, "{metric}");
        assert_eq!(metric.is_better(0.4, 0.5), is_error, "{metric}");
        assert_eq!(metric.is_better(0.5, 0.4), !is_error, "{metric}");
        assert!(!metric.is_better(f64::NAN, 0.5) && !metric.is_better(0.5, f64::NAN), "{metric}");
        assert!(!metric.title().is_empty() && !metric.long_title().is_empty(), "{metric}");
    }
    assert_eq!(
        "accuracy_of_all".parse::<M>(),
        Err(MetricsError::UnknownMetric { name: "accuracy_of_all".into(), known: names.join(", ") })
    );
}

#[test]
fn each_task_has_its_metrics() {
    check::<TaggingMetric>(&["f1", "precision", "recall", "accuracy", "f1_strict", "loss"], &["loss"], &[]);
    check::<MultiLabelMetric>(
        &["micro_f1", "macro_f1", "samples_f1", "jaccard", "subset_accuracy", "roc_auc", "loss"],
        &["loss"],
        &[],
    );
    check::<RegressionMetric>(
        &["pearson", "spearman", "mse", "mae", "r2", "loss"],
        &["mse", "mae", "loss"],
        &["loss"],
    );
}

#[test]
fn each_metric_is_the_field_of_its_name() {
    let labels = ["O", "B-A", "I-A"].map(str::to_owned).to_vec();
    let mut tagging = TaggingAccumulator::new(labels, Scheme::Iob2).unwrap();
    tagging.add(&[1, 2, 0, 1, 1], &[2, 2, 0, 0, 1], 3.7).unwrap();
    tagging.add(&[0, 0, 0, 0], &[1, 0, 1, 0], 3.1).unwrap();
    let tagging = tagging.report();
    let fields = serde_json::to_value(&tagging).unwrap();
    let mut values: Vec<f64> = Vec::new();
    for &metric in TaggingMetric::ALL {
        assert_eq!(metric.value(&tagging), fields[metric.name()].as_f64(), "{metric}");
        values.extend(metric.value(&tagging));
    }
    are_distinct(values);

    let mut several = MultiLabelAccumulator::new(3, None).unwrap();
    several.add(&[true, false, true], &[0.9, 0.2, 0.4], 0.4).unwrap();
    several.add(&[false, true, false], &[0.6, 0.7, 0.3], 0.3).unwrap();
    several.add(&[false, true, true], &[0.3, 0.6, 0.2], 0.7).unwrap();
    several.add(&[true, true, false], &[0.8, 0.7, 0.1], 0.7).unwrap();
    let several = several.report();
    let fields = serde_json::to_value(&several).unwrap();
    let mut values: Vec<f64> = Vec::new();
    for &metric in MultiLabelMetric::ALL {
        assert_eq!(metric.value(&several), fields[metric.name()].as_f64(), "{metric}");
        values.extend(metric.value(&several));
    }
    are_distinct(values);

    let mut numbers = RegressionAccumulator::default();
    for (truth, predicted) in [(1.0, 1.5), (2.0, 1.0), (4.0, 3.0), (3.0, 3.5)] {
        numbers.add(truth, predicted).unwrap();
    }
    let numbers = numbers.report();
    let fields = serde_json::to_value(numbers).unwrap();
    let mut values: Vec<f64> = Vec::new();
    for metric in RegressionMetric::displayed() {
        assert_eq!(metric.value(&numbers), fields[metric.name()].as_f64(), "{metric}");
        values.extend(metric.value(&numbers));
    }
    are_distinct(values);
    assert_eq!(RegressionMetric::Loss.value(&numbers), numbers.mse);
    assert!(!RegressionMetric::Loss.is_headline(), "the MSE is shown once");
}

/// Two fields of equal value could be mixed up without notice.
fn are_distinct(mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    assert!(values.windows(2).all(|pair| pair[1] - pair[0] > 1e-6), "{values:?}");
}
