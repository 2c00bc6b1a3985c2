//! [`Counts`]: what precision, recall and F1 of one class are computed from.

/// How often one class is true, is predicted, and is both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) correct: usize,
    pub(crate) predicted: usize,
    pub(crate) support: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.correct += other.correct;
        self.predicted += other.predicted;
        self.support += other.support;
    }

    pub(crate) fn sum(all: &[Self]) -> Self {
        let mut sum = Self::default();
        for counts in all {
            sum.add(*counts);
        }
        sum
    }

    /// `None` without predictions.
    pub(crate) fn precision(self) -> Option<f64> {
        divide(self.correct, self.predicted)
    }

    /// `None` without true ones.
    pub(crate) fn recall(self) -> Option<f64> {
        divide(self.correct, self.support)
    }

    /// `None` without both.
    pub(crate) fn f1(self) -> Option<f64> {
        // 2PR / (P + R) in counts, so that F1 is defined even where precision or recall is not.
        divide(2 * self.correct, self.predicted + self.support)
    }
}

/// `None` if the denominator is 0.
pub(crate) fn divide(numerator: usize, denominator: usize) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}
