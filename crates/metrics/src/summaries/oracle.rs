//! [`greedy_oracle`]: the sentences that together are most like a summary.

use std::collections::HashSet;

use super::interned::Interned;
use super::words::oracle_words;

/// The sentences that BertSum (Liu 2019) teaches a model to choose where only a summary is known: its
/// `greedy_selection`. Each step adds the sentence with which ROUGE-1 and ROUGE-2 together are greatest, until
/// no sentence adds anything, or `most` are chosen. Of equally good sentences it is the first.
///
/// Both are F1 of sets: an n-gram counts once. Words are those between white space in lower case, without
/// the characters that are neither Latin letters nor digits. Bigrams do not cross sentences, but those of a
/// reference cross its own. Of several references the best one counts, at each step anew.
///
/// The indexes are in the order of the text. There are none if no sentence has a word of a summary.
///
/// ```
/// use embert_metrics::greedy_oracle;
///
/// let sentences = ["It rained.", "A bear woke up in May.", "The bear was hungry.", "Nobody saw it."];
/// assert_eq!(greedy_oracle(&sentences, &["In May a hungry bear woke up."], 3), [1, 2]);
/// ```
pub fn greedy_oracle(
    sentences: &[impl AsRef<str>],
    references: &[impl AsRef<str>],
    most: usize,
) -> Vec<usize> {
    let texts = Ngrams::new(sentences, references);
    let mut chosen = Choice::new(&texts);
    let mut best = 0.0;
    while chosen.indexes.len() < most {
        let mut next = None;
        for sentence in 0..texts.sentences.len() {
            if chosen.indexes.contains(&sentence) {
                continue;
            }
            let score = chosen.score_with(&texts, sentence);
            if score > best {
                (best, next) = (score, Some(sentence));
            }
        }
        let Some(next) = next else { break };
        chosen.add(&texts, next);
    }
    chosen.indexes.sort_unstable();
    chosen.indexes
}

/// What [`greedy_oracle`] makes as great as it can, for a choice of sentences: 0 to a little under 2. 0 for no
/// sentence. Indexes that no sentence has are left out.
pub fn oracle_score(sentences: &[impl AsRef<str>], references: &[impl AsRef<str>], chosen: &[usize]) -> f64 {
    let texts = Ngrams::new(sentences, references);
    let mut choice = Choice::new(&texts);
    let mut score = 0.0;
    for index in chosen.iter().copied().filter(|index| *index < sentences.len()) {
        score = choice.score_with(&texts, index);
        choice.add(&texts, index);
    }
    score
}

/// The n-grams of one or two words of a text, as numbers, each once.
type Sets = [Vec<usize>; 2];

/// The n-grams of all texts.
struct Ngrams {
    sentences: Vec<Sets>,
    references: Vec<[HashSet<usize>; 2]>,
    /// How many different n-grams there are.
    count: [usize; 2],
}

impl Ngrams {
    fn new(sentences: &[impl AsRef<str>], references: &[impl AsRef<str>]) -> Self {
        let mut words = Interned::default();
        let mut pairs = Interned::default();
        let mut sets = |text: &str| -> Sets {
            let tokens = words.numbers_of(oracle_words(text));
            let bigrams = pairs.numbers_of(tokens.windows(2).map(|pair| (pair[0], pair[1])));
            [unique(tokens), unique(bigrams)]
        };
        let sentences = sentences.iter().map(|text| sets(text.as_ref())).collect();
        let of_reference = |sets: Sets| sets.map(|set| set.into_iter().collect());
        let references = references.iter().map(|text| of_reference(sets(text.as_ref()))).collect();
        Self { sentences, references, count: [words.len(), pairs.len()] }
    }
}

fn unique(mut numbers: Vec<usize>) -> Vec<usize> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The chosen sentences with the n-grams that they have.
struct Choice {
    indexes: Vec<usize>,
    /// Whether an n-gram is in a chosen sentence.
    has: [Vec<bool>; 2],
    /// How many are.
    size: [usize; 2],
    /// How many of them each reference has.
    common: Vec<[usize; 2]>,
}

