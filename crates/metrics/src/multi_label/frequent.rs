//! [`most_frequent_labels`]: the baseline of classifiers with several labels.

use std::cmp::Reverse;

/// The answer that gives every example the `count` labels that are true most often, of equally frequent ones
/// those of the lower number. With a count of 0, the answer without labels. `truths` is `[examples, labels]`;
/// empty without examples.
///
/// ```
/// let truths = [[true, false, true], [false, false, true]];
/// assert_eq!(embert_metrics::most_frequent_labels(&truths, 1), [false, false, true]);
/// assert_eq!(embert_metrics::most_frequent_labels(&truths, 0), [false; 3]);
/// ```
pub fn most_frequent_labels<T: AsRef<[bool]>>(truths: &[T], count: usize) -> Vec<bool> {
    let mut frequencies = vec![0_usize; truths.first().map_or(0, |row| row.as_ref().len())];
    for truth in truths {
        for (frequency, truth) in frequencies.iter_mut().zip(truth.as_ref()) {
            *frequency += usize::from(*truth);
        }
    }
    let mut labels: Vec<usize> = (0..frequencies.len()).collect();
    labels.sort_by_key(|&label| Reverse(frequencies[label]));
    let mut answer = vec![false; frequencies.len()];
    labels.into_iter().take(count).for_each(|label| answer[label] = true);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_number_counts_among_equals_and_no_more_labels_than_there_are() {
        let truths = [[true, true, false], [false, true, true]];
        assert_eq!(most_frequent_labels(&truths, 2), [true, true, false]);
        assert_eq!(most_frequent_labels(&truths, 9), [true; 3]);
        assert!(most_frequent_labels::<[bool; 3]>(&[], 2).is_empty());
    }
}
