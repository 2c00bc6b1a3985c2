//! [`sentence_with_shared_words`]: the baseline of answers.

use std::collections::HashSet;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::normalize::{normalize_answer, words};

/// Where in `context` the sentence stands that has most of the question's words, in bytes and without the
/// white space around it: an answer that needs no model.
///
/// Words are compared as answers are ([`normalize_answer`]), each counted once; of equal sentences the first
/// is taken. Sentences are cut by the default rules of Unicode (UAX #29), which know no abbreviations: `Ms.
/// Okafor` is cut in two. `None` for a context of white space.
///
/// ```
/// use embert_metrics::sentence_with_shared_words;
///
/// let context = "The plane left Abuja. It landed in Lagos at noon! It was late.";
/// let sentence = sentence_with_shared_words("Where has it landed?", context).unwrap();
/// assert_eq!(&context[sentence], "It landed in Lagos at noon!");
/// ```
pub fn sentence_with_shared_words(question: &str, context: &str) -> Option<Range<usize>> {
    let question = normalize_answer(question);
    let asked: HashSet<&str> = words(&question).collect();
    let mut best: Option<(usize, Range<usize>)> = None;
    for (start, piece) in context.split_sentence_bound_indices() {
        let sentence = piece.trim();
        if sentence.is_empty() {
            continue;
        }
        let normalized = normalize_answer(sentence);
        let shared = words(&normalized).collect::<HashSet<_>>().intersection(&asked).count();
        if best.as_ref().is_none_or(|(most, _)| shared > *most) {
            let start = start + (piece.len() - piece.trim_start().len());
            best = Some((shared, start..start + sentence.len()));
        }
    }
    best.map(|(_, sentence)| sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence<'a>(question: &str, context: &'a str) -> Option<&'a str> {
        sentence_with_shared_words(question, context).map(|range| &context[range])
    }

    #[test]
    fn the_first_of_equal_sentences_counts() {
        assert_eq!(sentence("Who?", "One is here. Two are here."), Some("One is here."));
        assert_eq!(sentence("the?", "The one. The other."), Some("The one."), "articles are no words");
    }

    #[test]
    fn a_word_counts_once() {
        let context = " Paris, Paris, Paris! \n\u{a0}Lagos is not Paris.\u{3000}";
        assert_eq!(sentence("Is PARIS a city?", context), Some("Lagos is not Paris."));
    }

    #[test]
    fn white_space_has_no_sentence() {
        assert_eq!(sentence("Who?", ""), None);
        assert_eq!(sentence("Who?", " \n\u{2029}"), None);
        assert_eq!(sentence("Who?", "no end"), Some("no end"));
    }
}
