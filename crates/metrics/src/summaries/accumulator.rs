//! [`SummaryAccumulator`]: collects summaries and computes a [`SummaryReport`].

use super::report::SummaryReport;
use super::rouge::RougeScores;
use super::words::is_without_tokens;
use crate::MetricsError;
use crate::sum::Sum;

/// Collects the summary of one text after another and gives a [`SummaryReport`] over all of them at any time.
/// Accumulators may be merged in any order. Memory: a few numbers, no texts.
///
/// ```
/// use embert_metrics::{NamedMetric as _, SummaryAccumulator, SummaryMetric};
///
/// let mut accumulator = SummaryAccumulator::default();
/// // Sentences 0 and 3 are chosen, the oracle's are 3 and 4; the losses of six sentences add up to 2.4.
/// accumulator.add(&["A bear woke up."], "The bear woke up.\nIt ate.", &[0, 3], &[3, 4], 2.4, 6)?;
/// let report = accumulator.report();
/// assert_eq!(SummaryMetric::Rouge1.value(&report), Some(0.6));
/// assert_eq!((report.oracle_hits, report.loss), (Some(0.5), Some(2.4 / 6.0)));
/// # Ok::<(), embert_metrics::MetricsError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SummaryAccumulator {
    examples: usize,
    /// ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum.
    rouge: [Sum; 4],
    chosen: usize,
    hits: usize,
    without_tokens: usize,
    loss: Sum,
    sentences: usize,
}

impl SummaryAccumulator {
    /// Adds an example: its true summaries, the predicted one with its sentences on lines of their own, the
    /// indexes of the sentences that the predicted one has, those of the oracle, and the sum of the losses of
    /// `sentences` sentences.
    ///
    /// # Errors
    /// No true summary, or a loss that is NaN or infinite. The accumulator is unchanged then.
    pub fn add(
        &mut self,
        references: &[impl AsRef<str>],
        summary: &str,
        chosen: &[usize],
        oracle: &[usize],
        loss: f64,
        sentences: usize,
    ) -> Result<(), MetricsError> {
        if references.is_empty() {
            return Err(MetricsError::NoReference);
        }
        if !loss.is_finite() {
            return Err(MetricsError::LossNotFinite { value: loss });
        }
        let RougeScores { rouge1, rouge2, rouge_l, rouge_lsum } = RougeScores::of(references, summary);
        for (sum, value) in self.rouge.iter_mut().zip([rouge1, rouge2, rouge_l, rouge_lsum]) {
            sum.add(value);
        }
        self.examples += 1;
        self.chosen += chosen.len();
        self.hits += chosen.iter().filter(|index| oracle.contains(index)).count();
        let is_unseen = is_without_tokens(summary)
            || references.iter().all(|reference| is_without_tokens(reference.as_ref()));
        self.without_tokens += usize::from(is_unseen);
        self.loss.add(loss);
        self.sentences += sentences;
        Ok(())
    }

    /// Adds all examples of `other`.
    pub fn merge(&mut self, other: Self) {
        let Self { examples, rouge, chosen, hits, without_tokens, loss, sentences } = other;
        self.examples += examples;
        for (sum, other) in self.rouge.iter_mut().zip(rouge) {
            sum.merge(other);
        }
        self.chosen += chosen;
        self.hits += hits;
        self.without_tokens += without_tokens;
        self.loss.merge(loss);
        self.sentences += sentences;
    }

    /// The metrics over all examples so far.
    pub fn report(&self) -> SummaryReport {
        let [rouge1, rouge2, rouge_l, rouge_lsum] =
            self.rouge.map(|sum| sum.value() / self.examples.max(1) as f64);
        let share = |value: f64, of: usize| (of > 0).then(|| value / of as f64);
        SummaryReport {
            examples: self.examples,
            rouge: RougeScores { rouge1, rouge2, rouge_l, rouge_lsum },
            oracle_hits: share(self.hits as f64, self.chosen),
            chosen: self.chosen,
            without_tokens: self.without_tokens,
            loss: share(self.loss.value(), self.sentences),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NamedMetric as _, SummaryMetric};

    #[test]
    fn a_refused_example_leaves_no_trace() {
        let mut accumulator = SummaryAccumulator::default();
        let error = accumulator.add(&["a"; 0], "a", &[0], &[0], 0.0, 1).unwrap_err().to_string();
        assert_eq!(error, "an example has no true summary, expected at least one");
        let error = accumulator.add(&["a"], "a", &[0], &[0], f64::NAN, 1).unwrap_err().to_string();
        assert_eq!(error, "the loss of an example is NaN, expected a finite number");
        let report = accumulator.report();
        assert_eq!(report.examples, 0);
        assert!(SummaryMetric::ALL.iter().all(|metric| metric.value(&report).is_none()));
    }

    #[test]
    fn means_are_over_examples_and_the_loss_is_over_sentences() {
        let mut one = SummaryAccumulator::default();
        one.add(&["a b"], "a b", &[0], &[0], 1.0, 1).unwrap();
        let mut other = SummaryAccumulator::default();
        other.add(&["a b"], "x", &[1, 2, 3], &[0], 1.0, 3).unwrap();
        one.merge(other);
        let report = one.report();
        assert_eq!((report.rouge.rouge1, report.oracle_hits, report.loss), (0.5, Some(0.25), Some(0.5)));
    }

    #[test]
    fn texts_in_which_rouge_sees_nothing_are_counted() {
        let mut accumulator = SummaryAccumulator::default();
        for (references, summary) in [
            (&["Медведь спит."][..], "A bear sleeps."),
            (&["A bear sleeps."][..], "Медведь спит."),
            (&["Медведь спит.", "A bear sleeps."][..], "A bear."),
            (&["A bear."][..], ""),
        ] {
            accumulator.add(references, summary, &[0], &[0], 0.0, 1).unwrap();
        }
        assert_eq!((accumulator.report().without_tokens, accumulator.report().examples), (2, 4));
    }

    #[test]
    fn reports_have_rouges_names_in_json() {
        let mut accumulator = SummaryAccumulator::default();
        accumulator.add(&["a"], "a", &[0], &[0], 0.5, 1).unwrap();
        let json = serde_json::to_value(accumulator.report()).unwrap();
        for &metric in SummaryMetric::ALL {
            assert!(json.get(metric.name()).is_some(), "{metric}");
        }
    }
}
