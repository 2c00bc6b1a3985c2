//! [`TokenExample`]: a text with tags of its words, or with spans of characters.

use std::ops::Range;

use embert_data::Texts;

/// A text to tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenExample {
    /// The number of the example's row, from 0, among the rows of all files.
    pub id: u64,
    /// The text; words that the data set gives are joined by one space.
    pub text: String,
    /// The range of bytes of each word in the text, where the data set gives words; `None` for a text that
    /// the tokenizer splits.
    pub words: Option<Vec<Range<usize>>>,
    /// The true tags: the data set's label numbers until [`Task::align_label`](crate::Task::align_label),
    /// then the head's.
    pub tags: Tags,
    /// The document that the text is from, where the data set says so.
    pub document: Option<String>,
}

/// The true tags of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tags {
    /// None: an example to predict.
    Unknown,
    /// The number of each word's tag.
    OfWords(Vec<usize>),
    /// Spans of characters.
    Spans {
        /// The spans, in the order of the text.
        spans: Vec<TagSpan>,
        /// The number of the tag of words outside them, `O`.
        outside: usize,
    },
}

/// A span of characters with the numbers of its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagSpan {
    /// The first character, counted in Unicode code points from 0.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
    /// The tag of the span's first word (`B-PER`).
    pub begin: usize,
    /// The tag of the span's other words (`I-PER`).
    pub inside: usize,
}

impl TokenExample {
    /// An example to predict for a text that the tokenizer splits.
    pub fn of_text(id: u64, text: String) -> Self {
        Self { id, text, words: None, tags: Tags::Unknown, document: None }
    }

    /// An example of given words, without tags.
    pub fn of_words<S: AsRef<str>>(id: u64, words: &[S]) -> Self {
        let mut text = String::new();
        let mut ranges = Vec::with_capacity(words.len());
        for word in words {
            if !ranges.is_empty() {
                text.push(' ');
            }
            let start = text.len();
            text.push_str(word.as_ref());
            ranges.push(start..text.len());
        }
        Self { id, text, words: Some(ranges), tags: Tags::Unknown, document: None }
    }

    /// The range of characters of each given word, in Unicode code points; `None` for a text that the
    /// tokenizer splits.
    pub fn word_characters(&self) -> Option<Vec<Range<usize>>> {
        let words = self.words.as_ref()?;
        let mut character = 0;
        let characters = words.iter().map(|range| {
            let length = self.text[range.clone()].chars().count();
            let start = character;
            character += length + 1;
            start..start + length
        });
        Some(characters.collect())
    }
}

impl Texts for TokenExample {
    fn id(&self) -> u64 {
        self.id
    }

    fn text(&self) -> &str {
        &self.text
    }

    fn text_pair(&self) -> Option<&str> {
        None
    }

    fn words(&self) -> Option<Vec<&str>> {
        Some(self.words.as_ref()?.iter().map(|range| &self.text[range.clone()]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_and_found_again() {
        let example = TokenExample::of_words(3, &["Ünï", "", "😀x", "c"]);
        assert_eq!(example.text, "Ünï  😀x c");
        assert_eq!(example.words().unwrap(), ["Ünï", "", "😀x", "c"]);
        assert_eq!(example.word_characters().unwrap(), [0..3, 4..4, 5..7, 8..9]);
    }
}
