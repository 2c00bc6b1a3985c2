//! [`Input`]: texts, or words or sentences in place of texts.

use tokenizers::InputSequence;

use crate::error::TokenizeError;

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

/// A text, or words or sentences that were split before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence<'a> {
    /// A text, which is split at white space and punctuation.
    Text(&'a str),
    /// Words, each of which is tokenized as a text of its own (`is_split_into_words=True` of `transformers`).
    /// A token's word is the index of the word that was given, and the token's offsets count the characters
    /// of that word.
    Words(&'a [&'a str]),
    /// Sentences, each of which gets special tokens of its own, with the token types 0 and 1 in turn, as BertSum
    /// (Liu 2019) reads a text: `[CLS] one [SEP] [CLS] two [SEP]`. A longer text loses its last sentences, whatever
    /// the [`Truncation`](crate::Truncation); windows have whole sentences. No part of a pair.
    Sentences(&'a [&'a str]),
}

impl<'a> Input<'a> {
    /// The first sequence, of sentences without a second one.
    ///
    /// # Errors
    /// There are sentences in a pair.
    pub(crate) fn alone(&self) -> Result<Sequence<'a>, TokenizeError> {
        let has_sentences = |sequence: &Sequence<'_>| matches!(sequence, Sequence::Sentences(_));
        match &self.second {
            Some(second) if has_sentences(second) || has_sentences(&self.first) => {
                Err(TokenizeError::SentencesInPair)
            }
            _ => Ok(self.first),
        }
    }
}

impl Sequence<'_> {
    /// Bytes of the text, the words or the sentences.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Words(words) | Self::Sentences(words) => words.iter().map(|word| word.len()).sum(),
        }
    }
}

impl<'a> From<Sequence<'a>> for InputSequence<'a> {
    fn from(sequence: Sequence<'a>) -> Self {
        match sequence {
            Sequence::Text(text) => text.into(),
            Sequence::Words(words) | Sequence::Sentences(words) => words.into(),
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
