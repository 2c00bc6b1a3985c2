//! ROC and precision-recall curves over all thresholds.

use crate::roc::area;

/// The ROC curve of a score: the true and false positive rates at each threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct RocCurve {
    /// The point (0, 0) and one point for each score that occurs, the highest threshold first. The last is
    /// (1, 1).
    pub points: Vec<RocPoint>,
    /// The area under the curve, 0 to 1.
    pub area: f64,
}

/// The true and false positive rates at one threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// Scores of at least the threshold count as positive. Infinity at the first point, where no score does.
    pub threshold: f64,
    /// The share of the negative examples that count as positive, 0 to 1.
    pub false_positive_rate: f64,
    /// The share of the positive examples that count as positive, 0 to 1.
    pub true_positive_rate: f64,
}

/// The precision-recall curve of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionRecallCurve {
    /// A first point without positive predictions (precision 1, recall 0 by convention), then one point for
    /// each score that occurs, the highest threshold first. The last has recall 1.
    pub points: Vec<PrecisionRecallPoint>,
    /// The average precision: the mean of the precisions, each weighted with the recall that its threshold
    /// adds. Without interpolation, which would overestimate the area.
    pub average_precision: f64,
}

/// Precision and recall at one threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecisionRecallPoint {
    /// Scores of at least the threshold count as positive. Infinity at the first point, where no score does.
    pub threshold: f64,
    /// The precision: the share of positive examples among the examples that count as positive, 0 to 1.
    pub precision: f64,
    /// The recall: the share of the positive examples that count as positive, 0 to 1.
    pub recall: f64,
}

/// The ROC curve of examples, as scikit-learn's `roc_curve(drop_intermediate=False)`. An example is its score
/// and whether it is positive. `None` without a positive or without a negative example.
///
/// ```
/// let curve = embert_metrics::roc_curve(&[(0.9, true), (0.4, false), (0.6, true)]).unwrap();
/// assert_eq!((curve.area, curve.points.len()), (1.0, 4));
/// ```
pub fn roc_curve(examples: &[(f64, bool)]) -> Option<RocCurve> {
    let area = area(examples.iter().map(|&(score, positive)| (score + 0.0, positive)).collect())?;
    let counts = cumulative(examples);
    let (positives, negatives) = counts.last().map_or((0, 0), |last| (last.right, last.wrong));
    let points = counts.iter().map(|count| RocPoint {
        threshold: count.threshold,
        false_positive_rate: count.wrong as f64 / negatives as f64,
        true_positive_rate: count.right as f64 / positives as f64,
    });
    Some(RocCurve { points: points.collect(), area })
}

/// The precision-recall curve of examples, as scikit-learn's `precision_recall_curve` (which has the lowest
/// threshold first) and `average_precision_score`. An example is its score and whether it is positive. `None`
/// without a positive example.
pub fn precision_recall_curve(examples: &[(f64, bool)]) -> Option<PrecisionRecallCurve> {
    let counts = cumulative(examples);
    let positives = counts.last().map(|last| last.right).filter(|&positives| positives > 0)?;
    let points: Vec<PrecisionRecallPoint> = counts
        .iter()
        .map(|count| PrecisionRecallPoint {
            threshold: count.threshold,
            precision: match count.right + count.wrong {
                0 => 1.0,
                found => count.right as f64 / found as f64,
            },
            recall: count.right as f64 / positives as f64,
        })
        .collect();
    let average_precision =
        points.windows(2).map(|pair| (pair[1].recall - pair[0].recall) * pair[1].precision).sum();
    Some(PrecisionRecallCurve { points, average_precision })
}

/// The positive (`right`) and negative (`wrong`) examples whose scores are at least `threshold`.
struct Count {
    threshold: f64,
    right: usize,
    wrong: usize,
}

/// The counts at the threshold infinity (no example), then at each score that occurs, from the highest down.
fn cumulative(examples: &[(f64, bool)]) -> Vec<Count> {
    // `+ 0.0` turns -0.0 into 0.0, so that the two zeros tie in the total order.
    let mut sorted: Vec<(f64, bool)> = examples.iter().map(|&(score, right)| (score + 0.0, right)).collect();
    sorted.sort_unstable_by(|(one, _), (other, _)| other.total_cmp(one));
    let mut counts = vec![Count { threshold: f64::INFINITY, right: 0, wrong: 0 }];
    let (mut right, mut wrong) = (0, 0);
    for tied in sorted.chunk_by(|(one, _), (other, _)| one.total_cmp(other).is_eq()) {
        let positives = tied.iter().filter(|(_, positive)| *positive).count();
        right += positives;
        wrong += tied.len() - positives;
        counts.push(Count { threshold: tied[0].0, right, wrong });
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_kind_alone_has_no_roc_curve() {
        assert_eq!(roc_curve(&[(0.5, true), (0.7, true)]), None);
        assert_eq!(roc_curve(&[(0.5, false)]), None);
        assert_eq!(precision_recall_curve(&[(0.5, false)]), None);
        assert_eq!(precision_recall_curve(&[]), None);
        // Without negative examples the precision is 1.
        let alone = precision_recall_curve(&[(0.5, true), (0.7, true)]).unwrap();
        assert_eq!(alone.average_precision.to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn the_sign_of_zero_makes_no_threshold() {
        assert_eq!(roc_curve(&[(0.0, true), (-0.0, false)]).unwrap().points.len(), 2);
    }
}
