//! [`MaskedReport`]: all metrics of an evaluation on masked words.

use serde::Serialize;

use super::metric::MaskedMetric;
use crate::NamedMetric;

/// All metrics over the masked tokens of a [`MaskedAccumulator`](crate::MaskedAccumulator).
///
/// Every number is finite; what is not defined, or too large for an `f64`, is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MaskedReport {
    /// The number of masked tokens.
    pub masked: usize,
    /// e to the power of the loss: 1 where each token is certain, the size of the vocabulary where all of its
    /// tokens are equally probable. `None` without masked tokens, or where it is too large
    /// ([`overflow`](Self::overflow)).
    pub perplexity: Option<f64>,
    /// The share of masked tokens whose most probable token is the true one. `None` without masked tokens.
    pub masked_accuracy: Option<f64>,
    /// The mean cross-entropy of a masked token, in nats. `None` without masked tokens.
    pub loss: Option<f64>,
}

impl MaskedReport {
    pub(super) fn new(masked: usize, hits: usize, loss: f64) -> Self {
        let of = |sum: f64| (masked > 0).then(|| sum / masked as f64);
        let loss = of(loss);
        Self {
            masked,
            perplexity: loss.map(f64::exp).filter(|perplexity| perplexity.is_finite()),
            masked_accuracy: of(hits as f64),
            loss,
        }
    }

    /// A sentence where the perplexity is too large for a number; `None` where it is none.
    pub fn overflow(&self) -> Option<String> {
        let loss = self.loss.filter(|_| self.perplexity.is_none())?;
        Some(format!(
            "the perplexity is e^{loss:.1}, too large for a number of 64 bits: the loss says how far the model is off"
        ))
    }

    /// The metrics that are not defined, in the order of display.
    pub fn undefined(&self) -> impl Iterator<Item = MaskedMetric> + '_ {
        MaskedMetric::displayed().filter(|metric| metric.value(self).is_none())
    }
}

impl NamedMetric for MaskedMetric {
    type Report = MaskedReport;
    const DEFAULT: &'static str = "perplexity";

    fn title(self) -> &'static str {
        match self {
            Self::Perplexity => "Perplexity",
            Self::MaskedAccuracy => "Masked accuracy",
            Self::Loss => "Loss",
        }
    }

    fn is_higher_better(self) -> bool {
        self == Self::MaskedAccuracy
    }

    fn is_headline(self) -> bool {
        true
    }

    fn value(self, report: &MaskedReport) -> Option<f64> {
        match self {
            Self::Perplexity => report.perplexity,
            Self::MaskedAccuracy => report.masked_accuracy,
            Self::Loss => report.loss,
        }
    }
}
