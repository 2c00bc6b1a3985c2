//! [`Inputs`]: what the examples of a data set are.

use embert_data::Texts;

/// What a model that was trained on a data set reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inputs {
    /// Single texts, which the tokenizer splits.
    #[default]
    Texts,
    /// Pairs of texts; not all examples need have a second text.
    Pairs,
    /// Words that the data set gives.
    Words,
    /// Questions, each with its context.
    Questions,
    /// Texts with masks.
    Masks,
}

impl Inputs {
    /// What the examples are.
    pub fn of<E: Texts>(examples: &[E]) -> Self {
        if examples.iter().any(|example| example.text_pair().is_some()) {
            Self::Pairs
        } else if examples.iter().any(|example| example.words().is_some()) {
            Self::Words
        } else {
            Self::Texts
        }
    }

    /// The options with which the program's `predict` tries the model on such an input, as a shell takes them.
    /// A model of words reads a text too.
    pub fn options(self) -> &'static str {
        match self {
            Self::Texts | Self::Words => "\"Your text\"",
            Self::Masks => "\"Your text with a [MASK].\"",
            Self::Pairs => "--text \"Your text\" --text-pair \"Another text\"",
            Self::Questions => "--question \"Your question\" --context \"A text with the answer\"",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TextExample, TokenExample};

    #[test]
    fn the_examples_say_what_is_read() {
        let text = |id: u64, text_pair: Option<&str>| TextExample {
            id,
            text: "a".to_owned(),
            text_pair: text_pair.map(str::to_owned),
            label: None,
            document: None,
        };
        assert_eq!(Inputs::of(&[text(0, None), text(1, None)]), Inputs::Texts);
        assert_eq!(Inputs::of(&[text(0, None), text(1, Some("b"))]), Inputs::Pairs);
        assert_eq!(Inputs::of(&[TokenExample::of_text(0, "a b".to_owned())]), Inputs::Texts);
        assert_eq!(Inputs::of(&[TokenExample::of_words(0, &["a", "b"])]), Inputs::Words);
        assert!(Inputs::Pairs.options().contains("--text-pair"));
    }
}
