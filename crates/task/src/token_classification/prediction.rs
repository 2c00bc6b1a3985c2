//! [`TokenPrediction`]: the tokens of a text with the probability of each tag, from one window or several.

use super::alignment::{AlignedToken, TokenAlignment};
use super::windows::chosen;

/// The tokens of one feature with the probability of each tag.
#[derive(Clone, Debug)]
pub struct TokenPart {
    pub(super) alignment: TokenAlignment,
    /// The probabilities of each aligned token, `[tokens, labels]`, row after row.
    pub(super) probabilities: Vec<f64>,
}

/// The tokens of a whole text with the probability of each tag, in the order of the text.
#[derive(Clone, Debug)]
pub struct TokenPrediction {
    pub(super) tokens: Vec<PredictedToken>,
    /// Whether the text was cut: its other tokens have no prediction.
    pub(super) is_cut: bool,
}

/// A token with the probability of each tag.
#[derive(Clone, Debug)]
pub(super) struct PredictedToken {
    pub(super) token: AlignedToken,
    /// `[labels]`, in the order of the head's outputs.
    pub(super) probabilities: Box<[f64]>,
}

impl TokenPrediction {
    /// Whether the text was cut, so that some of its words have no prediction.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Joins the parts of a text's windows; [`chosen`] says which window each token comes from.
    pub(super) fn join(parts: &[TokenPart], labels: usize) -> Self {
        if let [part] = parts {
            let tokens = (0..part.alignment.tokens.len()).map(|index| predicted(part, index, labels));
            return Self { tokens: tokens.collect(), is_cut: part.alignment.is_part };
        }
        let place = |token: &AlignedToken| (token.word, token.number);
        let windows: Vec<_> =
            parts.iter().map(|part| part.alignment.tokens.iter().map(place).collect()).collect();
        // Special tokens stand before the text's first token.
        let first =
            parts.iter().find_map(|part| part.alignment.tokens.first()).map_or(0, |token| token.index);
        let tokens = chosen(&windows).into_iter().zip(first..).map(|((window, index), in_text)| {
            let mut token = predicted(&parts[window], index, labels);
            token.token.index = in_text;
            token
        });
        Self { tokens: tokens.collect(), is_cut: false }
    }
}

/// A token of a part with its probabilities.
fn predicted(part: &TokenPart, index: usize, labels: usize) -> PredictedToken {
    PredictedToken {
        token: part.alignment.tokens[index].clone(),
        probabilities: part.probabilities[index * labels..][..labels].into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part with the words `words`, each of one token, whose probability of the first tag is `mark`.
    fn part(words: &[(u32, usize)], mark: f64) -> TokenPart {
        let token = |(index, &(word, piece)): (usize, &(u32, usize))| AlignedToken {
            index: index + 1,
            word,
            number: piece as u32,
            // All tokens of a word may stand for one character.
            characters: word as usize..word as usize + 1,
            piece: "x".into(),
            is_subword: piece > 0,
        };
        TokenPart {
            alignment: TokenAlignment {
                tokens: words.iter().enumerate().map(token).collect(),
                is_part: true,
            },
            probabilities: words.iter().flat_map(|_| [mark, 1.0 - mark]).collect(),
        }
    }

    #[allow(clippy::needless_pass_by_value, reason = "each call makes one")]
    fn marks(parts: Vec<TokenPart>) -> Vec<(u32, f64)> {
        let joined = TokenPrediction::join(&parts, 2);
        joined.tokens.iter().map(|token| (token.token.word, token.probabilities[0])).collect()
    }

    #[test]
    fn a_word_comes_from_the_window_with_most_context_and_ties_from_the_first() {
        let single = |words: std::ops::Range<u32>| words.map(|word| (word, 0)).collect::<Vec<_>>();
        let joined = marks(vec![part(&single(0..6), 0.1), part(&single(3..9), 0.2)]);
        // Words 3, 4, 5: 2, 1, 0 tokens after them in the first window, 0, 1, 2 before them in the second.
        let expected = [0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.2];
        assert_eq!(joined, (0..9).zip(expected).collect::<Vec<_>>());
    }

    #[test]
    fn a_word_is_read_whole_where_a_window_holds_it_whole() {
        // The first window cuts word 2 after its first token.
        let first = part(&[(0, 0), (1, 0), (2, 0)], 0.1);
        let second = part(&[(2, 0), (2, 1), (3, 0)], 0.2);
        assert_eq!(marks(vec![first, second]), [(0, 0.1), (1, 0.1), (2, 0.2), (2, 0.2), (3, 0.2)]);
    }

    #[test]
    fn a_word_longer_than_a_window_loses_no_token() {
        let pieces = |range: std::ops::Range<usize>| range.map(|piece| (0, piece)).collect::<Vec<_>>();
        let joined =
            marks(vec![part(&pieces(0..4), 0.1), part(&pieces(2..6), 0.2), part(&pieces(4..8), 0.3)]);
        let expected = [0.1, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3];
        assert_eq!(joined.iter().map(|(_, mark)| *mark).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn tokens_of_windows_are_numbered_by_the_text() {
        let joined = TokenPrediction::join(&[part(&[(0, 0), (1, 0)], 0.1), part(&[(1, 0), (1, 1)], 0.2)], 2);
        let indices: Vec<usize> = joined.tokens.iter().map(|token| token.token.index).collect();
        assert_eq!((indices, joined.is_cut), (vec![1, 2, 3], false));
        assert!(TokenPrediction::join(&[part(&[(0, 0)], 0.1)], 2).is_cut);
    }
}
