//! [`Pool`].

/// The mean of several predictions for one text, one for each of its windows.
///
/// Probabilities are averaged, not logits: no window outvotes the others by the size of its logits, and a window that can't
/// tell counts as one that can't.
///
/// ```
/// let mut pool = embert_metrics::Pool::default();
/// pool.add(&[0.5, 0.5]);
/// pool.add(&[0.25, 0.75]);
/// assert_eq!(pool.mean(), [0.375, 0.625]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    sums: Vec<f64>,
    count: usize,
}

impl Pool {
    /// Adds the probabilities of a window, one a label.
    pub fn add(&mut self, probabilities: &[f64]) {
        self.sums.resize(probabilities.len().max(self.sums.len()), 0.0);
        for (sum, probability) in self.sums.iter_mut().zip(probabilities) {
            *sum += probability;
        }
        self.count += 1;
    }

    /// How many were added.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The mean for each label; of a single one, the same to the last bit. Empty where nothing was added.
    pub fn mean(self) -> Vec<f64> {
        let count = self.count as f64;
        self.sums.into_iter().map(|sum| sum / count).collect()
    }
}
