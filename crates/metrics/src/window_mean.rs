//! [`WindowMean`]: one prediction for a text that was read in several windows.

/// The mean of the probabilities that a model gives for the windows of a text.
///
/// Probabilities are averaged and not logits: a window with large logits then has no more weight than the
/// others, and a window where all labels are equally likely draws the mean towards equal probabilities.
///
/// ```
/// let mut mean = embert_metrics::WindowMean::default();
/// mean.add(&[0.5, 0.5]);
/// mean.add(&[0.25, 0.75]);
/// assert_eq!(mean.finish(), [0.375, 0.625]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowMean {
    sums: Vec<f64>,
    windows: usize,
}

impl WindowMean {
    /// Adds the probabilities of a window, one for each label.
    pub fn add(&mut self, probabilities: &[f64]) {
        self.sums.resize(probabilities.len().max(self.sums.len()), 0.0);
        for (sum, probability) in self.sums.iter_mut().zip(probabilities) {
            *sum += probability;
        }
        self.windows += 1;
    }

    /// The number of windows added.
    pub fn windows(&self) -> usize {
        self.windows
    }

    /// The mean probability of each label; empty without windows. With one window, its probabilities to the
    /// last bit.
    pub fn finish(self) -> Vec<f64> {
        let windows = self.windows as f64;
        self.sums.into_iter().map(|sum| sum / windows).collect()
    }
}
