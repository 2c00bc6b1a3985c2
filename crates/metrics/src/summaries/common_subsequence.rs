//! Longest common subsequences, as `rouge_score` finds them.

/// The length of the longest common subsequence.
pub(super) fn common_length(reference: &[usize], candidate: &[usize]) -> usize {
    let mut row = vec![0; candidate.len() + 1];
    for word in reference {
        next_row(&mut row, *word, candidate, |_| ());
    }
    row.last().copied().unwrap_or_default()
}

/// The places in `reference` of one of its longest common subsequences with `candidate`. Where there are
/// several, it is the one that `rouge_score` reads out from the ends: where the words differ, it goes a word back
/// in the candidate if only that keeps the length, and else in the reference.
///
/// Memory: one bit for each pair of a word of the reference and one of the candidate.
pub(super) fn common_places(reference: &[usize], candidate: &[usize]) -> Vec<usize> {
    let mut row = vec![0; candidate.len() + 1];
    // For each pair, whether the step goes back in the candidate.
    let mut steps = Bits::new(reference.len() * candidate.len());
    for (index, word) in reference.iter().enumerate() {
        next_row(&mut row, *word, candidate, |column| steps.set(index * candidate.len() + column));
    }
    let (mut i, mut j) = (reference.len(), candidate.len());
    let mut places = Vec::new();
    while i > 0 && j > 0 {
        if reference[i - 1] == candidate[j - 1] {
            places.push(i - 1);
            (i, j) = (i - 1, j - 1);
        } else if steps.is_set((i - 1) * candidate.len() + j - 1) {
            j -= 1;
        } else {
            i -= 1;
        }
    }
    places
}

/// Turns the row of lengths for the words of the reference before `word` into the row with it, and calls
/// `in_candidate` for each column whose length comes from the column before it alone.
fn next_row(row: &mut [usize], word: usize, candidate: &[usize], mut in_candidate: impl FnMut(usize)) {
    let mut diagonal = row[0];
    for (column, other) in candidate.iter().enumerate() {
        let above = row[column + 1];
        let before = row[column];
        row[column + 1] = if word == *other {
            diagonal + 1
        } else {
            if before > above {
                in_candidate(column);
            }
            before.max(above)
        };
        diagonal = above;
    }
}

/// A list of bits, all 0 at first.
struct Bits(Vec<u64>);

impl Bits {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn set(&mut self, index: usize) {
        self.0[index / 64] |= 1 << (index % 64);
    }

    fn is_set(&self, index: usize) -> bool {
        self.0[index / 64] >> (index % 64) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equally_long_ones_the_earlier_words_of_the_reference_are_read_out() {
        assert_eq!(common_places(&[0, 1], &[1, 0]), [0]);
        assert_eq!(common_places(&[0, 1, 2, 0], &[0, 2, 1, 0]), [3, 1, 0]);
    }

    #[test]
    fn the_length_is_that_of_the_places() {
        let (one, other) = ([3, 1, 4, 1, 5, 9, 2, 6, 5, 3], [2, 7, 1, 8, 2, 8, 1, 5, 3]);
        let places = common_places(&one, &other);
        assert_eq!((common_length(&one, &other), places.len()), (4, 4));
        assert_eq!(common_length(&[], &other) + common_length(&one, &[]), 0);
        assert!(common_places(&[], &other).is_empty() && common_places(&one, &[]).is_empty());
    }
}
