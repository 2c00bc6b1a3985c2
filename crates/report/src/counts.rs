//! [`Counts`]: precision, recall and F1 of parts of a split, which a run does not record.

/// How many are true, are found, and are both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) truths: usize,
    pub(crate) found: usize,
    pub(crate) right: usize,
}

impl Counts {
    /// The share of what is found that is right; `None` if nothing is found.
    pub(crate) fn precision(self) -> Option<f64> {
        (self.found > 0).then(|| self.right as f64 / self.found as f64)
    }

    /// The share of what is true that is found; `None` if nothing is.
    pub(crate) fn recall(self) -> Option<f64> {
        (self.truths > 0).then(|| self.right as f64 / self.truths as f64)
    }

    /// The harmonic mean of precision and recall; `None` if nothing is true or found.
    pub(crate) fn f1(self) -> Option<f64> {
        let all = self.truths + self.found;
        (all > 0).then(|| 2.0 * self.right as f64 / all as f64)
    }
}
