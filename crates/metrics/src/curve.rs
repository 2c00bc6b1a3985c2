//! The curves over all thresholds: ROC, and precision against recall.

use crate::roc::area;

/// The ROC curve of a score: the true and false positive rates of each threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct RocCurve {
    /// The points from (0, 0) to (1, 1), one for each score that occurs, the highest threshold first.
    pub points: Vec<RocPoint>,
    /// The area under the curve, 0 to 1.
    pub area: f64,
}

/// The rates of one threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// The threshold: scores from this one on count as positive; infinity if no score does.
    pub threshold: f64,
    /// The share of the negative examples that count as positive, 0 to 1.
    pub false_positive_rate: f64,
    /// The share of the positive examples that count as positive, 0 to 1.
    pub true_positive_rate: f64,
}

/// The precision-recall curve of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionRecallCurve {
    /// The points from recall 0 to 1, one for each score that occurs, the highest threshold first. The first
    /// point has no predictions and is (1, 0) by convention.
    pub points: Vec<PrecisionRecallPoint>,
    /// The average precision: the mean of the precisions, each weighted with the recall that its threshold
    /// adds. Interpolation would make it too high.
    pub average_precision: f64,
}

/// Precision and recall of one threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecisionRecallPoint {
    /// The threshold: scores from this one on count as positive; infinity if no score does.
    pub threshold: f64,
    /// The precision: the share of positive examples among those that count as positive, 0 to 1.
    pub precision: f64,
    /// The recall: the share of the positive examples that count as positive, 0 to 1.
    pub recall: f64,
}

/// The ROC curve of examples, each a score and whether it is positive, as scikit-learn's
/// `roc_curve(drop_intermediate=False)`. `None` if one of the two kinds does not occur.
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

/// Precision against recall of examples, each a score and whether it is positive, as scikit-learn's
/// `precision_recall_curve` and `average_precision_score` (there the lowest threshold comes first). `None` without a
/// positive example.
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

/// The counts of examples whose scores are at least `threshold`.
struct Count {
    threshold: f64,
    right: usize,
    wrong: usize,
}

/// The counts for no example, then for each score that occurs, from the highest down.
fn cumulative(examples: &[(f64, bool)]) -> Vec<Count> {
    // `+ 0.0` turns -0.0 into 0.0, so that the two tie in the total order.
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
