//! [`argmax`].

/// The index of the largest value, the first one in a tie (as `numpy.argmax`). A NaN is never larger than
/// another value. An empty slice gives 0.
pub fn argmax(values: &[f64]) -> usize {
    (1..values.len()).fold(0, |best, index| if values[index] > values[best] { index } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_largest_counts() {
        assert_eq!(argmax(&[0.25, 0.375, 0.375]), 1);
        assert_eq!(argmax(&[-1.0, f64::NAN, -0.5]), 2);
        assert_eq!(argmax(&[]), 0);
    }
}
