//! [`Alphabet`]: the characters of a vocabulary.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use crate::load::build::PREFIX;

/// The characters of the words, without the rarest where there are too many.
#[derive(Debug)]
pub(super) struct Alphabet {
    kept: BTreeSet<char>,
    /// Those of `kept` that stand within a word that has no other characters than these.
    continuing: BTreeSet<char>,
    left_out: usize,
}

impl Alphabet {
    /// The `limit` most frequent characters of words with their counts; of equally frequent ones those with the
    /// smaller code points.
    pub(super) fn of(words: &HashMap<String, u64>, limit: usize) -> Self {
        let mut counts: HashMap<char, u64> = HashMap::new();
        for (word, count) in words {
            for character in word.chars() {
                *counts.entry(character).or_default() += count;
            }
        }
        let mut by_rank: Vec<(Reverse<u64>, char)> =
            counts.into_iter().map(|(character, count)| (Reverse(count), character)).collect();
        by_rank.sort_unstable();
        let left_out = by_rank.len().saturating_sub(limit);
        let kept = by_rank.into_iter().take(limit).map(|(_, character)| character).collect();
        let mut alphabet = Self { kept, continuing: BTreeSet::new(), left_out };
        let whole = words.keys().filter(|word| alphabet.has_all_of(word));
        alphabet.continuing = whole.flat_map(|word| word.chars().skip(1)).collect();
        alphabet
    }

    /// Whether a vocabulary of these characters can spell the word.
    pub(super) fn has_all_of(&self, word: &str) -> bool {
        word.chars().all(|character| self.kept.contains(&character))
    }

    /// The tokens of the characters: as they begin a word, then as they go on, each by code point.
    pub(super) fn tokens(&self) -> impl Iterator<Item = String> {
        let first = self.kept.iter().map(char::to_string);
        first.chain(self.continuing.iter().map(|character| format!("{PREFIX}{character}")))
    }

    /// The number of characters.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// The number of characters that are left out.
    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[(&str, u64)], limit: usize) -> Alphabet {
        Alphabet::of(&words.iter().map(|&(word, count)| (word.to_owned(), count)).collect(), limit)
    }

    #[test]
    fn the_rarest_characters_are_left_out() {
        let words = [("ab", 5), ("ba", 1), ("cd", 2), ("e", 2), ("aé", 1)];
        let tokens = |limit| of(&words, limit).tokens().collect::<Vec<_>>();
        assert_eq!(
            tokens(9),
            ["a", "b", "c", "d", "e", "é", "##a", "##b", "##d", "##é"].map(str::to_owned).to_vec()
        );
        // c, d and e occur twice each: the smaller code points stay. Without d the word "cd" can't be spelled, so
        // nothing within it counts.
        assert_eq!(tokens(3), ["a", "b", "c", "##a", "##b"].map(str::to_owned).to_vec());
        let alphabet = of(&words, 3);
        assert_eq!((alphabet.len(), alphabet.left_out()), (3, 3));
        assert!(alphabet.has_all_of("cab") && !alphabet.has_all_of("cad"));
    }
}