impl Choice {
    fn new(texts: &Ngrams) -> Self {
        Self {
            indexes: Vec::new(),
            has: texts.count.map(|count| vec![false; count]),
            size: [0; 2],
            common: vec![[0; 2]; texts.references.len()],
        }
    }

    /// The score with another sentence, for the best reference.
    fn score_with(&self, texts: &Ngrams, sentence: usize) -> f64 {
        let of_reference = |(reference, common): (&[HashSet<usize>; 2], &[usize; 2])| {
            let [one, two] = [0, 1].map(|n| {
                let new = || self.new_in(texts, sentence, n);
                let common = common[n] + new().filter(|ngram| reference[n].contains(ngram)).count();
                f_measure(common, self.size[n] + new().count(), reference[n].len())
            });
            one + two
        };
        texts.references.iter().zip(&self.common).map(of_reference).fold(0.0, f64::max)
    }

    fn add(&mut self, texts: &Ngrams, sentence: usize) {
        for n in [0, 1] {
            let new: Vec<usize> = self.new_in(texts, sentence, n).collect();
            for (reference, common) in texts.references.iter().zip(&mut self.common) {
                common[n] += new.iter().filter(|ngram| reference[n].contains(ngram)).count();
            }
            self.size[n] += new.len();
            for ngram in new {
                self.has[n][ngram] = true;
            }
        }
        self.indexes.push(sentence);
    }

    /// The n-grams of a sentence that no chosen one has.
    fn new_in<'a>(
        &'a self,
        texts: &'a Ngrams,
        sentence: usize,
        n: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        texts.sentences[sentence][n].iter().copied().filter(move |ngram| !self.has[n][*ngram])
    }
}

/// BertSum's `cal_rouge`, in its order of operations, on which ties depend.
fn f_measure(common: usize, predicted: usize, expected: usize) -> f64 {
    let share = |of: usize| if of == 0 { 0.0 } else { common as f64 / of as f64 };
    let (precision, recall) = (share(predicted), share(expected));
    2.0 * ((precision * recall) / (precision + recall + 1e-8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equally_good_sentences_the_first_is_chosen() {
        assert_eq!(greedy_oracle(&["x y", "a b", "b a", "a b"], &["a b c"], 1), [1]);
        assert_eq!(greedy_oracle(&["b a", "a b", "a b"], &["a b"], 1), [1], "a bigram decides");
    }

    #[test]
    fn a_sentence_that_adds_nothing_is_not_chosen() {
        assert_eq!(greedy_oracle(&["a b c", "a b", "c"], &["a b c"], 3), [0]);
        assert_eq!(greedy_oracle(&["x", "?!"], &["a"], 3), [0; 0]);
        assert_eq!(greedy_oracle(&["a"], &["a"], 0), [0; 0]);
        assert_eq!(greedy_oracle(&["a"; 0], &["a"], 3), [0; 0]);
        assert_eq!(greedy_oracle(&["a"], &["a"; 0], 3), [0; 0]);
    }

    #[test]
    fn the_best_reference_counts() {
        let sentences = ["the first has a cat", "the second has a dog"];
        assert_eq!(greedy_oracle(&sentences, &["a dog"], 1), [1]);
        assert_eq!(greedy_oracle(&sentences, &["a dog", "the first has a cat"], 1), [0]);
    }

    #[test]
    fn the_score_is_that_of_all_chosen_sentences() {
        let sentences = ["a b", "c d", "x"];
        let score = |chosen: &[usize]| oracle_score(&sentences, &["a b c d"], chosen);
        // 4 of 4 words, 2 of 3 bigrams.
        let expected = 2.0 / (2.0 + 1e-8) + 2.0 * (2.0 / 3.0) / (5.0 / 3.0 + 1e-8);
        assert!((score(&[0, 1]) - expected).abs() < 1e-12);
        assert_eq!((score(&[]), score(&[7]), score(&[2])), (0.0, 0.0, 0.0));
        assert_eq!(score(&[1, 0]).to_bits(), score(&[0, 1]).to_bits());
    }
}
