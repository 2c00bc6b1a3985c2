//! [`SummaryPrediction`]: the sentences of a text with their scores, and those that are chosen.

use embert_data::tokenize::{Encoding, PackedSentence};

use super::example::SummaryExample;
use super::select::select;
use super::windows::chosen;

/// Where the sentences of a feature begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryAlignment {
    sentences: Vec<PackedSentence>,
    /// Whether the text was cut, so that its last sentences are in no window.
    is_cut: bool,
}

impl SummaryAlignment {
    pub(super) fn new(encoding: &Encoding) -> Self {
        Self { sentences: encoding.sentences.clone(), is_cut: encoding.truncated() }
    }
}

/// The logit of each sentence of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryPart {
    alignment: SummaryAlignment,
    logits: Vec<f64>,
}

impl SummaryPart {
    /// The part of a window from its outputs, `[tokens, 1]`.
    pub(super) fn new(alignment: &SummaryAlignment, outputs: &[f32]) -> Self {
        let logits = alignment.sentences.iter().map(|sentence| f64::from(outputs[sentence.token]));
        Self { alignment: alignment.clone(), logits: logits.collect() }
    }
}

/// The sentences of a text with their scores, and those that are chosen for its summary.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryPrediction {
    /// The logit of each sentence; `None` for one that the model has not read. A sentence that is longer than a
    /// window has the mean of its parts.
    pub logits: Vec<Option<f64>>,
    /// The indexes of the chosen sentences, in the order of the text.
    pub chosen: Vec<usize>,
    /// Whether the model has read only a part of the text.
    pub is_cut: bool,
}

impl SummaryPrediction {
    /// The prediction from a text's windows, in their order: at most `most` sentences.
    pub(super) fn join(
        example: &SummaryExample,
        parts: &[SummaryPart],
        most: usize,
        blocks_trigrams: bool,
    ) -> Self {
        let windows: Vec<_> = parts.iter().map(|part| part.alignment.sentences.clone()).collect();
        let mut sums = vec![(0.0, 0_usize); example.summarized.sentences.len()];
        for (window, place) in chosen(&windows) {
            let (sum, count) = &mut sums[windows[window][place].index];
            *sum += parts[window].logits[place];
            *count += 1;
        }
        let logits: Vec<Option<f64>> =
            sums.into_iter().map(|(sum, count)| (count > 0).then(|| sum / count as f64)).collect();
        let sentence = |index: usize| example.summarized.sentence(index);
        Self {
            chosen: select(&logits, sentence, most, blocks_trigrams),
            logits,
            // Windows are whole together.
            is_cut: matches!(parts, [only] if only.alignment.is_cut),
        }
    }

    /// The probability that the sentence is in the summary; `None` for one that the model has not read.
    pub fn score(&self, index: usize) -> Option<f64> {
        self.logits[index].map(|logit| 1.0 / (1.0 + (-logit).exp()))
    }

    /// The sum of the binary cross-entropies of the sentences that were read, in nats, and their number.
    pub(super) fn loss(&self, labels: &[bool]) -> (f64, usize) {
        let read = self.logits.iter().zip(labels).filter_map(|(logit, label)| Some(((*logit)?, *label)));
        // -log s(x) is log(1 + exp(-x)), without overflow.
        let loss = |(logit, label): (f64, bool)| {
            let x = if label { -logit } else { logit };
            x.max(0.0) + (-x.abs()).exp().ln_1p()
        };
        read.fold((0.0, 0), |(sum, count), one| (sum + loss(one), count + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embert_data::Summarized;

    fn part(sentences: &[(usize, usize)], logits: &[f64], is_cut: bool) -> SummaryPart {
        let place = |&(index, part): &(usize, usize)| PackedSentence { index, part, token: 0 };
        let alignment = SummaryAlignment { sentences: sentences.iter().map(place).collect(), is_cut };
        SummaryPart { alignment, logits: logits.to_vec() }
    }

    fn example(sentences: &[&str]) -> SummaryExample {
        SummaryExample { id: 0, summarized: Summarized::of_sentences(sentences), document: None }
    }

    #[test]
    fn a_sentence_has_one_score_whatever_its_windows() {
        let parts = [
            part(&[(0, 0), (1, 0), (2, 0)], &[1.0, 2.0, 3.0], false),
            part(&[(2, 0), (3, 0), (3, 1)], &[9.0, 1.0, 4.0], false),
        ];
        let example = example(&["a", "b", "c", "d", ""]);
        let prediction = SummaryPrediction::join(&example, &parts, 2, true);
        assert_eq!(prediction.logits, [Some(1.0), Some(2.0), Some(3.0), Some(2.5), None]);
        assert_eq!((prediction.chosen.as_slice(), prediction.is_cut), (&[2, 3][..], false));
        assert!(SummaryPrediction::join(&example, &[part(&[(0, 0)], &[0.0], true)], 2, true).is_cut);
    }

    #[test]
    fn the_loss_is_finite_and_of_what_was_read() {
        let prediction = |logits: &[Option<f64>]| SummaryPrediction {
            logits: logits.to_vec(),
            chosen: Vec::new(),
            is_cut: false,
        };
        let (loss, count) = prediction(&[Some(0.0), None, Some(1000.0)]).loss(&[true, true, false]);
        assert!((loss - (2.0_f64.ln() + 1000.0)).abs() < 1e-9 && count == 2, "{loss}");
        assert_eq!(prediction(&[Some(1000.0)]).loss(&[true]), (0.0, 1));
        assert_eq!(prediction(&[Some(0.0), None]).score(0), Some(0.5));
    }
}
