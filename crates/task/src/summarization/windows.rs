//! [`chosen`]: of the windows that hold a sentence, the one that tells its score.

use std::collections::BTreeMap;

use embert_data::tokenize::PackedSentence;

/// For each sentence, or part of a sentence that is longer than a window, in the text's order, the window that it
/// is taken from and its place there: the window in which it has most sentences on its lesser side, of several
/// the first.
pub(super) fn chosen(windows: &[Vec<PackedSentence>]) -> Vec<(usize, usize)> {
    let mut best: BTreeMap<(usize, usize), (usize, (usize, usize))> = BTreeMap::new();
    for (window, sentences) in windows.iter().enumerate() {
        for (place, sentence) in sentences.iter().enumerate() {
            let context = place.min(sentences.len() - 1 - place);
            let found = best.entry((sentence.index, sentence.part)).or_insert((context, (window, place)));
            if context > found.0 {
                *found = (context, (window, place));
            }
        }
    }
    best.into_values().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(sentences: &[(usize, usize)]) -> Vec<PackedSentence> {
        sentences.iter().map(|&(index, part)| PackedSentence { index, part, token: 0 }).collect()
    }

    #[test]
    fn a_sentence_is_told_by_the_window_with_most_context() {
        let windows = [
            window(&[(0, 0), (1, 0), (2, 0), (3, 0)]),
            window(&[(2, 0), (3, 0), (4, 0), (5, 0)]),
            window(&[(5, 0), (5, 1)]),
        ];
        // Sentence 2 is second to last in the first window, and first in the second.
        assert_eq!(chosen(&windows), [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (1, 3), (2, 1)]);
        assert!(chosen(&[]).is_empty() && chosen(&[Vec::new()]).is_empty());
    }
}
