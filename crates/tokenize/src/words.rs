//! [`words`]: the words of a text, before a vocabulary splits them.

use std::ops::Range;

use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{Normalizer as _, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer as _};

/// The ranges of characters, in Unicode code points, of the words that BERT's tokenizer splits a text into:
/// between white space, each punctuation mark and each Chinese character by itself. Of Unicode, only the
/// categories P are punctuation, so that `1€` is one word; a combining accent belongs to its letter's word.
///
/// The words do not depend on case or on a vocabulary. Those of a [`Tokenizer`](crate::Tokenizer) differ
/// where its checkpoint changes the split: `tokenize_chinese_chars = false`, or tokens that were added.
///
/// ```
/// assert_eq!(embert_tokenize::words("in Zu\u{308}rich, 1€"), [0..2, 3..10, 10..11, 12..14]);
/// ```
pub fn words(text: &str) -> Vec<Range<usize>> {
    // Neither case nor accents move a word's borders, but characters that are removed have no place.
    let normalizer = BertNormalizer::new(true, true, Some(false), false);
    let mut split = PreTokenizedString::from(text);
    let done = split
        .normalize(|text| normalizer.normalize(text))
        .and_then(|()| BertPreTokenizer.pre_tokenize(&mut split));
    if done.is_err() {
        // Neither step has a case that fails; a text that is one word lets no span be cut in silence.
        return std::iter::once(0..text.chars().count()).collect();
    }
    let words = split.get_splits(OffsetReferential::Original, OffsetType::Char);
    words.into_iter().map(|(_, (start, end), _)| start..end).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let characters: Vec<char> = text.chars().collect();
        words(text).into_iter().map(|word| characters[word].iter().collect()).collect()
    }

    #[test]
    fn a_text_is_split_as_bert_splits_it() {
        assert_eq!(texts("Ms Ünïs-Ray, 3.5"), ["Ms", "Ünïs", "-", "Ray", ",", "3", ".", "5"]);
        // Of symbols, those of ASCII alone are words by themselves.
        assert_eq!(
            texts("1€ in Lagos™ at 20°C 🎬x $5"),
            ["1€", "in", "Lagos™", "at", "20°C", "🎬x", "$", "5"]
        );
        assert_eq!(texts("李明在北京film"), ["李", "明", "在", "北", "京", "film"]);
        // An accent, and the vowel signs of Devanagari, are part of their word.
        assert_eq!(texts("Zu\u{308}rich हिन्दी"), ["Zu\u{308}rich", "हिन्दी"]);
        // What is removed separates nothing.
        assert_eq!(texts("\u{200b}La\u{200b}gos\u{200b} \u{200d} x"), ["La\u{200b}gos", "x"]);
        assert_eq!(texts("a\u{a0}b\tc\u{3000}d\r\n"), ["a", "b", "c", "d"]);
        assert!(words("").is_empty() && words(" \u{200b}").is_empty());
    }

    #[test]
    fn the_words_are_those_of_encodings() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer");
        let tokenizer = crate::Tokenizer::from_folder(&folder).unwrap();
        let options = crate::EncodeOptions { max_length: 500, truncation: crate::Truncation::LongestFirst };
        for text in
            ["It costs 1€ in Lagos™ or 20°C", "李明在北京工作 (of x)", "a\u{200b} b-c\u{a0}d 🎬x", "हिन्दी $5"]
        {
            let encoding = tokenizer.encode(text, None, &options).unwrap();
            let mut found: Vec<Range<usize>> = Vec::new();
            for (word, &(start, end)) in encoding.word_ids.iter().zip(&encoding.offsets) {
                let Some(word) = word.map(|word| word as usize) else { continue };
                if word == found.len() {
                    found.push(start..end);
                }
                found[word].end = end;
            }
            assert_eq!(words(text), found, "{text}");
        }
    }
}
