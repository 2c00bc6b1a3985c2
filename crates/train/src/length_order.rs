//! [`by_length`]: batches of features of similar length.

/// Indices in batches of similar length, the longest first, so that a lack of memory shows at once.
pub(crate) fn by_length(lengths: &[usize], batch_size: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(lengths[index]));
    order.chunks(batch_size).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_in_one_batch_of_its_like() {
        let plan = by_length(&[3, 9, 4, 8, 5], 2);
        assert_eq!(plan, [vec![1, 3], vec![4, 2], vec![0]]);
    }
}
