//! The ranks of numbers.

/// The rank of each value, from 1; equal values have the mean of their ranks.
pub(super) fn mean_ranks(values: &[f64]) -> Vec<f64> {
    // `+ 0.0` turns -0.0 into 0.0, with which it ties.
    let mut sorted: Vec<(f64, usize)> =
        values.iter().enumerate().map(|(index, value)| (value + 0.0, index)).collect();
    sorted.sort_unstable_by(|(one, _), (other, _)| one.total_cmp(other));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in sorted.chunk_by(|(one, _), (other, _)| one.total_cmp(other).is_eq()) {
        // The mean of the whole numbers from before + 1 to before + tied.len().
        let rank = (2 * before + tied.len() + 1) as f64 / 2.0;
        for (_, index) in tied {
            ranks[*index] = rank;
        }
        before += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        assert_eq!(mean_ranks(&[3.0, 1.0, 3.0, -2.0, 3.0]), [4.0, 2.0, 4.0, 1.0, 4.0]);
        assert_eq!(mean_ranks(&[0.0, -0.0]), [1.5, 1.5]);
        assert!(mean_ranks(&[]).is_empty());
    }
}
