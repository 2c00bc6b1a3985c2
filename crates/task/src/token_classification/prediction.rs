//! [`TokenPrediction`]: the tokens of a text with the probability of each tag, from one window or several.

use std::collections::BTreeMap;

use super::alignment::{AlignedToken, TokenAlignment};

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
}

/// A token with the probability of each tag.
#[derive(Clone, Debug)]
pub(super) struct PredictedToken {
    pub(super) token: AlignedToken,
    /// `[labels]`, in the order of the head's outputs.
    pub(super) probabilities: Box<[f64]>,
}

/// What tells the tokens of a text apart in any window: the word, the characters, and how many tokens of the
/// same word and characters stand before it.
type Key = (u32, usize, usize, usize);

impl TokenPrediction {
    /// Joins the parts of a text's windows.
    ///
    /// Neighbouring windows share tokens. A word's tokens come from the window in which the word has most
    /// context on its lesser side; of several windows from the first. A word that no window holds whole is
    /// longer than a window; then each of its tokens is chosen by itself, in the same way.
    pub(super) fn join(parts: &[TokenPart], labels: usize) -> Self {
        if let [part] = parts {
            return Self { tokens: predicted(part, labels).map(|(_, token)| token).collect() };
        }
        let mut words: BTreeMap<u32, BTreeMap<Key, Vec<Candidate>>> = BTreeMap::new();
        for (window, part) in parts.iter().enumerate() {
            let tokens = part.alignment.tokens.len();
            for ((key, token), place) in predicted(part, labels).zip(0..) {
                let candidate = Candidate { window, before: place, after: tokens - 1 - place, token };
                words.entry(key.0).or_default().entry(key).or_default().push(candidate);
            }
        }
        let mut tokens = Vec::new();
        for word in words.into_values() {
            let whole = whole_window(&word, parts.len());
            for candidates in word.into_values() {
                let chosen = match whole {
                    Some(window) => candidates.into_iter().find(|candidate| candidate.window == window),
                    // `max_by_key` takes the last of equals, so the order is turned around.
                    None => candidates
                        .into_iter()
                        .rev()
                        .max_by_key(|candidate| candidate.before.min(candidate.after)),
                };
                tokens.extend(chosen.map(|candidate| candidate.token));
            }
        }
        Self { tokens }
    }
}

/// A token in one of the windows that hold it.
struct Candidate {
    window: usize,
    /// Tokens of the text before it in the window.
    before: usize,
    /// Tokens of the text after it in the window.
    after: usize,
    token: PredictedToken,
}

/// The window with most context around a word, among those that hold all tokens of the word; `None` if no
/// window holds them all.
fn whole_window(word: &BTreeMap<Key, Vec<Candidate>>, windows: usize) -> Option<usize> {
    // For each window: the word's tokens that it holds, and the least context on either side.
    let mut found = vec![(0_usize, usize::MAX, usize::MAX); windows];
    for candidate in word.values().flatten() {
        let (tokens, before, after) = &mut found[candidate.window];
        *tokens += 1;
        *before = candidate.before.min(*before);
        *after = candidate.after.min(*after);
    }
    let whole = found.iter().enumerate().filter(|(_, (tokens, ..))| *tokens == word.len());
    whole.rev().max_by_key(|(_, (_, before, after))| before.min(after)).map(|(window, _)| window)
}

/// The tokens of a part with their keys.
fn predicted(part: &TokenPart, labels: usize) -> impl Iterator<Item = (Key, PredictedToken)> {
    let mut last: Option<Key> = None;
    part.alignment.tokens.iter().zip(part.probabilities.chunks(labels.max(1))).map(
        move |(token, probabilities)| {
            let characters = &token.characters;
            let repeated = match last {
                Some((word, start, end, number))
                    if (word, start, end) == (token.word, characters.start, characters.end) =>
                {
                    number + 1
                }
                _ => 0,
            };
            let key = (token.word, characters.start, characters.end, repeated);
            last = Some(key);
            (key, PredictedToken { token: token.clone(), probabilities: probabilities.into() })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part with the words `words`, each of one token, whose probability of the first tag is `mark`.
    fn part(words: &[(u32, usize)], mark: f64) -> TokenPart {
        let token = |(index, &(word, piece)): (usize, &(u32, usize))| AlignedToken {
            index: index + 1,
            word,
            characters: word as usize * 10 + piece..word as usize * 10 + piece + 1,
            piece: "x".into(),
            is_subword: piece > 0,
        };
        TokenPart {
            alignment: TokenAlignment {
                tokens: words.iter().enumerate().map(token).collect(),
                length: words.len() + 2,
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
}
