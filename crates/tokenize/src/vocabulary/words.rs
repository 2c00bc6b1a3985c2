//! [`WordCounts`]: how often each word occurs.

use std::collections::HashMap;

use rayon::prelude::*;
use tokenizers::{OffsetReferential, OffsetType, PreTokenizer as _};

use crate::error::TokenizeError;

/// The most characters of a word that WordPiece splits; a longer word is `[UNK]`. BERT's own limit.
pub(super) const MOST_CHARACTERS: usize = 100;

/// How often two characters may follow each other: the library counts pairs in 32 bits with a sign, and while
/// it joins a pair it counts some of its neighbours twice.
const MOST_OF_A_PAIR: u64 = i32::MAX as u64 / 2;

/// The words of texts.
#[derive(Debug, Default)]
pub(super) struct WordCounts {
    /// Texts.
    pub(super) texts: u64,
    /// Texts in which a special token is written.
    pub(super) texts_with_special_tokens: u64,
    /// Words, each time that they occur, long ones included.
    pub(super) words: u64,
    /// Words of more than [`MOST_CHARACTERS`].
    pub(super) long_words: u64,
    /// How often each other word occurs.
    pub(super) distinct: HashMap<String, u64>,
}

impl WordCounts {
    /// Counts the words of some texts, on all cores, as `splitter` splits and normalises them.
    ///
    /// # Errors
    /// The library fails on a text.
    pub(super) fn add<T: AsRef<str> + Sync>(
        &mut self,
        splitter: &tokenizers::Tokenizer,
        texts: &[T],
    ) -> Result<(), TokenizeError> {
        let of_texts = texts
            .par_iter()
            .try_fold(Self::default, |counts, text| counts.and_text(splitter, text.as_ref()))
            .try_reduce(Self::default, |one, other| Ok(one.and(other)))?;
        *self = std::mem::take(self).and(of_texts);
        Ok(())
    }

    fn and_text(mut self, splitter: &tokenizers::Tokenizer, text: &str) -> Result<Self, TokenizeError> {
        self.texts += 1;
        let mut split =
            splitter.get_added_vocabulary().extract_and_normalize(splitter.get_normalizer(), text);
        if let Some(pre_tokenizer) = splitter.get_pre_tokenizer() {
            pre_tokenizer
                .pre_tokenize(&mut split)
                .map_err(|source| TokenizeError::Encode { bytes: text.len(), source })?;
        }
        let mut has_special = false;
        for (word, _, tokens) in split.get_splits(OffsetReferential::Normalized, OffsetType::None) {
            if tokens.is_some() {
                has_special = true;
                continue;
            }
            self.words += 1;
            if word.chars().nth(MOST_CHARACTERS).is_some() {
                self.long_words += 1;
                continue;
            }
            match self.distinct.get_mut(word) {
                Some(count) => *count += 1,
                None => {
                    self.distinct.insert(word.to_owned(), 1);
                }
            }
        }
        self.texts_with_special_tokens += u64::from(has_special);
        Ok(self)
    }

    /// The sum of two counts: the larger map takes in the smaller one.
    fn and(mut self, mut other: Self) -> Self {
        if self.distinct.len() < other.distinct.len() {
            std::mem::swap(&mut self.distinct, &mut other.distinct);
        }
        for (word, count) in other.distinct {
            *self.distinct.entry(word).or_default() += count;
        }
        self.texts += other.texts;
        self.texts_with_special_tokens += other.texts_with_special_tokens;
        self.words += other.words;
        self.long_words += other.long_words;
        self
    }

    /// Checks that the library can count all pairs of neighbouring pieces. Pieces that follow each other have
    /// neighbouring characters at their border, so no pair of pieces is more frequent than a pair of characters.
    ///
    /// # Errors
    /// Two characters follow each other too often.
    pub(super) fn check(&self) -> Result<(), TokenizeError> {
        let mut pairs: HashMap<(char, char), u64> = HashMap::new();
        for (word, count) in &self.distinct {
            for (one, other) in word.chars().zip(word.chars().skip(1)) {
                *pairs.entry((one, other)).or_default() += count;
            }
        }
        let most = pairs.into_iter().max_by_key(|&(pair, count)| (count, pair));
        match most {
            Some(((one, other), count)) if count > MOST_OF_A_PAIR => Err(TokenizeError::TooMuchText {
                pair: [one, other].into_iter().collect(),
                count,
                most: MOST_OF_A_PAIR,
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(words: &[(&str, u64)]) -> WordCounts {
        let distinct = words.iter().map(|&(word, count)| (word.to_owned(), count)).collect();
        WordCounts { distinct, ..WordCounts::default() }
    }

    #[test]
    fn more_pairs_than_the_library_counts_are_refused() {
        assert!(counts(&[("the", MOST_OF_A_PAIR), ("a", u64::MAX)]).check().is_ok());
        let error = counts(&[("the", MOST_OF_A_PAIR), ("then", 1)]).check().unwrap_err().to_string();
        assert!(error.contains("\"he\"") || error.contains("\"th\""), "{error}");
        assert!(error.contains("1073741824") && error.contains("sample"), "{error}");
        // Two of them in a word count twice.
        assert!(counts(&[("aaa", MOST_OF_A_PAIR / 2 + 1)]).check().is_err());
    }

    #[test]
    fn a_sum_does_not_depend_on_the_order() {
        let one = || WordCounts { texts: 1, words: 3, ..counts(&[("a", 2), ("b", 1)]) };
        let other =
            || WordCounts { texts: 2, words: 9, long_words: 1, ..counts(&[("b", 3), ("c", 4), ("d", 1)]) };
        for sum in [one().and(other()), other().and(one())] {
            assert_eq!((sum.texts, sum.words, sum.long_words), (3, 12, 1));
            assert_eq!(sum.distinct, counts(&[("a", 2), ("b", 4), ("c", 4), ("d", 1)]).distinct);
        }
    }
}
