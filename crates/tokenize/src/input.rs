//! [`Input`]: texts, or words in place of texts.

use tokenizers::InputSequence;

/// The input of one [`Encoding`](crate::Encoding): a text or words, or a pair of either.
///
/// ```
/// use embert_tokenize::{Input, Sequence};
///
/// let of_text = Input::from("EU rejects German call");
/// let of_words = Input { first: Sequence::Words(&["EU", "rejects", "German", "call"]), second: None };
/// # assert_ne!(of_text, of_words);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input<'a> {
    /// The text, or the first text of a pair.
    pub first: Sequence<'a>,
    /// The second text of a pair.
    pub second: Option<Sequence<'a>>,
}

/// A text, or words that were split before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence<'a> {
    /// A text, which is split at white space and punctuation.
    Text(&'a str),
    /// Words, each of which is tokenized as a text of its own (`is_split_into_words=True` of `transformers`).
    /// A token's word is the index of the word that was given, and the token's offsets count the characters
    /// of that word.
    Words(&'a [&'a str]),
}

impl Sequence<'_> {
    /// Bytes of the text or the words.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Words(words) => words.iter().map(|word| word.len()).sum(),
        }
    }
}

impl<'a> From<Sequence<'a>> for InputSequence<'a> {
    fn from(sequence: Sequence<'a>) -> Self {
        match sequence {
            Sequence::Text(text) => text.into(),
            Sequence::Words(words) => words.into(),
        }
    }
}

impl<'a> From<&'a str> for Input<'a> {
    fn from(text: &'a str) -> Self {
        (text, None).into()
    }
}

impl<'a> From<(&'a str, Option<&'a str>)> for Input<'a> {
    fn from((text, text_pair): (&'a str, Option<&'a str>)) -> Self {
        Self { first: Sequence::Text(text), second: text_pair.map(Sequence::Text) }
    }
}
