//! A compensated sum: small terms are not lost beside large ones.

/// Neumaier's compensated sum: its error does not grow with the number of terms ("Rundungsfehleranalyse
/// einiger Verfahren zur Summation endlicher Summen", 1974).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    sum: f64,
    /// The sum of the rounding errors of `sum`.
    lost: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, term: f64) {
        let sum = self.sum + term;
        let (large, small) = if self.sum.abs() >= term.abs() { (self.sum, term) } else { (term, self.sum) };
        self.lost += (large - sum) + small;
        self.sum = sum;
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.add(other.sum);
        self.lost += other.lost;
    }

    pub(crate) fn value(self) -> f64 {
        self.sum + self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_terms_survive_beside_a_large_one() {
        let mut sum = Sum::default();
        for term in [1.0, 1e100, 1.0, -1e100] {
            sum.add(term);
        }
        assert_eq!(sum.value().to_bits(), 2.0_f64.to_bits(), "plain addition gives 0");
    }

    #[test]
    fn merging_keeps_what_was_lost() {
        let (mut left, mut right) = (Sum::default(), Sum::default());
        for term in [1e100, 1.0] {
            left.add(term);
        }
        for term in [1.0, -1e100] {
            right.add(term);
        }
        left.merge(right);
        assert_eq!(left.value().to_bits(), 2.0_f64.to_bits());
    }
}
