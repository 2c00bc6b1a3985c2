//! The words that ROUGE and the oracle compare.

/// The tokens of `rouge_score` without its stemmer: the text in lower case, cut at all that is neither a
/// letter from a to z nor a digit from 0 to 9.
pub(super) fn rouge_tokens(text: &str) -> Vec<String> {
    let lower: String = text.chars().flat_map(char::to_lowercase).collect();
    let words = lower.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The words that BertSum's oracle compares: those between white space, in lower case as BertSum prepares its
/// texts, without the characters that are neither Latin letters nor digits. `end-to-end` is one word.
pub(super) fn oracle_words(text: &str) -> impl Iterator<Item = String> {
    let clean = |word: &str| -> String {
        word.chars().flat_map(char::to_lowercase).filter(char::is_ascii_alphanumeric).collect()
    };
    text.split_whitespace().map(clean).filter(|word| !word.is_empty())
}

/// True for a text in which ROUGE sees nothing, though something stands in it.
pub(super) fn is_without_tokens(text: &str) -> bool {
    !text.trim().is_empty() && rouge_tokens(text).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_letters_part_the_tokens_of_rouge() {
        assert_eq!(
            rouge_tokens("The naïve K-means, 3.5%\u{a0}İ"),
            ["the", "na", "ve", "k", "means", "3", "5", "i"]
        );
        assert!(rouge_tokens("クマが眠る。").is_empty() && rouge_tokens("").is_empty());
    }

    #[test]
    fn other_characters_are_left_out_of_the_words_of_the_oracle() {
        let words: Vec<String> = oracle_words(" The U.S. end-to-end\u{3000}naïve --\n\u{212a}2 ").collect();
        assert_eq!(words, ["the", "us", "endtoend", "nave", "k2"]);
    }

    #[test]
    fn a_text_without_latin_letters_is_told_from_an_empty_one() {
        assert!(is_without_tokens("Медведь спит.") && is_without_tokens("!"));
        assert!(!is_without_tokens(" \n") && !is_without_tokens("Медведь 1"));
    }
}
