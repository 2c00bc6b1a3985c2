//! [`normalize_answer`]: what of an answer counts.

use icu_properties::props::{EnumeratedProperty as _, GeneralCategory, GeneralCategoryGroup};

const ARTICLES: [&str; 3] = ["a", "an", "the"];

/// The letters and numbers of Python's `\w`; its underscore goes with the punctuation.
const WORD: GeneralCategoryGroup = GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Number);

/// An answer as SQuAD's scripts compare it: in lower case, without punctuation, without the articles `a`,
/// `an` and `the`, with single spaces, in this order. Empty for an answer that has nothing else.
///
/// Everything is as in Python 3, with Unicode's rules:
///
/// - *Lower case* is that of whole words (`Σ` at a word's end is `ς`) and may have more characters (`İ`).
/// - *Punctuation* is that of ASCII alone and goes without a trace: `the-end` is `theend`, and `“` stays.
/// - *Articles* stand between characters that are neither letters nor numbers. A combining mark is neither:
///   of `a` and U+0301 the mark stays.
/// - *White space* is Unicode's, with the separators U+001C to U+001F, which Python has besides.
///
/// A Python with an older Unicode differs for newer characters, and for U+0295, a letter that has lost its
/// case.
///
/// ```
/// use embert_metrics::normalize_answer;
///
/// assert_eq!(normalize_answer("The Cat's  pyjamas, a gift!"), "cats pyjamas gift");
/// assert_eq!(normalize_answer("A."), "");
/// ```
pub fn normalize_answer(text: &str) -> String {
    let lower: String = text.to_lowercase().chars().filter(|char| !char.is_ascii_punctuation()).collect();
    let mut normalized = String::with_capacity(lower.len());
    for word in without_articles(&lower).split(is_space).filter(|word| !word.is_empty()) {
        if !normalized.is_empty() {
            normalized.push(' ');
        }
        normalized.push_str(word);
    }
    normalized
}

/// The words of a normalized answer.
pub(super) fn words(normalized: &str) -> impl Iterator<Item = &str> {
    normalized.split(' ').filter(|word| !word.is_empty())
}

/// `\b(a|an|the)\b` replaced by a space. Both boundaries hold exactly where an article is all of a run of
/// word characters.
fn without_articles(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (before, from_run) = rest.split_at(start);
        let end = from_run.find(|char| !is_word(char)).unwrap_or(from_run.len());
        let (run, after) = from_run.split_at(end);
        kept.push_str(before);
        kept.push_str(if ARTICLES.contains(&run) { " " } else { run });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

fn is_word(char: char) -> bool {
    WORD.contains(GeneralCategory::for_char(char))
}

fn is_space(char: char) -> bool {
    char.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_have_their_order() {
        assert_eq!(normalize_answer("THE end"), "end", "lower case before articles");
        assert_eq!(normalize_answer("_the_ end"), "end", "punctuation before articles");
        assert_eq!(normalize_answer("a-the-n"), "athen", "punctuation leaves no gap");
        assert_eq!(normalize_answer("\u{1f}a\u{a0}the\u{3000}an\u{85}"), "", "articles before white space");
    }

    #[test]
    fn an_article_is_a_whole_word() {
        for text in ["another", "a1", "a²", "aⅷ", "a一", "theta", "ána", "bath"] {
            assert_eq!(normalize_answer(text), text);
        }
        for (text, normalized) in
            [("a\u{301}", "\u{301}"), ("the\u{200b}cat", "\u{200b}cat"), ("an–a", "–"), ("a👍the", "👍")]
        {
            assert_eq!(normalize_answer(text), normalized, "{text:?}");
        }
    }

    #[test]
    fn lower_case_is_that_of_unicode() {
        assert_eq!(normalize_answer("ΟΔΟΣ ΣΑΣ. İ ẞ \u{212a}"), "οδος σας i\u{307} ß k");
    }
}
