//! The bins of lengths: each ends at a given length, and the last is open.

use crate::number::thousands;

/// The number of the bin of a length.
pub(super) fn bin_of(length: usize, ends: &[usize]) -> usize {
    ends.partition_point(|&end| end < length)
}

/// The name of a bin: `3`, `6–10`, `321+`.
pub(super) fn name_of(bin: usize, ends: &[usize]) -> String {
    let first = bin.checked_sub(1).map_or(1, |before| ends[before] + 1);
    match ends.get(bin) {
        Some(&end) if end == first => thousands(end),
        Some(&end) => format!("{}–{}", thousands(first), thousands(end)),
        None => format!("{}+", thousands(first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [usize; 4] = [1, 2, 3, 4];
    const TEXT_WORDS: [usize; 7] = [5, 10, 20, 40, 80, 160, 320];

    #[test]
    fn lengths_have_their_bins() {
        assert_eq!([0, 1, 2, 4, 5, 90].map(|length| bin_of(length, &WORDS)), [0, 0, 1, 3, 4, 4]);
        assert_eq!([0, 3, 4].map(|bin| name_of(bin, &WORDS)), ["1", "4", "5+"]);
        assert_eq!([0, 1, 2, 7].map(|bin| name_of(bin, &TEXT_WORDS)), ["1–5", "6–10", "11–20", "321+"]);
    }
}
