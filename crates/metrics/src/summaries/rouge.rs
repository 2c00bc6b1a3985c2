//! [`RougeScores`]: how much of its references a summary has.

use std::collections::HashMap;

use serde::Serialize;

use super::common_subsequence::{common_length, common_places};
use super::interned::Interned;
use super::words::rouge_tokens;

/// The ROUGE F-measures (Lin 2004) of one summary, 0 to 1, as Google's `rouge_score` computes them without its
/// stemmer: each is the best over the references.
///
/// Tokens are what is left between characters other than Latin letters and digits, in lower case: a text in
/// another script has none, and scores 0.
///
/// ```
/// use embert_metrics::RougeScores;
///
/// let references = ["The cat sat on the mat.", "A cat was on a mat."];
/// let scores = RougeScores::of(&references, "The cat is on the mat.");
/// assert_eq!((scores.rouge1, scores.rouge2), (5.0 / 6.0, 3.0 / 5.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct RougeScores {
    /// Of single tokens.
    pub rouge1: f64,
    /// Of pairs of neighbouring tokens.
    pub rouge2: f64,
    /// Of the longest common subsequence.
    #[serde(rename = "rougeL")]
    pub rouge_l: f64,
    /// Of the union of the longest common subsequences of each line of the reference with the lines of the
    /// summary: sentences stand on lines of their own.
    #[serde(rename = "rougeLsum")]
    pub rouge_lsum: f64,
}

impl RougeScores {
    /// The scores of `summary`. Without references they are 0.
    ///
    /// Memory: of the longest line of a reference and the longest line of the summary, one bit for each pair of
    /// tokens.
    pub fn of(references: &[impl AsRef<str>], summary: &str) -> Self {
        let mut words = Interned::default();
        let summary = Tokens::new(&mut words, summary);
        references.iter().fold(Self::default(), |best, reference| {
            let scores = Self::of_tokens(&Tokens::new(&mut words, reference.as_ref()), &summary);
            Self {
                rouge1: best.rouge1.max(scores.rouge1),
                rouge2: best.rouge2.max(scores.rouge2),
                rouge_l: best.rouge_l.max(scores.rouge_l),
                rouge_lsum: best.rouge_lsum.max(scores.rouge_lsum),
            }
        })
    }

    fn of_tokens(reference: &Tokens, summary: &Tokens) -> Self {
        let common = common_length(&reference.all, &summary.all);
        Self {
            rouge1: of_ngrams::<1>(&reference.all, &summary.all),
            rouge2: of_ngrams::<2>(&reference.all, &summary.all),
            rouge_l: f_measure(common, summary.all.len(), reference.all.len()),
            rouge_lsum: of_lines(reference, summary),
        }
    }
}

/// A text's tokens as numbers.
struct Tokens {
    all: Vec<usize>,
    lines: Vec<Vec<usize>>,
}

impl Tokens {
    fn new(words: &mut Interned<String>, text: &str) -> Self {
        let lines = text.split('\n').map(|line| words.numbers_of(rouge_tokens(line)));
        let lines: Vec<Vec<usize>> = lines.filter(|line| !line.is_empty()).collect();
        Self { all: lines.concat(), lines }
    }
}

/// F1 of n-grams; each counts as often as both have it.
fn of_ngrams<const N: usize>(reference: &[usize], summary: &[usize]) -> f64 {
    let mut left = counts(reference.windows(N));
    let mut common = 0;
    for ngram in summary.windows(N) {
        common += take(&mut left, &ngram);
    }
    let count = |tokens: &[usize]| tokens.windows(N).count();
    f_measure(common, count(summary), count(reference))
}

/// ROUGE-L of a summary of several sentences (Lin 2004, section 3.2). A token counts as often as both have it,
/// as in ROUGE 1.5.5.
fn of_lines(reference: &Tokens, summary: &Tokens) -> f64 {
    let mut left = (counts(&reference.all), counts(&summary.all));
    let mut common = 0;
    for line in &reference.lines {
        let places = summary.lines.iter().flat_map(|other| common_places(line, other));
        let mut places: Vec<usize> = places.collect();
        places.sort_unstable();
        places.dedup();
        for place in places {
            let word = &line[place];
            let is_left = |counts: &HashMap<&usize, usize>| counts.get(word).is_some_and(|count| *count > 0);
            if is_left(&left.0) && is_left(&left.1) {
                common += 1;
                take(&mut left.0, &word);
                take(&mut left.1, &word);
            }
        }
    }
    f_measure(common, summary.all.len(), reference.all.len())
}

/// How often each value is there.
fn counts<T: Eq + std::hash::Hash>(values: impl IntoIterator<Item = T>) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts
}

/// Takes one of the values away: 1, or 0 if none is left.
fn take<T: Eq + std::hash::Hash>(counts: &mut HashMap<T, usize>, value: &T) -> usize {
    match counts.get_mut(value) {
        Some(count) if *count > 0 => {
            *count -= 1;
            1
        }
        _ => 0,
    }
}

/// The harmonic mean of `common / predicted` and `common / expected`, in `rouge_score`'s order of operations.
fn f_measure(common: usize, predicted: usize, expected: usize) -> f64 {
    if common == 0 {
        return 0.0;
    }
    let precision = common as f64 / predicted as f64;
    let recall = common as f64 / expected as f64;
    2.0 * precision * recall / (precision + recall)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(references: &[&str], summary: &str) -> [f64; 4] {
        let RougeScores { rouge1, rouge2, rouge_l, rouge_lsum } = RougeScores::of(references, summary);
        [rouge1, rouge2, rouge_l, rouge_lsum]
    }

    #[test]
    fn each_score_has_its_best_reference() {
        let (close, far) = ("the cat sat", "sat cat the on mat");
        let [one, two, long, _] = scores(&[close, far], "sat cat the on the mat");
        assert_eq!([one, two, long], scores(&[far], "sat cat the on the mat")[..3]);
        assert_eq!(scores(&["x", "a b", "b a"], "a b"), [1.0; 4]);
    }

    #[test]
    fn lines_in_another_order_cost_nothing_but_the_common_subsequence() {
        let bigrams = 2.0 * 0.8 * 0.8 / (0.8 + 0.8);
        assert_eq!(scores(&["a b c\nd e f"], "d e f\na b c"), [1.0, bigrams, 0.5, 1.0]);
        // Without lines there is one sentence.
        assert_eq!(scores(&["a b c d e f"], "d e f a b c")[3], 0.5);
    }

    #[test]
    fn a_token_counts_once_in_the_union() {
        // `a` stands in both lines of the summary, and once in the reference.
        assert_eq!(scores(&["a x"], "a y\na z")[3], 1.0 / 3.0);
    }

    #[test]
    fn nothing_in_common_is_0() {
        for (references, summary) in [(&["a b"][..], ""), (&[""][..], "a"), (&[][..], "a"), (&["я"][..], "я")]
        {
            assert_eq!(scores(references, summary), [0.0; 4], "{references:?} {summary:?}");
        }
    }
}
