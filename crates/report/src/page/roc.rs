//! ROC and precision-recall curves of labels.

use embert_metrics::{Metric, NamedMetric as _, precision_recall_curve, roc_curve};

use super::figure::{Figure, Table};
use crate::number::{figure, short};
use crate::plot::{Ink, Layer, Plot, Ticks};

/// A label against the rest: each example's probability of the label, and whether it has the label.
pub(super) struct AgainstRest {
    pub(super) name: String,
    pub(super) examples: Vec<(f64, bool)>,
}

/// The unit square with a margin, so that a line along its edge is not cut.
pub(super) fn unit() -> std::ops::Range<f64> {
    -0.02..1.02
}

/// The ROC curve of each label against the rest; the area under it is filled if there is only one.
pub(super) fn roc(labels: &[AgainstRest], key: &str) -> Option<Figure> {
    let mut layers =
        vec![Layer::Line { points: vec![(0.0, 0.0), (1.0, 1.0)], ink: Ink::Reference, faint: false }];
    let (mut legend, mut rows, mut areas) = (Vec::new(), Vec::new(), Vec::new());
    for (index, label) in labels.iter().enumerate() {
        let Some(curve) = roc_curve(&label.examples) else { continue };
        let points: Vec<(f64, f64)> =
            curve.points.iter().map(|point| (point.false_positive_rate, point.true_positive_rate)).collect();
        let layer = if labels.len() == 1 {
            Layer::Area { points, ink: Ink::Series(index) }
        } else {
            Layer::Line { points, ink: Ink::Series(index), faint: false }
        };
        layers.push(layer);
        legend.push((Ink::Series(index), format!("{}, area {}", label.name, figure(curve.area))));
        areas.push(curve.area);
        rows.extend(curve.points.iter().map(|point| {
            let threshold =
                if point.threshold.is_finite() { short(point.threshold) } else { "none".to_owned() };
            vec![
                label.name.clone(),
                threshold,
                figure(point.false_positive_rate),
                figure(point.true_positive_rate),
            ]
        }));
    }
    if areas.is_empty() {
        return None;
    }
    legend.push((Ink::Reference, "guessing".to_owned()));
    let area = areas.iter().sum::<f64>() / areas.len() as f64;
    Some(Figure {
        key: key.to_owned(),
        title: "ROC".to_owned(),
        value: Some(format!("AUC {}", figure(area))),
        alt: format!(
            "The share of true positives against that of false ones. The area under the curve is {}; guessing has 0.5.",
            figure(area)
        ),
        plot: Plot {
            id: "roc",
            x: unit(),
            y: unit(),
            x_title: "false positive rate".into(),
            x_ticks: Ticks::Numbers,
            y_ticks: Ticks::Numbers,
            layers,
        },
        legend,
        note: String::new(),
        table: Table::new(["label", "threshold", "false positive rate", "true positive rate"], rows),
    })
}

/// The precision-recall curve of each label against the rest; with the share of `guessing`, if there is only
/// one.
pub(super) fn precision_recall(labels: &[AgainstRest], guessing: Option<f64>, key: &str) -> Option<Figure> {
    let (mut layers, mut legend, mut rows, mut averages) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, label) in labels.iter().enumerate() {
        let Some(curve) = precision_recall_curve(&label.examples) else { continue };
        // Recall jumps between two thresholds: a slanted line would show precisions that no threshold has.
        let mut points: Vec<(f64, f64)> = Vec::new();
        for point in &curve.points {
            points.extend(points.last().map(|last| (last.0, point.precision)));
            points.push((point.recall, point.precision));
        }
        layers.push(Layer::Line { points, ink: Ink::Series(index), faint: false });
        legend.push((
            Ink::Series(index),
            format!("{}, average precision {}", label.name, figure(curve.average_precision)),
        ));
        averages.push(curve.average_precision);
        rows.extend(curve.points.iter().map(|point| {
            let threshold =
                if point.threshold.is_finite() { short(point.threshold) } else { "none".to_owned() };
            vec![label.name.clone(), threshold, figure(point.recall), figure(point.precision)]
        }));
    }
    if averages.is_empty() {
        return None;
    }
    if let Some(share) = guessing {
        layers.insert(
            0,
            Layer::Line { points: vec![(0.0, share), (1.0, share)], ink: Ink::Reference, faint: false },
        );
        legend.push((Ink::Reference, "guessing".to_owned()));
    }
    let average = averages.iter().sum::<f64>() / averages.len() as f64;
    Some(Figure {
        key: key.to_owned(),
        title: "Precision and recall".to_owned(),
        value: Some(format!("AP {}", figure(average))),
        alt: format!(
            "Precision against recall over all thresholds. The average precision is {}.",
            figure(average)
        ),
        plot: Plot {
            id: "precision-recall",
            x: unit(),
            y: unit(),
            x_title: Metric::Recall.name().into(),
            x_ticks: Ticks::Numbers,
            y_ticks: Ticks::Numbers,
            layers,
        },
        legend,
        note: String::new(),
        table: Table::new(["label", "threshold", Metric::Recall.name(), Metric::Precision.name()], rows),
    })
}
