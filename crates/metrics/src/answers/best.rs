//! [`apply_null_threshold`], and the threshold that is best on some questions.

use super::row::Row;

/// The answer that counts where a question may have none: `predicted`, or the empty answer where the null
/// odds are above the threshold. The threshold itself is not enough.
///
/// ```
/// use embert_metrics::apply_null_threshold;
///
/// assert_eq!(apply_null_threshold("Lagos", -1.5, 0.0), "Lagos");
/// assert_eq!(apply_null_threshold("Lagos", 0.0, 0.0), "Lagos");
/// assert_eq!(apply_null_threshold("Lagos", 0.1, 0.0), "");
/// ```
pub fn apply_null_threshold(predicted: &str, null_odds: f64, threshold: f64) -> &str {
    if null_odds > threshold { "" } else { predicted }
}

/// The greatest mean score over the null thresholds, and the least threshold that gives it: version 2.0's
/// `find_best_thresh`.
///
/// At first no question is answered, with a threshold of 0 whatever the null odds are. Then one question
/// after another is, in the order of `rows`: those with equal null odds too, although no threshold tells them
/// apart.
pub(super) fn best(rows: &[(f64, &Row)], score: impl Fn(&Row) -> f64) -> (f64, f64) {
    let mut sum = rows.iter().filter(|(_, row)| !row.has_answer).count() as f64;
    let (mut most, mut threshold) = (sum, 0.0);
    for (null_odds, row) in rows {
        if row.has_answer {
            sum += score(row);
        } else if row.is_answered {
            sum -= 1.0;
        }
        if sum > most {
            (most, threshold) = (sum, *null_odds);
        }
    }
    (most / rows.len() as f64, threshold)
}
