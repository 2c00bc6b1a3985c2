//! [`SummaryTarget`]: which sentences of a feature are in the summary.

use embert_data::tokenize::Encoding;

use super::windows::chosen;
use crate::Target;

/// The first token of each sentence of a feature that the loss counts, by its index in the feature, and whether the
/// sentence is in the summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SummaryTarget(pub Vec<(usize, bool)>);

impl Target for SummaryTarget {
    fn to_bytes(&self) -> Vec<u8> {
        let bytes = |(token, label): &(usize, bool)| {
            (*token as u64).to_le_bytes().into_iter().chain([u8::from(*label)])
        };
        self.0.iter().flat_map(bytes).collect()
    }
}

/// The targets of a text's windows. Each sentence has its label in the window alone that tells its score; each
/// part of a sentence that is longer than a window has the sentence's label.
pub(super) fn targets(labels: &[bool], windows: &[Encoding]) -> Vec<SummaryTarget> {
    let sentences: Vec<_> = windows.iter().map(|window| window.sentences.clone()).collect();
    let mut targets = vec![SummaryTarget::default(); windows.len()];
    for (window, place) in chosen(&sentences) {
        let sentence = sentences[window][place];
        targets[window].0.push((sentence.token, labels[sentence.index]));
    }
    targets
}

#[cfg(test)]
mod tests {
    use embert_data::tokenize::PackedSentence;

    use super::*;

    #[test]
    fn a_sentence_that_windows_share_has_one_label() {
        let window = |sentences: &[(usize, usize, usize)]| {
            let place = |&(index, part, token): &(usize, usize, usize)| PackedSentence { index, part, token };
            Encoding { sentences: sentences.iter().map(place).collect(), ..Encoding::default() }
        };
        let windows =
            [window(&[(0, 0, 0), (2, 0, 4)]), window(&[(2, 0, 0), (3, 0, 5)]), window(&[(3, 1, 0)])];
        let targets = targets(&[true, false, false, true], &windows);
        assert_eq!(targets[0].0, [(0, true), (4, false)]);
        assert_eq!((targets[1].0.as_slice(), targets[2].0.as_slice()), (&[(5, true)][..], &[(0, true)][..]));
        assert_eq!(targets[1].to_bytes(), [5, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
