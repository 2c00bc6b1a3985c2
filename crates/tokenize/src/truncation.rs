//! [`Truncation`]: which tokens a text that is too long loses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which tokens a text that is too long loses. In a pair that is too long, the longer text loses tokens until
/// both texts have the same length, then both lose tokens, unless the variant says otherwise.
///
/// Written as `longest_first`, `head`, `tail`, `head_tail:N`, `only_first` or `only_second`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Truncation {
    /// The last tokens, as in `transformers`.
    #[default]
    LongestFirst,
    /// The last tokens: another name for [`LongestFirst`](Self::LongestFirst), named after the part that is
    /// kept.
    Head,
    /// The first tokens, as in `transformers` with `truncation_side="left"`.
    Tail,
    /// The tokens in the middle: the first `N` tokens are kept, special tokens not counted, and as many of
    /// the last tokens as there is room for (Sun et al. 2019, "How to Fine-Tune BERT for Text
    /// Classification?", with `N` = 128 of 510).
    ///
    /// Each text of a pair that is too long loses its middle; the number of first tokens that it keeps is `N`
    /// times its share of the room.
    HeadTail(usize),
    /// The last tokens of the first text, as in `transformers`.
    OnlyFirst,
    /// The last tokens of the second text, as in `transformers`. A single text can't be cut.
    OnlySecond,
}

impl fmt::Display for Truncation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LongestFirst => f.write_str("longest_first"),
            Self::Head => f.write_str("head"),
            Self::Tail => f.write_str("tail"),
            Self::HeadTail(head) => write!(f, "head_tail:{head}"),
            Self::OnlyFirst => f.write_str("only_first"),
            Self::OnlySecond => f.write_str("only_second"),
        }
    }
}

impl FromStr for Truncation {
    type Err = UnknownTruncation;

    fn from_str(text: &str) -> Result<Self, UnknownTruncation> {
        let unknown = || UnknownTruncation { found: text.to_owned() };
        if let Some(head) = text.strip_prefix("head_tail:") {
            // `head_tail:0` would be `tail`.
            return head.parse().ok().filter(|head| *head > 0).map(Self::HeadTail).ok_or_else(unknown);
        }
        [Self::LongestFirst, Self::Head, Self::Tail, Self::OnlyFirst, Self::OnlySecond]
            .into_iter()
            .find(|truncation| truncation.to_string() == text)
            .ok_or_else(unknown)
    }
}

impl Serialize for Truncation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Truncation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that is no [`Truncation`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{found}\" is no truncation: expected longest_first, head, tail, head_tail:N (as in head_tail:128), only_first or only_second"
)]
pub struct UnknownTruncation {
    /// The text.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncation_reads_back_as_it_is_written_and_others_are_refused() {
        for text in ["longest_first", "head", "tail", "head_tail:128", "only_first", "only_second"] {
            assert_eq!(text.parse::<Truncation>().unwrap().to_string(), text);
        }
        for text in ["", "middle", "head_tail", "head_tail:", "head_tail:0", "head_tail:-1", "tail:3", "Head"]
        {
            let error = text.parse::<Truncation>().unwrap_err().to_string();
            assert!(error.contains(&format!("\"{text}\"")) && error.contains("head_tail:N"), "{error}");
        }
    }
}
